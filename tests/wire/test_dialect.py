"""The conversation of a WebSocket as bytes: what is said beside the ticks of each codec."""

from typing import Any, get_args

import msgpack
import orjson
import pytest

from feed.errors import InvalidMessage, InvalidParameter, LimitExceeded
from feed.market.ticks import Channel
from feed.wire.codec_name import CodecName
from feed.wire.control import Auth, Subscribe
from feed.wire.dialect import DIALECTS, Dialect
from feed.wire.disconnect import Reason
from feed.wire.subscribed import NOTHING_SUBSCRIBED

TEXT, BINARY = 0x81, 0x82  # first bytes of whole messages: RFC 6455 §5.2
EACH = pytest.mark.parametrize("name", get_args(CodecName))


def read(frame: bytes) -> tuple[int, Any]:
    """Return the first byte and the one object of a frame."""
    first, length, data = frame[0], frame[1], frame[2:]
    if length == 126:
        length, data = int.from_bytes(data[:2], "big"), data[2:]
    assert len(data) == length, "one frame, and nothing after it"
    (message,) = orjson.loads(data) if first == TEXT else msgpack.unpackb(data)
    return first, message


@pytest.mark.parametrize(
    ("name", "kind"),
    [("json", TEXT), ("msgpack", BINARY), ("protobuf", TEXT)],
)
def test_the_conversation_is_in_the_codec_or_in_json(name: CodecName, kind: int) -> None:
    dialect = DIALECTS[name]
    assert read(dialect.connected) == (kind, {"T": "success", "msg": "connected"})
    assert read(dialect.authenticated) == (kind, {"T": "success", "msg": "authenticated"})
    before = {"T": "error", "code": 403, "msg": "already authenticated"}
    assert read(dialect.authenticated_before) == (kind, before)


def test_every_codec_has_a_dialect() -> None:
    assert DIALECTS.keys() == set(get_args(CodecName))


def written(dialect: Dialect, message: object) -> bytes | str:
    """Return a message as a client of a dialect sends it."""
    if dialect.connected[0] == TEXT:
        return orjson.dumps(message).decode()
    packed: bytes = msgpack.packb(message)
    return packed


@EACH
def test_what_clients_send_is_understood(name: CodecName) -> None:
    dialect = DIALECTS[name]
    assert dialect.hear(written(dialect, {"action": "auth", "key": "k"})) == Auth(
        action="auth", key="k"
    )
    with pytest.raises(InvalidParameter):
        dialect.hear(written(dialect, {"action": "dance"}))


@EACH
def test_a_message_of_the_other_kind_is_refused(name: CodecName) -> None:
    dialect = DIALECTS[name]
    message = {"action": "auth", "key": "k"}
    is_text = dialect.connected[0] == TEXT
    other = msgpack.packb(message) if is_text else orjson.dumps(message).decode()
    due, spoken = ("text", "json") if is_text else ("binary", "msgpack")
    with pytest.raises(InvalidMessage, match=f"accepted: {due} messages, as {spoken}"):
        dialect.hear(other)


@pytest.mark.parametrize("name", ["json", "protobuf"])
def test_json_is_understood_in_a_binary_message_too(name: CodecName) -> None:
    asked = orjson.dumps({"action": "auth", "key": "k"})
    assert DIALECTS[name].hear(asked) == Auth(action="auth", key="k")


@EACH
def test_what_is_subscribed_is_acknowledged(name: CodecName) -> None:
    subscribed, _ = NOTHING_SUBSCRIBED.more(Subscribe(action="subscribe", trades=["AAPL"]))
    _, message = read(DIALECTS[name].acknowledge(subscribed))
    assert message["T"] == "subscription"
    assert {channel for channel in Channel if message[channel]} == {Channel.TRADES}


@EACH
def test_each_connection_is_acknowledged_its_own_subscription(name: CodecName) -> None:
    dialect = DIALECTS[name]
    subscriptions = [
        NOTHING_SUBSCRIBED.more(Subscribe(action="subscribe", trades=[symbol]))[0]
        for symbol in ("AAPL", "MSFT", "MSFT", "AAPL")
    ]
    answers = [dialect.acknowledge(subscribed) for subscribed in subscriptions]
    assert [read(answer)[1]["trades"] for answer in answers] == [
        *(["AAPL"], ["MSFT"], ["MSFT"], ["AAPL"])
    ]
    assert answers[1] is answers[2], "equal ones that follow each other are one answer"


@EACH
def test_nothing_subscribed_is_acknowledged_too(name: CodecName) -> None:
    _, message = read(DIALECTS[name].acknowledge(NOTHING_SUBSCRIBED))
    assert message["T"] == "subscription"
    assert not any(message[channel] for channel in Channel)


@EACH
def test_a_message_may_name_as_many_symbols_as_it_is_told(name: CodecName) -> None:
    dialect = DIALECTS[name]
    asked = written(dialect, {"action": "subscribe", "trades": ["A", "B"]})
    assert dialect.hear(asked, most_symbols=2) == Subscribe(action="subscribe", trades=["A", "B"])
    with pytest.raises(LimitExceeded):
        dialect.hear(asked, most_symbols=1)


def test_errors_are_said_with_their_code() -> None:
    error = LimitExceeded("symbols per connection", 501, 500)
    _, message = read(DIALECTS["json"].refuse(error))
    assert message == {"T": "error", "code": 405, "msg": f"symbol limit exceeded: {error}"}


@pytest.mark.parametrize("reason", Reason)
def test_the_last_words_are_the_error_of_the_reason(reason: Reason) -> None:
    frame = DIALECTS["json"].last_words(reason.value)
    code, words = reason.value.error_code, reason.value.words
    if code is None:
        assert frame == b""
        return
    _, message = read(frame)
    assert message["code"] == code
    # Clients look for the code's own words, where an error is final.
    assert message["msg"] in {words, f"{code.words}: {words}"}
    assert message["msg"].startswith(code.words) or reason.value.may_reconnect
