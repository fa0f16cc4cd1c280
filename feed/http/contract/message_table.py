"""Every message of the server, in one table: its form, when it is sent, by what, and an example.

The examples are made by the functions that make the messages themselves.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import cast

from feed.http.contract.word_examples import KEYS
from feed.market.ticks import Channel
from feed.wire.disconnect import Reason
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
from feed.wire.messages import (
    AUTHENTICATED,
    GapReason,
    Message,
    WarningReason,
    bye_message,
    connected_message,
    error_message,
    expiring_message,
    feed_message,
    gap_message,
    leaving_message,
    mark_message,
    snapshot_begin_message,
    snapshot_end_message,
    subscription_message,
    warning_message,
)
from feed.wire.position import Position
from feed.wire.room_messages import (
    PublishedMessage,
    UnpublishedMessage,
    published_message,
    unpublished_message,
)
from feed.wire.transport import Transport

_FIRST, _LAST = Position("k3x9m2pq", 1_235), Position("k3x9m2pq", 1_240)
_WALL_NS = 1_767_623_400_123_456_789
_WEBSOCKET = frozenset({Transport.WEBSOCKET})
_ONE_WAY = frozenset({Transport.SSE, Transport.STREAM})
_ALL = frozenset(Transport)


@dataclass(frozen=True, slots=True)
class Described:
    """One message of the server.

    Attributes:
        name: under which documents have it.
        form: its keys.
        words: when it is sent.
        example: it, made as the server makes it.
        on: the transports that it goes by.
        values: what some of its keys may be, where the form does not say.
    """

    name: str
    form: type
    words: str
    example: Message
    on: frozenset[Transport] = _ALL
    values: Mapping[str, Iterable[object]] = field(default_factory=dict)


DESCRIBED = (
    Described(
        "connected",
        ConnectedMessage,
        "the first message; `connection` is the id that administrators are told",
        connected_message(17),
        _WEBSOCKET,
    ),
    Described(
        "authenticated",
        AuthenticatedMessage,
        "the answer to `auth`",
        AUTHENTICATED,
        _WEBSOCKET,
    ),
    Described(
        "mark",
        MarkMessage,
        "the position: at once for subscribers that come without one, then at least every 10 s",
        mark_message(_LAST, _WALL_NS),
    ),
    Described(
        "gap",
        GapMessage,
        "what was due, both positions included, is not coming; `channels` are those that it "
        "concerns, where not all",
        gap_message(_FIRST, _LAST, GapReason.OVERRUN, [Channel.TRADES.value]),
        values={"reason": list(GapReason)},
    ),
    Described(
        "snapshot_begin",
        SnapshotMessage,
        "ticks of the last known state follow, and of each key of words its state",
        snapshot_begin_message(_LAST),
        values={"state": ["begin"]},
    ),
    Described(
        "snapshot_end",
        SnapshotMessage,
        "that was the last known state",
        snapshot_end_message(_LAST),
        values={"state": ["end"]},
    ),
    Described(
        "feed",
        FeedMessage,
        "a source went (`source_down`), or came back (`live`), while others may go on; or a replay "
        "was steered: reason `speed`, or `seek`, after which times begin anew",
        feed_message("source_down", "sim", "silent", _WALL_NS),
    ),
    Described(
        "warning",
        WarningMessage,
        "what was asked for does not come, or not yet: `names` are at most 20 of all `count`; of "
        "`rewind`, `since` says from when on ticks come, and `count` how many",
        warning_message(WarningReason.UNLISTED, ["aapl"], 1, {"aapl": "AAPL"}),
        values={"reason": list(WarningReason)},
    ),
    Described(
        "subscription",
        SubscriptionMessage,
        "all that is subscribed now, also where a grant has changed; channels of words with their "
        "keys, where there are some; `conflate`: the intervals",
        subscription_message(
            {
                Channel.TRADES: ["AAPL"],
                Channel.QUOTES: ["*"],
                **{cast("Channel", channel): [key] for channel, key in KEYS.items()},
            },
            {Channel.QUOTES: 250},
        ),
    ),
    Described(
        "expiring",
        ExpiringMessage,
        "30 s before the identity and the connection end: over a WebSocket `auth` keeps both",
        expiring_message(_WALL_NS),
    ),
    Described(
        "error",
        ErrorMessage,
        "something that was asked for is refused, or the connection ends",
        error_message(ErrorCode.SYMBOL_LIMIT),
        _WEBSOCKET,
    ),
    Described(
        "published",
        PublishedMessage,
        "what was said in a room has a position; `pos` is null where it was so already",
        published_message("desk", "m-1", str(_LAST), durable=True),
        _WEBSOCKET,
    ),
    Described(
        "unpublished",
        UnpublishedMessage,
        "what was said in a room is not published: `status` is as HTTP has it; where an entry of a "
        "list is another version by now, it is there",
        unpublished_message("desk", "m-1", 409, "AAPL has version 2 by now, not 1", version=2),
        _WEBSOCKET,
    ),
    Described(
        "leaving",
        LeavingMessage,
        "the server leaves and ends the connection: come back after that time, one's own; over a "
        "WebSocket only with a subprotocol or marks",
        leaving_message(1_500),
    ),
    Described(
        "bye",
        ByeMessage,
        "the server ends the connection, and says whether to come back",
        bye_message(Reason.SHUTDOWN.value),
        _ONE_WAY,
        values={"reason": [reason.value.name for reason in Reason]},
    ),
)
