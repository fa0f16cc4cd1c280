"""A replay is paused, sped up and moved by administrators, and everybody is told what happens."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import orjson

from feed.http.app import HUB, INGEST, make_app
from feed.settings.options import Settings
from feed.sources.named_source import NamedSource
from feed.sources.replay.source import ReplaySource
from tests.fakes.keys import KeysFile, bearer_of
from tests.fakes.patience import until
from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import Feed, FeedServer, ScriptedSource, Serve
from tests.fakes.sse_reader import SseReader
from tests.fakes.wire import Wire
from tests.sources.replay.recordings import START_NS, iso, source_of, trade_row


def at(second: float) -> str:
    return iso(START_NS + round(second * 1e9))


async def steer(
    feed: Feed, order: object, headers: dict[str, str] | None = None
) -> tuple[int, Any]:
    data = order if isinstance(order, bytes) else orjson.dumps(order)
    head = [
        "POST /v1/admin/replay HTTP/1.1",
        f"Host: {feed.host}:{feed.port}",
        f"Content-Length: {len(data)}",
        *(f"{name}: {value}" for name, value in (headers or {}).items()),
    ]
    wire = await Wire.connect((feed.host, feed.port))
    wire.writer.write("\r\n".join([*head, "", ""]).encode() + data)
    answer = RawHttp(wire)
    await answer.head()
    return answer.status, await answer.document()


@asynccontextmanager
async def replaying(
    source: ReplaySource, *others: NamedSource, **settings: Any
) -> AsyncIterator[Feed]:
    """Run a server that replays, without identities."""
    made = Settings(port=0, local_admin=True, **settings)
    app = await make_app(made, [NamedSource("replay", source), *others])
    server = FeedServer(app)
    async with server:
        scripted = cast("ScriptedSource", source)  # nothing else is asked of it here
        feed = Feed(server, made, scripted, app[HUB], app[INGEST])
        await until(lambda: feed.side.up)
        yield feed
        Wire.abort_all()


async def told(reader: SseReader) -> list[Any]:
    """Return the next thing that is told: the ids of trades, or the words of a message."""
    while True:
        messages, _ = await reader.read()
        trades = [message["i"] for message in messages if message["T"] == "t"]
        if trades:
            return trades
        if messages[0]["T"] == "feed":
            assert messages[0]["source"] == "replay"
            return [messages[0]["state"], messages[0]["reason"]]


async def test_everybody_is_told_what_is_done_to_a_replay(write: Callable[..., Path]) -> None:
    path = write(*(trade_row(second, i=100 + second) for second in range(40)))
    source = source_of(path, speed=0.001)  # the next tick is due in a quarter of an hour
    async with replaying(source, wait_for=1) as feed:
        where = (feed.host, feed.port)
        reader = SseReader(await RawHttp.get(where, "/v1/sse?trades=*"))
        assert await told(reader) == [100]

        answer = {"source": "replay", "paused": False, "speed": 0.001, "at": at(10)}
        assert await steer(feed, {"seek": at(10)}) == (200, answer)
        assert await told(reader) == ["live", "seek"]
        assert await told(reader) == [110]

        assert (await steer(feed, {"paused": True}))[1]["paused"] is True
        assert await told(reader) == ["source_down", "paused"]
        late = SseReader(await RawHttp.get(where, "/v1/sse?trades=*"))
        assert await told(late) == ["source_down", "paused"]
        assert (await steer(feed, {"seek": at(4.5), "source": "replay"}))[0] == 200
        for each in (reader, late):
            assert await told(each) == ["live", "seek"]
            assert await told(each) == ["source_down", "paused"]

        status, answer = await steer(feed, {"paused": False, "speed": "max"})
        assert (status, answer["paused"], answer["speed"]) == (200, False, "max")
        for each in (reader, late):
            heard = [await told(each)]
            while heard[-1][-1] != 139:
                heard.append(await told(each))
            assert heard[0] == ["live", "speed"]
            ids = [number for told_ in heard for number in told_ if type(number) is int]
            assert ids == [*range(105, 140)]
        await until(lambda: feed.side.finished)
        status, answer = await steer(feed, {"paused": True})
        assert (status, answer["detail"]) == (
            409,
            "no source is a replay that goes on, so none can be steered",
        )
        assert feed.side.failures == 0


REFUSED: list[tuple[object, str]] = [
    ({}, "paused: None is not accepted; accepted: some of paused, speed and seek"),
    ([], "a message is a map with the key paused"),
    (b"{", "JSON"),
    ({"paused": True, "speed": 0}, "speed: 0"),
    ({"paused": True, "speed": "fast"}, "speed"),
    ({"paused": True, "speed": True}, "speed"),
    ({"paused": 1}, "paused: 1 is not accepted"),
    ({"paused": True, "seek": "yesterday"}, "seek: 'yesterday' is not accepted; accepted: a time"),
    ({"paused": True, "seek": 5}, "seek: 5 is not accepted"),
    ({"pause": True}, "pause: "),
    ({"paused": True, "source": "other"}, "source: 'other' is not accepted; accepted: replay"),
]


async def test_an_order_that_is_not_accepted_changes_nothing(write: Callable[..., Path]) -> None:
    source = source_of(write(trade_row(1), trade_row(9)), speed=0.001)
    async with replaying(source) as feed:
        for order, words in REFUSED:
            status, answer = await steer(feed, order)
            assert (status, words in answer["detail"]) == (400, True), answer["detail"]
            assert (source.paused, source.speed, source.steering.ordered) == (False, 0.001, False)


async def test_one_of_several_replays_is_steered_by_its_name(write: Callable[..., Path]) -> None:
    one, other = (
        source_of(write(trade_row(1, name), trade_row(9, name), name=f"{name}.ndjson"), speed=0.001)
        for name in ("A", "B")
    )
    async with replaying(one, NamedSource("b", other)) as feed:
        status, answer = await steer(feed, {"paused": True})
        assert (status, answer["accepted"]) == (400, "one of replay, b")
        status, answer = await steer(feed, {"paused": True, "source": "b"})
        assert (status, answer["source"], one.paused, other.paused) == (200, "b", False, True)


async def test_only_administrators_steer_and_only_replays(serve: Serve, tmp_path: Path) -> None:
    keys = KeysFile(tmp_path / "keys.toml")
    desk, admin = keys.add("desk"), keys.add("ops", admin=True)
    feed = await serve(keys=keys.path)
    assert (await steer(feed, {"paused": True}, bearer_of(desk)))[0] == 403
    assert (await steer(feed, {"paused": True}))[0] == 401
    assert (await steer(feed, {"paused": True}, bearer_of(admin)))[0] == 409
    assert (await steer(feed, b" " * 2_000, bearer_of(admin)))[0] == 413
    foreign = {**bearer_of(admin), "Origin": "https://elsewhere.example"}
    assert (await steer(feed, {"paused": True}, foreign))[0] == 403
