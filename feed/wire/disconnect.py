"""Every reason for which the server ends a connection, in one table.

A reason has a name (the label of metrics and logs), the WebSocket close code (RFC 6455 §7.4), the
market-data dialect's error that is sent before it where there is one, and words for a person.
Knows nothing of sockets.
"""

from dataclasses import dataclass
from enum import Enum

from feed.wire.error_codes import Consequence, ErrorCode


@dataclass(frozen=True, slots=True)
class Disconnect:
    """One reason to end a connection.

    Attributes:
        name: the label in metrics, logs and the SSE `bye` event.
        close_code: WebSocket close code.
        error_code: the dialect's error that is sent before closing; None: there is not any.
        words: for a person.
        is_final: coming back would do harm, although there is not an error.
        retry_ms: how long this subscriber shall stay away; None: as it likes. Never in the table.
    """

    name: str
    close_code: int
    error_code: ErrorCode | None
    words: str
    is_final: bool = False
    retry_ms: int | None = None

    @property
    def may_reconnect(self) -> bool:
        """Whether coming back can succeed: always, but after an error or a reason that is final."""
        code = self.error_code
        if self.is_final:
            return False
        return code is None or code.consequence is not Consequence.ENDS_FOR_GOOD


class Reason(Enum):
    """The table of disconnect reasons."""

    CLIENT_LEFT = Disconnect("client_left", 1000, None, "the subscriber left")
    COMPLETE = Disconnect("complete", 1000, None, "all that there is was written")
    SHUTDOWN = Disconnect("shutdown", 1012, None, "the server is restarting; come back")
    SLOW = Disconnect("slow", 1013, ErrorCode.SLOW_CLIENT, "slow client: it read too slowly")
    LAGGING = Disconnect(
        "lagging",
        1013,
        ErrorCode.SLOW_CLIENT,
        "slow client: the ring overran it and on_lag is disconnect",
    )
    UNRESPONSIVE = Disconnect("unresponsive", 1013, None, "no pong came in time")
    PROTOCOL = Disconnect(
        "protocol", 1002, ErrorCode.INVALID_SYNTAX, "the peer broke the WebSocket protocol"
    )
    TOO_BIG = Disconnect(
        "too_big", 1009, ErrorCode.INVALID_SYNTAX, "a message was longer than 256 KiB"
    )
    POLICY = Disconnect("policy", 1008, ErrorCode.INVALID_SYNTAX, "too many control messages")
    NOT_AUTHENTICATED = Disconnect(
        "not_authenticated",
        1008,
        ErrorCode.NOT_AUTHENTICATED,
        "not authenticated: auth is due",
    )
    AUTH_FAILED = Disconnect("auth_failed", 1008, ErrorCode.AUTH_FAILED, "auth failed")
    AUTH_TIMEOUT = Disconnect("auth_timeout", 1008, ErrorCode.AUTH_TIMEOUT, "auth timeout")
    REVOKED = Disconnect(
        "revoked", 1008, ErrorCode.AUTH_FAILED, "auth failed: the identity is not accepted any more"
    )
    REPLACED = Disconnect(  # two that came back would throw each other out for ever
        "replaced", 1008, None, "another connection has come with the same ticket", is_final=True
    )
    EXPIRED = Disconnect("expired", 1008, None, "the identity has expired; come back with another")
    TOO_MANY_CONNECTIONS = Disconnect(
        "too_many_connections", 1013, ErrorCode.CONNECTION_LIMIT, "connection limit exceeded"
    )
    OVERLOADED = Disconnect(
        "overloaded",
        1013,
        ErrorCode.CONNECTION_LIMIT,
        "connection limit exceeded: the server's memory is full; come back",
    )
    NOT_READY = Disconnect(
        "not_ready",
        1013,
        None,
        "the server does not know yet where the server stands that it follows; come back",
    )
    NOT_SERVED = Disconnect(
        "not_served", 1008, ErrorCode.INSUFFICIENT_SUBSCRIPTION, "this path is not served here"
    )
    NOT_GRANTED = Disconnect(
        "not_granted",
        1008,
        ErrorCode.INSUFFICIENT_SUBSCRIPTION,
        "nothing of what was asked for is granted",
    )
    ADMIN = Disconnect("admin", 1008, None, "an administrator ended the connection")
    ERROR = Disconnect("error", 1011, ErrorCode.INTERNAL, "internal error")
