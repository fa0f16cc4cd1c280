"""An exchange as a source: what a program of its own writes into a pipe.

ccxt takes a second to import, 109 MB, and blocks its loop while it reads markets: none of that is
on the server's loop. The program ends with the server, however that ends. When it ends by itself
the source fails, and whoever runs sources opens it anew; the next program is told the last trade of
each symbol, so that nothing is told twice that an exchange repeats.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace

from feed.errors import SourceError
from feed.logger import logger_of
from feed.market.ticks import Kind, Tick, Trade
from feed.sources.exchanges.child import PROGRAM, Child
from feed.sources.exchanges.orders import Order
from feed.sources.exchanges.sayings import Saying
from feed.sources.piped.source import PipedSource
from feed.sources.source import Instrument

HANG_S = 60.0  # without a sign of life; importing and markets take seconds
_LOOKS = 12  # for one, in that time
_PATIENCE_S = 5.0  # with a program that was killed

log = logger_of("feed.exchanges")


class ExchangeSource:
    """Trades, and best bids and asks, of some symbols of an exchange."""

    name = "ccxt"
    can_wait = False
    live = True
    recorded_kinds: frozenset[Kind] = frozenset()
    passes = 0
    clocks_ns = None

    def __init__(
        self, order: Order, *, program: Sequence[str] = PROGRAM, hang_s: float = HANG_S
    ) -> None:
        """Choose what is watched.

        Args:
            order: what.
            program: that watches it.
            hang_s: after so long without a sign of life the program is ended.
        """
        self._order = order
        self._program = program
        self._hang_ns = int(hang_s * 1e9)
        self._told = dict(order.told)
        self._child: Child | None = None
        self._watch: asyncio.Task[None] | None = None
        self._piped = PipedSource(
            name=f"ccxt:{order.exchange}", open_pipe=self._start, close_pipe=True
        )

    @property
    def rows_skipped(self) -> Mapping[str, int]:
        """What was no tick, by reason."""
        return self._piped.rows_skipped

    @property
    def numbers_trades(self) -> bool:
        """Whether a trade came without an id."""
        return self._piped.numbers_trades

    def instruments(self) -> list[Instrument]:
        """Return the symbols that the exchange has of those that are watched."""
        return self._piped.instruments()

    def instrument(self, symbol: str) -> Instrument | None:
        """Return one of them."""
        return self._piped.instrument(symbol)

    async def open(self) -> None:
        """Start the program, and wait until it has the markets.

        Raises:
            SourceError: it cannot be started, or ends before; the message says why.
        """
        told = {} if self.numbers_trades else self._told
        self._child = Child(self._program, replace(self._order, told=told), self._hear)
        await self._piped.open()
        self._watch = asyncio.create_task(self._look_for_life(self._child))
        if not await self._piped.begin():
            raise await self._end()

    async def batches(self) -> AsyncIterator[list[Tick]]:
        """Yield ticks as they come.

        Raises:
            SourceError: the program has ended; the message says why.
        """
        async for ticks in self._piped.batches():
            yield ticks
            for tick in ticks:
                if type(tick) is Trade:
                    self._told[tick.symbol] = tick.exact_id or str(tick.trade_id)
        raise await self._end()

    async def close(self) -> None:
        """End the program."""
        child, self._child = self._child, None
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.cancel()
        if child is not None:
            child.kill()
        await self._piped.close()
        if child is not None:
            async with asyncio.timeout(_PATIENCE_S):
                await child.over()

    def _start(self) -> int:
        """Start the program, in the thread that reads it; return what it writes to."""
        child = self._child
        if child is None:
            raise SourceError("it was closed before it began")
        return child.start()

    async def _end(self) -> SourceError:
        """Return why the program has closed its end of the pipe."""
        child = self._child
        if child is None:
            return SourceError(f"ccxt:{self._order.exchange}: it was closed")
        child.kill()  # without its pipe it is of no use
        await child.over()
        return SourceError(f"ccxt:{self._order.exchange}: {child.why()}")

    async def _look_for_life(self, child: Child) -> None:
        """End a program that hangs: it gives a sign of life every few seconds."""
        while True:
            await asyncio.sleep(self._hang_ns / 1e9 / _LOOKS)
            since_ns = self._piped.waits_since_ns
            if since_ns and time.monotonic_ns() - since_ns > self._hang_ns:
                silent_s = self._hang_ns / 1e9
                child.kill(f"its program gave no sign of life for {silent_s:g} s, and is ended")
                return

    def _hear(self, saying: Saying) -> None:
        tell = log.info if saying.level == "info" else log.warning
        tell("exchange", exchange=self._order.exchange, says=saying.words)
