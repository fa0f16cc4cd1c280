"""Words beside ticks: on every way to whoever names their keys, and on none to anybody else."""

from collections.abc import Callable, Coroutine
from itertools import pairwise
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.extensions.permessage_deflate import (
    ClientPerMessageDeflateFactory,
    PerMessageDeflate,
)
from websockets.frames import Frame, Opcode

from feed.client import connect as connect_client
from feed.http.contract.ticks import encoded
from feed.market.generation_words import fold
from feed.market.ticks import CHANNELS
from feed.market.word_channels import WordChannel
from feed.wire.position import Position
from tests.fakes.messages import Message
from tests.fakes.raw_http import RawHttp
from tests.fakes.said import KEYS, over, say, words_of
from tests.fakes.servers import Feed, Serve, quote, trade, trades
from tests.fakes.sse_reader import SseReader
from tests.fakes.stream_readers import LineReader
from tests.fakes.websocket_reader import WebSocketReader
from tests.http.contract.schemas import flaws
from tests.http.contract.test_openapi import DOCUMENT, documented

KEY, OTHER, *_ = KEYS
EVERYTHING = {channel.value: ["*"] for channel in CHANNELS}
QUERY = "&".join(f"{name}=*" for name in EVERYTHING)


async def open_feed(serve: Serve, **settings: Any) -> Feed:
    """Return a server on which everybody may read all words."""
    feed = await serve(**settings)
    feed.hub.key_gate.open(WordChannel.GENERATIONS, lambda *_: True, lambda _: True)
    return feed


def address(feed: Feed) -> tuple[str, int]:
    return feed.host, feed.port


async def ask(feed: Feed, path: str) -> Message:
    """Return a finite answer, which is as its document says."""
    answer = await RawHttp.get(address(feed), path)
    document: Message = await answer.document()
    assert answer.status == 200, document
    assert flaws(document, documented(path.partition("?")[0], 200), DOCUMENT) == []
    return document


async def test_history_has_the_words_of_a_key_each_once_over_its_pages(serve: Serve) -> None:
    feed = await open_feed(serve)
    words = [*words_of(KEY, ["", "a", "b"]), over(KEY, 3)]
    await say(feed.hub, words[:2])
    await feed.publish(trade(1))
    await say(feed.hub, [*words[2:], *words_of(OTHER, ["", "x"])])
    page = await ask(feed, f"/v1/history?generations={KEY}&limit=3")
    rest = await ask(feed, f"/v1/history?generations={KEY}&after={page['next']}")
    assert [*page["ticks"], *rest["ticks"]] == encoded(*words)
    assert (page["pos"], rest["pos"], rest["next"]) == (page["next"], feed.position(7), None)
    both = await ask(feed, f"/v1/history?generations={KEY}&trades=*&fields=p")
    assert [each["T"] for each in both["ticks"]] == [
        *("generation", "token"),
        *("t", "token", "generated"),
    ]
    assert both["ticks"][2].keys() == {"T", "S", "p"}, "of ticks alone"
    newest = await ask(feed, f"/v1/history?generations={KEY}&last=2")
    assert newest["ticks"] == encoded(*words[2:])


@pytest.mark.parametrize("limit", [2, 100])
async def test_history_has_words_that_the_ring_holds_no_more(serve: Serve, limit: int) -> None:
    feed = await open_feed(serve, ring=8)
    words = [*words_of(KEY, ["", "a", "b", "c"]), over(KEY, 4)]
    await say(feed.hub, words[:4])
    await feed.publish(*trades(1, 8))
    await say(feed.hub, words[4:])
    seen: list[Message] = []
    gaps: list[Message] = []
    after: str | None = feed.position(1)
    while after is not None:
        query = f"generations={KEY}&trades=AAPL&after={after}&limit={limit}"
        page = await ask(feed, f"/v1/history?{query}")
        seen += page["ticks"]
        gaps += [page["gap"]] if "gap" in page else []
        after = page["next"]
    assert seen == encoded(*words[1:4], *trades(2, 8), words[4])
    assert {tuple(gap["channels"]) for gap in gaps} == {("trades",)}
    ends = [(gap["from"], gap["to"]) for gap in gaps]
    assert (ends[0][0], ends[-1][1]) == (feed.position(2), feed.position(5))
    assert all(
        Position.parse(one[1]).sequence + 1 == Position.parse(two[0]).sequence
        for one, two in pairwise(ends)
    )
    alone = await ask(feed, f"/v1/history?generations={KEY}&after={feed.position(2)}")
    assert ("gap" in alone, alone["ticks"]) == (False, encoded(*words[2:]))


@pytest.mark.parametrize("more", ["", "&trades=AAPL", "&symbols=AAPL"])
async def test_a_snapshot_has_the_text_so_far(serve: Serve, more: str) -> None:
    feed = await open_feed(serve)
    words = words_of(KEY, ["", "one ", "two"])
    await feed.publish(trade(1))
    await say(feed.hub, words)
    state = fold(None, words)
    assert state is not None
    answer = await ask(feed, f"/v1/snapshot?generations={KEY},{OTHER}{more}")
    known = [trade(1)] if more else []
    assert answer["ticks"] == encoded(*known, state)


async def over_sse(feed: Feed, last: int) -> list[Message]:
    path = f"/v1/sse?{QUERY}&after=0&snapshot=1"
    return await read(SseReader(await RawHttp.get(address(feed), path)).read, last)


async def over_a_stream(feed: Feed, last: int) -> list[Message]:
    return await read(
        LineReader(await RawHttp.get(address(feed), f"/v1/stream?{QUERY}&after=0")).read, last
    )


async def over_a_websocket(feed: Feed, last: int, path: str = "/v1/ws") -> list[Message]:
    reader = await WebSocketReader.connect(address(feed), path)
    await reader.begin()
    await reader.subscribe(**EVERYTHING, after="0", snapshot=True)
    return await read(reader.read, last)


async def over_the_path_of_shares(feed: Feed, last: int) -> list[Message]:
    return await over_a_websocket(feed, last, "/v2/iex")


async def by_the_client(feed: Feed, last: int) -> list[Message]:
    async with connect_client(feed.url(""), trades="*", quotes="*", after="0") as stream:

        async def batch() -> tuple[list[Any], str | None]:
            ticks = await anext(stream)
            return list(ticks), ticks.position

        return await read(batch, last)


async def over_pages(feed: Feed, last: int) -> list[Message]:
    del last
    pages = [f"/v1/history?{QUERY}", "/v1/history", "/v1/history?symbols=*&last=9"]
    states = [f"/v1/snapshot?{QUERY}", "/v1/snapshot", "/v1/snapshot?symbols=*"]
    return [tick for path in [*pages, *states] for tick in (await ask(feed, path))["ticks"]]


async def read(
    some: Callable[[], Coroutine[Any, Any, tuple[list[Message], str | None]]], last: int
) -> list[Message]:
    """Return all messages up to the trade with a number, and what comes with it."""
    seen: list[Message] = []
    while not any(each.get("i") == last for each in seen):
        messages, _ = await some()
        seen += messages
    return seen


@pytest.mark.parametrize(
    "way",
    [
        over_sse,
        over_a_stream,
        over_a_websocket,
        over_the_path_of_shares,
        by_the_client,
        over_pages,
    ],
)
async def test_no_word_comes_to_whoever_did_not_name_its_key(
    serve: Serve, way: Callable[[Feed, int], Coroutine[Any, Any, list[Message]]]
) -> None:
    feed = await open_feed(serve)
    await feed.publish(trade(1), quote(2))
    await say(feed.hub, words_of(KEY, ["", "secret"]))
    await feed.publish(trade(3))
    await say(feed.hub, [*words_of(OTHER, ["", "secret"]), over(KEY, 2)])
    await feed.publish(trade(4))
    seen = await way(feed, 4)
    assert {"t", "q"} <= {each["T"] for each in seen}
    assert [each for each in seen if "id" in each] == []
    assert "secret" not in str(seen)


async def test_what_selects_words_is_not_compressed_on_http(serve: Serve) -> None:
    feed = await open_feed(serve)
    gzip = {"Accept-Encoding": "gzip"}
    for path, encoding in (
        ("/v1/sse?trades=*", "gzip"),
        ("/v1/stream?trades=*", "gzip"),
        (f"/v1/sse?generations={KEY}", None),
        (f"/v1/stream?generations={KEY}", None),
        (f"/v1/sse?trades=*&generations={KEY}", None),
    ):
        answer = await RawHttp.get(address(feed), path, gzip)
        assert (answer.status, answer.headers.get("Content-Encoding")) == (200, encoding), path
        answer.wire.abort()


class _Seen(PerMessageDeflate):
    """permessage-deflate that notes which messages were compressed."""

    rsv1: list[bool]

    def decode(self, frame: Frame, *, max_size: int | None = None) -> Frame:
        if frame.opcode is Opcode.TEXT:
            self.rsv1.append(frame.rsv1)
        return super().decode(frame, max_size=max_size)


class _Factory(ClientPerMessageDeflateFactory):
    def __init__(self) -> None:
        super().__init__()
        self.rsv1: list[bool] = []

    def process_response_params(self, *arguments: Any) -> PerMessageDeflate:
        agreed = super().process_response_params(*arguments)
        agreed.__class__ = _Seen
        agreed.rsv1 = self.rsv1  # type: ignore[attr-defined]  # of the class above
        return agreed


async def test_over_a_websocket_ticks_are_compressed_and_words_are_plain(serve: Serve) -> None:
    """As the library `websockets` reads it, whose window would break if words moved it."""
    feed = await open_feed(serve)
    factory = _Factory()
    url = feed.url("/v1/ws", "ws")
    async with connect(url, compression=None, extensions=[factory]) as socket:
        await socket.recv()
        subscribe = f'{{"action":"subscribe","trades":["*"],"generations":["{KEY}"]}}'
        await socket.send(subscribe)
        await socket.recv()
        factory.rsv1.clear()
        said: list[str] = []
        for number in range(1, 6):
            first = number * 10
            await feed.publish(*trades(first, first + 8))
            said.append(str(await socket.recv()))
            await say(feed.hub, words_of(KEY, [f"piece {number} "], number))
            said.append(str(await socket.recv()))
    assert factory.rsv1 == [True, False] * 5
    assert [("token" in text, '"T":"t"' in text) for text in said] == [
        *[(False, True), (True, False)] * 5
    ]
