"""Messages from the server to a client: the keys and values of each, in the dialect's words.

Messages are plain maps with a `T`, and all of them are made here, but those to a producer (see
`push_messages`). Knows no transport and no codec.

Source: Alpaca's streaming API, as its SDKs for Python and Node need it; our own come on top.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, cast

from feed.errors import FeedError, InvalidInput, LimitExceeded, NotGranted, Unauthenticated
from feed.market.asset_classes import has_wildcard
from feed.market.intervals import format_interval
from feed.market.symbols import ALL
from feed.market.ticks import CHANNELS, Channel
from feed.market.word_channels import WORD_CHANNELS
from feed.wire.disconnect import Disconnect
from feed.wire.error_codes import ErrorCode
from feed.wire.message_models import (
    AuthenticatedMessage,
    ByeMessage,
    ConnectedMessage,
    ErrorMessage,
    ExpiringMessage,
    FeedMessage,
    GapMessage,
    LeavingMessage,
    MarkMessage,
    SnapshotMessage,
    SubscriptionMessage,
    WarningMessage,
)
from feed.wire.position import Position
from feed.wire.rfc3339 import rfc3339
from feed.wire.word_keys import told_key

Message = Mapping[str, Any]  # with its `T` first
MOST_NAMED = 20  # names in one warning

CONNECTED: ConnectedMessage = {"T": "success", "msg": "connected"}
AUTHENTICATED: AuthenticatedMessage = {"T": "success", "msg": "authenticated"}
# Channels of the dialect for which this server has no ticks; acknowledged empty.
SILENT_CHANNELS = (
    "dailyBars",
    "lulds",
    "orderbooks",
    "news",
    "corrections",
    "cancelErrors",
    "imbalances",
    "pricing",
)


class GapReason(StrEnum):
    """Why events that were due are not coming."""

    OVERRUN = "overrun"
    EPOCH = "epoch"
    CONFLATED = "conflated"
    LOST = "lost"
    LIMIT = "limit"


class WarningReason(StrEnum):
    """Why nothing, or less, comes of what a subscriber asked for."""

    UNLISTED = "unlisted"
    SILENT_CHANNEL = "silent_channel"
    NOTHING = "nothing"
    NOT_GRANTED = "not_granted"
    REWIND = "rewind"


def connected_message(connection: int) -> ConnectedMessage:
    """Return the first message over a WebSocket, with the id to ask administrators about."""
    return {**CONNECTED, "connection": connection}


def mark_message(position: Position, wall_ns: int) -> MarkMessage:
    """Return the small message that carries the position."""
    return {"T": "mark", "pos": str(position), "t": rfc3339(wall_ns)}


def gap_message(
    first: Position | str, last: Position, reason: GapReason, channels: Sequence[str] = ()
) -> GapMessage:
    """Return the announcement that events which a subscriber was due are not coming.

    Args:
        first: the first missing position; the one received, where it is not of this server's ring.
        last: the last missing position.
        reason: why.
        channels: that it concerns; (): all that are subscribed to.
    """
    gap: GapMessage = {"T": "gap", "from": str(first), "to": str(last), "reason": reason.value}
    if channels:
        gap["channels"] = list(channels)
    return gap


def snapshot_begin_message(position: Position) -> SnapshotMessage:
    """Return the message before the ticks of the last known state."""
    return {"T": "snapshot", "state": "begin", "pos": str(position)}


def snapshot_end_message(position: Position) -> SnapshotMessage:
    """Return the message after the ticks of the last known state."""
    return {"T": "snapshot", "state": "end", "pos": str(position)}


def feed_message(state: str, source: str, reason: str, wall_ns: int) -> FeedMessage:
    """Return the announcement to everybody that the source came or went.

    Args:
        state: "live" or "source_down".
        source: its name.
        reason: why it is down: "silent", "failed", "finished" or "paused"; while it is live "", or
            what was done to a replay: another "speed", or a "seek", after which times begin anew.
        wall_ns: when it came or went.
    """
    return {"T": "feed", "state": state, "source": source, "reason": reason, "t": rfc3339(wall_ns)}


def refusal_words(refused: Iterable[tuple[Channel, frozenset[str]]]) -> str:
    """Return what was refused of each channel: `MSFT, TSLA on trades; * on bars`."""
    told = []
    for channel, symbols in refused:
        names = _as_named(symbols)
        more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
        told.append(f"{', '.join(names[:MOST_NAMED])}{more} on {channel}")
    return "; ".join(told)


def refused_warning(refused: Sequence[tuple[Channel, frozenset[str]]]) -> WarningMessage:
    """Return the warning that a part of what was asked for is not granted."""
    names = _as_named(frozenset[str]().union(*(symbols for _, symbols in refused)))
    return {
        "T": "warning",
        "reason": WarningReason.NOT_GRANTED.value,
        "msg": f"not granted: {refusal_words(refused)}",
        "names": names[:MOST_NAMED],
        "nearest": {},
        "count": len(names),
    }


def warning_message(
    reason: WarningReason, names: Sequence[str], count: int, nearest: Mapping[str, str]
) -> WarningMessage:
    """Return the warning that what was asked for does not come, or not yet.

    Args:
        reason: why.
        names: the symbols, or the channels; the first of them, where there are many.
        count: how many they are.
        nearest: for some of these names the listed symbol that was probably meant.
    """
    if reason is WarningReason.UNLISTED:
        words = _unlisted_words(names, count, nearest)
    elif reason is WarningReason.SILENT_CHANNEL:
        words = f"nothing comes on {', '.join(names)}: the source gives none so far"
    else:
        words = f"nothing is subscribed; accepted: symbols on some of {', '.join(names)}"
    return {
        "T": "warning",
        "reason": reason.value,
        "msg": words,
        "names": list(names),
        "nearest": dict(nearest),
        "count": count,
    }


def rewind_warning(words: str, since_ns: int | None, count: int = 0) -> WarningMessage:
    """Return the warning that less of the past comes than was asked for.

    Args:
        words: why.
        since_ns: from when on it comes, since the Unix epoch; None: nothing of it does.
        count: how many ticks come, where their number was asked for.
    """
    message: WarningMessage = {
        "T": "warning",
        "reason": WarningReason.REWIND.value,
        "msg": words,
        "names": [],
        "nearest": {},
        "count": count,
    }
    if since_ns is not None:
        message["since"] = rfc3339(since_ns)
    return message


def _unlisted_words(names: Sequence[str], count: int, nearest: Mapping[str, str]) -> str:
    if count == 1:
        [name] = names
        meant = f"; did you mean {nearest[name]}?" if name in nearest else ""
        return f"{name} is not listed{meant}"
    told = [
        f"{name} (did you mean {nearest[name]}?)" if name in nearest else name for name in names
    ]
    if count > len(names):
        told.append(f"and {count - len(names):,} more")
    return f"{count:,} symbols are not listed: {', '.join(told)}"


def subscription_message(
    symbols: Mapping[Channel, Iterable[str]], intervals_ms: Mapping[Channel, int]
) -> SubscriptionMessage:
    """Return the acknowledgement: the full state, every channel of the dialect in it.

    `conflate` is in it where a channel is conflated, with the intervals as they were rounded;
    channels of words where something is subscribed to there.
    """
    message: dict[str, Any] = {"T": "subscription"}
    for channel in CHANNELS:
        message[channel.value] = _as_named(frozenset(symbols.get(channel, ())))
    for name in SILENT_CHANNELS:
        message[name] = []
    for words in WORD_CHANNELS:
        if keys := symbols.get(cast("Channel", words)):
            message[words.value] = sorted({told_key(words, key) for key in keys})
    if intervals_ms:
        message["conflate"] = {
            channel.value: format_interval(interval) for channel, interval in intervals_ms.items()
        }
    # Its keys are not written out, so no type checker can tell: a test compares them.
    return cast("SubscriptionMessage", message)


def _as_named(symbols: frozenset[str]) -> list[str]:
    """Return symbols in order, and every wildcard as clients write it."""
    if has_wildcard(symbols):
        return sorted({ALL, *(symbol for symbol in symbols if ALL not in symbol)})
    return sorted(symbols)


def expiring_message(end_wall_ns: int) -> ExpiringMessage:
    """Return the notice that an identity ends soon, and with it the connection."""
    words = "the identity ends then, and the connection with it; auth again keeps both"
    return {"T": "expiring", "t": rfc3339(end_wall_ns), "msg": words}


def error_message(code: ErrorCode, words: str | None = None) -> ErrorMessage:
    """Return an error in the dialect's form; by default its words are those of its code."""
    return {"T": "error", "code": int(code), "msg": code.words if words is None else words}


def leaving_message(retry_ms: int) -> LeavingMessage:
    """Return the announcement that the server leaves, and after what time to come back.

    Subscribers that leave together are told different times, and shall keep to theirs.
    """
    return {"T": "leaving", "retry_ms": retry_ms}


def bye_message(reason: Disconnect) -> ByeMessage:
    """Return the last words on a transport without close codes."""
    return {
        "T": "bye",
        "reason": reason.name,
        "msg": reason.words,
        "reconnect": reason.may_reconnect,
    }


def error_of(error: FeedError) -> ErrorMessage:
    """Return the dialect's form of an error of ours."""
    code = next((code for kind, code in _CODES if isinstance(error, kind)), ErrorCode.INTERNAL)
    return error_message(code, f"{code.words}: {error}")


_CODES = (
    (Unauthenticated, ErrorCode.NOT_AUTHENTICATED),
    (LimitExceeded, ErrorCode.SYMBOL_LIMIT),
    (NotGranted, ErrorCode.INSUFFICIENT_SUBSCRIPTION),
    (InvalidInput, ErrorCode.INVALID_SYNTAX),
)
