"""What the server says: how each of its messages looks, and that it is made in one place."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import feed
from feed.errors import (
    FeedError,
    InvalidMessage,
    InvalidParameter,
    InvalidTick,
    LimitExceeded,
    Overrun,
    SourceError,
    Unauthenticated,
)
from feed.market.ticks import SECOND_NS, Channel
from feed.wire.disconnect import Reason
from feed.wire.error_codes import ErrorCode
from feed.wire.messages import (
    AUTHENTICATED,
    CONNECTED,
    SILENT_CHANNELS,
    GapReason,
    WarningReason,
    bye_message,
    error_message,
    error_of,
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

ROOT = Path(feed.__file__).parent
# The client reads messages, and writes them as it was told. Three of these write ticks, and four
# say what form messages and ticks have.
MAKERS = {
    "wire/messages.py",
    "wire/message_models.py",
    "wire/push_messages.py",  # to producers, with their forms
    "wire/room_messages.py",  # to whoever talks in a room, likewise
    "wire/letters.py",
    "wire/word_fields.py",  # the same for words
    "wire/protobuf_codec.py",
    "wire/protobuf_rows.py",
    "wire/follow_frames.py",
    "http/contract/ticks.py",
    "http/contract/words.py",
    "http/contract/pushing.py",  # the example of a batch
    "sources/alpaca/link.py",  # what another server said, or did not
    "sources/exchanges/rows.py",  # what a child process writes for a pipe
}
AT = Position("abc", 7)
WALL_NS = 1_700_000_000 * SECOND_NS
TIME = "2023-11-14T22:13:20.000000000Z"


def makers() -> Iterator[str]:
    """Yield the files of the server that write a map with a `T`."""
    for path in ROOT.rglob("*.py"):
        name = path.relative_to(ROOT).as_posix()
        if name.startswith(("client/", "terminal/", "web/")):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            keys: list[Any] = node.keys if isinstance(node, ast.Dict) else []
            if any(isinstance(key, ast.Constant) and key.value == "T" for key in keys):
                yield name


def test_messages_are_made_in_one_file() -> None:
    assert set(makers()) == MAKERS


def test_what_tells_of_positions_looks_like_this() -> None:
    pos = {"pos": "abc-7"}
    assert mark_message(AT, WALL_NS) == {"T": "mark", **pos, "t": TIME}
    assert snapshot_begin_message(AT) == {"T": "snapshot", "state": "begin", **pos}
    assert snapshot_end_message(AT) == {"T": "snapshot", "state": "end", **pos}


@pytest.mark.parametrize("reason", GapReason)
def test_a_gap_has_both_ends_and_a_reason(reason: GapReason) -> None:
    gap = {"T": "gap", "from": "abc-3", "to": "abc-7", "reason": str(reason)}
    assert gap_message(Position("abc", 3), AT, reason) == gap
    assert gap_message("abc-3", AT, reason) == gap


def test_the_state_of_the_source_looks_like_this() -> None:
    assert feed_message("source_down", "sim", "silent", WALL_NS) == {
        "T": "feed",
        "state": "source_down",
        "source": "sim",
        "reason": "silent",
        "t": TIME,
    }


def test_a_warning_names_what_does_not_come_and_what_may_have_been_meant() -> None:
    unlisted = WarningReason.UNLISTED
    assert warning_message(unlisted, ["aapl"], 1, {"aapl": "AAPL"}) == {
        "T": "warning",
        "reason": "unlisted",
        "msg": "aapl is not listed; did you mean AAPL?",
        "names": ["aapl"],
        "nearest": {"aapl": "AAPL"},
        "count": 1,
    }
    assert warning_message(unlisted, ["NOSUCH"], 1, {})["msg"] == "NOSUCH is not listed"
    words = warning_message(unlisted, ["aapl", "NOSUCH"], 1_234, {"aapl": "AAPL"})["msg"]
    assert words == (
        "1,234 symbols are not listed: aapl (did you mean AAPL?), NOSUCH, and 1,232 more"
    )
    words = warning_message(WarningReason.SILENT_CHANNEL, ["news"], 1, {})["msg"]
    assert words == "nothing comes on news: the source gives none so far"
    words = warning_message(WarningReason.NOTHING, ["bars", "trades"], 2, {})["msg"]
    assert words == "nothing is subscribed; accepted: symbols on some of bars, trades"


def test_the_acknowledgement_is_the_full_state() -> None:
    message = subscription_message({Channel.TRADES: ["MSFT", "AAPL"], Channel.QUOTES: ["*"]}, {})
    nothing: dict[str, list[str]] = {name: [] for name in (*Channel, *SILENT_CHANNELS)}
    assert message == {
        "T": "subscription",
        **nothing,
        "trades": ["AAPL", "MSFT"],
        "quotes": ["*"],
    }


def test_the_dialects_first_words_are_these() -> None:
    assert CONNECTED == {"T": "success", "msg": "connected"}
    assert AUTHENTICATED == {"T": "success", "msg": "authenticated"}


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (Unauthenticated("subscribe before auth"), 401, "not authenticated: "),
        (LimitExceeded("symbols per connection", 501, 500), 405, "symbol limit exceeded: "),
        (InvalidMessage("not JSON"), 400, "invalid syntax: "),
        (InvalidParameter("after", "x", "a position"), 400, "invalid syntax: after: 'x' "),
        (InvalidTick("no tick"), 400, "invalid syntax: "),
        (Overrun(requested=1, oldest=2), 500, "internal error: "),
        (SourceError("gone"), 500, "internal error: "),
    ],
)
def test_errors_have_the_dialects_codes_and_words(error: FeedError, code: int, words: str) -> None:
    message = error_of(error)
    assert message == {"T": "error", "code": code, "msg": message["msg"]}
    assert message["msg"].startswith(words)
    assert message["msg"].endswith(str(error))
    assert type(message["code"]) is int


def test_an_error_is_a_message_of_three_keys() -> None:
    assert error_message(ErrorCode.SLOW_CLIENT, "slow client") == {
        "T": "error",
        "code": 407,
        "msg": "slow client",
    }


def test_leaving_says_when_to_come_back() -> None:
    assert leaving_message(1_500) == {"T": "leaving", "retry_ms": 1_500}


@pytest.mark.parametrize("reason", Reason)
def test_bye_says_why_and_whether_to_come_back(reason: Reason) -> None:
    disconnect = reason.value
    assert bye_message(disconnect) == {
        "T": "bye",
        "reason": disconnect.name,
        "msg": disconnect.words,
        "reconnect": disconnect.may_reconnect,
    }
