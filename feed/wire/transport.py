"""The transports: the ways in which the bytes of a subscription go over HTTP.

One enum for all that name them: framings, metrics, logs, reports of clients, and the clients
themselves. Its values are the labels of metrics and the words on the wire.
"""

from enum import StrEnum
from typing import Literal


class Transport(StrEnum):
    """A way in which ticks come from a server."""

    WEBSOCKET = "websocket"
    SSE = "sse"
    STREAM = "stream"


# As a caller of the client names them; "auto" tries one after the other.
TransportName = Literal["auto", "websocket", "sse", "stream"]
