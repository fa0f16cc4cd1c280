"""Rooms and alerts as subscribers meet them: keys that are granted, and what is one's own."""

from collections.abc import Sequence
from pathlib import Path

import orjson
import pytest

from feed.market.alert_words import AlertType, AlertWord
from feed.market.room_words import MessageWord, RoomType
from feed.market.words import Word
from feed.trust.identity import ANONYMOUS, Identity, Kind, owner_key
from feed.wire.grants import Grants
from feed.wire.messages import Message
from tests.fakes.keys import KeysFile
from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import Feed, Serve, trade
from tests.fakes.sse_reader import SseReader
from tests.http.contract.schemas import flaws
from tests.http.contract.test_openapi import DOCUMENT, documented
from tests.http.test_grants import Desk

FIRED = AlertWord(owner_key(ANONYMOUS), AlertType.ALERT, "alert_1", 1, "rule_1", "AAPL")
OTHERS = AlertWord("own_" + "0" * 32, AlertType.ALERT, "alert_2", 1, "rule_2", "AAPL")


async def ask(feed: Feed, path: str) -> Message:
    """Return a finite answer, which is as its document says."""
    answer = await RawHttp.get((feed.host, feed.port), path)
    document: Message = await answer.document()
    assert answer.status == 200, document
    assert flaws(document, documented(path.partition("?")[0], 200), DOCUMENT) == []
    return document


@pytest.mark.parametrize("text", ["hello", "<b>&\u2028 \U0001f600"])
async def test_a_room_is_read_with_its_state(serve: Serve, text: str) -> None:
    feed = await serve()
    await feed.hub.publisher.said(
        [MessageWord("desk", RoomType.MESSAGE, "m1", 1, "ann", "own_1", text=text)]
    )
    (told,) = (await ask(feed, "/v1/snapshot?rooms=desk"))["ticks"]
    assert (told["T"], told["room"], told["text"]) == ("message", "desk", text)
    page = await ask(feed, "/v1/history?rooms=desk&after=0")
    assert page["ticks"] == [told]


async def test_only_ones_own_alerts_come(serve: Serve) -> None:
    feed = await serve()
    await feed.hub.publisher.said([FIRED, OTHERS])
    page = await ask(feed, "/v1/history?alerts=*&after=0")
    assert [each["id"] for each in page["ticks"]] == ["alert_1"]
    path = f"/v1/history?alerts={OTHERS.symbol}&after=0"
    refused = await RawHttp.get((feed.host, feed.port), path)
    assert refused.status == 400


GRANTS = {"symbols": ["AAPL"], "grants": ["rooms=desk*"]}


def message(room: str, number: int) -> MessageWord:
    return MessageWord(room, RoomType.MESSAGE, f"m{number}", number, "ann", "own_1", text="hi")


def fired(owner: str) -> AlertWord:
    return AlertWord(owner, AlertType.ALERT, f"alert_{owner}", 1, "rule_1", "AAPL")


async def say(feed: Feed, *words: Word) -> None:
    await feed.hub.publisher.said(list(words))


def rooms(messages: Sequence[Message]) -> list[str]:
    return [each["room"] for each in messages if "room" in each]


async def test_rooms_are_subscribed_to_as_they_are_granted(serve: Serve, tmp_path: Path) -> None:
    """A room need not have been used before; what is not granted is told, and the rest comes."""
    desk = await Desk.open(serve, KeysFile(tmp_path / "keys.toml"), **GRANTS)
    socket = await desk.connect()
    acknowledged = await socket.subscribe(rooms=["floor", "desk-1"], presence=["desk-2", "floor"])
    assert (acknowledged["rooms"], acknowledged["presence"]) == (["desk-1"], ["desk-2"])
    assert (await socket.message())["msg"] == "not granted: floor on rooms; floor on presence"
    lines = await desk.stream("/v1/stream", rooms="desk-1,floor", marks="0")
    [warning] = orjson.loads(await lines.chunk())
    assert warning["msg"] == "not granted: floor on rooms"
    await say(desk.feed, message("floor", 1), message("desk-1", 2))
    assert rooms((await socket.read())[0]) == ["desk-1"]
    assert rooms(orjson.loads(await lines.chunk())) == ["desk-1"]
    for path in ("/v1/history", "/v1/snapshot", "/v1/sse", "/v1/stream"):
        problem = await desk.get(path, 403, rooms="floor", presence="floor")
        assert problem["detail"].startswith("floor on rooms; floor on presence is not granted")
    page = await desk.get("/v1/history", rooms="desk-1,floor", after="0")
    assert rooms(page["ticks"]) == ["desk-1"]


async def test_a_room_that_is_granted_no_more_is_told_and_the_rest_goes_on(
    serve: Serve, tmp_path: Path
) -> None:
    desk = await Desk.open(serve, KeysFile(tmp_path / "keys.toml"), **GRANTS)
    asked = {"trades": "AAPL", "rooms": "desk,desk-1", "presence": "desk", "alerts": "*"}
    socket = await desk.connect()
    await socket.subscribe(**{name: keys.split(",") for name, keys in asked.items()})
    sse = SseReader(await desk.stream("/v1/sse", **asked))
    alone = await desk.stream("/v1/stream", rooms="desk", marks="0")
    await desk.feed.sessions_reach(3)
    assert (await sse.event()).name == "mark"
    desk.grant(symbols=["AAPL"], grants=["rooms=desk-*"])
    told = [await socket.message(), orjson.loads((await sse.event()).data)]
    for each in told:
        assert (each["T"], each["rooms"], each["alerts"]) == ("subscription", ["desk-1"], ["*"])
        assert "presence" not in each
    [bye] = orjson.loads(await alone.chunk())
    assert (bye["T"], bye["reason"]) == ("bye", "not_granted")
    await say(desk.feed, message("desk", 1), message("desk-1", 2))
    assert rooms((await socket.read())[0]) == ["desk-1"]
    assert rooms((await sse.read())[0]) == ["desk-1"]
    await desk.feed.publish(trade(1))
    assert (await socket.read())[0][0]["S"] == "AAPL"


async def test_ones_own_are_whose_credential_was_shown(serve: Serve, tmp_path: Path) -> None:
    """By a header, by `auth` later than the beginning, or by a ticket."""
    keys = KeysFile(tmp_path / "keys.toml")
    desk = await Desk.open(serve, keys, **GRANTS)
    own, strange = (
        owner_key(Identity(Kind.KEY, name, "", Grants())) for name in (desk.auth["key"], "another")
    )
    socket = await desk.connect()
    assert (await socket.subscribe(alerts=["*", own]))["alerts"] == ["*"]
    address = (desk.feed.host, desk.feed.port)
    page = {"Origin": f"http://{desk.feed.host}:{desk.feed.port}"}
    asked = desk.headers | page | {"Content-Type": "application/json"}
    answer = await RawHttp.get(address, "/v1/tickets", asked, method="POST")
    ticket = (await answer.document())["ticket"]
    sse = SseReader(await RawHttp.get(address, f"/v1/sse?alerts=*&ticket={ticket}", page))
    assert (await sse.event()).name == "mark"
    await say(desk.feed, fired(strange), fired(own))
    for reader in (socket, sse):
        heard, _ = await reader.read()
        assert [each["id"] for each in heard if "id" in each] == [f"alert_{own}"], heard
    socket.say({"action": "unsubscribe", "alerts": ["*"]})
    assert "alerts" not in await socket.message()


async def test_readers_of_rooms_and_alerts_are_on_record(serve: Serve) -> None:
    feed = await serve(local_admin=True)
    await say(feed, message("desk", 1), message("desk", 2), FIRED)
    query = "rooms=desk,unused&alerts=*&snapshot=1"
    answer = await RawHttp.get((feed.host, feed.port), f"/v1/sse?{query}")
    path = f"/v1/admin/connections/{answer.headers['Feed-Connection']}"
    document = await (await RawHttp.get((feed.host, feed.port), path)).document()
    assert document["selection"] == "rooms desk, unused; alerts *"
    told = [each for each in document["record"] if each["event"] == "reads"]
    assert [(each["msg"], each["channel"], each["key"], each["count"]) for each in told] == [
        ("reads rooms desk, from its state so far, of 2 parts", "rooms", "desk", 2),
        ("reads rooms …, from its state so far, of 0 parts", "rooms", "…", 0),
        ("reads alerts *, from its state so far, of 1 part", "alerts", "*", 1),
    ]
    answer.wire.abort()
