"""The pushed source: batches that others hand over, one after another.

Whoever hands a batch over waits until all of it has its sequences, so that producers are slowed
down where the ring is slower, and no queue grows but by their number. Whether a batch was applied
before is asked when its turn has come: then no other one can be applied in between. Knows no hub,
no transport and no clock.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from feed.errors import LimitExceeded, SourceError
from feed.market.receipts import Duplicate, New, Producer, TooOld
from feed.market.ticks import Kind, Quote, Tick, Trade
from feed.sources.pushed.batch import Batch
from feed.sources.pushed.flaws import BatchRefused, Flaw
from feed.sources.pushed.rows import RowReader
from feed.sources.replay.listing import Listings
from feed.sources.replay.object_rows import BAR_KINDS
from feed.sources.source import Instrument


@dataclass(frozen=True, slots=True)
class Applied:
    """A batch has its sequences.

    Attributes:
        ticks: how many of it are told; others belong to another source by now, or came by the
            other side of a pair.
        last: the sequence of the last one.
    """

    ticks: int
    last: int


Outcome = Applied | Duplicate


class PushedSource:
    """A source whose ticks are pushed, live.

    Attributes:
        name: for metrics and `/v1/status`.
        recorded_kinds: bars, where they are pushed.
        reader: reads its rows.
        ticks_per_s: the most of one producer; None: any number.
        batches_taken: how many were applied.
        duplicates: how many were not, since they were before.
        refused: how many were not taken, by flaw.
    """

    can_wait = False
    live = True
    passes = 0
    clocks_ns: Sequence[int] | None = None  # nobody judges their times
    rows_skipped: Mapping[str, int] = MappingProxyType({})

    def __init__(
        self, name: str = "push", *, bars: bool = False, ticks_per_s: int | None = None
    ) -> None:
        """Make a source that is not open.

        Args:
            name: for metrics and `/v1/status`.
            bars: whether bars are pushed as well, so that none are made.
            ticks_per_s: the most of one producer.
        """
        self.name = name
        self.recorded_kinds: frozenset[Kind] = BAR_KINDS if bars else frozenset()
        self.reader = RowReader(bars=bars)
        self.ticks_per_s = ticks_per_s
        self.batches_taken = 0
        self.duplicates = 0
        self.refused: Counter[Flaw] = Counter()
        self._listings = Listings()
        self._instruments: dict[str, Instrument] = {}
        self._waiting: deque[tuple[Batch, asyncio.Future[Outcome]]] = deque()
        self._giving: tuple[Batch, asyncio.Future[Outcome]] | None = None
        self._handed = asyncio.Event()
        self._open = False
        self._when_closed: dict[Callable[[], None], None] = {}  # in the order in which they came

    def when_closed(self, tell: Callable[[], None]) -> Callable[[], None]:
        """Tell somebody when it takes nothing more; return what is to be called to forget that."""
        self._when_closed[tell] = None
        return lambda: self._when_closed.pop(tell, None)

    async def hand(self, batch: Batch) -> Outcome:
        """Hand a batch over, and return when it has its sequences, or had them before.

        Cancelled while it waits, nothing of it is applied.

        Raises:
            BatchRefused: it is older than what is remembered, or there are too many producers.
            SourceError: the server does not run.
        """
        if not self._open:
            raise SourceError(f"{self.name}: it takes nothing now; the server starts, or ends")
        handed: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((batch, handed))
        self._handed.set()
        return await handed

    def count_refused(self, flaw: Flaw) -> None:
        """Count a batch that was not taken."""
        self.refused[flaw] += 1

    # What the runner asks of a source.

    def recall(self, symbol: str, exchange: str, largest_trade_id: int) -> None:
        """Know a symbol that an earlier process told of."""
        self._instruments[symbol] = self._listings.recall(symbol, exchange, largest_trade_id)

    async def open(self) -> None:
        """Let batches be handed over."""
        self._open = True

    def instruments(self) -> list[Instrument]:
        """Return those that had a tick."""
        return sorted(self._instruments.values(), key=lambda each: each.symbol)

    def instrument(self, symbol: str) -> Instrument | None:
        """Return one of them."""
        return self._instruments.get(symbol)

    async def batches(self) -> AsyncIterator[list[Tick]]:
        """Yield what is handed over, for ever; each list is a whole batch."""
        while True:
            while self._waiting:
                batch, handed = self._waiting.popleft()
                if handed.done() or not self._is_new(batch, handed):
                    continue
                self._enlist(batch)
                self._giving = batch, handed
                yield batch.ticks
                self._giving = None
            self._handed.clear()
            await self._handed.wait()

    @property
    def is_open(self) -> bool:
        """Whether batches can be handed over."""
        return self._open

    @property
    def receipt(self) -> tuple[Producer, int] | None:
        """Whose the list is that came last, and its number; None: it has none."""
        return None if self._giving is None else self._giving[0].receipt

    def note_given(self, ticks: int, last: int) -> None:
        """Tell whoever handed over the list that came last: it has its sequences.

        Args:
            ticks: how many of it are told.
            last: the sequence of the last of them.
        """
        assert self._giving is not None, "a list has come"
        _, handed = self._giving
        self.batches_taken += 1
        if not handed.done():
            handed.set_result(Applied(ticks, last))

    async def close(self) -> None:
        """Take nothing more; whoever waits is told."""
        self._open = False
        waiting, self._waiting = [*self._waiting], deque()
        if self._giving is not None:
            waiting.append(self._giving)
            self._giving = None
        for _, handed in waiting:
            if not handed.done():
                handed.set_exception(SourceError(f"{self.name}: it has ended meanwhile"))
        for tell in list(self._when_closed):
            tell()

    # Inside.

    def _is_new(self, batch: Batch, handed: "asyncio.Future[Outcome]") -> bool:
        """Tell whether a batch is to be applied; else its producer is told why not."""
        if batch.judge is None:
            return True
        try:
            verdict = batch.judge()
        except LimitExceeded as error:
            handed.set_exception(BatchRefused(Flaw.PRODUCERS, str(error), retry_s=60.0))
            return False
        if isinstance(verdict, New):
            return True
        if isinstance(verdict, TooOld):
            words = (
                f"the batch is older than what is remembered; accepted: more than {verdict.floor}"
            )
            handed.set_exception(BatchRefused(Flaw.TOO_OLD, words))
        else:
            self.duplicates += 1
            handed.set_result(verdict)
        return False

    def _enlist(self, batch: Batch) -> None:
        """List the symbols of a batch, and number its trades."""
        find, known = self._listings.find, self._instruments
        for firsts in batch.firsts.values():
            for symbol, index in firsts.items():
                if symbol not in known:
                    find(symbol, _exchange_of(batch.ticks[index]))
                    known[symbol] = self._listings.instruments[-1]
        for entry in batch.numbering:
            if isinstance(entry, dict):
                for symbol, largest in entry.items():
                    find(symbol).note_id(largest)
            else:
                trade, number, exact = entry
                trade.trade_id, trade.exact_id = find(trade.symbol).trade_id(number, exact)


def _exchange_of(tick: Tick) -> str:
    """Return where a tick's symbol is traded, as far as it says."""
    if isinstance(tick, Trade):
        return tick.exchange
    return tick.bid_exchange if isinstance(tick, Quote) else ""
