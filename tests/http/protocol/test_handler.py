"""Connections below the routes: unfinished heads, half-closed peers, broken requests."""

import asyncio
import logging
import re
import socket

import orjson
import pytest

from feed.http.protocol.handler import Handler
from feed.hub.waiting import TurnedAway
from tests.fakes.complaints import complaints
from tests.fakes.hand_clock import HandClock
from tests.fakes.patience import until
from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import Feed, Serve, trade

HEAD = b"GET /v1/symbols HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = b"POST /v1/feedback HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
SHORT_S = 0.05


@pytest.fixture
def clock() -> HandClock:
    """Time that passes by hand, for heads; bodies and what is idle go by the loop's own."""
    return HandClock()


async def connect(feed: Feed) -> RawHttp:
    return await RawHttp.open((feed.host, feed.port))


async def is_gone(client: RawHttp) -> None:
    assert await client.wire.rest() == b""


async def problem(client: RawHttp, status: int) -> str:
    """Read the answer: a problem document, after which the server closes."""
    await client.head()
    assert (client.version, client.status) == ("HTTP/1.1", status)
    assert client.headers["Content-Type"] == "application/problem+json"
    assert client.headers["Server"] == "feed"
    assert client.headers["X-Content-Type-Options"] == "nosniff"
    document = orjson.loads(await client.body())
    assert document["status"] == status
    await is_gone(client)
    return str(document["detail"])


# Unfinished heads.


async def test_5000_silent_sockets_are_gone_after_the_time_out(
    serve: Serve, clock: HandClock
) -> None:
    """Fewer of them here, for the sake of open files; the count makes no difference."""
    feed = await serve(clock=clock.clock, head_timeout_s=SHORT_S)
    silent = [await connect(feed) for _ in range(400)]
    await until(lambda: len(feed.hub.waiting.heads) == len(silent))
    clock.pass_s(SHORT_S)
    for client in silent:
        await is_gone(client)
    await until(lambda: not feed.hub.waiting.heads)
    assert feed.hub.waiting.turned_away[TurnedAway.TIMEOUT] == len(silent)
    assert (await (await connect(feed)).ask(HEAD + b"\r\n")).status == 200


@pytest.mark.parametrize("begun", [b"G", HEAD, HEAD + b"Accept: */*\r\n"])
async def test_a_head_that_takes_too_long_is_408(
    serve: Serve, clock: HandClock, begun: bytes
) -> None:
    feed = await serve(clock=clock.clock, head_timeout_s=SHORT_S)
    client = await connect(feed)
    client.wire.writer.write(begun)
    await until(lambda: feed.hub.waiting.held_bytes == len(begun))
    clock.pass_s(SHORT_S)
    assert "too long" in await problem(client, 408)


async def test_a_head_that_trickles_is_not_given_more_time(serve: Serve, clock: HandClock) -> None:
    feed = await serve(clock=clock.clock, head_timeout_s=SHORT_S)
    client = await connect(feed)
    client.wire.writer.write(HEAD + b"X: ")
    await until(lambda: feed.hub.waiting.held_bytes)

    async def trickle() -> None:
        while True:
            client.wire.writer.write(b"x")
            clock.pass_s(SHORT_S / 5)
            await asyncio.sleep(0.01)

    trickling = asyncio.create_task(trickle())
    assert "too long" in await problem(client, 408)
    trickling.cancel()


async def test_an_idle_connection_is_kept_longer_than_a_head_may_take(
    serve: Serve, clock: HandClock
) -> None:
    feed = await serve(clock=clock.clock, head_timeout_s=SHORT_S, idle_timeout_s=600.0)
    client = await connect(feed)
    await client.ask(HEAD + b"\r\n")
    await client.body()
    assert list(feed.hub.waiting.idle.values()) == [None]
    clock.pass_s(3 * SHORT_S)
    looks = feed.hub.instruments.loop_lag
    before = looks.count
    await until(lambda: looks.count > before + 1)
    assert not feed.hub.waiting.turned_away
    client.wire.writer.write(b"G")
    await until(lambda: feed.hub.waiting.held_bytes)
    clock.pass_s(SHORT_S)
    assert "too long" in await problem(client, 408)


async def test_an_idle_connection_is_closed_without_a_word(serve: Serve) -> None:
    feed = await serve(idle_timeout_s=SHORT_S)
    client = await connect(feed)
    await client.ask(HEAD + b"\r\n")
    await client.body()
    await is_gone(client)
    await until(lambda: not feed.hub.waiting.idle)


async def test_a_request_that_meets_a_closing_connection_is_no_error(serve: Serve) -> None:
    feed = await serve()
    client = await (await connect(feed)).ask(HEAD + b"\r\n")
    await client.body()
    (handler,) = feed.hub.waiting.idle
    assert isinstance(handler, Handler)
    handler.close()  # as all idle connections are when the server leaves
    handler.data_received(HEAD + b"\r\n")
    handler.force_close()
    await is_gone(client)


async def test_silent_sockets_make_room_for_whoever_speaks(serve: Serve) -> None:
    feed = await serve(max_waiting_connections=10, max_connections=1)
    silent = [await connect(feed) for _ in range(15)]
    for client in silent[:5]:
        await is_gone(client)
    speaker = await (await connect(feed)).ask(b"GET /v1/sse?trades=* HTTP/1.0\r\n\r\n")
    assert speaker.status == 200
    await feed.publish(trade(1))
    assert b'"i":1' in await speaker.up_to(b'"i":1')
    assert feed.hub.waiting.turned_away == {TurnedAway.CROWDED: 6}
    assert len(feed.hub.waiting.heads) == 9


async def test_the_oldest_unfinished_head_makes_room_for_more_bytes(serve: Serve) -> None:
    feed = await serve(max_unfinished_heads_bytes=100_000)
    first, second, third = [await connect(feed) for _ in range(3)]
    first.wire.writer.write(b"GET /" + b"x" * 40_000)
    await until(lambda: feed.hub.waiting.held_bytes == 40_005)
    second.wire.writer.write(b"GET /" + b"x" * 40_000)
    await until(lambda: feed.hub.waiting.held_bytes == 80_010)
    third.wire.writer.write(b"GET /" + b"x" * 40_000)
    await is_gone(first)
    assert feed.hub.waiting.held_bytes <= 100_000
    second.wire.abort()
    third.wire.abort()
    await until(lambda: feed.hub.waiting.held_bytes == 0)


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /" + b"x" * 65_536, 414),
        (HEAD + b"X: " + b"x" * 16_400, 431),
        (HEAD + b"X: 1234567\r\n" * 1_400, 431),
        (HEAD + b"X: 1234567\r\n" * 1_400 + b"\r\n", 431),
        (HEAD + b"X: " + b"x" * 16_400 + b"\r\n\r\n", 431),
        (HEAD + b"X: 1\r\n" * 128 + b"\r\n", 431),
    ],
)
@pytest.mark.parametrize("piece_bytes", [1_000, 1 << 20])
async def test_a_head_that_is_too_large_is_refused_before_it_is_whole(
    serve: Serve, head: bytes, status: int, piece_bytes: int
) -> None:
    feed = await serve()
    client = await connect(feed)
    for at in range(0, len(head), piece_bytes):
        client.wire.writer.write(head[at : at + piece_bytes])
        await client.wire.writer.drain()
    assert re.search(r"\d+ (bytes|headers)", await problem(client, status))
    assert feed.hub.waiting.turned_away == {TurnedAway.TOO_LARGE: 1}
    assert feed.hub.waiting.held_bytes == 0


async def test_a_head_behind_a_body_is_counted(serve: Serve) -> None:
    feed = await serve()
    client = await connect(feed)
    post = b"POST /v1/feedback HTTP/1.1\r\nHost: a.localhost\r\nContent-Length: 2\r\n\r\n{}"
    client.wire.writer.write(post + HEAD + b"X: 1\r\n" * 128 + b"\r\n")
    await client.head()
    await client.body()
    assert "headers" in await problem(client, 431)
    assert feed.hub.waiting.turned_away == {TurnedAway.TOO_LARGE: 1}


async def test_a_body_that_takes_too_long_is_408(serve: Serve, clock: HandClock) -> None:
    feed = await serve(clock=clock.clock, head_timeout_s=SHORT_S)
    client = await connect(feed)
    client.wire.writer.write(
        b"POST /v1/feedback HTTP/1.1\r\nHost: a.localhost\r\nContent-Length: 9\r\n\r\n{"
    )
    await client.head()
    assert client.status == 408


async def test_requests_in_one_piece_are_counted_and_answered_one_by_one(serve: Serve) -> None:
    feed = await serve()
    client = await connect(feed)
    body = b'{"transport":"sse","ages_ms":[1]}'
    post = b"POST /v1/feedback HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%b" % (
        len(body),
        body,
    )
    chunked = (
        b"POST /v1/feedback HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    )
    requests = [HEAD + b"\r\n", post, HEAD + b"\r\n", chunked] * 20
    client.wire.writer.write(b"".join(requests) + HEAD)
    for request in requests:
        await client.head()
        assert client.status == (200 if request.startswith(b"GET") else 204)
        if client.status == 200:
            await client.body()
    client.wire.writer.write(b"\r\n")
    await client.head()
    assert client.status == 200
    await client.body()
    await until(lambda: bool(feed.hub.waiting.idle))
    assert feed.hub.waiting.held_bytes == 0
    assert not feed.hub.waiting.turned_away


async def test_whatever_follows_an_endless_request_is_not_kept(serve: Serve) -> None:
    feed = await serve()
    client = await RawHttp.get((feed.host, feed.port), "/v1/sse?trades=*")
    await feed.sessions_reach(1)
    client.wire.writer.write(HEAD + b"\r\n")
    await feed.publish(trade(1))
    await client.up_to(b'"i":1')
    client.wire.writer.write(b"x" * 8_192)
    await until(lambda: not feed.hub.sessions)
    assert feed.hub.waiting.turned_away == {TurnedAway.PIPELINED: 1}


async def test_what_follows_an_upgrade_that_is_declined_is_counted(serve: Serve) -> None:
    feed = await serve()
    client = await connect(feed)
    client.wire.writer.write(
        HEAD + b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n" + HEAD + b"\r\n" + HEAD
    )
    for _ in range(2):
        await client.head()
        assert client.status == 200
        await client.body()
    await until(lambda: feed.hub.waiting.held_bytes == len(HEAD))


# Peers that have sent all they will send.


@pytest.mark.parametrize("version", ["1.0", "1.1"])
async def test_a_half_closed_finite_request_is_answered(serve: Serve, version: str) -> None:
    feed = await serve()
    client = await connect(feed)
    client.wire.writer.write(HEAD.replace(b"1.1", version.encode()) + b"\r\n")
    client.wire.writer.write_eof()
    await client.head()
    assert client.status == 200
    assert orjson.loads(await client.body())["symbols"]
    await is_gone(client)


async def test_all_requests_before_a_half_close_are_answered(serve: Serve) -> None:
    feed = await serve()
    client = await connect(feed)
    client.wire.writer.write((HEAD + b"\r\n") * 3)
    client.wire.writer.write_eof()
    for _ in range(3):
        await client.head()
        assert client.status == 200
        await client.body()
    await is_gone(client)


@pytest.mark.parametrize("path", ["/v1/sse?trades=*", "/v1/stream?trades=*"])
async def test_an_endless_client_that_half_closes_has_left(serve: Serve, path: str) -> None:
    feed = await serve()
    address = (feed.host, feed.port)
    later = await RawHttp.get(address, path)
    await feed.sessions_reach(1)
    later.wire.writer.write_eof()
    await until(lambda: not feed.hub.sessions)
    at_once = await connect(feed)
    at_once.wire.writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    at_once.wire.writer.write_eof()
    await at_once.wire.rest()
    assert not feed.hub.sessions


async def test_half_a_request_is_not_waited_for_after_a_half_close(serve: Serve) -> None:
    feed = await serve()
    for begun in (b"", HEAD, b"POST /v1/feedback HTTP/1.1\r\nHost: a.localhost\r\n"):
        client = await connect(feed)
        client.wire.writer.write(begun)
        client.wire.writer.write_eof()
        await is_gone(client)


# What is not a request.


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",  # TLS
        b"HELLO\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        CHUNKED + b"zz\r\n",
        CHUNKED + b"1\r\n{zz",
        b"GET / HTTP/1.1\r\n\r\n",  # without Host
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nBad Name: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: a\nb\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET http:///nowhere HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
)
async def test_what_cannot_be_parsed_is_a_problem_and_no_traceback(
    serve: Serve, data: bytes, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    feed = await serve()
    client = await connect(feed)
    client.wire.writer.write(data)
    detail = await problem(client, 400)
    assert len(detail) < 200
    said = capfd.readouterr()
    assert "Traceback" not in said.out + said.err + detail
    assert complaints(caplog) == []
    assert feed.hub.waiting.turned_away == {TurnedAway.MALFORMED: 1}


RAW = b"\xff\xfe"


@pytest.mark.parametrize(
    ("request_line", "headers", "status"),
    [
        (b"GET /v1/symbols", b"Accept-Encoding: " + RAW + b", identity;q=0", 406),
        (b"GET /v1/symbols", b"Accept-Encoding: " + RAW, 200),
        (b"GET /v1/stream?trades=*", b"Accept: " + RAW, 406),
        (b"GET /v1/ws", b"Origin: " + RAW, 403),
        (b"GET /v1/ws", b"Sec-WebSocket-Version: " + RAW, 426),
        (b"GET /v1/symbols", b"Origin: " + RAW, 200),
        (b"GET /v1/symbols?x=%ff", b"A: b", 400),
        (b"GET /v1/sse?codec=%ff", b"A: b", 400),
        (b"GET /%ff", b"A: b", 404),
        (b"GET /v1/symbols", b"Expect: " + RAW, 417),
        (b"GET /v2/%ff", b"A: b", 400),
    ],
)
async def test_bytes_that_are_not_text_are_told_back_legibly(
    serve: Serve,
    request_line: bytes,
    headers: bytes,
    status: int,
    capfd: pytest.CaptureFixture[str],
) -> None:
    feed = await serve()
    client = await connect(feed)
    await client.ask(request_line + b" HTTP/1.1\r\nHost: localhost\r\n" + headers + b"\r\n\r\n")
    assert client.status == status
    document = orjson.loads(await client.body())
    if status != 200:
        assert client.headers["Content-Type"] == "application/problem+json"
        assert document["status"] == status
    said = capfd.readouterr()
    assert "Traceback" not in said.out + said.err


async def test_an_origin_that_is_not_text_is_not_echoed(serve: Serve) -> None:
    feed = await serve(allow_origin=("*",))
    client = await (await connect(feed)).ask(HEAD + b"Origin: " + RAW + b"\r\n\r\n")
    assert client.status == 200
    assert "Access-Control-Allow-Origin" not in client.headers


async def test_an_id_that_is_not_text_is_told_back_legibly(serve: Serve) -> None:
    feed = await serve()
    head = b"GET /v1/sse?trades=* HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: " + RAW
    client = await (await connect(feed)).ask(head + b"\r\n\r\n")
    assert client.status == 200
    assert b"gap" in await client.up_to(b"gap")


# Peers that have left.


@pytest.mark.parametrize(
    "path",
    ["/v1/sse?trades=*", "/v1/stream?trades=*", "/v1/ws", "/v2/opra", "/v1/symbols", "/nothing"],
)
async def test_who_left_before_the_head_was_written_is_no_error(
    serve: Serve,
    path: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.WARNING)
    feed = await serve()
    upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    for _ in range(20):
        sock = socket.create_connection((feed.host, feed.port))
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{upgrade}{key}\r\n".encode())
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")  # a reset
        sock.close()
    probe = await (await connect(feed)).ask(HEAD + b"\r\n")
    assert probe.status == 200
    await until(lambda: not feed.hub.sessions)
    said = capfd.readouterr()
    assert "Traceback" not in said.out + said.err
    assert "error" not in (said.out + said.err).lower()
    assert complaints(caplog) == []
