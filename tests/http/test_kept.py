"""What a subscriber keeps of its request: nothing that others could share, or that was read."""

import gc
import socket
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest
from aiohttp import web
from yarl import URL

from feed.http.websocket_response import Socket
from feed.market.ticks import Channel
from feed.wire.requests import Request
from feed.wire.selection import Selection
from tests.fakes.keys import KeysFile
from tests.fakes.made_since import made_since
from tests.fakes.patience import until
from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import Feed, Serve, trade
from tests.fakes.websocket_reader import CLOSE, WebSocketReader

NAMES = [f"KEPT{number}" for number in range(400)]
HANDSHAKE = (
    b"GET /v1/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
Alive = Callable[[], list[Socket]]  # of those that a test has made
QUERY = f"trades={','.join(NAMES)}&snapshot=1"


def holders(others: Sequence[object] = ()) -> list[object]:
    """Return whatever still knows the query, but for others, of before."""
    gc.collect()
    urls = [
        each for each in gc.get_objects() if isinstance(each, URL) and "KEPT1" in each.query_string
    ]
    requests = [each for each in gc.get_objects() if type(each) is Request]
    caches = [
        each
        for each in gc.get_objects()
        if type(each) is dict
        for name, value in list(each.items())
        if type(value) is str and "KEPT1,KEPT2," in value and name != "QUERY"
    ]
    known = {*map(id, others)}
    return [each for each in (*urls, *requests, *caches) if id(each) not in known]


@pytest.mark.parametrize("path", ["/v1/sse", "/v1/stream"])
async def test_subscribers_to_the_same_share_all_they_keep_of_it(serve: Serve, path: str) -> None:
    others, selections = holders(), made_since(Selection)
    feed = await serve()
    answers = [await RawHttp.get((feed.host, feed.port), f"{path}?{QUERY}") for _ in range(3)]
    await feed.publish(trade(1, "KEPT7"))
    for answer in answers:
        await answer.up_to(b"KEPT7")
    assert holders(others) == []
    kept = [each for each in selections() if "KEPT7" in dict(each.symbols).get(Channel.TRADES, ())]
    assert len({id(symbols) for each in kept for _, symbols in each.symbols}) == 1


@pytest.mark.parametrize("path", ["/v1/sse", "/v1/stream", "/v1/ws"])
async def test_a_subscriber_keeps_no_headers(serve: Serve, path: str) -> None:
    feed = await serve()
    headers = {"Authorization": "Bearer KEPT", "User-Agent": "KEPT"}
    alive = made_since(web.BaseRequest)
    address = feed.host, feed.port
    if path == "/v1/ws":
        reader = await WebSocketReader.connect(address, path, headers)
        await reader.begin()
        await reader.subscribe(trades=["KEPT"])
    else:
        await RawHttp.get(address, f"{path}?trades=KEPT", headers)
    await feed.sessions_reach(1)
    gc.collect()
    requests = alive()
    assert requests
    assert not any(each.headers for each in requests)
    lists = [each for each in gc.get_objects() if type(each) is list]
    pairs = [  # others of them hold arrays, which cannot be compared
        pair
        for each in lists
        for pair in each
        if type(pair) is tuple and [type(part) for part in pair] == [bytes, bytes]
    ]
    assert (b"Authorization", b"Bearer KEPT") not in pairs


@pytest.mark.parametrize("path", ["/v1/history", "/v1/snapshot"])
async def test_a_finite_request_leaves_nothing_behind(serve: Serve, path: str) -> None:
    others = holders()
    feed = await serve()
    answer = await RawHttp.get((feed.host, feed.port), f"{path}?trades={','.join(NAMES)}")
    assert answer.status == 200
    await answer.body()
    answer.wire.writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    await answer.head()  # the connection goes on, and so does aiohttp's parser
    assert answer.status == 200
    assert holders(others) == []


async def test_what_follows_a_long_query_is_parsed_as_before(serve: Serve) -> None:
    feed = await serve()
    one = f"GET /v1/snapshot?trades={','.join(NAMES)} HTTP/1.1\r\nHost: localhost\r\n\r\n"
    client = await RawHttp.open((feed.host, feed.port))
    client.wire.writer.write(one.encode() * 20 + one.encode()[:-30])
    for _ in range(20):
        await client.head()
        assert client.status == 200
        await client.body()
    client.wire.writer.write(one.encode()[-30:])
    await client.head()
    assert (await client.document())["ticks"] == []


def test_equal_symbols_of_different_requests_are_one_object() -> None:
    asked = [Request.of_query([("trades", ",".join(["SAME", str(number)]))]) for number in (1, 2)]
    first, second = ({symbol: symbol for symbol in each.trades} for each in asked)
    assert first["SAME"] is second["SAME"]


async def test_a_websocket_keeps_the_selection_of_its_lane(serve: Serve) -> None:
    others = holders()
    feed = await serve()
    readers = [await WebSocketReader.connect((feed.host, feed.port)) for _ in range(2)]
    for reader in readers:
        await reader.begin()
        await reader.subscribe(trades=NAMES)
    first, second = feed.hub.sessions
    assert first.selection is second.selection
    assert holders(others) == []


async def is_refused_in_the_handshake(feed: Feed, _: Alive) -> None:
    wrong = {"Authorization": "Bearer wrong.one"}
    reader = await WebSocketReader.connect((feed.host, feed.port), headers=wrong)
    while (await reader.frame()).opcode != CLOSE:
        pass
    reader.abort()


async def is_refused_later(feed: Feed, _: Alive) -> None:
    reader = await WebSocketReader.connect((feed.host, feed.port))
    reader.say({"action": "auth", "key": "wrong", "secret": "one"})
    while (await reader.frame()).opcode != CLOSE:
        pass
    reader.abort()


async def is_gone_before_it_is_answered(feed: Feed, alive: Alive) -> None:
    with socket.create_connection((feed.host, feed.port)) as gone:
        gone.sendall(HANDSHAKE)
    await until(alive)


@pytest.mark.parametrize(
    "comes", [is_refused_in_the_handshake, is_refused_later, is_gone_before_it_is_answered]
)
async def test_a_websocket_that_ends_soon_leaves_nothing_to_the_garbage_collector(
    serve: Serve, tmp_path: Path, comes: Callable[[Feed, Alive], Awaitable[None]]
) -> None:
    keys = KeysFile(tmp_path / "keys.toml")
    keys.add("other")
    feed = await serve(keys=keys.path)
    alive = made_since(Socket)
    await comes(feed, alive)  # what is made for the first one stays for all
    await until(lambda: gc.collect() or not alive())
    gc.disable()
    try:
        await comes(feed, alive)
        await until(lambda: not alive())
    finally:
        gc.enable()
