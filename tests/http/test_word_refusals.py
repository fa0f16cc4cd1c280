"""Ids of generations that are not to be had: each refused in the transport's own words.

Who asks for one goes on with what it had, and nobody else notices.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from feed.generations.facts import Facts
from feed.generations.model import Piece
from feed.market.word_channels import WordChannel
from feed.wire.generations.asked import Asked
from tests.fakes.keys import KeysFile, auth_of, bearer_of
from tests.fakes.messages import Message
from tests.fakes.raw_http import RawHttp
from tests.fakes.said import KEYS, say, words_of
from tests.fakes.servers import Feed, Serve, trade
from tests.fakes.sse_reader import SseReader
from tests.fakes.websocket_reader import CLOSE, TEXT, WebSocketReader
from tests.http.generations.conftest import QUESTION, Desk, OpenDesk, open_desk
from tests.http.talk import connect, error

__all__ = ["open_desk"]
KEY, OTHER, UNKNOWN, _ = KEYS
SHAPE = "the id of a generation: gen_ and 32 hexadecimal digits"
NOT_TO_BE_READ = "a key of something that is kept, and is yours or shared with you"
# Of each id that is refused, what is accepted.
REFUSED = {
    "nope": SHAPE,
    "*": SHAPE,
    "gen_*": SHAPE,
    "AAPL": SHAPE,
    "": SHAPE,
    KEY.upper(): SHAPE,
    f"{KEY}0": SHAPE,
    f"{KEY}\n": SHAPE,
    "gen_" + "٣" * 32: SHAPE,
    UNKNOWN: NOT_TO_BE_READ,
}
PATHS = ("/v1/sse", "/v1/stream", "/v1/history", "/v1/snapshot")


async def open_feed(serve: Serve) -> Feed:
    """Return a server on which one id alone may be read, and one reader who has it."""
    feed = await serve()
    feed.hub.key_gate.open(
        WordChannel.GENERATIONS, lambda _, key: key in {KEY, OTHER}, lambda _: True
    )
    return feed


async def ask(feed: Feed, path: str, headers: dict[str, str] | None = None) -> RawHttp:
    return await RawHttp.get((feed.host, feed.port), path, headers)


async def bystander(feed: Feed) -> SseReader:
    reader = SseReader(await ask(feed, f"/v1/sse?generations={KEY}&trades=*"))
    assert (await reader.event()).name == "mark"
    return reader


async def unaffected(feed: Feed, reader: SseReader) -> None:
    """See that a reader hears a tick and a word, and nothing before."""
    await feed.publish(trade(1))
    await say(feed.hub, words_of(KEY, ["", "hello"]))
    heard = [message["T"] for _ in range(2) for message in (await reader.read())[0]]
    assert heard == ["t", "generation", "token"]


@pytest.mark.parametrize("path", PATHS)
async def test_queries_are_refused_by_name(serve: Serve, path: str) -> None:
    feed = await open_feed(serve)
    reader = await bystander(feed)
    for key, accepted in REFUSED.items():
        if not key or not key.isascii():  # no part of a list, and no text of a URL
            continue
        asked = key.replace("\n", "%0A")
        answer = await ask(feed, f"{path}?trades=AAPL&generations={OTHER},{asked}")
        problem = await answer.document()
        assert (answer.status, problem["accepted"]) == (400, accepted)
        assert problem["parameter"].partition(".")[0] == "generations"
        assert problem["value"] == key
    await unaffected(feed, reader)


async def test_messages_are_refused_and_change_nothing(serve: Serve) -> None:
    feed = await open_feed(serve)
    reader = await bystander(feed)
    socket = await connect(feed)
    subscription = await socket.subscribe(trades=["AAPL"], generations=[OTHER])
    for key, accepted in REFUSED.items():
        socket.say({"action": "subscribe", "quotes": ["*"], "generations": [KEY, key]})
        refusal = await error(socket)
        assert (refusal["code"], accepted in refusal["msg"]) == (400, True), refusal
    for value in (KEY, 1, {"id": KEY}, [[KEY]], [1], [None], ["gen_" + "\ud800" * 32]):
        message = json.dumps({"action": "subscribe", "generations": value})
        socket.send_frame(TEXT, message.encode())
        assert (await error(socket))["code"] == 400
    socket.say({"action": "unsubscribe", "generations": [UNKNOWN]})
    assert await socket.message() == subscription
    await unaffected(feed, reader)
    await say(feed.hub, words_of(OTHER, ["mine"], 1))
    heard = [message for _ in range(2) for message in (await socket.read())[0]]
    assert [message["T"] for message in heard] == ["t", "token"]
    assert heard[1]["text"] == "mine"


async def test_ten_thousand_ids_are_too_many(serve: Serve) -> None:
    feed = await serve(max_symbols_per_connection=1_000)
    feed.hub.key_gate.open(WordChannel.GENERATIONS, lambda *_: True, lambda _: True)
    reader = await bystander(feed)
    ids = [f"gen_{number:032x}" for number in range(10_000)]
    for path in PATHS:
        answer = await ask(feed, f"{path}?generations={','.join(ids[:1_500])}")
        problem = await answer.document()
        assert answer.status == 400
        assert problem["detail"].endswith("1500 would exceed the limit of 1000")
        answer = await ask(feed, f"{path}?generations={','.join(ids)}")
        assert answer.status == 414
    socket = await connect(feed)
    socket.say({"action": "subscribe", "generations": ids[:5_000]})
    refusal = await error(socket)
    assert refusal["code"] == 405
    assert refusal["msg"].endswith("5000 would exceed the limit of 1000")
    socket.say({"action": "subscribe", "generations": ids})
    refusal = await error(socket)
    assert (refusal["code"], refusal["msg"]) == (400, "a message was longer than 256 KiB")
    assert (await socket.frame()).opcode == CLOSE
    await unaffected(feed, reader)


class _Thinking:
    """A model that says one word, and never ends."""

    name = "script"
    needs_facts = False

    async def answer(self, asked: Asked, facts: Facts | None) -> AsyncIterator[Piece]:
        del asked, facts
        yield "first"
        await asyncio.Event().wait()


async def begun(desk: Desk, headers: dict[str, str], **more: Any) -> tuple[RawHttp, str]:
    """Ask for an answer as somebody; return what it comes by, and its id."""
    answer = await desk.post("/v1/chat/completions", QUESTION | {"stream": True} | more, **headers)
    assert answer.status == 200
    return answer, answer.headers["Feed-Generation"]


async def refusal_of(desk: Desk, path: str, headers: dict[str, str]) -> Message:
    answer = await ask(desk.feed, path, headers)
    problem: Message = await answer.document()
    assert answer.status == 400, problem
    return problem


async def test_an_id_of_somebody_else_is_as_unknown_as_one_that_never_was(
    open_desk: OpenDesk, tmp_path: Path
) -> None:
    keys = KeysFile(tmp_path / "keys.toml")
    asker, other = keys.add("asker"), keys.add("other")
    desk = await open_desk(_Thinking(), keys=str(keys.path))
    asked, own = await begun(desk, bearer_of(asker))
    shared_too, shared = await begun(desk, bearer_of(asker), share=True)
    for path in PATHS:
        refusals = [
            await refusal_of(desk, f"{path}?trades=*&generations={key}", bearer_of(other))
            for key in (own, UNKNOWN)
        ]
        assert str(refusals[0]).replace(own, UNKNOWN) == str(refusals[1])
    socket = await WebSocketReader.connect((desk.feed.host, desk.feed.port))
    await socket.begin()
    socket.say(auth_of(other))
    assert (await socket.message())["msg"] == "authenticated"
    words = []
    for key in (own, UNKNOWN):
        socket.say({"action": "subscribe", "generations": [shared, key]})
        words.append((await error(socket))["msg"])
    assert words[0].replace(own, UNKNOWN) == words[1]
    await socket.subscribe(generations=[shared])
    watched = f"/v1/snapshot?generations={own}"
    [state] = (await (await ask(desk.feed, watched, bearer_of(asker))).document())["ticks"]
    assert (state["T"], state["text"]) == ("generation", "first")
    for http in (asked, shared_too):
        http.wire.abort()
