"""What Schemathesis has to know besides the document.

Rules between parameters: OpenAPI cannot say them, and the server tells them in its errors. And that
a letter is printed only if it is assigned, which depends on the version of Unicode; nor are those
of private use and of format, which Schemathesis does not read out of a pattern.
"""

import re
import unicodedata
from typing import Any

import schemathesis

from feed.errors import InvalidParameter
from feed.market.alert_rules.condition import parse_condition
from feed.market.ticks import CHANNELS
from feed.wire.beginning import BEGINNING_PATTERN, read_beginning
from feed.wire.position import Position
from feed.wire.requests import Channels

_GIVEN = {"symbols", *(channel.value for channel in CHANNELS)}
_UNPRINTED = {"Cf", "Cn", "Co"}
_SILENT = set(Channels.model_fields) - _GIVEN


def filter_query(context: Any, query: Any) -> bool:  # noqa: ARG001 - the hook's form
    """Tell whether the parameters of a query may stand together."""
    if not isinstance(query, dict):
        return True
    if any(unicodedata.category(letter) in _UNPRINTED for letter in _text_of(query)):
        return False
    # Channels that nothing comes on select nothing by themselves.
    if query.keys() & _SILENT and not query.keys() & _GIVEN:
        return False
    # A time and a number of ticks both say where to begin; a position goes on from there.
    if query.get("last") is not None and _is_time(query.get("after")):
        return False
    if _is_refused(query.get("after")):
        return False
    # Only a list in the order of ids has pages.
    return not (query.get("after") and query.get("order", "id") != "id")


def _is_refused(after: Any) -> bool:
    """Tell whether it has the form of a beginning, and is none: such as the 85th of March."""
    if not isinstance(after, str) or re.search(BEGINNING_PATTERN, after) is None:
        return False
    try:
        read_beginning(after)
    except InvalidParameter:
        return True
    return False


def _is_time(after: Any) -> bool:
    """Tell whether it is a time, or a while ago."""
    try:
        return after is not None and not isinstance(read_beginning(str(after)), Position)
    except InvalidParameter:
        return False


def _is_refused_rule(body: Any) -> bool:
    """Tell whether it is a rule of alerts whose parts do not go together, or of no known symbol."""
    if not isinstance(body, dict) or not {"field", "op"} <= body.keys():
        return False
    try:
        parse_condition(*(body.get(name) for name in ("field", "op", "value", "window")))
        expires = body.get("expires") and read_beginning(body["expires"])
    except InvalidParameter:
        return True
    return body.get("symbol") != "AAPL" or bool(expires) or bool(body.get("webhook"))


def _text_of(value: Any) -> str:
    """Return all that stands in a value."""
    if isinstance(value, dict):
        return "".join(map(_text_of, value.values()))
    return "".join(map(_text_of, value)) if isinstance(value, list) else str(value)


def filter_case(context: Any, case: Any) -> bool:  # noqa: ARG001 - the hook's form
    """Tell whether a case asks for what there may be: answers, and symbols, are known by name."""
    if "generations" in (case.query or {}) or _is_refused_rule(case.body):
        return False
    grounding = case.body.get("feed") if isinstance(case.body, dict) else None
    return not (isinstance(grounding, dict) and grounding.get("symbols"))


schemathesis.hook(filter_query)
schemathesis.hook(filter_case)
