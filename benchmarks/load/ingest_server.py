"""A server whose source never waits: how many ticks a second does one core take in?

The application is the real one, with snapshot, bars and all subscribers that connect; only the
source is made for this: it holds all its ticks ready, and hands them out as fast as they are taken.
Says `port N`, waits for a subscriber, and when the last tick was taken, one line of JSON.
"""

import argparse
import asyncio
import gc
import json
import time
from collections.abc import AsyncIterator, Mapping
from types import MappingProxyType

import uvloop
from aiohttp import web

from feed.http.app import make_app
from feed.market.ticks import Kind, Tick
from feed.settings.options import Settings
from feed.sources.simulated.instruments import find_instruments
from feed.sources.simulated.market import Market
from feed.sources.source import Instrument

SYMBOLS = 100
MARKET_RATE = 50_000  # ticks per second of event time, so that bars are finished on the way
_GC_THRESHOLD = (10_000, 250, 100)  # as `feed serve` has it


class ReadySource:
    """A live source that has everything ready.

    Attributes:
        cpu_s, seconds: of this process, from the first tick's being taken to the last one's.
        finished: set when the last one was taken.
    """

    name = "ready"
    can_wait = False
    live = True
    recorded_kinds: frozenset[Kind] = frozenset()
    passes = 0
    clocks_ns = None
    rows_skipped: Mapping[str, int] = MappingProxyType({})

    def __init__(self, ticks: int, batch: int) -> None:
        self._market = Market(
            find_instruments(SYMBOLS), rate=MARKET_RATE, seed=1, start_ns=time.time_ns()
        )
        self._batches = [self._market.due(1 << 62, batch) for _ in range(max(1, ticks // batch))]
        self.cpu_s = 0.0
        self.seconds = 0.0
        self.finished = asyncio.Event()

    @property
    def ticks(self) -> int:
        """How many there are."""
        return sum(map(len, self._batches))

    async def open(self) -> None:
        """Do nothing: all is ready."""

    def instruments(self) -> list[Instrument]:
        """Return all instruments, sorted by symbol."""
        known = (priced.instrument for priced in find_instruments(SYMBOLS))
        return sorted(known, key=lambda instrument: instrument.symbol)

    def instrument(self, symbol: str) -> Instrument | None:
        """Return one of them."""
        return next((known for known in self.instruments() if known.symbol == symbol), None)

    async def batches(self) -> AsyncIterator[list[Tick]]:
        """Yield everything, without ever waiting; then nothing more."""
        began_s, began_cpu_s = time.perf_counter(), time.process_time()
        for batch in self._batches:
            yield batch
        self.seconds = time.perf_counter() - began_s
        self.cpu_s = time.process_time() - began_cpu_s
        self.finished.set()
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Do nothing."""


async def serve(ticks: int, batch: int) -> None:
    """Serve until the last tick was taken."""
    source = ReadySource(ticks, batch)
    app = await make_app(Settings(port=0, wait_for=1), source)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_GC_THRESHOLD)
        print("port", runner.addresses[0][1], flush=True)
        await source.finished.wait()
        found = {"ticks": source.ticks, "seconds": source.seconds, "cpu_s": source.cpu_s}
        print("result", json.dumps(found), flush=True)
        await asyncio.sleep(1)  # the reader of this line still reads our /proc
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--ticks", type=int, required=True)
    parser.add_argument("--batch", type=int, required=True)
    options = parser.parse_args()
    uvloop.run(serve(options.ticks, options.batch))
