"""The transports: how the bytes of a subscription go over HTTP.

One enum for whoever names them: framings, metrics, logs, reports of clients, and the clients
themselves. Its values are the labels of metrics and the words on the wire.
"""

from enum import StrEnum


class Transport(StrEnum):
    """How ticks come from a server."""

    WEBSOCKET = "websocket"
    SSE = "sse"
    STREAM = "stream"
