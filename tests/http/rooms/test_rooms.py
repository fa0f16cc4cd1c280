"""Rooms by HTTP and over WebSockets: published once, in order, and refused in words."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from feed.market.word_channels import WordChannel
from feed.rooms import presence
from tests.fakes.hand_clock import HandClock
from tests.fakes.keys import KeysFile, bearer_of
from tests.fakes.messages import Message
from tests.fakes.patience import until
from tests.fakes.servers import Feed, Serve
from tests.http.contract.schemas import flaws
from tests.http.contract.test_openapi import DOCUMENT, documented
from tests.http.talk import connect

ROOM = "/v1/rooms/desk"
MESSAGES = f"{ROOM}/messages"


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def ask(  # noqa: PLR0917 - as it reads
    http: aiohttp.ClientSession,
    feed: Feed,
    method: str,
    path: str,
    body: object = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, Any]:
    """Return the status of an answer and its document, which is as its description says."""
    async with http.request(method, feed.url(path), json=body, headers=headers) as answer:
        if answer.status == 204:
            return 204, None
        document = await answer.json(content_type=None)
        if answer.status < 300:
            where = path.partition("?")[0].replace("/desk", "/{room}")
            if "/messages/" in where:
                where = f"{where.rpartition('/')[0]}/{{message}}"
            form = documented(where, answer.status, method.lower())
            assert flaws(document, form, DOCUMENT) == []
        return answer.status, document


async def test_a_message_is_published_once_edited_and_deleted(
    serve: Serve, http: aiohttp.ClientSession
) -> None:
    feed = await serve()
    said = {"text": "halted? <b>&amp;", "id": "m-1", "name": "Ann"}
    status, first = await ask(http, feed, "POST", MESSAGES, said)
    assert (status, first["id"]) == (201, "m-1")
    assert await ask(http, feed, "POST", MESSAGES, said) == (200, first)
    status, problem = await ask(http, feed, "POST", MESSAGES, said | {"text": "other"})
    assert status == 409
    assert "another text" in problem["detail"]
    status, _ = await ask(http, feed, "PATCH", f"{MESSAGES}/m-1", {"text": "AAPL: halted?"})
    assert status == 200
    _, page = await ask(http, feed, "GET", MESSAGES)
    (message,) = page["messages"]
    assert message["text"] == "AAPL: halted?"
    assert (message["from"], message["name"]) == ("anonymous", "Ann")
    assert message["edited"]
    status, gone = await ask(http, feed, "DELETE", f"{MESSAGES}/m-1")
    assert status == 200
    status, again = await ask(http, feed, "DELETE", f"{MESSAGES}/m-1")
    assert status == 200
    assert gone["id"] == again["id"] == "m-1"
    assert (await ask(http, feed, "POST", MESSAGES, said))[0] == 410
    assert (await ask(http, feed, "PATCH", f"{MESSAGES}/m-1", {"text": "x"}))[0] == 410
    assert (await ask(http, feed, "DELETE", f"{MESSAGES}/m-2"))[0] == 404
    _, page = await ask(http, feed, "GET", MESSAGES)
    assert page["messages"] == []


async def test_history_comes_page_by_page(serve: Serve, http: aiohttp.ClientSession) -> None:
    feed = await serve(rooms_messages_per_s=100)
    for number in range(7):
        await ask(http, feed, "POST", MESSAGES, {"text": f"{number}", "id": f"m{number}"})
    read: list[str] = []
    path = f"{MESSAGES}?limit=3"
    while True:
        _, page = await ask(http, feed, "GET", path)
        read = [message["text"] for message in page["messages"]] + read
        if page["before"] is None:
            break
        path = f"{MESSAGES}?limit=3&before={page['before']}"
    assert read == list("0123456")
    assert (await ask(http, feed, "GET", f"{MESSAGES}?before=m99"))[0] == 400


async def test_a_list_is_kept_together_and_clashes_are_told(
    serve: Serve, http: aiohttp.ClientSession
) -> None:
    feed = await serve()
    for symbol in ("AAPL", "MSFT"):
        await ask(http, feed, "POST", f"{ROOM}/list", {"op": "add", "symbol": symbol})
    move = {"op": "move", "symbol": "MSFT", "before": "AAPL", "version": 1}
    status, moved = await ask(http, feed, "POST", f"{ROOM}/list", move)
    assert status == 200
    assert moved["pos"] is not None
    status, again = await ask(http, feed, "POST", f"{ROOM}/list", move)
    assert (status, again["pos"]) == (200, None)
    note = {"op": "note", "symbol": "MSFT", "note": "split", "version": 1}
    status, clash = await ask(http, feed, "POST", f"{ROOM}/list", note)
    assert (status, clash["version"]) == (409, 2)
    assert clash["entry"]["symbol"] == "MSFT"
    assert (await ask(http, feed, "POST", f"{ROOM}/list", note | {"symbol": "SPY", "version": 0}))[
        0
    ] == 404
    _, room = await ask(http, feed, "GET", ROOM)
    assert [entry["symbol"] for entry in room["entries"]] == ["MSFT", "AAPL"]
    _, listed = await ask(http, feed, "GET", f"{ROOM}/list")
    assert listed["entries"] == room["entries"]


BAD_TEXTS = ["", " ", "x" * 4_001, "x" * 70_000, "a\x00b", "\u202etxet", "a\u2066b", "\x1b[2J"]


@pytest.mark.parametrize("text", BAD_TEXTS, ids=range(len(BAD_TEXTS)))
async def test_texts_that_are_not_accepted(
    serve: Serve, http: aiohttp.ClientSession, text: str
) -> None:
    feed = await serve()
    status, problem = await ask(http, feed, "POST", MESSAGES, {"text": text})
    assert status == (413 if len(text) > 1 << 16 else 400)
    if status == 400:
        assert (problem["parameter"], "1 to 4000" in problem["accepted"]) == ("text", True)
    assert feed.hub.broadcast.words[WordChannel.ROOMS] == 0


async def test_other_things_that_are_not_accepted(
    serve: Serve, http: aiohttp.ClientSession
) -> None:
    feed = await serve()
    for path, body, parameter in (
        ("/v1/rooms/..%2Fetc/messages", {"text": "x"}, "room"),
        (MESSAGES, {"text": "x", "id": "a b"}, "id"),
        (MESSAGES, {"text": "x", "from": "ann"}, "from"),
        (MESSAGES, {"text": "x", "room": "floor", "action": "edit"}, "room"),
        (MESSAGES, {"text": 7}, "text"),
        (f"{ROOM}/list", {"op": "burn", "symbol": "AAPL"}, "op"),
        (f"{ROOM}/list", {"op": "add", "symbol": "not\na symbol"}, "symbol"),
        (f"{ROOM}/list", {"op": "note", "symbol": "AAPL", "note": "x" * 201}, "note"),
        (f"{ROOM}/presence", {"name": "\u202e"}, "name"),
    ):
        status, problem = await ask(http, feed, "POST", path, body)
        assert (status, problem.get("parameter")) == (400, parameter), (path, body)
    data = b'{"text":"\\ud800"}'
    headers = {"Content-Type": "application/json"}
    async with http.post(feed.url(MESSAGES), data=data, headers=headers) as answer:
        assert answer.status == 400
    async with http.post(feed.url(MESSAGES), data=b'{"text":"x"}') as answer:
        assert answer.status == 415
    assert feed.hub.broadcast.words[WordChannel.ROOMS] == 0


async def test_too_much_is_slowed_down(serve: Serve, http: aiohttp.ClientSession) -> None:
    clock = HandClock()
    feed = await serve(clock=clock.clock, rooms_messages_per_s=1)

    async def say(number: int) -> int:
        async with http.post(feed.url(MESSAGES), json={"text": f"{number}"}) as answer:
            if answer.status == 429:
                assert int(answer.headers["Retry-After"]) >= 1
            return answer.status

    statuses = [await say(number) for number in range(20)]
    burst = statuses.index(429)
    assert statuses == [201] * burst + [429] * (20 - burst)
    clock.pass_s(1)
    assert await say(20) == 201
    assert feed.hub.broadcast.words[WordChannel.ROOMS] == burst + 1


async def test_words_of_a_websocket_are_answered_in_order(serve: Serve) -> None:
    feed = await serve(rooms_messages_per_s=100)
    reader = await connect(feed)
    reader.say({"action": "subscribe", "rooms": ["desk"], "presence": ["desk"]})
    subscribed = await reader.message()
    assert (subscribed["rooms"], subscribed["presence"]) == (["desk"], ["desk"])
    reader.say({"action": "enter", "room": "desk", "name": "Ann"})
    for number in range(3):
        reader.say({"action": "publish", "room": "desk", "text": "x", "id": f"m{number}"})
    reader.say({"action": "typing", "room": "desk"})
    told: list[Message] = []
    while {"typing", "present"} - {each["T"] for each in told} or len(told) < 8:
        told += (await reader.read())[0]
    published = [each["id"] for each in told if each["T"] == "published"]
    came = [each for each in told if each["T"] == "message"]
    assert published == [each["id"] for each in came] == ["m0", "m1", "m2"]
    present = next(each for each in told if each["T"] == "present")
    assert (present["name"], present["connections"]) == ("Ann", 1)
    reader.abort()
    here = feed.hub.broadcast.keyed
    await until(lambda: here.here(WordChannel.PRESENCE, "desk") == [])


async def test_no_more_are_in_rooms_than_there_is_room_for(
    serve: Serve, http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "MOST_MEMBERS", 2)
    feed = await serve()
    statuses = [
        (await ask(http, feed, "POST", f"{ROOM}/presence", {"name": name}))[0]
        for name in ("Ann", "Bob", "Cy")
    ]
    assert statuses == [204, 204, 400]
    feed.hub.cutter.cut()
    _, room = await ask(http, feed, "GET", ROOM)
    assert [member["name"] for member in room["members"]] == ["Ann", "Bob"]


async def test_what_is_refused_over_a_websocket_comes_back_with_its_id(serve: Serve) -> None:
    feed = await serve()
    reader = await connect(feed)
    said = {"action": "publish", "room": "desk", "text": "x", "id": "m1"}
    reader.say(said)
    assert (await reader.message())["T"] == "published"
    for change, status in (
        ({"text": "y"}, 409),
        ({"text": "\x00"}, 400),
        ({"room": "../etc"}, 400),
        ({"text": "x" * 5_000}, 400),
        ({"action": "edit", "id": "m9"}, 404),
        ({"colour": "red"}, 400),
    ):
        reader.say(said | change)
        told = await reader.message()
        assert (told["T"], told["status"], told["id"]) == (
            "unpublished",
            status,
            (said | change)["id"],
        )
    reader.say(said)
    assert (await reader.message())["T"] == "published"  # it goes on


async def test_whoever_is_not_granted_a_room_neither_reads_nor_writes(
    serve: Serve, tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    keys = KeysFile(tmp_path / "keys.toml")
    ann = keys.add("ann", grants=["rooms=desk*"], publish=["rooms=desk*"])
    bob = keys.add("bob", grants=["rooms=desk"])
    feed = await serve(keys=keys.path)
    of_ann, of_bob = bearer_of(ann), bearer_of(bob)
    assert (await ask(http, feed, "POST", MESSAGES, {"text": "x", "id": "m1"}, of_ann))[0] == 201
    assert (await ask(http, feed, "POST", MESSAGES, {"text": "x"}, of_bob))[0] == 403
    assert (await ask(http, feed, "DELETE", f"{MESSAGES}/m1", headers=of_bob))[0] == 403
    _, page = await ask(http, feed, "GET", MESSAGES, headers=of_bob)
    assert page["messages"][0]["from"] == "ann"
    other = "/v1/rooms/desk-2/messages"
    async with http.post(feed.url(other), json={"text": "x"}, headers=of_ann) as answer:
        assert answer.status == 201
    async with http.get(feed.url(other), headers=of_bob) as answer:
        assert answer.status == 403
    _, rooms = await ask(http, feed, "GET", "/v1/rooms", headers=of_bob)
    assert [each["room"] for each in rooms["rooms"]] == ["desk"]
    async with http.get(feed.url("/v1/history?rooms=desk-2&after=0"), headers=of_bob) as answer:
        assert answer.status == 403
