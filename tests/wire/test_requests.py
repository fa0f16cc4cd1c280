"""What clients ask, well and badly, and whatever else may come."""

from contextlib import suppress
from typing import Any

import msgpack
import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from feed.errors import (
    FeedError,
    InvalidMessage,
    InvalidParameter,
    LimitExceeded,
)
from feed.market.ticks import Channel
from feed.wire.codec import Codec
from feed.wire.control import Auth, Unsubscribe, parse_control
from feed.wire.json_codec import JSON
from feed.wire.messagepack_codec import MESSAGE_PACK
from feed.wire.messages import (
    error_of,
)
from feed.wire.position import BEGINNING, Position
from feed.wire.request_fields import OnLag
from feed.wire.requests import Channels, Request
from feed.wire.selection import ALL_CHANNELS, Selection
from tests.fakes import strategies
from tests.fakes.control import A_POSITION, A_SYMBOL, subscribe
from tests.fakes.strategies import examples

LONGEST_ERROR = 1_000  # characters; whatever was sent


def test_auth_is_understood_whatever_stands_beside_it() -> None:
    control = parse_control({"action": "auth", "key": "K", "secret": "S", "api": 2})
    assert isinstance(control, Auth)
    assert (control.key, control.secret) == ("K", "S")
    assert parse_control({"action": "auth"}) == Auth(action="auth", key="", secret="")


def test_a_subscription_names_symbols_per_channel() -> None:
    # What alpaca-py sends; channels of the dialect that are silent here may be named.
    control = subscribe(trades=["AAPL", "BRK.B"], quotes=["*"], bars=[], dailyBars=["AAPL"])
    assert control.selection == Selection.of(
        {Channel.TRADES: ["BRK.B", "AAPL"], Channel.QUOTES: ["*"]}
    )
    assert control.symbols()[Channel.TRADES] == ["AAPL", "BRK.B"]
    assert set(control.symbols()) == set(ALL_CHANNELS)


# What SDKs in other languages send: the Go SDK names every channel it knows, most of them null.
SDK_CHANNELS = (
    *("trades", "quotes", "bars", "updatedBars", "dailyBars", "statuses", "imbalances", "lulds"),
    *("orderbooks", "news", "pricing", "corrections", "cancelErrors"),
)


@pytest.mark.parametrize("action", ["subscribe", "unsubscribe"])
@pytest.mark.parametrize("channel", SDK_CHANNELS)
def test_channels_that_are_null_are_channels_without_symbols(action: str, channel: str) -> None:
    unused = dict.fromkeys(SDK_CHANNELS)
    control = parse_control({**unused, channel: ["AAPL"], "action": action})
    assert control == parse_control({"action": action, channel: ["AAPL"]})
    assert parse_control({**unused, "action": action}) == parse_control({"action": action})


def test_options_that_are_null_were_not_given() -> None:
    options = ("after", "snapshot", "conflate", "on_lag", "marks", "compress")
    assert subscribe(trades=["A"], **dict.fromkeys(options)) == subscribe(trades=["A"])


def test_options_that_were_not_given_are_none() -> None:
    control = subscribe(trades=["AAPL"])
    assert control.after is None
    assert control.snapshot is None
    assert control.on_lag is None
    assert control.marks is None


@pytest.mark.parametrize("channel", Channel)
def test_every_channel_can_be_subscribed_and_unsubscribed(channel: Channel) -> None:
    expected = Selection.of({channel: ["BTC/USD"]})
    assert subscribe(**{channel.value: ["BTC/USD"]}).selection == expected
    control = parse_control({"action": "unsubscribe", channel.value: ["BTC/USD"]})
    assert isinstance(control, Unsubscribe)
    assert control.selection == expected


@pytest.mark.parametrize(
    ("name", "value", "understood"),
    [
        ("after", "k3x9w7ab-12", Position("k3x9w7ab", 12)),
        ("after", "0", BEGINNING),
        ("after", 0, BEGINNING),
        ("snapshot", True, True),
        ("snapshot", False, False),
        ("marks", True, True),
        ("on_lag", "gap", OnLag.GAP),
        ("on_lag", "disconnect", OnLag.DISCONNECT),
    ],
)
def test_options_are_understood(name: str, value: object, understood: object) -> None:
    got = getattr(subscribe(**{name: value}), name)
    assert got == understood
    assert type(got) is type(understood)


@pytest.mark.parametrize(
    ("message", "parameter", "value", "accepted"),
    [
        ({}, "action", None, "auth, subscribe, unsubscribe"),
        ({"action": None}, "action", None, "auth, subscribe, unsubscribe"),
        ({"action": "Subscribe"}, "action", "Subscribe", "auth, subscribe, unsubscribe"),
        ({"action": "listen"}, "action", "listen", "auth, subscribe, unsubscribe"),
        ({"action": ["auth"]}, "action", ["auth"], "auth, subscribe, unsubscribe"),
        ({"action": "auth", "key": 1}, "key", "<int>", "a valid string"),
        ({"action": "auth", "secret": None}, "secret", None, "a valid string"),
        ({"action": "subscribe", "trade": None}, "trade", "…", "did you mean 'trades'?"),
        ({"action": "subscribe", "trades": "AAPL"}, "trades", "AAPL", "a valid list"),
        ({"action": "subscribe", "trades": {"AAPL": 1}}, "trades", {"AAPL": 1}, "a valid list"),
        ({"action": "subscribe", "quotes": ["A", "A[B"]}, "quotes.1", "A[B", A_SYMBOL),
        ({"action": "subscribe", "bars": [""]}, "bars.0", "", A_SYMBOL),
        ({"action": "subscribe", "bars": ["**"]}, "bars.0", "**", A_SYMBOL),
        ({"action": "subscribe", "bars": [1]}, "bars.0", 1, "a valid string"),
        ({"action": "subscribe", "bars": [["A"]]}, "bars.0", ["A"], "a valid string"),
        ({"action": "subscribe", "news": [None]}, "news.0", None, "a valid string"),
        ({"action": "subscribe", "after": "12"}, "after", "12", A_POSITION),
        ({"action": "subscribe", "after": 12}, "after", 12, A_POSITION),
        ({"action": "subscribe", "after": -1}, "after", -1, A_POSITION),
        ({"action": "subscribe", "after": 0.0}, "after", 0.0, A_POSITION),
        ({"action": "subscribe", "after": False}, "after", False, A_POSITION),
        ({"action": "subscribe", "after": []}, "after", [], A_POSITION),
        ({"action": "subscribe", "after": b"0"}, "after", b"0", A_POSITION),
        ({"action": "subscribe", "snapshot": 1}, "snapshot", 1, "a valid boolean"),
        ({"action": "subscribe", "snapshot": "true"}, "snapshot", "true", "a valid boolean"),
        ({"action": "subscribe", "marks": "1"}, "marks", "1", "a valid boolean"),
        ({"action": "subscribe", "on_lag": "drop"}, "on_lag", "drop", "gap, "),
        ({"action": "subscribe", "on_lag": {}}, "on_lag", {}, "gap, "),
        ({"action": "subscribe", "trade": ["A"]}, "trade", "…", "did you mean 'trades'?"),
        ({"action": "subscribe", "symbols": ["A"]}, "symbols", "…", "the keys action, after, "),
        ({"action": "unsubscribe", "after": "0"}, "after", "…", "the keys action, alerts, bars, "),
        ({"action": "unsubscribe", "trades": ["?"]}, "trades.0", "?", A_SYMBOL),
    ],
)
def test_what_is_not_accepted_is_named_with_its_value_and_what_is(
    message: dict[str, Any], parameter: str, value: object, accepted: str
) -> None:
    with pytest.raises(InvalidParameter) as caught:
        parse_control(message)
    error = caught.value
    assert (error.parameter, error.value) == (parameter, value)
    assert accepted in error.accepted
    assert str(error) == f"{parameter}: {value!r} is not accepted; accepted: {error.accepted}"


@pytest.mark.parametrize("message", [None, [], "subscribe", 1, [{"action": "auth"}], b"auth"])
def test_what_is_no_map_is_no_message(message: object) -> None:
    words = f"a message is a map with the key action, not {type(message).__name__}"
    with pytest.raises(InvalidMessage, match=words):
        parse_control(message)


def test_keys_are_text() -> None:
    with pytest.raises(InvalidMessage, match="keys that are text"):
        parse_control({"action": "auth", b"key": "K"})
    with pytest.raises(InvalidParameter, match="action: None"):
        parse_control({b"action": "auth"})


def test_the_first_of_several_faults_is_told() -> None:
    with pytest.raises(InvalidParameter, match=r"^trades\.0: "):
        parse_control({"action": "subscribe", "trades": ["?", "!"], "marks": 7})


# How clients get through: whatever they send, they are answered, shortly, in their codec.
CODECS: list[Codec] = [JSON, MESSAGE_PACK]


def answer(codec: Codec, data: bytes | str) -> bytes:
    """Do with a message what a connection does; what it raises is what a connection dies of."""
    try:
        parse_control(codec.decode(data))
    except FeedError as error:
        message = error_of(error)
        assert message["code"] == 400
        assert len(message["msg"]) <= LONGEST_ERROR
        return codec.array([message])
    return b""


@settings(max_examples=examples(300))
@given(strategies.json_values)
def test_any_value_is_understood_or_refused(value: object) -> None:
    with suppress(FeedError):
        parse_control(value)


@settings(max_examples=examples(500))
@given(strategies.control_messages)
def test_any_map_with_an_action_is_understood_or_refused(message: dict[str, Any]) -> None:
    with suppress(FeedError):
        parse_control(message)


@settings(max_examples=examples(300))
@given(st.one_of(strategies.json_values, strategies.control_messages), st.data())
def test_any_packed_value_is_answered_in_messagepack(value: object, data: st.DataObject) -> None:
    packed = bytearray(msgpack.packb(value))
    if packed and data.draw(st.booleans()):  # broken somewhere
        packed[data.draw(st.integers(0, len(packed) - 1))] = data.draw(st.integers(0, 255))
    answer(MESSAGE_PACK, bytes(packed))


@settings(max_examples=examples(300))
@given(st.one_of(strategies.json_values, strategies.control_messages), st.data())
def test_any_document_is_answered_in_json(value: object, data: st.DataObject) -> None:
    document = bytearray(orjson.dumps(value, default=repr))
    if data.draw(st.booleans()):
        document[data.draw(st.integers(0, len(document) - 1))] = data.draw(st.integers(0, 255))
    answer(JSON, bytes(document))


@settings(max_examples=examples(300))
@given(st.one_of(st.binary(), st.text()))
@example("\ud800")
@example(b"\xff")
@example(b"")
def test_any_bytes_and_texts_are_answered(data: bytes | str) -> None:
    for codec in CODECS:
        answer(codec, data)


@pytest.mark.parametrize("depth", [10, 100, 500, 900, 950, 1000, 1020, 1100, 100_000])
@pytest.mark.parametrize("key", ["action", "key", "trades", "after", "marks", "on_lag", "other"])
def test_values_nested_deeply_are_refused_like_others(depth: int, key: str) -> None:
    for action in ("auth", "subscribe"):
        head = "{" if key == "action" else f'{{"action":"{action}",'
        for opening, closing in (("[", "]"), ('{"a":', "}")):
            nested = opening * depth + "1" + closing * depth
            answer(JSON, f'{head}"{key}":{nested}}}')
        packed = b"\x91" * depth + b"\x01"
        answer(MESSAGE_PACK, b"\x81" + msgpack.packb(key) + packed)
        answer(
            MESSAGE_PACK, b"\x82\xa6action" + msgpack.packb(action) + msgpack.packb(key) + packed
        )


@pytest.mark.parametrize("long", ["x" * 5_000, "\n" * 5_000, "\x1b[2J" * 2_000, "🐎" * 5_000])
def test_an_error_is_short_whatever_was_sent(long: str) -> None:
    for message in (
        long,
        [long],
        {long: 1},
        {"action": long},
        {"action": "subscribe", long: 1},
        {"action": "subscribe", "trades": [long]},
        {"action": "subscribe", "trades": long},
        {"action": "subscribe", "after": long},
        {"action": "subscribe", "on_lag": long},
        {"action": "subscribe", "conflate": {long: "1s"}},
        {"action": "subscribe", "conflate": {"quotes": long}},
        {"action": "auth", "key": [long]},
    ):
        answer(JSON, orjson.dumps(message))
        answer(MESSAGE_PACK, msgpack.packb(message))


def test_a_long_list_of_symbols_is_understood() -> None:
    symbols = [f"S{number}" for number in range(5_000)]
    assert subscribe(trades=symbols).selection.entries == 5_000
    with pytest.raises(LimitExceeded, match=r"5001 .* limit of 5000"):
        subscribe(trades=symbols, quotes=["A"])


# What costs much is refused by its number, before anything of it is looked at.


@pytest.mark.parametrize("action", ["subscribe", "unsubscribe"])
@pytest.mark.parametrize("channel", Channels.model_fields)
@pytest.mark.parametrize("bad", [1, None, ["A"]])
def test_too_many_symbols_are_refused_by_their_number(
    action: str, channel: str, bad: object
) -> None:
    message = {"action": action, channel: [bad] * 11}
    with pytest.raises(LimitExceeded, match=r"symbols per connection: 11 .* limit of 10"):
        parse_control(message, most_symbols=10)
    with pytest.raises(InvalidParameter):
        parse_control(message, most_symbols=11)


def test_the_symbols_of_all_channels_are_counted_together() -> None:
    message = {"action": "subscribe", "trades": ["A"] * 6, "news": ["A"] * 5}
    with pytest.raises(LimitExceeded, match="symbols per connection: 11 "):
        parse_control(message, most_symbols=10)


@pytest.mark.parametrize("channel", Channels.model_fields)
def test_validation_stops_at_the_first_fault_of_a_list(channel: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Request.model_validate({channel: [1, "!", 2, None] * 100})
    assert caught.value.error_count() == 1


def test_unknown_keys_are_refused_at_the_first() -> None:
    unknown = {f"key{number}": ["!"] for number in range(1_000)}
    with pytest.raises(InvalidParameter, match=r"^key0: "):
        parse_control({"action": "subscribe", **unknown, "trades": ["!"]})


def test_a_suggestion_is_not_looked_for_where_a_name_is_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(word: str, *_: object, **__: object) -> list[str]:
        pytest.fail(f"difflib walks over {len(word)} characters")

    monkeypatch.setattr("difflib.get_close_matches", fail)
    with pytest.raises(InvalidParameter):
        parse_control({"action": "subscribe", "trades" * 10_000: []})
