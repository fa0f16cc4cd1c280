"""Mirrors of a cluster in a leaf server: another region follows from there.

A mirror keeps the sequences and times of what it mirrors, so that an edge reads it as it reads the
stream itself. It takes up again by itself what it missed while the link was cut. It does not
forget what is deleted elsewhere: for that it may have an age at which it lets go of all.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from feed.cluster.errors import BusAway
from feed.cluster.names import Names
from feed.cluster.ordered_read import ask, is_there
from feed.errors import InvalidParameter

if TYPE_CHECKING:
    from nats.aio.client import Client

_DOMAIN = re.compile(r"[A-Za-z0-9_-]{1,64}")
_KEPT = ("max_msgs_per_subject", "max_age", "allow_msg_ttl", "max_bytes", "storage")


@dataclass(frozen=True, slots=True)
class MirrorPlan:
    """How mirrors are made.

    Attributes:
        domain: of JetStream, where the cluster is.
        most_bytes: of the stream of batches; 0: as there.
        most_age_ns: of its batches; 0: as there.
    """

    domain: str
    most_bytes: int = 0
    most_age_ns: int = 0


def check_domain(text: str, parameter: str) -> None:
    """See that a text may be the name of a domain.

    Raises:
        InvalidParameter: it may not.
    """
    if not _DOMAIN.fullmatch(text):
        raise InvalidParameter(parameter, text, "the name of a domain: letters, digits, - and _")


async def mirror(client: "Client", names: Names, plan: MirrorPlan) -> list[str]:
    """Make what is not there of the mirrors of a cluster; return the names of what was made.

    Raises:
        BusAway: there is no such cluster in that domain, or JetStream refuses; the message says it.
    """
    made: list[str] = []
    for stream in _streams(names):
        if await is_there(client, stream):
            continue
        try:
            there = await ask(client, f"STREAM.INFO.{stream}", domain=plan.domain)
        except BusAway as error:
            words = f"{stream} cannot be mirrored from the domain {plan.domain}: {error}"
            raise BusAway(words) from error
        config = _config(stream, there["config"], plan, is_events=stream == names.stream)
        await ask(client, f"STREAM.CREATE.{stream}", **config)
        made.append(stream)
    return made


def _streams(names: Names) -> Iterator[str]:
    yield names.stream
    yield f"KV_{names.lead}"
    yield f"KV_{names.news}"
    yield f"OBJ_{names.state}"


def _config(
    stream: str, there: dict[str, Any], plan: MirrorPlan, *, is_events: bool
) -> dict[str, Any]:
    """Return the configuration of a mirror: as there, but for what a mirror may not have."""
    config = {field: there[field] for field in _KEPT if field in there}
    if is_events and plan.most_bytes:
        config["max_bytes"] = plan.most_bytes
    if is_events and plan.most_age_ns:
        config["max_age"] = plan.most_age_ns
    return {
        **config,
        "name": stream,
        "retention": "limits",
        "discard": "old",
        "num_replicas": 1,
        "allow_direct": True,
        "mirror_direct": True,
        "mirror": {
            "name": stream,
            "external": {"api": f"$JS.{plan.domain}.API", "deliver": ""},
        },
    }
