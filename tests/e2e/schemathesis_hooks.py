"""What Schemathesis has to know besides the document.

Rules between parameters: OpenAPI cannot say them, and the server tells them in its errors. And that
a letter is printed only if it is assigned, which depends on the version of Unicode.
"""

import unicodedata
from typing import Any

import schemathesis

from feed.market.ticks import CHANNELS
from feed.wire.requests import Channels

_GIVEN = {"symbols", *(channel.value for channel in CHANNELS)}
_UNASSIGNED = "Cn"
_SILENT = set(Channels.model_fields) - _GIVEN


def filter_query(context: Any, query: Any) -> bool:  # noqa: ARG001 - the hook's form
    """Tell whether the parameters of a query may stand together."""
    if not isinstance(query, dict):
        return True
    if any(unicodedata.category(letter) == _UNASSIGNED for letter in _text_of(query)):
        return False
    # Channels that nothing comes on select nothing by themselves.
    if query.keys() & _SILENT and not query.keys() & _GIVEN:
        return False
    # Only a list in the order of ids has pages.
    return not (query.get("after") and query.get("order", "id") != "id")


def _text_of(value: Any) -> str:
    """Return all that stands in a value."""
    if isinstance(value, dict):
        return "".join(map(_text_of, value.values()))
    return "".join(map(_text_of, value)) if isinstance(value, list) else str(value)


schemathesis.hook(filter_query)
