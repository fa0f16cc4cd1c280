"""The text of a source: `[NAME=]KIND[:PLACE][?OPTION=VALUE&…]`.

    sim                                     of the kind sim, and called so
    md=replay:monday.ndjson.zst             called md; the place is a file
    fx=sim?symbols=EUR/USD,GBP/USD&rate=50  with options of its own

Question marks and equal signs may stand in a place too: what follows the last question mark is
options only where it begins as an option does. In the value of an option `%26` stands for `&`, as
in URLs. Knows neither kinds nor their options.
"""

import re
from typing import NamedTuple
from urllib.parse import unquote

from feed.errors import InvalidInput, shorten
from feed.wire.source_name import NAME_SHAPE, is_name

TEXT_SHAPE = "[NAME=]SOURCE[?OPTION=VALUE&…]"
_NAMED = re.compile(r"([A-Za-z][A-Za-z0-9_-]*)=(?=[A-Za-z0-9-])")
_OPTIONS = re.compile(r"\?([a-z][a-z0-9_-]*=[^?]*)\Z", re.DOTALL)


class SourceText(NamedTuple):
    """The parts of a text.

    Attributes:
        name: "": none was given.
        kind: of source.
        place: the text after the colon; None where there is none.
        options: by the name of their field, as texts.
    """

    name: str
    kind: str
    place: str | None
    options: dict[str, str]


def parse_source(text: str) -> SourceText:
    """Take the text of a source apart.

    Raises:
        InvalidInput: its name is none, or an option has no value, or comes twice.
    """
    named = _NAMED.match(text)
    name, rest = ("", text) if named is None else (named[1], text[named.end() :])
    if name and not is_name(name):
        raise InvalidInput(f"the name {shorten(name)} is not accepted; accepted: {NAME_SHAPE}")
    told = _OPTIONS.search(rest)
    options: dict[str, str] = {}
    if told is not None:
        rest = rest[: told.start()]
        for part in told[1].split("&"):
            option, equals, value = part.partition("=")
            field = option.replace("-", "_")
            if not equals or field in options:
                why = "comes twice" if equals else "has no value"
                raise InvalidInput(f"the option {shorten(option)} {why}; accepted: OPTION=VALUE")
            options[field] = unquote(value)
    kind, colon, place = rest.partition(":")
    return SourceText(name, kind, place if colon else None, options)
