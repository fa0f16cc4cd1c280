"""Servers that follow others: in this process, over sockets."""

from pathlib import Path

import orjson
import pytest
from structlog.testing import capture_logs

from feed.errors import InvalidParameter
from feed.http.app import make_app
from feed.hub import ahead
from feed.settings.options import Settings
from feed.sources.follow.source import FollowSource
from feed.sources.named_source import NamedSource
from feed.sources.upstream.endings import End
from feed.wire.codec import CODECS, encode_events
from tests.fakes.edges import Edges, Leader
from tests.fakes.keys import KeysFile
from tests.fakes.messages import Message
from tests.fakes.patience import until
from tests.fakes.raw_http import RawHttp
from tests.fakes.readers import TRANSPORTS, Reader, open_reader
from tests.fakes.servers import Feed, ScriptedSource, Serve, bar, quote, status, trade, trades
from tests.fakes.sse_reader import SseReader

ROOM: Message = {"T": "room", "words": [{"a": 1}, {"T": "b"}], "by": "desk"}


def row(number: int) -> Message:
    """Return a trade as a followed server says it."""
    [fragment] = encode_events(CODECS["json"], [trade(number)], opaque=False)
    [message] = orjson.loads(CODECS["json"].join([fragment]))
    return dict(message)


def base(feed: Feed) -> str:
    return f"http://{feed.host}:{feed.port}"


async def numbers(reader: Reader, upto: int) -> list[int | str]:
    """Read trades until one has a number; return all, and gaps in words."""
    told: list[int | str] = []
    while not told or told[-1] != upto:
        for message in (await reader.read())[0]:
            if message["T"] == "t":
                told.append(message["i"])
            elif message["T"] == "gap":
                told.append(f"gap {message['from']} {message['to']} {message['reason']}")
    return told


async def test_a_follower_of_a_follower_has_what_the_first_has(serve: Serve, edges: Edges) -> None:
    feed = await serve()
    await feed.publish(trade(1), quote(2, "MSFT"), status(), bar())
    near = await edges(base(feed))
    far = await edges(near.url)
    await feed.publish(trade(5))
    await far.reach(feed.position(5))
    ring = feed.hub.broadcast.ring
    for edge in (near, far):
        assert edge.ticks() == ring.read(0, 5)
        assert edge.hub.broadcast.ring.is_whole
        for sequence in (1, 5):
            later_ns = edge.hub.broadcast.ring.ingested_ns(sequence) - ring.ingested_ns(sequence)
            assert abs(later_ns) < 50_000_000  # as far as two looks at the clocks differ
        assert edge.source.instrument("AAPL") == feed.source.instrument("AAPL")
        assert edge.hub.broadcast.snapshot.ticks() == feed.hub.broadcast.snapshot.ticks()
        assert edge.source.reckoning.lag == 0
        assert (edge.hub.relay.epochs, edge.hub.relay.missing) == (1, 0)


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_position_is_good_on_all_three_servers(
    serve: Serve, edges: Edges, transport: str
) -> None:
    feed = await serve()
    near = await edges(base(feed))
    await near.reach(feed.position(0))
    far = await edges(near.url)
    await far.reach(feed.position(0))
    told: list[int | str] = []
    after: str | None = feed.position(0)
    last = 0
    for address in ((feed.host, feed.port), far.address, near.address, (feed.host, feed.port)):
        reader = await open_reader(transport, address, after=after)
        await feed.publish(*trades(last + 1, last + 3))
        while not told or told[-1] != last + 3:
            messages, position = await reader.read()
            told += [message["i"] for message in messages if message["T"] == "t"]
            after = position or after
        last += 3
        reader.abort()
    assert told == [*range(1, 13)]


async def test_whoever_is_further_than_a_follower_waits_for_what_follows(
    edges: Edges, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, "FINITE_S", 0.0)
    async with Leader() as leader:
        leader.cut(1, row(1))
        edge = await edges(leader.url)
        await edge.reach("lead-1")
        reader = await open_reader("sse-json", edge.address, after="lead-3")
        history = await RawHttp.get(edge.address, "/v1/history?trades=*&after=lead-3")
        assert (history.status, history.headers["Retry-After"]) == (503, "1")
        assert "lead-3 has not arrived here yet" in (await history.document())["detail"]
        leader.cut(2, row(2), row(3), row(4))
        assert await numbers(reader, 4) == [4]


async def test_a_link_that_is_cut_loses_nothing_and_is_told(serve: Serve, edges: Edges) -> None:
    feed = await serve()
    await feed.publish(trade(1))
    edge = await edges(base(feed))
    await edge.reach(feed.position(1))
    reader = SseReader(await RawHttp.get(edge.address, "/v1/sse?trades=*"))
    [session] = feed.hub.sessions.values()
    session.connection.transport.abort()
    await feed.publish(trade(2))
    words: list[tuple[str, str]] = []
    told: list[int] = []
    while len(words) < 2 or not told:
        messages, _ = await reader.read()
        for message in messages:
            if message["T"] == "feed":
                words.append((message["source"], message["state"]))
            elif message["T"] == "t":
                told.append(message["i"])
    assert words == [("feed", "source_down"), ("feed", "live")]
    assert told == [2]
    account = edge.source.account
    assert (account.ends[End.CUT], account.resumed, edge.hub.relay.epochs) == (1, 1, 1)


@pytest.mark.parametrize("bye", [True, False])
@pytest.mark.parametrize(("leaves", "level"), [(True, "warning"), (False, "error")])
async def test_only_a_server_that_leaves_in_order_is_no_error(
    edges: Edges, *, leaves: bool, level: str, bye: bool
) -> None:
    async with Leader() as leader:
        edge = await edges(leader.url)
        leader.cut(1, row(1))
        await edge.reach("lead-1")
        with capture_logs() as told:
            if leaves:
                leader.say({"T": "leaving", "retry_ms": 1})
            if bye:
                leader.say({"T": "bye", "code": "server", "msg": "it ends"})
            leader.hang_up()
            await until(lambda: edge.side.failures)
    levels = [each["log_level"] for each in told if each["event"] == "source_failed"]
    assert levels[:1] == [level]


async def test_another_epoch_of_the_followed_server_is_told_to_those_that_are_there(
    edges: Edges,
) -> None:
    async with Leader() as leader:
        leader.cut(1, row(1), row(2))
        edge = await edges(leader.url)
        await edge.reach("lead-2")
        reader = await open_reader("stream-json", edge.address, after="lead-1")
        assert await numbers(reader, 2) == [2]
        leader.say({"T": "gap", "from": "lead-3", "to": "new-0", "reason": "epoch"})
        leader.cut(1, row(7), epoch="new")
        assert await numbers(reader, 7) == ["gap lead-3 new-0 epoch", 7]
        assert edge.position == "new-1"
        assert edge.hub.broadcast.snapshot.ticks() == [trade(7)]


async def test_what_the_followed_server_has_lost_is_a_hole_and_then_the_state(edges: Edges) -> None:
    async with Leader() as leader:
        leader.cut(1, row(1))
        edge = await edges(leader.url)
        await edge.reach("lead-1")
        reader = await open_reader("websocket-json", edge.address, after="lead-1")
        leader.say({"T": "gap", "from": "lead-2", "to": "lead-4", "reason": "overrun"})
        leader.cut(5, row(5))
        leader.say({"T": "snapshot", "state": "begin", "pos": "lead-5"})
        leader.say(row(3), row(5))
        leader.say({"T": "snapshot", "state": "end", "pos": "lead-5"})
        assert await numbers(reader, 5) == ["gap lead-2 lead-4 lost", 5]
        assert edge.ticks() == [trade(1), None, None, None, trade(5)]
        assert (edge.hub.relay.missing, edge.source.account.gaps) == (3, 1)


async def test_what_does_not_add_up_ends_the_connection_and_the_next_goes_on_from_there(
    edges: Edges,
) -> None:
    async with Leader() as leader:
        leader.cut(1, row(1), row(2))
        edge = await edges(leader.url)
        await edge.reach("lead-2")
        leader.cut(4, row(4))
        await until(lambda: edge.side.failures == 1)
        assert "4 came where 3 was due" in edge.side.last_error
        await until(lambda: len(leader.asked) == 2)
        leader.cut(3, row(3))
        await edge.reach("lead-3")
        assert leader.asked == [{"after": "0", "snapshot": "1"}, {"after": "lead-2"}]
        assert edge.source.account.ends[End.OUT_OF_SEQUENCE] == 1
        assert edge.ticks() == [trade(1), trade(2), trade(3)]


async def test_kinds_that_nobody_knows_go_on_to_followers_and_to_nobody_else(edges: Edges) -> None:
    async with Leader() as leader:
        leader.cut(1, row(1), ROOM, row(3))
        near = await edges(leader.url)
        await near.reach("lead-3")
        far = await edges(near.url)
        await far.reach("lead-3")
        http = await RawHttp.get(far.address, "/v1/follow?after=lead-0")
        lines = [orjson.loads(await http.up_to(b"\n")) for _ in range(2)]
        assert lines[1][:-1] == [row(1), ROOM, row(3)]
        reader = await open_reader("stream-json", far.address, after="lead-0")
        assert await numbers(reader, 3) == [1, 3]


async def test_what_was_told_of_sources_goes_on_also_if_it_changed_meanwhile(edges: Edges) -> None:
    def said(state: str, source: str = "sim") -> Message:
        return {"T": "feed", "state": state, "source": source, "reason": "", "t": "x"}

    async with Leader() as leader:
        leader.greeting = {"feeds": [said("source_down")]}
        leader.cut(1, row(1))
        edge = await edges(leader.url)
        await edge.reach("lead-1")
        behind = edge.hub.audience.behind
        leader.say(said("source_down", "feed"))
        await until(lambda: len(behind.announced) == 2)
        assert [feed["source"] for feed in behind.announced] == ["sim", "feed/feed"]
        leader.greeting = {"feeds": []}
        leader.hang_up()
        await until(lambda: len(leader.asked) == 2)
        await until(lambda: {feed["state"] for feed in behind.announced} == {"live"})


async def test_nobody_is_let_in_before_it_is_known_what_positions_mean(edges: Edges) -> None:
    async with Leader() as leader:
        edge = await edges(leader.url)
        await until(lambda: edge.side.up)
        ready = await RawHttp.get(edge.address, "/readyz")
        assert ready.status == 503
        reader = SseReader(await RawHttp.get(edge.address, "/v1/sse?trades=*"))
        [bye], _ = await reader.read()
        assert (bye["reason"], bye["reconnect"]) == ("not_ready", True)
        leader.say({"T": "mark", "pos": "lead-0", "t": "x"})
        await edge.reach("lead-0")
        assert (await RawHttp.get(edge.address, "/readyz")).status == 200


async def test_a_server_that_is_silent_is_given_up(
    edges: Edges, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feed.sources.follow.source.LEAST_SILENCE_S", 0.02)
    async with Leader(greeting={"keepalive_ms": 1}) as leader:
        edge = await edges(leader.url)
        await until(lambda: edge.source.account.ends[End.SILENT])


async def test_only_a_key_with_the_grant_lets_follow(
    serve: Serve, edges: Edges, tmp_path: Path
) -> None:
    keys = KeysFile(tmp_path / "keys.toml")
    plain, follower = keys.add("plain"), keys.add("edge", follow=True)
    feed = await serve(keys=keys.path)
    file = tmp_path / "upstream"
    file.write_text(f"FEED_KEY={plain.id}\nFEED_SECRET={plain.secret}\n")
    edge = await edges(base(feed), str(file))
    await until(lambda: edge.side.failures)
    assert "following this server is not granted" in edge.side.last_error
    assert plain.secret not in edge.side.last_error
    file.write_text(f"FEED_KEY={follower.id}\nFEED_SECRET={follower.secret}\n")
    await edge.reach(feed.position(0))  # the file is read anew
    assert edge.source.account.ends[End.REFUSED] == 1


@pytest.mark.parametrize(
    "first",
    [
        {"T": "mark", "pos": "lead-0"},
        {"T": "follow", "v": 2},
        {"T": "bye", "msg": "not now"},
        {"T": "t"},
    ],
)
async def test_who_greets_otherwise_is_not_followed(edges: Edges, first: Message) -> None:
    async with Leader(greeting={**dict.fromkeys(("v", "pos"), None), **first}) as leader:
        edge = await edges(leader.url)
        await until(lambda: edge.side.failures)
        assert leader.url in edge.side.last_error
        assert not edge.hub.relay.has_begun


async def test_a_refusal_says_its_status_and_how_long_to_stay_away(edges: Edges) -> None:
    async with Leader(answers=[503]) as leader:
        edge = await edges(leader.url)
        await until(lambda: edge.side.failures)
        assert f"{leader.url}/v1/follow: 503 Service Unavailable: not now" in edge.side.last_error


async def test_it_is_the_only_source_and_keeps_no_state(tmp_path: Path) -> None:
    follow = NamedSource("a", FollowSource("http://x"))
    with pytest.raises(InvalidParameter, match="one alone, since sequences"):
        await make_app(Settings(), [follow, NamedSource("b", ScriptedSource())])
    with pytest.raises(InvalidParameter, match="given by the server that it follows"):
        await make_app(Settings(state=tmp_path), [follow])


async def test_its_bars_are_kept_and_it_states_nothing_of_symbols(edges: Edges) -> None:
    async with Leader() as leader:
        [fragment] = encode_events(CODECS["json"], [bar()], opaque=False)
        leader.cut(1, row(1), orjson.loads(CODECS["json"].join([fragment]))[0])
        edge = await edges(leader.url)
        await edge.reach("lead-2")
        answer = await RawHttp.get(edge.address, "/v1/bars?symbol=AAPL&timeframe=1m")
        assert len(orjson.loads(await answer.body())["bars"]) == 1
