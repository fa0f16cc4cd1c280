"""Ticks that the program around the server hands over, as `feed.Broadcaster` is given them.

Whoever hands ticks over waits until all of them have their sequences, so that a program that
produces faster than the ring takes is slowed down and keeps no queue here. Knows no hub and no
clock: the time comes with the ticks.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from itertools import islice
from types import MappingProxyType

from feed.errors import SourceError
from feed.market.submissions import Submission, ticks_of
from feed.market.ticks import Kind, Tick, Trade
from feed.sources.replay.listing import Listings
from feed.sources.source import Instrument

START_TIMEOUT_S = 10.0  # that whoever hands ticks over waits for the server to start
SLICE_TICKS = 2_048  # checked, and published, between two turns of the loop: some milliseconds
_HOW = "it runs while the application of app() does, or within `async with broadcaster:`"

_Step = tuple[list[Tick], "asyncio.Future[None]"]


class HandedSource:
    """A source whose ticks are handed over, live.

    Attributes:
        name: for metrics and `/v1/status`.
    """

    can_wait = False
    live = True
    recorded_kinds: frozenset[Kind] = frozenset()
    passes = 0
    clocks_ns: Sequence[int] | None = None  # nobody judges their times
    rows_skipped: Mapping[str, int] = MappingProxyType({})

    def __init__(self, name: str, instruments: Iterable[Instrument] = ()) -> None:
        """Make a source that is not open.

        Args:
            name: for metrics and `/v1/status`.
            instruments: that are listed before their first tick; others come with theirs.
        """
        self.name = name
        self._given = {each.symbol: each for each in instruments}
        self._listings = Listings()
        self._seen: dict[str, Instrument] = {}
        self._giving: asyncio.Future[None] | None = None  # of the list that came last
        self._steps: deque[_Step] = deque()
        self._handed = asyncio.Event()
        self._opened = asyncio.Event()
        self._ended = False

    async def hand(self, submissions: Iterable[Submission], wall_ns: int) -> None:
        """Hand ticks over, all or none, and return when the last of them has its sequence.

        Cancelled, it hands over no more of them; those that are published stay so.

        Args:
            submissions: in order; any number.
            wall_ns: the time of those that tell none.

        Raises:
            InvalidTick: one of them is not accepted.
            SourceError: the server does not run.
        """
        await self.running()
        rest, ticks = iter(tuple(submissions)), list[Tick]()
        numbers: list[int | str | None] = []
        while part := list(islice(rest, SLICE_TICKS)):
            ticks += ticks_of(part, wall_ns, len(ticks))
            numbers += [getattr(submission, "trade_id", None) for submission in part]
            if len(part) == SLICE_TICKS:
                await asyncio.sleep(0)
        for start in range(0, len(ticks), SLICE_TICKS):
            part_of_ticks = ticks[start : start + SLICE_TICKS]
            self._enlist(part_of_ticks, numbers[start : start + SLICE_TICKS])
            published = asyncio.get_running_loop().create_future()
            if self._ended:
                raise self._over()
            self._steps.append((part_of_ticks, published))
            self._handed.set()
            await published

    async def running(self) -> None:
        """Wait until the server has started.

        Raises:
            SourceError: it does not, or has ended.
        """
        if not self._opened.is_set():
            try:
                async with asyncio.timeout(START_TIMEOUT_S):
                    await self._opened.wait()
            except TimeoutError:
                words = f"the broadcaster was not started within {START_TIMEOUT_S:g} s; {_HOW}"
                raise SourceError(words) from None
        if self._ended:
            raise self._over()

    def end(self) -> None:
        """Take nothing more; whoever waits is told."""
        self._ended = True
        self._opened.set()
        while self._steps:
            _, published = self._steps.popleft()
            if not published.done():
                published.set_exception(self._over())

    # What the runner asks of a source.

    def recall(self, symbol: str, exchange: str, largest_trade_id: int) -> None:
        """Know a symbol that an earlier process told of."""
        self._seen[symbol] = self._listings.recall(symbol, exchange, largest_trade_id)

    async def open(self) -> None:
        """Let ticks be handed over."""
        self._opened.set()

    def instruments(self) -> list[Instrument]:
        """Return those that were given, and those that had a tick."""
        return sorted((self._seen | self._given).values(), key=lambda each: each.symbol)

    def instrument(self, symbol: str) -> Instrument | None:
        """Return one of them."""
        return self._given.get(symbol) or self._seen.get(symbol)

    async def batches(self) -> AsyncIterator[list[Tick]]:
        """Yield what is handed over, for ever."""
        while True:
            while self._steps:
                ticks, published = self._steps.popleft()
                if published.done():  # whoever waited has given up
                    continue
                self._giving = published
                yield ticks
                self._giving = None
                if not published.done():
                    published.set_result(None)
            self._handed.clear()
            await self._handed.wait()

    async def close(self) -> None:
        """Tell whoever handed over a list that may be published in part; the others wait."""
        giving, self._giving = self._giving, None
        if giving is not None and not giving.done():
            words = "it ended while these ticks were published: the ring has them, or the first"
            giving.set_exception(SourceError(f"{self.name}: {words}"))

    # Inside.

    def _over(self) -> SourceError:
        return SourceError(f"the broadcaster has ended; {_HOW}")

    def _enlist(self, ticks: Sequence[Tick], numbers: Sequence[int | str | None]) -> None:
        """List the symbols of ticks that are all accepted, and number the trades."""
        for tick, number in zip(ticks, numbers, strict=True):
            exchange = tick.exchange if isinstance(tick, Trade) else ""
            listing = self._listings.find(tick.symbol, exchange)
            tick.symbol = listing.symbol
            if listing.symbol not in self._seen:
                self._seen[listing.symbol] = self._listings.instruments[-1]
            if isinstance(tick, Trade):
                tick.trade_id, tick.exact_id = listing.trade_id(number)
