"""What an identity is granted decides what it is given, on every transport and in every answer."""

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest
from aiohttp import web

from feed.market.ticks import Tick
from feed.trust.identity import Identity
from feed.wire.disconnect import Reason
from feed.wire.grants import Grants
from tests.fakes.hand_clock import HandClock
from tests.fakes.keys import KeysFile, auth_of, bearer_of
from tests.fakes.messages import Message
from tests.fakes.patience import until
from tests.fakes.raw_http import RawHttp
from tests.fakes.readers import open_reader
from tests.fakes.servers import Feed, Serve, quote, trade
from tests.fakes.sse_reader import SseReader
from tests.fakes.websocket_reader import CLOSE, WebSocketReader
from tests.http.talk import connect, error

TICKS: list[Tick] = [trade(1, "AAPL"), trade(2, "MSFT"), trade(3, "BTC/USD"), quote(4, "AAPL")]


@pytest.fixture
def keys(tmp_path: Path) -> KeysFile:
    return KeysFile(tmp_path / "keys.toml")


class Desk:
    """A server, and an identity on it with some grants."""

    def __init__(self, feed: Feed, headers: dict[str, str], auth: Message) -> None:
        self.feed = feed
        self.headers = headers
        self.auth = auth

    @classmethod
    async def open(cls, serve: Serve, keys: KeysFile, **grants: Any) -> "Desk":
        key = keys.add("desk", **grants)
        return cls(await serve(keys=keys.path), bearer_of(key), auth_of(key))

    async def connect(self, path: str = "/v1/ws") -> WebSocketReader:
        reader = await connect(self.feed, path=path)
        reader.say(self.auth)
        await reader.message()
        return reader

    async def get(self, target: str, status: int = 200, **query: str) -> Any:
        address = self.feed.host, self.feed.port
        target = f"{target}?{urlencode(query)}" if query else target
        answer = await RawHttp.get(address, target, self.headers)
        assert answer.status == status, await answer.body()
        return await answer.document()

    async def stream(self, path: str, **query: str) -> RawHttp:
        address = self.feed.host, self.feed.port
        return await RawHttp.get(address, f"{path}?{urlencode(query)}", self.headers)

    def grant(self, **grants: Any) -> None:
        """Let everybody who is there have other grants, as a reload does."""
        for session in list(self.feed.hub.sessions.values()):
            old = session.identity
            identity = Identity(old.kind, old.id, old.name, Grants.of_document(grants))
            self.feed.hub.entitlement.identify(session, identity)


def symbols(messages: list[Message]) -> list[str]:
    return [message["S"] for message in messages if "S" in message]


async def test_a_star_is_all_that_is_granted(serve: Serve, keys: KeysFile) -> None:
    desk = await Desk.open(serve, keys, channels=["trades"], symbols=["AAPL", "BTC/*"])
    readers = [await desk.connect() for _ in range(2)]
    for reader in readers:
        acknowledged = await reader.subscribe(trades=["*"])
        assert acknowledged["trades"] == ["*"]
    sse = SseReader(await desk.stream("/v1/sse", trades="*", marks="0"))
    await sse.read()
    await desk.feed.publish(*TICKS)
    for each in readers:
        assert symbols((await each.read())[0]) == ["AAPL", "BTC/USD"]
    assert symbols((await sse.read())[0]) == ["AAPL", "BTC/USD"]
    lanes = {session.subscriber.lane for session in desk.feed.hub.sessions.values()}
    assert len(lanes) == 2, "one for each transport"


async def test_a_star_of_a_path_is_what_is_granted_of_its_class(
    serve: Serve, keys: KeysFile
) -> None:
    desk = await Desk.open(serve, keys, symbols=["A*", "M*", "BTC/*"])
    reader = await desk.connect("/v2/iex")
    await reader.subscribe(trades=["*"])
    await desk.feed.publish(*TICKS)
    assert symbols((await reader.read())[0]) == ["AAPL", "MSFT"]


async def test_a_part_that_is_not_granted_is_told_and_the_rest_comes(
    serve: Serve, keys: KeysFile
) -> None:
    desk = await Desk.open(serve, keys, channels=["trades"], symbols=["A*"])
    reader = await desk.connect()
    acknowledged = await reader.subscribe(trades=["MSFT", "AAPL"], quotes=["*"])
    assert (acknowledged["trades"], acknowledged["quotes"]) == (["AAPL"], [])
    warning = await reader.message()
    assert warning == {
        "T": "warning",
        "reason": "not_granted",
        "msg": "not granted: MSFT on trades; * on quotes",
        "names": ["*", "MSFT"],
        "nearest": {},
        "count": 2,
    }
    await desk.feed.publish(*TICKS)
    assert symbols((await reader.read())[0]) == ["AAPL"]
    reader.say({"action": "subscribe", "bars": ["AAPL"]})
    assert (await reader.message())["trades"] == ["AAPL"], "what it had goes on"
    assert (await reader.message())["msg"] == "not granted: AAPL on bars"


async def test_nothing_that_is_granted_is_the_dialects_error_and_the_end(
    serve: Serve, keys: KeysFile
) -> None:
    desk = await Desk.open(serve, keys, channels=["trades"], symbols=["A*"])
    reader = await desk.connect()
    reader.say({"action": "subscribe", "trades": ["MSFT"], "quotes": ["AAPL"]})
    message = await error(reader)
    words = "MSFT on trades; AAPL on quotes is not granted; granted: trades=A*"
    assert (message["code"], message["msg"]) == (409, f"insufficient subscription: {words}")
    assert (await reader.frame()).opcode == CLOSE
    assert desk.feed.hub.ended == {Reason.NOT_GRANTED: 1}
    for path in ("/v1/sse", "/v1/stream", "/v1/history", "/v1/snapshot"):
        problem = await desk.get(path, 403, trades="MSFT", quotes="AAPL")
        assert (problem["detail"], problem["granted"]) == (words, "trades=A*")


@pytest.mark.parametrize("path", ["/v1/sse", "/v1/stream"])
async def test_a_transport_that_is_not_granted_is_refused(
    serve: Serve, keys: KeysFile, path: str
) -> None:
    desk = await Desk.open(serve, keys, transports=["websocket"])
    problem = await desk.get(path, 403, trades="*")
    assert "transport" in problem["detail"]
    reader = await desk.connect()
    await reader.subscribe(trades=["*"])
    other = await desk.connect()
    desk.grant(transports=["sse"])
    other.say({"action": "subscribe", "trades": ["AAPL"]})
    for each in (reader, other):
        assert (await error(each))["code"] == 409


async def test_the_shortest_interval_is_said_on_every_transport(
    serve: Serve, keys: KeysFile
) -> None:
    desk = await Desk.open(serve, keys, conflate="250ms")
    reader = await desk.connect()
    acknowledged = await reader.subscribe(trades=["*"], conflate={"trades": "50ms", "quotes": "1s"})
    assert acknowledged["conflate"] == dict.fromkeys(
        ("bars", "secondBars", "statuses", "trades", "updatedBars"), "250ms"
    ) | {"quotes": "1s"}
    stream = await desk.stream("/v1/stream", trades="AAPL", quotes="AAPL", conflate="trades:0ms")
    assert stream.headers["Feed-Conflate"] == "trades:250ms,quotes:250ms"


async def test_finite_answers_are_as_of_the_last_interval(serve: Serve, keys: KeysFile) -> None:
    clock = HandClock()
    key = keys.add("desk", conflate="1s")
    feed = await serve(keys=keys.path, clock=clock.clock)
    desk = Desk(feed, bearer_of(key), auth_of(key))
    assert (await desk.get("/v1/snapshot"))["ticks"] == [], "from now on there is an interval"
    await feed.publish(trade(1), trade(2, "MSFT"))
    feed.hub.cutter.cut()
    for path in ("/v1/snapshot", "/v1/history"):
        answer = await desk.stream(path)
        assert answer.headers["Feed-Conflate"].startswith("trades:1s,quotes:1s,")
        assert (await answer.document())["ticks"] == []
    clock.pass_s(2)
    feed.hub.cutter.cut()
    await feed.publish(trade(3))
    feed.hub.cutter.cut()
    for path in ("/v1/snapshot", "/v1/history"):
        document = await desk.get(path)
        assert [tick["i"] for tick in document["ticks"]] == [1, 2]
        assert document["pos"].endswith("-2")
    assert "next" not in document or document["next"] is None
    reader = await desk.connect()
    reader.say({"action": "subscribe", "trades": ["*"], "snapshot": True})
    await reader.message()
    begin = await reader.message()
    assert (begin["state"], begin["pos"][-2:]) == ("begin", "-2")
    assert [tick["i"] for tick in (await reader.read())[0]] == [1, 2]
    clock.pass_s(2)
    feed.hub.cutter.cut()
    assert (await reader.message())["state"] == "end"
    assert [tick["i"] for tick in (await reader.read())[0]] == [3]


async def test_finite_answers_are_of_what_is_granted(serve: Serve, keys: KeysFile) -> None:
    desk = await Desk.open(serve, keys, channels=["trades", "bars"], symbols=["A*", "BTC/*"])
    await desk.feed.publish(*TICKS)
    desk.feed.hub.cutter.cut()
    for path in ("/v1/history", "/v1/snapshot"):
        assert symbols((await desk.get(path))["ticks"]) == ["AAPL", "BTC/USD"]
        asked = await desk.get(path, trades="*")
        assert symbols(asked["ticks"]) == ["AAPL", "BTC/USD"]
        assert "warnings" not in asked
        mixed = await desk.get(path, symbols="AAPL,MSFT")
        assert symbols(mixed["ticks"]) == ["AAPL"]
        assert [warning["reason"] for warning in mixed["warnings"]] == ["not_granted"]
        assert mixed["warnings"][0]["names"] == ["AAPL", "MSFT"]
    assert [each["symbol"] for each in (await desk.get("/v1/symbols"))["symbols"]] == [
        "AAPL",
        "BTC/USD",
    ]
    assert [each["symbol"] for each in await desk.get("/v2/assets")] == ["AAPL", "BTC/USD"]
    assert (await desk.get("/v1/bars", symbol="AAPL"))["bars"] == []
    await desk.get("/v1/bars", 403, symbol="MSFT")
    await desk.get("/v1/bars", 403, symbol="AAPL", timeframe="1s")


async def test_a_position_of_another_identity_gives_only_what_is_granted(
    serve: Serve, keys: KeysFile
) -> None:
    keys.add("all")
    desk = await Desk.open(serve, keys, symbols=["AAPL"])
    before = desk.feed.position(0)
    await desk.feed.publish(*TICKS)
    assert desk.feed.hub.broadcast.position.sequence == 4
    answer = await desk.stream("/v1/sse", trades="*", quotes="*", after=before)
    event = await SseReader(answer).event()
    assert symbols(orjson.loads(event.data)) == ["AAPL", "AAPL"]
    page = await desk.get("/v1/history", trades="*", quotes="*", after=before)
    assert symbols(page["ticks"]) == ["AAPL", "AAPL"]
    reader = await desk.connect()
    reader.say({"action": "subscribe", "trades": ["*"], "quotes": ["*"], "after": before})
    await reader.message()
    assert symbols((await reader.read())[0]) == ["AAPL", "AAPL"]


async def test_no_listed_symbol_is_told_that_is_not_granted(serve: Serve, keys: KeysFile) -> None:
    desk = await Desk.open(serve, keys, symbols=["A*", "m*"])
    asked = await desk.get("/v1/snapshot", trades="msft,Aapl")
    [warning] = asked["warnings"]
    assert (warning["names"], warning["nearest"]) == (["Aapl", "msft"], {"Aapl": "AAPL"})


async def test_whoever_has_no_grant_is_given_nothing(serve: Serve, keys: KeysFile) -> None:
    desk = await Desk.open(serve, keys, channels=[])
    await desk.feed.publish(*TICKS)
    for path in ("/v1/history", "/v1/snapshot"):
        assert (await desk.get(path, 403))["granted"] == "nothing"
    assert (await desk.get("/v1/symbols"))["symbols"] == []


async def test_a_grant_that_shrinks_is_told_and_nothing_more_of_it_comes(
    serve: Serve, keys: KeysFile
) -> None:
    desk = await Desk.open(serve, keys)
    reader = await desk.connect()
    await reader.subscribe(trades=["*", "MSFT"], quotes=["AAPL"])
    sse = SseReader(await desk.stream("/v1/sse", trades="*", quotes="AAPL"))
    lines = await desk.stream("/v1/stream", trades="*", quotes="AAPL", marks="0")
    await desk.feed.sessions_reach(3)
    await sse.read()
    desk.grant(channels=["trades"], symbols=["A*"])
    told = await reader.message()
    assert (told["T"], told["trades"], told["quotes"]) == ("subscription", ["*"], [])
    event = await sse.event()
    assert event.name == "subscription"
    document = orjson.loads(event.data)
    assert (document["trades"], document["quotes"]) == (["*"], [])
    [document] = orjson.loads(await lines.chunk())
    assert (document["T"], document["trades"]) == ("subscription", ["*"])
    await desk.feed.publish(*TICKS)
    assert symbols((await reader.read())[0]) == ["AAPL"]
    assert symbols((await sse.read())[0]) == ["AAPL"]
    assert symbols(orjson.loads(await lines.chunk())) == ["AAPL"]


@pytest.mark.parametrize(
    "transport", ["websocket-protobuf", "sse-msgpack", "stream-msgpack", "stream-protobuf"]
)
async def test_a_grant_that_shrinks_is_told_in_every_codec(serve: Serve, transport: str) -> None:
    desk = Desk(await serve(), {}, {})
    reader = await open_reader(transport, (desk.feed.host, desk.feed.port))
    desk.grant(symbols=["A*"])
    [told], _ = await reader.read()
    assert (told["T"], told["trades"], told["quotes"]) == ("subscription", ["*"], [])
    await desk.feed.publish(*TICKS)
    assert symbols((await reader.read())[0]) == ["AAPL"]


@pytest.mark.parametrize("path", ["/v1/sse", "/v1/stream"])
async def test_a_grant_that_shrinks_behind_the_head_is_told_before_anything_else(
    serve: Serve, keys: KeysFile, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    desk = await Desk.open(serve, keys)
    prepare = web.StreamResponse.prepare

    async def prepare_and_shrink(response: web.StreamResponse, request: web.BaseRequest) -> Any:
        written = await prepare(response, request)
        if request.path == path:
            desk.grant(channels=["trades"], symbols=["A*"], conflate="1s")
        return written

    monkeypatch.setattr(web.StreamResponse, "prepare", prepare_and_shrink)
    await desk.feed.publish(*TICKS)
    stream = await desk.stream(path, trades="*", quotes="AAPL", snapshot="1")
    if path == "/v1/sse":
        event = await SseReader(stream).event()
        assert event.name == "subscription"
        told = orjson.loads(event.data)
    else:
        [told] = orjson.loads(await stream.chunk())
    assert (told["T"], told["trades"], told["quotes"]) == ("subscription", ["*"], [])
    assert told["conflate"]["trades"] == "1s"


async def test_a_grant_that_grows_gives_more_to_whoever_asked_for_all(
    serve: Serve, keys: KeysFile
) -> None:
    desk = await Desk.open(serve, keys, symbols=["AAPL"])
    reader = await desk.connect()
    await reader.subscribe(trades=["*"], quotes=["AAPL"])
    lines = await desk.stream("/v1/stream", trades="*", marks="0")
    await desk.feed.sessions_reach(2)
    desk.grant(symbols=["AAPL", "M*"])
    assert (await reader.message())["trades"] == ["*"]
    assert orjson.loads(await lines.chunk())[0]["trades"] == ["*"]
    await desk.feed.publish(*TICKS)
    assert symbols((await reader.read())[0]) == ["AAPL", "MSFT", "AAPL"]
    assert symbols(orjson.loads(await lines.chunk())) == ["AAPL", "MSFT"]


async def test_a_grant_that_stays_the_same_is_not_told(serve: Serve, keys: KeysFile) -> None:
    desk = await Desk.open(serve, keys, symbols=["A*", "M*"])
    reader = await desk.connect()
    await reader.subscribe(trades=["AAPL"])
    desk.grant(symbols=["A*"])
    await desk.feed.publish(*TICKS)
    assert symbols((await reader.read())[0]) == ["AAPL"]
    reader.say({"action": "subscribe", "trades": ["MSFT"]})
    assert (await reader.message())["trades"] == ["AAPL"]
    assert (await reader.message())["reason"] == "not_granted"


async def test_a_grant_of_which_nothing_is_left_ends_a_stream(serve: Serve, keys: KeysFile) -> None:
    desk = await Desk.open(serve, keys)
    reader = await desk.connect()
    await reader.subscribe(trades=["AAPL"])
    lines = await desk.stream("/v1/stream", trades="AAPL", marks="0")
    await desk.feed.sessions_reach(2)
    desk.grant(symbols=["MSFT"])
    assert (await reader.message())["trades"] == []
    [bye] = orjson.loads(await lines.chunk())
    assert (bye["T"], bye["reason"], bye["reconnect"]) == ("bye", "not_granted", False)
    await reader.subscribe(trades=["*"])
    await desk.feed.publish(*TICKS)
    assert symbols((await reader.read())[0]) == ["MSFT"]


async def test_symbols_that_are_new_are_resolved_before_they_are_cut(
    serve: Serve, keys: KeysFile
) -> None:
    desk = await Desk.open(serve, keys, symbols=["A*", "BTC/*"])
    reader = await desk.connect()
    await reader.subscribe(trades=["*"])
    sets = desk.feed.hub.broadcast.lanes.wildcard_sets
    await desk.feed.source.publish([*TICKS])
    assert set(sets) == {"AAPL", "MSFT", "BTC/USD"}
    await until(lambda: desk.feed.hub.broadcast.waiting_ticks == 0)
    assert symbols((await reader.read())[0]) == ["AAPL", "BTC/USD"]
