"""Variables of the environment that begin with `FEED_`: options of ours, and others.

A name that is an option but for a letter is refused: the server would not do what its author
meant. Any other unknown name is warned of. The variables of the listening commands are known, as
is the one with the key of language models, and so are those that Kubernetes sets for services named
feed, or feed-something.
"""

import difflib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass

from feed.settings.language_models import LLM_KEY
from feed.sources.options import ENV_PREFIX

OF_CLIENTS = ("FEED_URL", "FEED_TRANSPORT", "FEED_CODEC", "FEED_KEY", "FEED_SECRET")
MISSPELT = 0.9  # of difflib's similarity: FEED_RATES is
_NEAR = 0.6  # difflib's own limit

# https://kubernetes.io/docs/tutorials/services/connect-applications-service/#environment-variables
_KUBERNETES = re.compile(
    r"\w*_SERVICE_(HOST|PORT(_\w+)?)|\w*_PORT_[0-9]+_(TCP|UDP|SCTP)(_(ADDR|PORT|PROTO))?"
)
_KUBERNETES_URL = re.compile(r"(tcp|udp|sctp)://")  # FEED_PORT=tcp://10.0.0.1:8080


@dataclass(frozen=True, slots=True)
class UnknownVariable:
    """A variable that has our prefix and is not an option.

    Attributes:
        name: its name.
        nearest: the known name that is most like it; "" where none is.
        is_misspelt: it can hardly mean anything else.
    """

    name: str
    nearest: str
    is_misspelt: bool

    def __str__(self) -> str:
        hint = f"; did you mean {self.nearest}?" if self.nearest else ""
        return f"{self.name}: no such variable{hint}"


def variable_name(field: str) -> str:
    """Return the variable of an option: `FEED_BATCH_MS` for `batch_ms`."""
    return f"{ENV_PREFIX}{field.upper()}"


def is_of_kubernetes(name: str, value: str) -> bool:
    """Tell whether a variable is one that Kubernetes sets for a service."""
    return bool(_KUBERNETES.fullmatch(name)) or (
        name.endswith("_PORT") and bool(_KUBERNETES_URL.match(value))
    )


def unknown_variables(fields: Iterable[str]) -> list[UnknownVariable]:
    """Return the variables of this process that are nobody's.

    Args:
        fields: the options of the server, those of its source included.
    """
    options = [variable_name(field) for field in fields]
    known = [*options, *OF_CLIENTS, LLM_KEY]
    unknown: list[UnknownVariable] = []
    for name, value in sorted(os.environ.items()):
        if not name.startswith(ENV_PREFIX) or name in known or is_of_kubernetes(name, value):
            continue
        nearest = next(iter(difflib.get_close_matches(name, known, n=1, cutoff=_NEAR)), "")
        likeness = difflib.SequenceMatcher(None, nearest, name).ratio()
        unknown.append(UnknownVariable(name, nearest, nearest in options and likeness >= MISSPELT))
    return unknown
