"""Protobuf on each transport, as other people's clients read it."""

import base64
import json
import threading
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import httpx
import pytest
from google.protobuf.internal.decoder import _DecodeVarint

from feed.wire.disconnect import Reason
from feed.wire.protobuf_codec import PROTOBUF, load_messages
from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import Feed, Serve, quote, trade
from tests.fakes.websocket_reader import TEXT, WebSocketReader

BATCH = load_messages()["Batch"]
PROTOCOLS = ("feed.protobuf",)


def kinds(batch: Any) -> list[str]:
    return [item.WhichOneof("kind") for item in batch.items]


async def text(socket: aiohttp.ClientWebSocketResponse[Any]) -> dict[str, Any]:
    """Read one control message, which must be JSON text."""
    (message,) = json.loads(await socket.receive_str())
    assert isinstance(message, dict)
    return message


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.mark.parametrize("compress", [0, 15])
async def test_a_websocket_speaks_json_text_and_carries_binary_batches(
    serve: Serve, session: aiohttp.ClientSession, compress: int
) -> None:
    feed = await serve()
    async with session.ws_connect(
        feed.url("/v1/ws", "ws"), protocols=PROTOCOLS, compress=compress
    ) as socket:
        assert socket.protocol == "feed.protobuf"
        assert (await text(socket))["msg"] == "connected"
        await socket.send_json({"action": "auth", "key": "any", "secret": "any"})
        assert (await text(socket)) == {"T": "success", "msg": "authenticated"}
        await socket.send_json({"action": "subscribe", "trades": ["AAPL"], "marks": True})
        assert (await text(socket))["T"] == "subscription"
        assert kinds(BATCH.FromString(await socket.receive_bytes())) == ["mark"]
        for number in range(1, 40):  # over a keyframe
            await feed.publish(trade(number))
            batch = BATCH.FromString(await socket.receive_bytes())
            assert kinds(batch) == ["trade", "mark"]
            assert batch.items[0].trade.trade_id == number
            assert batch.items[1].mark.position == feed.position(number)
        await socket.send_json({"action": "unsubscribe", "trades": ["AAPL"]})
        assert (await text(socket))["trades"] == []


async def test_gaps_and_snapshots_are_batches(serve: Serve, session: aiohttp.ClientSession) -> None:
    feed = await serve(new_epoch_ticks=0)
    await feed.publish(trade(1), quote(2))
    async with session.ws_connect(feed.url("/v1/ws", "ws"), protocols=PROTOCOLS) as socket:
        await text(socket)
        await socket.send_json({"action": "subscribe", "trades": ["AAPL"], "after": "other-7"})
        await text(socket)
        gap = BATCH.FromString(await socket.receive_bytes()).items[0].gap
        assert (gap.first_position, gap.last_position) == ("other-8", feed.position(2))
        assert gap.reason == "epoch"
        messages = [BATCH.FromString(await socket.receive_bytes()) for _ in range(3)]
        assert [kinds(batch) for batch in messages] == [["snapshot"], ["trade"], ["snapshot"]]
        states = [messages[index].items[0].snapshot.state for index in (0, 2)]
        assert states == ["begin", "end"]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"\x0a\x00", "a binary message; accepted: text messages, as json"),
        ("{", "not JSON"),
        ('{"action":"subscribe","trades":["?"]}', "accepted"),
    ],
)
async def test_what_is_wrong_is_said_in_text_and_the_talk_goes_on(
    serve: Serve, session: aiohttp.ClientSession, said: bytes | str, words: str
) -> None:
    feed = await serve()
    async with session.ws_connect(feed.url("/v1/ws", "ws"), protocols=PROTOCOLS) as socket:
        await text(socket)
        if isinstance(said, bytes):
            await socket.send_bytes(said)
        else:
            await socket.send_str(said)
        message = await text(socket)
        assert (message["T"], message["code"]) == ("error", 400)
        assert words in message["msg"]
        await socket.send_json({"action": "subscribe", "trades": ["AAPL"]})
        assert (await text(socket))["trades"] == ["AAPL"]


async def test_the_last_error_before_a_close_is_text_too(serve: Serve) -> None:
    feed = await serve()
    headers = {"Sec-WebSocket-Protocol": "feed.protobuf"}
    reader = await WebSocketReader.connect((feed.host, feed.port), headers=headers)
    await reader.begin()
    (session,) = feed.hub.sessions.values()
    feed.hub.disconnect(session, Reason.SLOW)
    message = await reader.message()
    assert (message["T"], message["code"]) == ("error", 407)
    assert {frame.opcode for frame in reader.frames} == {TEXT}


async def test_a_stream_is_batches_each_after_its_length(serve: Serve) -> None:
    feed = await serve()
    address, headers = (feed.host, feed.port), {"Accept": "application/x-protobuf"}
    answer = await RawHttp.get(address, "/v1/stream?trades=AAPL&quotes=*", headers)
    assert answer.headers["Content-Type"] == "application/x-protobuf"
    await feed.sessions_reach(1)
    chunk = await answer.chunk()
    assert kinds(BATCH.FromString(chunk[1:])) == ["mark"]
    await feed.publish(trade(1), quote(2, "MSFT"))
    chunk = await answer.chunk()
    length, start = _DecodeVarint(chunk, 0)
    assert length == len(chunk) - start
    assert kinds(BATCH.FromString(chunk[start:])) == ["trade", "quote", "mark"]
    (session,) = feed.hub.sessions.values()
    feed.hub.disconnect(session, Reason.SHUTDOWN)
    chunk = await answer.chunk()
    bye = BATCH.FromString(chunk[_DecodeVarint(chunk, 0)[1] :]).items[0].bye
    assert (bye.reason, bye.may_reconnect) == (
        Reason.SHUTDOWN.value.name,
        Reason.SHUTDOWN.value.may_reconnect,
    )


async def test_a_compressed_stream_is_read_by_httpx(serve: Serve) -> None:
    feed = await serve()
    headers = {"Accept": "application/x-protobuf", "Accept-Encoding": "gzip"}
    url = feed.url("/v1/stream?trades=AAPL&marks=0")
    async with httpx.AsyncClient() as client, client.stream("GET", url, headers=headers) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        await feed.sessions_reach(1)
        await feed.publish(trade(1))
        data = b""
        async for piece in answer.aiter_bytes():
            data += piece
            if data:
                length, start = _DecodeVarint(data, 0)
                if len(data) - start >= length:
                    break
        assert BATCH.FromString(data[start:]).items[0].trade.trade_id == 1


async def test_events_carry_base64_and_named_ones_json(serve: Serve) -> None:
    feed = await serve()
    await feed.publish(trade(1))
    answer = await RawHttp.get(
        (feed.host, feed.port), "/v1/sse?trades=AAPL&codec=protobuf&snapshot=1"
    )
    begin = await answer.up_to(b"\n\n")
    assert b"event: snapshot\n" in begin
    assert json.loads(begin.partition(b"data: ")[2])["state"] == "begin"
    event = await answer.up_to(b"\n\n")
    batch = BATCH.FromString(base64.b64decode(event.partition(b"data: ")[2], validate=False))
    assert kinds(batch) == ["trade"]


async def test_an_unknown_codec_is_refused_with_all_that_are_known(serve: Serve) -> None:
    feed: Feed = await serve()
    answer = await RawHttp.get((feed.host, feed.port), "/v1/sse?trades=AAPL&codec=protobuff")
    assert answer.status == 400
    assert (await answer.document())["accepted"] == "json, msgpack, protobuf"


@pytest.mark.parametrize("path", ["/v1/sse?codec=protobuf&", "/v1/stream?", "/v1/ws?"])
async def test_the_first_subscriber_to_protobuf_has_it_loaded_beside_the_loop(
    serve: Serve, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = await serve()
    threads: list[str] = []
    load = type(PROTOBUF).load
    monkeypatch.setattr(type(PROTOBUF), "is_loaded", property(lambda _: bool(threads)))

    def load_in_sight(codec: Any) -> None:
        threads.append(threading.current_thread().name)
        load(codec)

    monkeypatch.setattr(type(PROTOBUF), "load", load_in_sight)
    address = feed.host, feed.port
    if path.startswith("/v1/ws"):
        headers = {"Sec-WebSocket-Protocol": "feed.protobuf"}
        await (await WebSocketReader.connect(address, headers=headers)).begin()
    else:
        headers = {"Accept": "application/x-protobuf"} if "stream" in path else {}
        answer = await RawHttp.get(address, f"{path}trades=*", headers)
        assert answer.status == 200
    [name] = threads
    assert name != threading.main_thread().name
