"""The past of the simulated market, as users see it: full charts at once, nothing in streams."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from feed.http.app import HUB, INGEST, make_app
from feed.market.renames import Renames
from feed.market.ticks import MINUTE_NS, SECOND_NS, Bar
from feed.settings.options import Settings
from feed.sources.named_source import NamedSource
from feed.sources.simulated.source import SimulatedSource
from tests.fakes.keys import KeysFile, bearer_of
from tests.fakes.patience import until
from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import FeedServer
from tests.fakes.wire import Wire

NOON_NS = (19_675 * 86_400 + 12 * 3_600 + 25) * SECOND_NS + 500_000_000


def market(*symbols: str, seed: int = 1) -> SimulatedSource:
    return SimulatedSource(symbols=list(symbols), rate=100, seed=seed, start_ns=NOON_NS)


class Market:
    """A server with simulated markets."""

    def __init__(self, server: FeedServer, app: web.Application) -> None:
        assert server.port is not None
        self.app = app
        self._address = "127.0.0.1", server.port

    async def get(self, target: str, headers: dict[str, str] | None = None) -> Any:
        answer = await RawHttp.get(self._address, target, headers or {})
        assert answer.status == 200, await answer.body()
        return await answer.document()

    async def bars(self, symbol: str, timeframe: str, **headers: str) -> Any:
        target = f"/v1/bars?symbol={symbol}&timeframe={timeframe}&limit=10000"
        return await self.get(target, headers)


@asynccontextmanager
async def serving(*sources: NamedSource, **settings: Any) -> AsyncIterator[Market]:
    app = await make_app(Settings(port=0, **settings), sources)
    server = FeedServer(app)
    async with server:
        await until(lambda: all(side.taken_ticks for side in app[INGEST].sides))
        yield Market(server, app)
        Wire.abort_all()


async def test_charts_and_closes_are_full_from_the_first_second_under_any_name() -> None:
    one = NamedSource("md", market("AAPL", "MSFT"))
    other = NamedSource("fx", market("AAPL", "MSFT", seed=2), Renames({"MSFT": "SOFT"}, "X:"))
    async with serving(one, other) as served:
        listed = (await served.get("/v1/symbols"))["symbols"]
        closes = {known["symbol"]: known["previous_close"] for known in listed}
        assert len(closes) == 4
        sectors = (await served.get("/v1/market"))["sectors"]
        opens = {row["symbol"]: row["open"] for each in sectors for row in each["symbols"]}
        assert len(opens) == 4
        for symbol, close in closes.items():
            minutes = await served.bars(symbol, "1m")
            assert len(minutes["bars"]) == 1_440
            assert {bar["S"] for bar in minutes["bars"]} == {symbol}
            assert minutes["bars"][-1]["t"] == "2023-11-14T11:59:00.000000000Z"
            seconds = await served.bars(symbol, "1s")
            assert len(seconds["bars"]) > 3_500
            days = await served.bars(symbol, "1d")
            assert len(days["bars"]) == 365
            assert {bar["T"] for bar in [*days["bars"], days["current"]]} == {"d"}
            assert days["bars"][-1]["t"] == "2023-11-13T00:00:00.000000000Z"
            assert days["bars"][-1]["c"] == close
            assert days["current"]["o"] == opens[symbol]
            assert days["current"]["t"] == "2023-11-14T00:00:00.000000000Z"
            assert days["current"]["n"] > sum(bar["n"] for bar in minutes["bars"][-600:])
        assert closes["AAPL"] != closes["X:AAPL"]
        ring = served.app[HUB].broadcast.ring
        told = ring.read(ring.oldest - 1, ring.newest)
        minute_ns = NOON_NS - NOON_NS % MINUTE_NS
        assert all(tick.event_ns >= minute_ns for tick in told if isinstance(tick, Bar))
        assert all(tick.event_ns >= NOON_NS for tick in told if not isinstance(tick, Bar))


async def test_of_two_sources_only_the_owner_of_a_symbol_tells_its_past() -> None:
    sources = [NamedSource("a", market("AAPL")), NamedSource("b", market("AAPL", "MSFT", seed=2))]
    async with serving(*sources) as served, serving(NamedSource("a", market("AAPL"))) as alone:
        told, wanted = await served.bars("AAPL", "1d"), await alone.bars("AAPL", "1d")
        assert told["bars"] == wanted["bars"]
        builders = [strand.bars for strand in served.app[INGEST].strands]
        assert builders[1].day("MSFT") is not None
        assert builders[1].day("AAPL") is None


async def test_who_is_slowed_sees_the_past_and_who_may_read_no_bars_no_close(
    tmp_path: Path,
) -> None:
    keys = KeysFile(tmp_path / "keys.toml")
    slowed = bearer_of(keys.add("slowed", channels=["bars"], symbols=["*"], conflate="5s"))
    quotes = bearer_of(keys.add("quotes", channels=["quotes"], symbols=["*"]))
    source = NamedSource("md", market("AAPL", "MSFT"))
    async with serving(source, keys=keys.path) as served:
        for timeframe, count in (("1m", 1_440), ("1d", 365)):
            answer = await served.bars("AAPL", timeframe, **slowed)
            assert (len(answer["bars"]), answer["current"]) == (count, None)
        for headers, knows in ((slowed, True), (quotes, False)):
            listed = (await served.get("/v1/symbols", headers))["symbols"]
            assert all((known["previous_close"] is not None) is knows for known in listed)


async def test_the_next_server_goes_on_with_its_own_bars_and_one_past(tmp_path: Path) -> None:
    state = tmp_path / "state"
    async with serving(NamedSource("md", market("AAPL", "MSFT")), state=state) as first:
        asked = {each: await first.bars("AAPL", each) for each in ("1m", "1d")}
        closes = await first.get("/v1/symbols")
    async with serving(NamedSource("md", market("AAPL", "MSFT")), state=state) as second:
        for timeframe, answer in asked.items():
            again = await second.bars("AAPL", timeframe)
            assert again["bars"][: len(answer["bars"])] == answer["bars"]
            assert again["current"]["n"] >= answer["current"]["n"]
            other = await second.bars("MSFT", timeframe)
            assert len(other["bars"]) == len(again["bars"]), "of before the first start"
        assert await second.get("/v1/symbols") == closes
