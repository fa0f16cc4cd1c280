"""A feed server in the test's own process, and a source whose every tick the test decides."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Protocol, TypedDict

from aiohttp.test_utils import TestServer

from feed.generations.model import Model
from feed.http.app import HUB, INGEST, make_app
from feed.http.protocol.runner import Runner
from feed.hub.clock import SYSTEM_CLOCK, Clock
from feed.hub.hub import Hub
from feed.ingest.runner import Ingest
from feed.ingest.side import Side
from feed.ingest.strand import Strand
from feed.market.ticks import SECOND_NS, Bar, Kind, Quote, Status, Tick, Trade
from feed.settings.options import Settings
from feed.sources.source import Instrument
from tests.fakes.patience import PATIENCE_S, until

# 2020-02-22T00:00:00Z. All ticks made here are of one second, so that no bar is finished by itself.
EVENT_NS = 1_582_329_600 * SECOND_NS


def trade(number: int, symbol: str = "AAPL", *, event_ns: int | None = None) -> Trade:
    """Return a trade whose id is its number; price and size follow from it."""
    return Trade(
        symbol=symbol,
        trade_id=number,
        exchange="V",
        price=100 + number % 1_000 / 4,
        size=float(1 + number % 7),
        event_ns=EVENT_NS + number if event_ns is None else event_ns,
        conditions=("@",),
        tape="C",
    )


def trades(first: int, last: int, symbol: str = "AAPL") -> list[Tick]:
    """Return the trades with the numbers from first to last, inclusive."""
    return [trade(number, symbol) for number in range(first, last + 1)]


def quote(number: int, symbol: str = "AAPL") -> Quote:
    return Quote(symbol, "V", 99.5, 1.0, "Q", 100.5, 2.0, EVENT_NS + number, ("R",), "C")


def status(symbol: str = "AAPL") -> Status:
    return Status(symbol, "H", "Trading Halt", "T12", "Additional information", EVENT_NS, "C")


def bar(symbol: str = "AAPL", kind: Kind = Kind.BAR) -> Bar:
    return Bar(kind, symbol, 1.0, 2.0, 0.5, 1.5, 10.0, 3, 1.25, EVENT_NS)


class ScriptedSource:
    """Yields what it is told to, when it is told to; dies or ends when it is told to.

    With `builds_bars=False` the hub weaves no bars in, so a tick's sequence is the number of ticks
    published so far. It lists AAPL, BTC/USD and MSFT, and what it is told to list beside them.

    Attributes:
        listed: the instruments that it lists.
        opened, closed: how often.
        deaths: how often it was told to die, or failed to open.
        fails_to_open: raised by the next `open`, once.
    """

    name = "script"

    def __init__(
        self, *, can_wait: bool = False, builds_bars: bool = False, lists: Iterable[str] = ()
    ) -> None:
        self.can_wait = can_wait
        self.live = not can_wait
        self.passes = 0
        self.clocks_ns: list[int] | None = None
        self.rows_skipped: dict[str, int] = {}
        self.recorded_kinds = frozenset() if builds_bars else frozenset({Kind.BAR})
        self.opened = 0
        self.closed = 0
        self.deaths = 0
        self.fails_to_open: Exception | None = None
        self.listed = [
            Instrument("AAPL", "Apple Inc.", "us_equity", "Technology", "NASDAQ"),
            Instrument("BTC/USD", "Bitcoin", "crypto"),
            Instrument("MSFT", "Microsoft", "us_equity"),
            *(Instrument(symbol, symbol, "us_equity") for symbol in lists),
        ]
        self._steps: asyncio.Queue[tuple[list[Tick], asyncio.Future[None]] | Exception | None]
        self._steps = asyncio.Queue()

    async def open(self) -> None:
        self.opened += 1
        if self.fails_to_open is not None:
            error, self.fails_to_open = self.fails_to_open, None
            self.deaths += 1
            raise error

    def instruments(self) -> list[Instrument]:
        return list(self.listed)

    def instrument(self, symbol: str) -> Instrument | None:
        return next((known for known in self.listed if known.symbol == symbol), None)

    async def batches(self) -> AsyncIterator[list[Tick]]:
        while True:
            step = await self._steps.get()
            if step is None:
                return
            if isinstance(step, Exception):
                raise step
            ticks, published = step
            yield ticks
            if not published.done():  # who waited has not given up
                published.set_result(None)

    async def close(self) -> None:
        self.closed += 1

    async def publish(self, ticks: list[Tick]) -> None:
        """Let the hub publish these, in one list, and return when it asks for more."""
        published = self.give(ticks)
        async with asyncio.timeout(PATIENCE_S):
            await published

    def give(self, ticks: list[Tick]) -> asyncio.Future[None]:
        """Let the hub publish these, in one list, when it asks for them."""
        published = asyncio.get_running_loop().create_future()
        self._steps.put_nowait((ticks, published))
        return published

    @property
    def is_idle(self) -> bool:
        """Whether the hub has asked for all that it was to be given."""
        return self._steps.empty()

    def die(self, error: Exception) -> None:
        self.deaths += 1
        self._steps.put_nowait(error)

    def end(self) -> None:
        self._steps.put_nowait(None)


class FeedServer(TestServer):
    """A server on a free port that handles connections as the program does."""

    async def _make_runner(self, **options: Any) -> Runner:
        return Runner(self.app, self.app[HUB], **options)


@dataclass
class Feed:
    """A server that runs, with its inside within reach."""

    server: TestServer
    settings: Settings
    source: ScriptedSource
    hub: Hub
    ingest: Ingest
    host: str = "127.0.0.1"
    port: int = field(init=False)

    def __post_init__(self) -> None:
        assert self.server.port is not None
        self.port = self.server.port

    @property
    def strand(self) -> Strand:
        """What its source gives."""
        return self.ingest.strands[0]

    @property
    def side(self) -> Side:
        """Its source, and how that is."""
        return self.strand.sides[0]

    @property
    def epoch(self) -> str:
        return self.hub.broadcast.ring.epoch

    def position(self, sequence: int) -> str:
        return f"{self.epoch}-{sequence}"

    def url(self, path: str, scheme: str = "http") -> str:
        return f"{scheme}://{self.host}:{self.port}{path}"

    async def publish(self, *ticks: Tick) -> None:
        """Publish these as one batch, and return when they have been cut."""
        await self.source.publish(list(ticks))
        await until(lambda: not self.hub.broadcast.waiting_ticks)

    async def sessions_reach(self, count: int) -> None:
        """Wait until so many sessions are there and have been given all they are due."""
        await until(lambda: len(self.hub.sessions) == count and not self.hub.audience.behind)


class Paces(TypedDict, total=False):
    """What of `make_app` a test needs otherwise: times, and the model that is built in."""

    last_words_s: float
    sample_s: float
    look_s: float
    embedded: Model


class Serve(Protocol):
    """The `serve` fixture: starts a server with a scripted source, and ends it with the test."""

    async def __call__(
        self,
        source: ScriptedSource | None = None,
        *,
        clock: Clock = SYSTEM_CLOCK,
        paces: Paces | None = None,
        **settings: Any,
    ) -> Feed: ...


async def start_feed(
    servers: AsyncExitStack,
    source: ScriptedSource | None,
    settings: Settings,
    clock: Clock = SYSTEM_CLOCK,
    paces: Paces | None = None,
) -> Feed:
    """Start a server as the program does, until the stack of servers unwinds.

    Returns once the source is open.
    """
    source = ScriptedSource() if source is None else source
    app = await make_app(settings, source, clock, **(paces or {}))
    server = FeedServer(app)
    await servers.enter_async_context(server)
    feed = Feed(server, settings, source, app[HUB], app[INGEST])
    await until(lambda: source.opened)
    return feed
