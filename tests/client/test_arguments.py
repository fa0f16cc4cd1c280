"""Arguments that are not accepted: refused at the call, by name, before any connection."""

import math
import socket
from collections.abc import Callable
from inspect import signature
from typing import Any

import pytest

import feed
from feed.client.stream import Stream
from feed.errors import InvalidParameter

URL = "http://127.0.0.1:9"
SYMBOLS: list[object] = ["A,,B", ["A*"], ["A", ""], [7], [None], 7, True, b"AAPL", [["AAPL"]]]
SWITCHES: list[object] = ["no", "", 1, 0, None]
TIMES: list[object] = [-1, -0.5, math.nan, math.inf, "15", True]
IDENTITIES: list[object] = ["", "a\r\nb", "a\0", 7, b"key"]

BAD: dict[str, list[object]] = {
    "url": ["", "127.0.0.1:80", "http://", "file:///x", "http://x/v1/ws", "http://x:y", None, 7],
    "trades": SYMBOLS,
    "quotes": SYMBOLS,
    "bars": SYMBOLS,
    "updated_bars": SYMBOLS,
    "second_bars": SYMBOLS,
    "statuses": SYMBOLS,
    "generations": ["gen_7", ["gen_" + "0" * 31], "*", ["*"], [7], 7, "AAPL", ["gen_" + "G" * 32]],
    "transport": ["", "carrier pigeon", "WebSocket", None, 7, ["sse"]],
    "codec": ["", "xml", "JSON", None, 7],
    "after": ["", "x", "ab-", "-7", 7, b"ab-7"],
    "last": [0, -1, 1_000_001, 1.5, "3", True],
    "fields": ["", "price", "p,,s", ["p", 7], [None], [], 7],
    "snapshot": SWITCHES,
    "conflate": [
        {"nothing": "1s"},
        {"quotes": "often"},
        {"quotes": ""},
        {"quotes": "-1s"},
        {"quotes": "1h"},
        {"quotes": 250},
        {"quotes": None},
        {7: "1s"},
        "quotes:1s",
        ["quotes"],
    ],
    "on_lag": ["", "explode", "GAP", 7],
    "key": IDENTITIES,
    "secret": [*IDENTITIES, "a secret without a key"],
    "token": [*(value for value in IDENTITIES if value is not None)],
    "compress": SWITCHES,
    "heartbeat_s": [0, None, 1e9, *TIMES],
    "give_up_after_s": TIMES,
    "feedback": SWITCHES,
    "session": ["", 7, object()],
}
# As the dialect has them, which the message uses.
WRITTEN = {"updated_bars": "updatedBars", "second_bars": "secondBars"}


@pytest.fixture(autouse=True)
def _no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a connection is tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def test_every_argument_is_here() -> None:
    assert set(signature(feed.connect).parameters) == set(BAD)


@pytest.mark.parametrize("connect", [feed.connect, feed.connect_blocking])
@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in BAD.items() for value in values]
)
def test_a_bad_argument_is_refused_at_the_call(
    connect: Callable[..., object], name: str, value: object
) -> None:
    arguments: dict[str, Any] = {"url": URL, "quotes": "*", name: value}
    with pytest.raises(InvalidParameter) as error:
        connect(**arguments)
    assert error.value.parameter == WRITTEN.get(name, name)
    assert "accepted: " in str(error.value)


def test_nothing_to_subscribe_to_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="at least one symbol"):
        feed.connect(URL, trades=[], quotes=iter(()))


def test_a_token_beside_a_key_is_refused() -> None:
    with pytest.raises(InvalidParameter, match=r"token: .*only without a key"):
        feed.connect(URL, trades="*", key="me", secret="mine", token="e30.e30.sig")


def test_a_refusal_does_not_tell_a_secret() -> None:
    with pytest.raises(InvalidParameter) as error:
        feed.connect(URL, trades="*", key="me", secret="open\nsesame")
    assert "sesame" not in str(error.value)


GOOD: list[dict[str, Any]] = [
    {"heartbeat_s": 1},
    {"heartbeat_s": 0.5, "give_up_after_s": 0},
    {"give_up_after_s": None},
    {"conflate": {"quotes": "0ms"}},
    {"conflate": {}},
    {"after": "0"},
    {"after": "ab-7", "on_lag": "conflate"},
    {"trades": iter(["AAPL"])},
    {"trades": {"AAPL"}, "statuses": ()},
    {"key": "me"},
    {"key": "mé", "secret": "mine"},
]


@pytest.mark.parametrize("arguments", GOOD)
def test_what_is_accepted(arguments: dict[str, Any]) -> None:
    assert isinstance(feed.connect(URL, **{"quotes": "*", **arguments}), Stream)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"rows": 0}, "rows"),
        ({"rows": True}, "rows"),
        ({"rows": 1.5}, "rows"),
        ({"library": "arrow"}, "library"),
    ],
)
def test_frames_refuse_at_the_call_too(arguments: dict[str, Any], name: str) -> None:
    with pytest.raises(InvalidParameter) as error:
        feed.connect(URL, quotes="*").frames(**arguments)
    assert error.value.parameter == name
