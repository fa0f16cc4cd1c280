"""The simulated source: a made-up market at a real pace.

`market.py` decides which ticks there are, from the options alone. Here they are only let out when
their time has come by a monotonic clock: late ones are caught up with, none is skipped. Making
a tick takes 1.0 µs (measured with 5 to 5,000 symbols), so 100,000 a second take a tenth of a core.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from math import ceil
from types import MappingProxyType
from typing import Any

from feed.market.past import Past
from feed.market.ticks import SECOND_NS, Kind, Tick
from feed.sources.simulated.instruments import find_instruments
from feed.sources.simulated.market import Market, check_rate
from feed.sources.source import Instrument

MAX_CHUNK_TICKS = 512  # half a millisecond's work at most before others get the loop
TIMER_S = 0.001  # uvloop's timers are not finer, and round a shorter sleep to none
# Above this rate waking for every tick would cost more than the tick: they are let out every 2 ms.
QUANTUM_RATE = 1_000.0
QUANTUM_S = 0.002
_SKIPPED_AT_ONCE = 10_000
# By so much a market that is taken up may be ahead: times never go back, so it would stay there.
_MOST_AHEAD_NS = 60 * SECOND_NS


class SimulatedSource:
    """A market that needs no exchange; same options, same ticks.

    Attributes:
        live: it begins now, and not at a time that was chosen.
        given_ticks: without those of the list that came last.
    """

    name = "sim"
    can_wait = False
    recorded_kinds: frozenset[Kind] = frozenset()
    passes = 0
    clocks_ns = None  # its times are those of a clock
    rows_skipped: Mapping[str, int] = MappingProxyType({})

    def __init__(
        self,
        *,
        symbols: int | list[str],
        rate: float,
        seed: int | None,
        start_ns: int | None = None,
        clock_ns: Callable[[], int] = time.monotonic_ns,
        now_ns: Callable[[], int] = time.time_ns,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """Check the options; the market is made when it is opened.

        Args:
            symbols: their number (5 to 5,000, the best known first), or a list, the busiest first.
            rate: trades and quotes per second over all symbols, from 0.001 to 1,000,000; statuses
                come on top.
            seed: of everything random; by default another one each time.
            start_ns: event time of the first moment; by default the time when it is opened.
            clock_ns: a clock that never goes back, for the pace.
            now_ns: the time of day, asked when it is opened, where there is no `start_ns`.
            sleep: waits for a number of seconds.

        Raises:
            InvalidParameter: `symbols` or `rate` is not accepted; the error names it.
        """
        self._priced = find_instruments(symbols)
        self._by_symbol = {each.instrument.symbol: each.instrument for each in self._priced}
        self._rate = check_rate(rate)
        self._chosen_seed = seed
        self._seed = random.SystemRandom().getrandbits(64) if seed is None else seed
        self._chosen_start_ns = start_ns
        self._start_ns = 0 if start_ns is None else start_ns
        self.live = start_ns is None
        self._clock_ns = clock_ns
        self._now_ns = now_ns
        self._sleep = sleep
        self._shortest_s = QUANTUM_S if rate > QUANTUM_RATE else TIMER_S
        self._market: Market | None = None  # until opened for the first time
        self.given_ticks = 0
        self._last: list[Tick] = []  # the list that came last, until the next one is asked for
        self._passed_ns = 0  # event time up to which ticks were let out
        self._offset_ns = 0  # event time minus the clock's

    async def open(self) -> None:
        """Start the clock; opened again, go on from the last tick that was let out.

        What happens now happens at the present time of day, however long nobody took ticks; what
        began at a time that was chosen goes on from there.
        """
        opened_ns = self._clock_ns()
        self._note_given()
        if self._market is None:
            if self.live:
                self._start_ns = self._now_ns()
            self._passed_ns = self._start_ns
            self._market = self._new_market()
        elif self.live and (behind_ns := self._now_ns() - self._passed_ns) > 0:
            self._market.move_on(behind_ns)
            self._passed_ns += behind_ns
        self._offset_ns = self._passed_ns - opened_ns

    def state(self) -> dict[str, Any]:
        """Return the market, with the options that make it what it is."""
        state = self._options()
        if self._market is not None:
            state |= {
                "seed": self._seed,
                "start_ns": str(self._start_ns),  # it may have more than 64 bits
                "passed_ns": str(self._passed_ns),
                "market": self._market.state(self._last),
            }
        return state

    def resume(self, state: dict[str, Any], skipped_ticks: int) -> bool:
        """Take up the market of another process; False where it is of other options.

        Nor is one that happens now taken up from the future: the clock was wrong, and is not now.
        """
        known = {key: state.get(key) for key in self._options()}
        if known != self._options() or "market" not in state:
            return False
        if self._chosen_seed not in {None, state["seed"]}:
            return False
        if self.live and int(state["passed_ns"]) - self._now_ns() > _MOST_AHEAD_NS:
            return False
        self._seed, self._start_ns = state["seed"], int(state["start_ns"])
        market = self._new_market()
        market.restore(state["market"])
        self._passed_ns = int(state["passed_ns"])
        while skipped_ticks:
            skipped = market.ticks(min(skipped_ticks, _SKIPPED_AT_ONCE))
            skipped_ticks -= len(skipped)
            self._passed_ns = skipped[-1].event_ns
        self._market = market
        self._last = []
        return True

    def _note_given(self) -> None:
        """Count the list that came last."""
        self.given_ticks += len(self._last)
        self._last = []

    def _options(self) -> dict[str, Any]:
        start_ns = self._chosen_start_ns
        return {
            "symbols": [each.instrument.symbol for each in self._priced],
            "rate": str(self._rate),
            "start": None if start_ns is None else str(start_ns),
        }

    def _new_market(self) -> Market:
        return Market(self._priced, rate=self._rate, seed=self._seed, start_ns=self._start_ns)

    def past(self) -> Past:
        """Return what was before its first tick, once it is open: the same for the same options."""
        assert self._market is not None, "a source is opened before it is asked for its past"
        return self._market.past(self._rate, self._seed)

    def instruments(self) -> list[Instrument]:
        """Return all instruments, sorted by symbol."""
        return sorted(self._by_symbol.values(), key=lambda instrument: instrument.symbol)

    def instrument(self, symbol: str) -> Instrument | None:
        """Return one of them."""
        return self._by_symbol.get(symbol)

    async def batches(self) -> AsyncIterator[list[Tick]]:
        """Yield ticks as they fall due, for ever: at most 512 at a time."""
        market = self._market
        assert market is not None, "a source is opened before it is iterated"
        offset_ns = self._offset_ns
        while True:
            ticks = market.due(self._clock_ns() + offset_ns, MAX_CHUNK_TICKS)
            if ticks:
                self._passed_ns = ticks[-1].event_ns
                self._last = ticks
                yield ticks
                self._note_given()
            if len(ticks) == MAX_CHUNK_TICKS:
                await self._sleep(0)  # more may be due, but others have their turn first
            else:
                wait_ns = market.next_event_ns - offset_ns - self._clock_ns()
                timer_ticks = ceil(wait_ns / (TIMER_S * SECOND_NS))
                await self._sleep(max(self._shortest_s, timer_ticks * TIMER_S))

    async def close(self) -> None:
        """Do nothing: there is nothing to release, and the market is kept for the next `open`."""
