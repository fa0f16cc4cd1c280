"""Rooms on servers that follow: as on the one that they follow, also when something is deleted."""

from collections.abc import AsyncIterator

import aiohttp
import orjson
import pytest

from feed.market.generation_words import GenerationWord
from feed.market.room_words import MessageWord, RoomType
from feed.market.word_channels import WordChannel
from feed.market.words import Word
from feed.wire.json_codec import JSON
from tests.fakes.edges import Edge, Edges, Leader
from tests.fakes.held_texts import holding
from tests.fakes.messages import Message
from tests.fakes.raw_http import RawHttp
from tests.fakes.readers import open_unread
from tests.fakes.said import KEYS, over, words_of
from tests.fakes.servers import Feed, Serve, status, trade

SECRET = "half past nine"
MESSAGES = "/v1/rooms/desk/messages"
ROOMS = ("websocket-json", ["desk"]), ("sse-json", "desk"), ("stream-msgpack", "desk")
PAGES = (
    "/v1/snapshot?rooms=desk",
    "/v1/history?trades=*&rooms=desk&after={0}",
    MESSAGES,
    "/v1/rooms/desk",
)


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def everything(edge: Edge, after: str, last: int) -> list[str]:
    """Return what each way to read tells of a room, up to the trade of a number."""
    told = []
    for path in PAGES:
        page = await RawHttp.get(edge.address, path.format(after))
        assert page.status == 200
        told.append((await page.body()).decode())
    for transport, rooms in ROOMS:
        reader = await open_unread(transport, edge.address, after=after, rooms=rooms)
        messages: list[Message] = []
        while not any(message.get("i") == last for message in messages):
            messages += (await reader.read())[0]
        reader.abort()
        told.append(str(messages))
    follow = await RawHttp.get(edge.address, f"/v1/follow?after={after}")
    told.append("")
    while f'"i":{last},' not in told[-1]:
        told[-1] += (await follow.up_to(b"\n")).decode()
    follow.wire.abort()
    return told


async def say(http: aiohttp.ClientSession, feed: Feed, method: str, path: str, **body: str) -> None:
    async with http.request(method, feed.url(f"{MESSAGES}{path}"), json=body) as answer:
        assert answer.status in {200, 201}


async def test_what_is_deleted_can_be_read_nowhere_on_servers_that_follow(
    serve: Serve, edges: Edges, http: aiohttp.ClientSession
) -> None:
    feed = await serve()
    near = await edges(f"http://{feed.host}:{feed.port}")
    await near.reach(feed.position(0))
    await feed.publish(trade(1))
    await say(http, feed, "POST", "", id="m-1", text=SECRET)
    await say(http, feed, "POST", "", id="m-2", text="seen by all")
    await feed.publish(status(), trade(2))
    await say(http, feed, "PATCH", "/m-1", text=f"{SECRET} sharp")
    await feed.publish(trade(3))
    far = await edges(near.url)  # it is told of words and ticks together
    start = feed.position(0)
    for edge in (near, far):
        await edge.reach(feed.hub.broadcast.position)
        for told in await everything(edge, start, 3):
            assert SECRET in told or '"members"' in told
        assert holding(edge.hub.broadcast, SECRET)
    await say(http, feed, "DELETE", "/m-1")
    await feed.publish(trade(4))
    ring = feed.hub.broadcast.ring
    for edge in (near, far):
        await edge.reach(feed.hub.broadcast.position)
        for told in await everything(edge, start, 4):
            assert SECRET not in told
            assert "seen by all" in told or '"members"' in told
        assert not holding(edge.hub.broadcast, SECRET)
        assert not holding(edge.hub.audience, SECRET)
        assert edge.hub.broadcast.erased == 2
        assert edge.ticks() == ring.read(0, len(ring))
        keyed = edge.hub.broadcast.keyed.parts(WordChannel.ROOMS, "desk")
        assert keyed == feed.hub.broadcast.keyed.parts(WordChannel.ROOMS, "desk")
        assert edge.hub.broadcast.words == feed.hub.broadcast.words
        for sequence in (2, 7):
            later_ns = edge.hub.broadcast.ring.ingested_ns(sequence) - ring.ingested_ns(sequence)
            assert abs(later_ns) < 50_000_000  # as far as two looks at the clocks differ


def rows(*words: Word) -> list[Message]:
    """Return words as a followed server says them."""
    return list(orjson.loads(JSON.join(JSON.encode(words))))


def message(kind: RoomType, text: str = "") -> MessageWord:
    return MessageWord("desk", kind, "m-1", 1, "ann", "own_1", text=text)


async def test_nothing_said_before_a_hole_is_left_where_it_may_be_deleted_in_it(
    edges: Edges,
) -> None:
    async with Leader() as leader:
        leader.cut(1, *rows(message(RoomType.MESSAGE, SECRET)))
        edge = await edges(leader.url)
        await edge.reach("lead-1")
        assert holding(edge.hub.broadcast, SECRET)
        leader.say({"T": "gap", "from": "lead-2", "to": "lead-4", "reason": "overrun"})
        leader.cut(5, *rows(message(RoomType.EDITED, "later")))
        await edge.reach("lead-5")
        assert not holding(edge.hub.broadcast, SECRET)
        leader.cut(6, *rows(message(RoomType.DELETED)))
        await edge.reach("lead-6")
        assert [word and word.type for word in edge.ticks()] == [None] * 3 + ["deleted"] * 2


async def test_answers_whose_beginning_was_not_told_are_nobodys(edges: Edges) -> None:
    begun, late = KEYS[:2]
    words: list[GenerationWord] = words_of(begun, ["", "up"]) + words_of(late, ["up"], first=1)
    async with Leader() as leader:
        leader.cut(1, *rows(*words, over(begun, 2), over(late, 2)))
        edge = await edges(leader.url)
        await edge.reach("lead-5")
        assert edge.ticks() == [*words, over(begun, 2), over(late, 2)]
        assert edge.hub.broadcast.keyed.keys_of(WordChannel.GENERATIONS) == [begun]
        page = await RawHttp.get(edge.address, f"/v1/snapshot?generations={begun}")
        assert [each["text"] for each in orjson.loads(await page.body())["ticks"]] == ["up"]
        page = await RawHttp.get(edge.address, f"/v1/snapshot?generations={late}")
        assert page.status == 400
