"""Every reason why the server ends a connection, in one table.

A reason has a name (the label of metrics and logs), the WebSocket close code (RFC 6455 §7.4), the
market-data dialect's error that is sent before it where there is one, words for a person, and
whether the subscriber may come back. Knows nothing of sockets.
"""

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class Disconnect:
    """One reason to end a connection.

    Attributes:
        name: the label in metrics, logs and the SSE `bye` event.
        close_code: WebSocket close code.
        error_code: the dialect's error code, sent before closing; None: no error is sent.
        words: what a person reads.
        may_reconnect: whether coming back can succeed.
    """

    name: str
    close_code: int
    error_code: int | None
    words: str
    may_reconnect: bool


class Reason(Enum):
    """The table of disconnect reasons."""

    CLIENT_LEFT = Disconnect("client_left", 1000, None, "the subscriber left", True)
    SHUTDOWN = Disconnect("shutdown", 1012, None, "the server is restarting; come back", True)
    SLOW = Disconnect("slow", 1013, 407, "slow client: the socket took nothing for too long", True)
    LAGGING = Disconnect(
        "lagging", 1013, 407, "slow client: the ring overran it and on_lag is disconnect", True
    )
    UNRESPONSIVE = Disconnect("unresponsive", 1013, None, "no pong came in time", True)
    PROTOCOL = Disconnect("protocol", 1002, 400, "the peer broke the WebSocket protocol", True)
    TOO_BIG = Disconnect("too_big", 1009, 400, "a message was longer than 256 KiB", True)
    POLICY = Disconnect("policy", 1008, 400, "too many control messages", True)
    AUTH_FAILED = Disconnect("auth_failed", 1008, 402, "auth failed", False)
    AUTH_TIMEOUT = Disconnect("auth_timeout", 1008, 404, "auth timeout", False)
    TOO_MANY_CONNECTIONS = Disconnect(
        "too_many_connections", 1013, 406, "connection limit exceeded", True
    )
    ERROR = Disconnect("error", 1011, 500, "internal error", True)
