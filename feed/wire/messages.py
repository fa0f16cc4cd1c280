"""Messages from the server to a client: what each looks like, in the dialect's words.

Messages are plain maps with a `T`. Knows no transport and no codec.

Source: Alpaca's streaming API, as its SDKs for Python and Node need it; what is ours comes on top.
"""

from collections.abc import Iterable, Mapping
from enum import IntEnum, StrEnum
from typing import Any

from feed.errors import (
    FeedError,
    InvalidInput,
    LimitExceeded,
    Unauthenticated,
)
from feed.market.intervals import format_interval
from feed.market.ticks import CHANNELS, Channel
from feed.wire.disconnect import Disconnect
from feed.wire.position import Position
from feed.wire.rfc3339 import rfc3339

Message = Mapping[str, Any]  # with its `T` first

CONNECTED: dict[str, Any] = {"T": "success", "msg": "connected"}
AUTHENTICATED: dict[str, Any] = {"T": "success", "msg": "authenticated"}
# The dialect's channels that this server has nothing for; acknowledged empty.
SILENT_CHANNELS = (
    "dailyBars",
    "lulds",
    "orderbooks",
    "news",
    "corrections",
    "cancelErrors",
    "imbalances",
)


class ErrorCode(IntEnum):
    """The dialect's error codes."""

    INVALID_SYNTAX = 400
    NOT_AUTHENTICATED = 401
    AUTH_FAILED = 402
    ALREADY_AUTHENTICATED = 403
    AUTH_TIMEOUT = 404
    SYMBOL_LIMIT = 405
    CONNECTION_LIMIT = 406
    SLOW_CLIENT = 407
    INTERNAL = 500


class GapReason(StrEnum):
    """Why events that were due are not coming."""

    OVERRUN = "overrun"
    EPOCH = "epoch"
    CONFLATED = "conflated"


def mark_message(position: Position, wall_ns: int) -> Message:
    """Return the small message that carries the position."""
    return {"T": "mark", "pos": str(position), "t": rfc3339(wall_ns)}


def gap_message(first: Position | str, last: Position, reason: GapReason) -> Message:
    """Return what a subscriber is told when events that it was due are not coming.

    Args:
        first: the first missing position; the one received, where it is not of this server's ring.
        last: the last missing position.
        reason: why.
    """
    return {"T": "gap", "from": str(first), "to": str(last), "reason": reason.value}


def snapshot_begin_message(position: Position) -> Message:
    """Return what stands before the ticks of the last known state."""
    return {"T": "snapshot", "state": "begin", "pos": str(position)}


def snapshot_end_message(position: Position) -> Message:
    """Return what stands after the ticks of the last known state."""
    return {"T": "snapshot", "state": "end", "pos": str(position)}


def feed_message(state: str, source: str, reason: str, wall_ns: int) -> Message:
    """Return what everybody is told when the source comes or goes.

    Args:
        state: "live" or "source_down".
        source: its name.
        reason: why it is down; "" while it is live.
        wall_ns: when it came or went.
    """
    return {"T": "feed", "state": state, "source": source, "reason": reason, "t": rfc3339(wall_ns)}


def subscription_message(
    symbols: Mapping[Channel, Iterable[str]], intervals_ms: Mapping[Channel, int]
) -> dict[str, Any]:
    """Return the acknowledgement: the full state, every channel of the dialect in it.

    `conflate` is in it where something is, with the intervals as they were rounded.
    """
    message: dict[str, Any] = {"T": "subscription"}
    for channel in CHANNELS:
        message[channel.value] = sorted(symbols.get(channel, ()))
    for name in SILENT_CHANNELS:
        message[name] = []
    if intervals_ms:
        message["conflate"] = {
            channel.value: format_interval(interval) for channel, interval in intervals_ms.items()
        }
    return message


def error_message(code: int, words: str) -> dict[str, Any]:
    """Return an error in the dialect's form."""
    return {"T": "error", "code": int(code), "msg": words}


def bye_message(reason: Disconnect) -> dict[str, Any]:
    """Return the last words of a transport that has no close codes."""
    return {
        "T": "bye",
        "reason": reason.name,
        "msg": reason.words,
        "reconnect": reason.may_reconnect,
    }


def error_of(error: FeedError) -> dict[str, Any]:
    """Return the dialect's form of an error of ours."""
    if isinstance(error, Unauthenticated):
        return error_message(ErrorCode.NOT_AUTHENTICATED, f"not authenticated: {error}")
    if isinstance(error, LimitExceeded):
        return error_message(ErrorCode.SYMBOL_LIMIT, f"symbol limit exceeded: {error}")
    if isinstance(error, InvalidInput):
        return error_message(ErrorCode.INVALID_SYNTAX, f"invalid syntax: {error}")
    return error_message(ErrorCode.INTERNAL, f"internal error: {error}")
