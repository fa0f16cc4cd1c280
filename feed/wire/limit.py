"""Every limit of a server, in one table: its name, the setting that it is of, and what is above it.

The value of a member is its name in errors; its label is for metrics and logs. What somebody is
granted beats a setting where a grant can say it. Knows no number: defaults stand in the settings.
"""

from enum import StrEnum
from typing import Self


class Limit(StrEnum):
    """The limits.

    Attributes:
        setting: the field of the settings, or "": it is fixed.
        grant: the key of a grant's `limits` that beats it; "": there is none.
        above: what happens above it, for a person.
    """

    setting: str
    grant: str
    above: str

    def __new__(cls, name: str, setting: str, grant: str, above: str) -> Self:
        """Make a member that is its name."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.setting = setting
        member.grant = grant
        member.above = above
        return member

    @property
    def label(self) -> str:
        """What it is called in metrics and logs."""
        return self.name.lower()

    CONNECTIONS = (
        "connections",
        "max_connections",
        "",
        "a newcomer is told 406 and Close 1013, or `bye`, and may come back",
    )
    IDENTITY_CONNECTIONS = (
        "connections of one identity",
        "max_connections_per_identity",
        "connections",
        "likewise, and others come in",
    )
    ADDRESS_CONNECTIONS = (
        "connections of one address",
        "max_connections_per_address",
        "",
        "likewise, and others come in",
    )
    NEW_CONNECTIONS = (
        "new connections a second of one address",
        "max_new_connections_per_s",
        "",
        (
            "429 and `Retry-After`, or `bye`, before the request is parsed; with TLS closed before "
            "the handshake; ten seconds' at once are let in"
        ),
    )
    REQUESTS = (
        "finite requests a second",
        "max_requests_per_s",
        "requests_per_s",
        (
            "429 and `Retry-After`; those that show no credential, or a wrong one, and streams "
            "that are refused, count for their address; five seconds' at once are answered"
        ),
    )
    SYMBOLS = (
        "symbols per connection",
        "max_symbols_per_connection",
        "symbols",
        "400, or 405 over a WebSocket, and nothing changes",
    )
    ALL_SYMBOLS = (
        "symbols of all subscriptions",
        "max_index_entries",
        "",
        "400, or 405 over a WebSocket, and nothing changes",
    )
    LANES = (
        "lanes of one identity",
        "max_lanes_per_identity",
        "lanes",
        "400, or 405 over a WebSocket, and nothing changes; of anonymous ones, those of an address",
    )
    PROJECTIONS = (
        "projections of ticks",
        "max_projections",
        "",
        (
            "429 and `Retry-After`, 405 over a WebSocket, or `bye` and `retry`, and nothing "
            "changes: each (`fields`, by codec) keeps fragments of its own until nobody uses it"
        ),
    )
    IDENTITY_PROJECTIONS = (
        "projections of ticks of one identity",
        "max_projections_per_identity",
        "",
        "likewise; of anonymous ones, those of an address",
    )
    CONTROL_MESSAGES = (
        "control messages a second",
        "max_control_messages_per_s",
        "",
        "400 and Close 1008",
    )
    CONTROL_BYTES = (
        "bytes of control messages a second",
        "max_control_bytes_per_s",
        "",
        "400 and Close 1008; five seconds' at once are heard; a message has at most 256 KiB (1009)",
    )
    CONTROL_WORK = (
        "milliseconds of work of control messages a second",
        "max_control_ms_per_s",
        "",
        "400 and Close 1008; five seconds' at once are done",
    )
    EGRESS = (
        "bytes written a second to one identity",
        "max_egress_bytes_per_s",
        "egress_bytes_per_s",
        (
            "its connections are conflated, for ten seconds at least, and told a `gap` of the "
            "reason `limit`; of anonymous ones, those of an address. It needs Linux, whose kernel "
            "tells what it has sent: elsewhere the setting is refused, and a grant of it told in "
            "the log (`egress_not_limited`)"
        ),
    )
    MEMORY = (
        "bytes of compressors, buffers and caches",
        "max_memory_bytes",
        "",
        "newcomers are told to come back: 503 and `Retry-After`, Close 1013, or `bye` and `retry`",
    )
    MEMORY_HARD = (
        "bytes of compressors, buffers and caches at which some have to go",
        "max_memory_hard_bytes",
        "",
        "caches are dropped, then those that hold the most leave as slow (407), until it fits",
    )
    HANDSHAKES = (
        "TLS handshakes at once",
        "max_handshakes",
        "",
        "the oldest that is not done is closed; each has ten seconds",
    )
    WAITING = (
        "connections without a request",
        "max_waiting_connections",
        "",
        "the one that has been silent for longest is closed",
    )
    UNFINISHED = (
        "bytes of what is not whole",
        "max_unfinished_heads_bytes",
        "",
        "the one that held some first is closed",
    )


OF_THIS_IDENTITY = " of this identity"  # where what is granted counts
_BY_NAME = {limit.value: limit for limit in Limit}


def limit_called(name: str) -> Limit | None:
    """Return the limit that an error names; None: it is of something else."""
    return _BY_NAME.get(name.removesuffix(OF_THIS_IDENTITY))
