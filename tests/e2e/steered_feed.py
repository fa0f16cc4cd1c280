"""`feed serve` with a simulated source that obeys: `python -m tests.e2e.steered_feed [OPTIONS]`.

A line on standard input is an order:

    every SECONDS  give a few ticks in so many seconds, and drop the others; 0: give all
    mute A,B       give nothing of these symbols
    stall          give nothing
    die            end with an error, and cannot be opened
    hold SECONDS   hold the event loop between a tick and its cut, again and again
    go             none of all this any more
    age SECONDS    give ticks that happened so long before
    odd            give a late trade and a stray one, once
    collect        leave garbage, and collect it
    eat            take memory

Shared compressors have no more memory than three small lanes take.
"""

import asyncio
import gc
import os
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import replace

from feed.broadcast.compressor_budget import CompressorBudget
from feed.cli.commands import run
from feed.errors import SourceError
from feed.market.ticks import SECOND_NS, Tick, Trade
from feed.sources.catalog import BUILT_IN
from feed.sources.simulated.options import SimulatedOptions
from feed.sources.simulated.source import SimulatedSource
from feed.sources.source import Source

COMPRESSOR_MEMORY_BYTES = 120_000
HOLD_EVERY_S = 0.3  # less than between two looks at the lag: nearly all of these are late
QUIET_S = 0.25
QUIET_TICKS = 4
HELD_TICKS = 100
MEAL_BYTES = 150_000_000  # twice what the program takes by itself


class SteeredSource(SimulatedSource):
    """The simulated market, with its bad days on order."""

    def __init__(self, options: SimulatedOptions) -> None:
        assert isinstance(options.symbols, int)
        super().__init__(symbols=options.symbols, rate=options.rate, seed=5)
        self._every_s = QUIET_S
        self._kept_at_s = 0.0
        self._muted: frozenset[str] = frozenset()
        self._going = asyncio.Event()
        self._going.set()
        self._dead = False
        self._hold_s = 0.0
        self._held_at_s = 0.0
        self._aged_ns = 0
        self._is_odd = False
        self._eaten = b""

    async def open(self) -> None:
        asyncio.get_running_loop().add_reader(sys.stdin.fileno(), self._hear)
        if self._dead:
            raise SourceError("steered: told to be dead")
        await super().open()

    async def batches(self) -> AsyncIterator[list[Tick]]:
        async for ticks in super().batches():
            if self._dead:
                raise SourceError("steered: told to die")
            await self._going.wait()
            heard = [tick for tick in ticks if tick.symbol not in self._muted]
            if not heard or time.monotonic() < self._kept_at_s + self._every_s:
                continue
            self._kept_at_s = time.monotonic()
            # A machine that is busy hands over what it is late with in long lists; and what comes
            # after a hold must not be so much that what was held is no hundredth of it.
            if self._every_s or self._hold_s:
                heard = heard[: QUIET_TICKS if self._every_s else HELD_TICKS]
            if self._aged_ns:
                heard = [replace(tick, event_ns=tick.event_ns - self._aged_ns) for tick in heard]
            if self._is_odd:
                self._is_odd = False
                heard += _odd_ones(heard)
            yield heard
            if self._hold_s and time.monotonic() > self._held_at_s + HOLD_EVERY_S:
                time.sleep(self._hold_s)  # noqa: ASYNC251 - to hold the loop is the order
                self._held_at_s = time.monotonic()

    def _hear(self) -> None:
        lines = os.read(sys.stdin.fileno(), 65_536).decode().splitlines()
        # Of a busy machine many wait by now: each is obeyed once, or it would never catch up.
        for line in reversed(dict.fromkeys(reversed(lines))):
            order, _, word = line.partition(" ")
            getattr(self, f"_{order}")(*filter(None, [word]))

    def _every(self, seconds: str) -> None:
        self._every_s = float(seconds)

    def _mute(self, symbols: str) -> None:
        self._muted = frozenset(symbols.split(","))

    def _stall(self) -> None:
        self._going.clear()

    def _die(self) -> None:
        self._dead = True

    def _hold(self, seconds: str) -> None:
        self._hold_s = float(seconds)

    def _age(self, seconds: str) -> None:
        self._aged_ns = round(float(seconds) * SECOND_NS)

    def _go(self) -> None:
        self._dead, self._muted, self._hold_s, self._aged_ns = False, frozenset(), 0.0, 0
        self._eaten = b""
        self._going.set()

    def _odd(self) -> None:
        self._is_odd = True

    def _collect(self) -> None:
        _leave_garbage()
        gc.collect()

    def _work(self, seconds: str) -> None:
        """Take so much of the processor, in turns that let scrapes be answered."""
        until_s = time.thread_time() + float(seconds)
        while time.thread_time() < until_s:
            pass

    def _eat(self) -> None:
        if not self._eaten:  # or it would do little else, and be late for scrapes
            self._eaten = b"x" * MEAL_BYTES


class SteeredOptions(SimulatedOptions):
    """The options of the simulated market, for the steered one."""

    def make(self) -> Source:
        return SteeredSource(self)


def _odd_ones(ticks: list[Tick]) -> list[Tick]:
    """Return trades whose times are those of the second before last, and of another year."""
    trades = [tick for tick in ticks if isinstance(tick, Trade)]
    late = [replace(trade, event_ns=trade.event_ns - 2 * SECOND_NS) for trade in trades]
    stray = [replace(trade, event_ns=trade.event_ns - 365 * 86_400 * SECOND_NS) for trade in trades]
    return [*late, *stray]


def _leave_garbage() -> None:
    for _ in range(1_000):
        loop: list[object] = []
        loop.append(loop)


if __name__ == "__main__":
    CompressorBudget.__init__.__defaults__ = (COMPRESSOR_MEMORY_BYTES,)
    BUILT_IN["sim"] = f"{__name__}:SteeredOptions"
    sys.exit(run(["serve", *sys.argv[1:]]))
