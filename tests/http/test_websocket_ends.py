"""What is wrong with what a WebSocket hears, and how its talk ends: by words, or by Close."""

import asyncio
from typing import Any

import pytest

from feed.wire.disconnect import Reason
from tests.fakes.hand_clock import HandClock
from tests.fakes.patience import until
from tests.fakes.servers import Feed, Serve, trade, trades
from tests.fakes.websocket_reader import BINARY, CLOSE, PING, PONG, TEXT, Frame, WebSocketReader
from tests.http.talk import connect, error

CODECS = pytest.mark.parametrize("binary", [False, True], ids=["json", "msgpack"])


async def closed(reader: WebSocketReader, code: int, feed: Feed | None = None) -> Frame:
    """Read the Close frame, publish, answer it late, and see that nothing follows."""
    frame = await reader.frame()
    assert frame.opcode == CLOSE
    assert frame.close_code == code
    if feed is not None:
        await feed.publish(*trades(1, 10))
    reader.send_frame(CLOSE, frame.data[:2])
    assert await reader.wire.rest() == b""
    return frame


BAD_MESSAGES: list[tuple[Any, list[str]]] = [
    ([], ["map", "list"]),
    ([{"action": "auth"}], ["map", "list"]),
    ("subscribe", ["map", "str"]),
    (None, ["map"]),
    (7, ["map", "int"]),
    ({}, ["action", "None", "auth, subscribe, unsubscribe"]),
    ({"action": "listen"}, ["action", "'listen'", "auth, subscribe, unsubscribe"]),
    ({"action": ["subscribe"]}, ["action", "auth, subscribe, unsubscribe"]),
    ({"action": "auth", "key": 7}, ["key", "<int>", "string"]),
    ({"action": "subscribe", "secret": "SEKRIT"}, ["secret: '…' is not accepted"]),
    ({"action": {"Secret-Key": "SEKRIT"}}, ["action: {'Secret-Key': '…'} is not accepted"]),
    ({"action": "subscribe", "trades": [{"token": ["SEKRIT"]}]}, ["trades.0: {'token': '…'} is"]),
    ({"action": "subscribe", "trade": ["AAPL"]}, ["trade:", "did you mean 'trades'?"]),
    ({"action": "subscribe", "trades": "AAPL"}, ["trades", "'AAPL'", "list"]),
    ({"action": "subscribe", "trades": [7]}, ["trades.0", "7", "string"]),
    ({"action": "subscribe", "trades": ["AAPL", "a*b"]}, ["trades.1", "'a*b'", "BTC/USD"]),
    ({"action": "subscribe", "trades": [""]}, ["trades.0", "''", "BTC/USD"]),
    ({"action": "subscribe", "quotes": ["A" * 65]}, ["quotes.0", "64"]),
    ({"action": "subscribe", "after": "nonsense"}, ["after", "'nonsense'", "<epoch>-<sequence>"]),
    ({"action": "subscribe", "after": 7}, ["after", "7", "<epoch>-<sequence>"]),
    ({"action": "subscribe", "after": {}}, ["after", "<epoch>-<sequence>"]),
    ({"action": "subscribe", "snapshot": "yes"}, ["snapshot", "'yes'", "boolean"]),
    ({"action": "subscribe", "marks": 1}, ["marks", "1", "boolean"]),
    ({"action": "subscribe", "on_lag": "panic"}, ["on_lag", "'panic'", "gap", "disconnect"]),
    ({"action": "subscribe", "on_lag": []}, ["on_lag", "gap", "disconnect"]),
    ({"action": "unsubscribe", "after": "0"}, ["after"]),
]


@CODECS
async def test_a_bad_message_is_answered_by_name_and_the_talk_goes_on(
    serve: Serve, binary: bool
) -> None:
    feed = await serve(max_control_messages_per_s=1_000)
    reader = await connect(feed, binary=binary)
    await reader.subscribe(trades=["AAPL"])
    for message, words in BAD_MESSAGES:
        reader.say(message)
        answer = await error(reader)
        assert answer["code"] == 400, message
        missing = [word for word in words if word not in answer["msg"]]
        assert not missing, (message, answer["msg"])
        assert "SEKRIT" not in answer["msg"]
    await feed.publish(trade(1), trade(2, "MSFT"))
    assert [tick["i"] for tick in (await reader.read())[0]] == [1], "nothing has changed"


@pytest.mark.parametrize(
    ("binary", "opcode", "data", "words"),
    [
        (False, TEXT, b"{", "JSON"),
        (False, TEXT, b"", "JSON"),
        (False, TEXT, b'{"action":NaN}', "JSON"),
        (False, TEXT, b"[" * 5_000, "JSON"),
        (False, BINARY, b"\x81\xa6action\xa4auth", "accepted: text"),
        (True, BINARY, b"\xc1", "MessagePack"),
        (True, BINARY, b"", "MessagePack"),
        (True, BINARY, b"\x80\x80", "MessagePack"),
        (True, BINARY, b"\xdf\xff\xff\xff\xff", "MessagePack"),
        (True, BINARY, b"\x91" * 5_000, "MessagePack"),
        (True, TEXT, b'{"action":"auth"}', "accepted: binary"),
        (True, BINARY, b"\x81\x01\x02", "map key"),
        (True, BINARY, b"\x82\xa6action\xa4auth\xc0\x02", "map key"),
    ],
)
async def test_bytes_that_are_no_message_are_answered_and_the_talk_goes_on(
    serve: Serve, binary: bool, opcode: int, data: bytes, words: str
) -> None:
    feed = await serve()
    reader = await connect(feed, binary=binary)
    reader.send_frame(opcode, data)
    answer = await error(reader)
    assert answer["code"] == 400
    assert words in answer["msg"]
    await reader.subscribe(trades=["AAPL"])


@CODECS
async def test_a_message_over_256_kib_ends_the_talk_with_1009(serve: Serve, binary: bool) -> None:
    feed = await serve()
    reader = await connect(feed, binary=binary)
    await reader.subscribe(trades=["*"])
    reader.send_frame(BINARY if binary else TEXT, b" " * (256 * 1024 + 1))
    answer = await error(reader)
    assert answer["code"] == 400
    assert "256 KiB" in answer["msg"]
    await closed(reader, 1009, feed)
    assert dict(feed.hub.ended) == {Reason.TOO_BIG: 1}


@pytest.mark.parametrize(
    "frame",
    [
        b"\x83\x80\0\0\0\0",  # reserved opcode
        b"\xf1\x80\0\0\0\0",  # reserved bits
        b"\x09\x80\0\0\0\0",  # fragmented ping
        b"\x80\x80\0\0\0\0",  # continuation of nothing
    ],
)
async def test_breaking_the_protocol_ends_the_talk_with_1002(serve: Serve, frame: bytes) -> None:
    feed = await serve()
    reader = await connect(feed)
    await reader.subscribe(trades=["*"])
    reader.wire.writer.write(frame)
    assert (await error(reader))["code"] == 400
    await closed(reader, 1002, feed)
    assert dict(feed.hub.ended) == {Reason.PROTOCOL: 1}


async def test_text_that_is_not_utf_8_ends_the_talk_with_1007(serve: Serve) -> None:
    feed = await serve()
    reader = await connect(feed)
    await reader.subscribe(trades=["*"])
    reader.send_frame(TEXT, b"\xff")
    assert (await error(reader))["code"] == 400
    await closed(reader, 1007, feed)
    assert dict(feed.hub.ended) == {Reason.PROTOCOL: 1}


async def test_a_ping_is_answered_with_its_own_data(serve: Serve) -> None:
    feed = await serve()
    reader = await connect(feed)
    for data in (b"", b"data", bytes(range(125))):
        reader.send_frame(PING, data)
        assert await reader.frame() == Frame(PONG, data)


async def test_whoever_answers_pings_stays_and_whoever_does_not_is_sent_away(
    serve: Serve,
) -> None:
    clock = HandClock()
    feed = await serve(clock=clock.clock, ping_interval_s=0.05, pong_timeout_s=0.5)
    silent, polite = await connect(feed), await connect(feed)
    for _ in range(5):
        clock.pass_s(0.1)
        frame = await polite.frame()
        assert frame.opcode == PING
        polite.send_frame(PONG, frame.data)
    frame = await silent.frame()
    assert frame.opcode == PING
    clock.pass_s(0.3)
    while frame.opcode == PING:
        frame = await silent.frame()
    assert frame.close_code == 1013
    silent.send_frame(CLOSE, frame.data[:2])
    assert await silent.wire.rest() == b""
    await until(lambda: len(feed.hub.sessions) == 1)
    assert dict(feed.hub.ended) == {Reason.UNRESPONSIVE: 1}


async def test_nothing_follows_the_answer_to_a_clients_close(serve: Serve) -> None:
    feed = await serve()
    reader = await connect(feed)
    await reader.subscribe(trades=["*"])
    other = await connect(feed)
    await other.subscribe(trades=["*"])
    reader.send_frame(CLOSE, (1000).to_bytes(2, "big"))
    for number in range(1, 200):
        await feed.publish(trade(number))
        await other.read()
    received = b""
    while (frame := await reader.frame()).opcode != CLOSE:
        received += frame.data
    assert frame.close_code == 1000
    assert await reader.wire.rest() == b""
    assert dict(feed.hub.ended) == {Reason.CLIENT_LEFT: 1}


@CODECS
async def test_goodbye_is_1012_and_nothing_follows(serve: Serve, binary: bool) -> None:
    feed = await serve()
    reader = await connect(feed, binary=binary)
    await reader.subscribe(trades=["*"])
    closing = asyncio.create_task(feed.server.close())
    await until(lambda: feed.hub.leaving)
    publishing = asyncio.create_task(feed.source.publish([trade(1)]))
    reader.say({"action": "subscribe", "trades": ["AAPL"]})
    frame = await closed(reader, 1012)
    assert frame.data[2:].decode() == "the server is restarting; come back"
    await closing
    publishing.cancel()


async def test_whoever_comes_while_the_server_leaves_is_sent_away_with_1012(serve: Serve) -> None:
    feed = await serve()
    await feed.hub.departure.finish()
    await closed(await connect(feed), 1012)


async def test_a_client_that_is_gone_leaves_nothing_behind(serve: Serve) -> None:
    feed = await serve()
    for _ in range(5):
        reader = await connect(feed)
        await reader.subscribe(trades=["*"], quotes=["AAPL"])
        reader.abort()
    await until(lambda: not feed.hub.sessions)
    assert not list(feed.hub.broadcast.lanes)
    assert feed.hub.broadcast.lanes.index_entries == 0
    await feed.publish(trade(1))


async def test_a_connection_that_ends_inside_a_message_is_no_error(serve: Serve) -> None:
    feed = await serve()
    reader = await connect(feed)
    reader.send_frame(TEXT, b'{"action":', final=False)
    reader.wire.writer.write_eof()
    await reader.wire.rest()
    await until(lambda: not feed.hub.sessions)
