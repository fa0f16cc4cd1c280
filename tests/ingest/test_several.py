"""Several sources in one server: each with a clock of its own, and none in the way of another."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from typing import Any, Protocol

import pytest

from feed.errors import SourceError
from feed.http.app import HUB, INGEST, make_app
from feed.hub.clock import SYSTEM_CLOCK, Clock
from feed.ingest import strand
from feed.ingest.runner import Ingest
from feed.ingest.side import Refusal
from feed.market.renames import Renames
from feed.market.symbol_health import Health
from feed.market.ticks import SECOND_NS, Bar, Kind, Tick, Trade
from feed.settings.options import Settings
from feed.sources.named_source import NamedSource
from tests.fakes.hand_clock import HandClock
from tests.fakes.patience import until
from tests.fakes.raw_http import RawHttp
from tests.fakes.readers import open_reader
from tests.fakes.servers import EVENT_NS, FeedServer, ScriptedSource, trade, trades
from tests.fakes.wire import Wire

LEARNT_S = 52  # of a tick a second: then it is known what is usual
MINUTES_NS = 15 * 60 * SECOND_NS


class Several:
    """A server with several scripted sources."""

    def __init__(self, server: FeedServer, sources: Sequence[NamedSource]) -> None:
        app = server.app
        assert app is not None
        assert server.port is not None
        self.hub = app[HUB]
        self.ingest: Ingest = app[INGEST]
        self.address = "127.0.0.1", server.port
        self._sources = {each.name: each.source for each in sources}

    def source(self, name: str) -> ScriptedSource:
        source = self._sources[name]
        assert isinstance(source, ScriptedSource)
        return source

    async def publish(self, name: str, *ticks: Tick) -> None:
        await self.source(name).publish(list(ticks))
        await until(lambda: not self.hub.broadcast.waiting_ticks)

    @property
    def told(self) -> list[Tick]:
        """All that the ring holds."""
        ring = self.hub.broadcast.ring
        return list(ring.read(ring.oldest - 1, ring.newest))

    async def status(self) -> dict[str, Any]:
        answer = await RawHttp.get(self.address, "/v1/status")
        document: dict[str, Any] = await answer.document()
        return {each["name"]: each for each in document["sources"]} | {"all": document}


class ServeSeveral(Protocol):
    """Starts a server with these sources."""

    async def __call__(
        self,
        *sources: ScriptedSource | NamedSource,
        clock: Clock = SYSTEM_CLOCK,
        **settings: Any,
    ) -> Several: ...


@pytest.fixture
async def several(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ServeSeveral]:
    """Serve sources, called a, b and c, or as they are named."""
    monkeypatch.setattr(strand, "_FIRST_BACKOFF_S", 0.01)
    async with AsyncExitStack() as servers:

        async def start(
            *sources: ScriptedSource | NamedSource,
            clock: Clock = SYSTEM_CLOCK,
            **settings: Any,
        ) -> Several:
            named = [
                each if isinstance(each, NamedSource) else NamedSource(name, each)
                for name, each in zip("abc", sources, strict=False)
            ]
            app = await make_app(Settings(port=0, **settings), named, clock)
            server = FeedServer(app)
            await servers.enter_async_context(server)
            await until(lambda: all(side.up or side.failures for side in app[INGEST].sides))
            return Several(server, named)

        yield start
        Wire.abort_all()


def own(symbol: str, *, builds_bars: bool = False, can_wait: bool = False) -> ScriptedSource:
    """Return a source that lists this symbol alone."""
    source = ScriptedSource(builds_bars=builds_bars, can_wait=can_wait, lists=[symbol])
    source.listed = [each for each in source.listed if each.symbol == symbol]
    return source


async def test_a_symbol_belongs_to_the_first_that_lists_it(several: ServeSeveral) -> None:
    served = await several(own("A"), own("B"))
    await served.publish("b", trade(1, "A"), trade(2, "B"), trade(3, "NEW"))
    await served.publish("a", trade(4, "A"), trade(5, "B"), trade(6, "NEW"))
    assert [tick.trade_id for tick in served.told if isinstance(tick, Trade)] == [2, 3, 4]
    refused = [side.refused[Refusal.FOREIGN] for side in served.ingest.sides]
    assert refused == [2, 1]
    status = await served.status()
    assert status["a"]["refused"] == {"foreign": 2, "unnamed": 0}
    listed = await (await RawHttp.get(served.address, "/v1/symbols")).document()
    assert [known["symbol"] for known in listed["symbols"]] == ["A", "B"]
    metrics = (await (await RawHttp.get(served.address, "/metrics")).body()).decode()
    assert 'feed_source_refused_ticks_total{reason="foreign",source="a"} 2.0' in metrics
    assert 'feed_ticks_total{kind="t",source="b"} 2.0' in metrics


async def test_renamed_and_prefixed_symbols_are_their_own(several: ServeSeveral) -> None:
    fx = NamedSource("b", own("A"), Renames({"XBT": "BTC/USD"}, "FX:"))
    served = await several(own("A"), fx)
    await served.publish("a", trade(1, "A"))
    await served.publish(
        "b", trade(2, "A"), trade(3, "XBT"), trade(4, "BTC/USD"), trade(5, "Y" * 64)
    )
    assert [tick.symbol for tick in served.told] == ["A", "FX:A", "BTC/USD", "FX:BTC/USD"]
    assert [known.symbol for known in served.ingest.instruments()] == ["A", "FX:A"]
    assert served.ingest.instrument("FX:A") is not None
    assert (await served.status())["b"]["refused"] == {"foreign": 0, "unnamed": 1}


async def test_a_source_that_is_late_gets_its_own_bars(several: ServeSeveral) -> None:
    served = await several(own("A", builds_bars=True), own("B", builds_bars=True))
    for second in range(3):
        at_ns = EVENT_NS + second * SECOND_NS
        await served.publish("a", trade(1 + second, "A", event_ns=at_ns))
        await served.publish("b", trade(1 + second, "B", event_ns=at_ns - MINUTES_NS))
    bars = [(tick.symbol, tick.kind) for tick in served.told if isinstance(tick, Bar)]
    assert sorted(bars) == [("A", Kind.SECOND_BAR)] * 2 + [("B", Kind.SECOND_BAR)] * 2
    for symbol in "AB":
        answer = await RawHttp.get(served.address, f"/v1/bars?symbol={symbol}&timeframe=1s")
        assert len((await answer.document())["bars"]) == 2
    assert [each.bars.late_trades for each in served.ingest.strands] == [0, 0]


async def test_one_that_fails_or_ends_stops_nobody_and_is_told_by_its_name(
    several: ServeSeveral,
) -> None:
    served = await several(own("A"), own("B"))
    reader = await open_reader("sse-json", served.address)
    await until(lambda: len(served.hub.sessions) == 1 and not served.hub.audience.behind)
    served.source("a").fails_to_open = SourceError("still down")
    served.source("a").die(RuntimeError("the line is cut"))
    heard: list[tuple[str, str]] = []
    while len(heard) < 2:
        heard += [
            (each["source"], each["state"])
            for each in (await reader.read())[0]
            if each["T"] == "feed"
        ]
    assert heard == [("a", "source_down"), ("a", "live")]
    served.source("a").end()
    await until(lambda: served.ingest.strands[0].finished)
    await served.publish("b", trade(1, "B"))
    late = await open_reader("sse-json", served.address)
    [down], _ = await late.read()
    assert (down["T"], down["source"], down["reason"]) == ("feed", "a", "finished")
    status = await served.status()
    assert [status[name]["feed"]["state"] for name in "ab"] == ["source_down", "live"]
    assert status["all"]["feed"] == {"state": "live", "reason": ""}
    assert (status["a"]["failures"], status["b"]["failures"]) == (2, 0)


async def test_a_recording_that_is_held_holds_nobody_else(several: ServeSeveral) -> None:
    served = await several(
        own("A", can_wait=True), own("B"), ring=64, high_water_bytes=4_096, slow_timeout_s=3_600
    )
    await open_reader("websocket-json", served.address, receive_buffer_bytes=4_096)
    await until(lambda: len(served.hub.sessions) == 1 and not served.hub.audience.behind)
    recording, live = served.ingest.strands
    first = 1
    while not recording.waits:
        served.source("a").give(trades(first, first + 15, "A"))
        first += 16
        await until(lambda: recording.waits or served.source("a").is_idle)
    await served.publish("b", trade(1, "B"))
    assert served.told[-1] == trade(1, "B")
    assert (recording.ticks[Kind.TRADE], live.waits) == (recording.sides[0].taken_ticks, 0)


async def test_health_is_that_of_each_source(several: ServeSeveral) -> None:
    clock = HandClock()
    served = await several(own("A"), own("B"), clock=clock.clock)
    for _ in range(LEARNT_S):
        clock.pass_s(1)
        for name, symbol in (("a", "A"), ("b", "B")):
            await served.publish(name, trade(1, symbol, event_ns=clock.wall_ns))
        await served.ingest.state_health()
    for _ in range(22):
        clock.pass_s(1)
        await served.publish("b", trade(1, "B", event_ns=clock.wall_ns))
        await served.ingest.state_health()
    a, b = (each.health for each in served.ingest.strands)
    assert (a.feed.reason, b.feed.reason) == ("silent", "")
    assert (a.counts[Health.SOURCE_DOWN], b.counts[Health.LIVE]) == (1, 1)
    assert served.ingest.symbols[Health.LIVE] == 1
    assert served.ingest.sides[0].silent is True


async def test_a_pair_tells_each_tick_once_over_a_cut_and_a_delay(several: ServeSeveral) -> None:
    clock = HandClock()
    served = await several(
        own("A", builds_bars=True), own("A", builds_bars=True), clock=clock.clock, pair=("a,b",)
    )
    market = [trade(second, "A", event_ns=EVENT_NS + second * SECOND_NS) for second in range(60)]
    for second, tick in enumerate(market):
        clock.pass_s(1)
        if not 10 <= second < 20:  # a is cut for ten seconds
            await served.publish("a", tick)
        if second < 30:
            await served.publish("b", tick)
        elif second >= 37:  # b is seven seconds late
            await served.publish("b", market[second - 7])
    told = served.told
    assert [tick for tick in told if isinstance(tick, Trade)] == market
    starts = [
        tick.event_ns for tick in told if isinstance(tick, Bar) and tick.kind is Kind.SECOND_BAR
    ]
    assert starts == [tick.event_ns for tick in market[:-1]], "bars of both sides together"
    status = await served.status()
    assert status["a"]["pair"] == {"of": "a+b", "firsts": 50, "repeats": 0, "missed": 0}
    assert status["b"]["pair"] == {"of": "a+b", "firsts": 10, "repeats": 43, "missed": 0}
    metrics = (await (await RawHttp.get(served.address, "/metrics")).body()).decode()
    assert 'feed_pair_ticks_total{outcome="repeats",source="b"} 43.0' in metrics


async def test_a_side_that_falls_silent_is_told_and_subscribers_are_not_alarmed(
    several: ServeSeveral,
) -> None:
    clock = HandClock()
    served = await several(own("A"), own("A"), clock=clock.clock, pair=("a,b",))
    for second in range(LEARNT_S + 25):
        clock.pass_s(1)
        tick = trade(second, "A", event_ns=clock.wall_ns)
        await served.publish("a", tick)
        if second < LEARNT_S:
            await served.publish("b", tick)
        await served.ingest.state_health()
    assert [side.silent for side in served.ingest.sides] == [False, True]
    assert served.ingest.feed.state is Health.LIVE
    assert [tick.kind for tick in served.told if tick.kind is Kind.STATUS] == []
    metrics = (await (await RawHttp.get(served.address, "/metrics")).body()).decode()
    assert 'feed_source_up{source="b"} 1.0' in metrics
    served.source("a").die(RuntimeError("cut"))
    await until(lambda: served.ingest.sides[0].failures)
    await served.publish("b", trade(99, "A", event_ns=clock.wall_ns))
    assert served.told[-1] == trade(99, "A", event_ns=clock.wall_ns)
    await served.ingest.state_health()
    assert not served.ingest.sides[1].silent
