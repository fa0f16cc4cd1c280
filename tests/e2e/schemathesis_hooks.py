"""What Schemathesis has to know besides the document: rules between parameters.

OpenAPI cannot say them; the server tells them in its errors.
"""

from typing import Any

import schemathesis

from feed.market.ticks import CHANNELS
from feed.wire.requests import Channels

_GIVEN = {"symbols", *(channel.value for channel in CHANNELS)}
_SILENT = set(Channels.model_fields) - _GIVEN


def filter_query(context: Any, query: Any) -> bool:  # noqa: ARG001 - the hook's form
    """Tell whether the parameters of a query may stand together."""
    if not isinstance(query, dict):
        return True
    # Channels that nothing comes on select nothing by themselves.
    if query.keys() & _SILENT and not query.keys() & _GIVEN:
        return False
    # Only a list in the order of ids has pages.
    return not (query.get("after") and query.get("order", "id") != "id")


schemathesis.hook(filter_query)
