"""The server that is killed: `python -m tests.state.server SEED RATE DIRECTORY PORT [no-tail]`.

The product, with a market that can be computed: the number of a tick is its sequence, over all of
its lives. At a rate of 0 it gives nothing more. It prints the newest sequence that it has taken up,
and how many were lost; SIGTERM ends it in order. Without a tail it is as where the disk has no
room.
"""

import asyncio
import errno
import os
import sys
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

import uvloop

from feed.http.app import HUB, KEEPER, make_app
from feed.http.protocol.runner import Runner
from feed.market.ticks import Kind, Tick
from feed.program import logs
from feed.program.end_signals import EndSignals
from feed.program.leaving import leave
from feed.program.listening import Site
from feed.program.memory import collect_rarely
from feed.settings.options import Settings
from feed.sources.source import Instrument
from feed.state import tail
from tests.chaos.market import SYMBOLS, Market

RING_TICKS = 1 << 15
PAUSE_S = 0.002
MOST_TICKS = 2_000
CHECKPOINT_S = 0.5  # so that kills meet them


class MarketSource:
    """Gives the ticks of a market at a rate, from where another process stood."""

    name = "chaos"
    can_wait = False
    live = False
    passes = 0
    clocks_ns: Sequence[int] | None = None
    recorded_kinds = frozenset({Kind.BAR})

    def __init__(self, market: Market, rate: float) -> None:
        self.rows_skipped: dict[str, int] = {}
        self.given_ticks = 0
        self._began = 0
        self._market = market
        self._rate = rate

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        pass

    def instruments(self) -> list[Instrument]:
        return [Instrument(symbol, symbol, "us_equity") for symbol in SYMBOLS]

    def instrument(self, symbol: str) -> Instrument | None:
        return Instrument(symbol, symbol, "us_equity") if symbol in SYMBOLS else None

    def state(self) -> dict[str, Any]:
        return {"number": self._began + self.given_ticks}

    def resume(self, state: dict[str, Any], skipped_ticks: int) -> bool:
        self._began = state["number"] + skipped_ticks
        return True

    async def batches(self) -> AsyncIterator[list[Tick]]:
        began_s, began = time.monotonic(), self._began
        while True:
            due = int((time.monotonic() - began_s) * self._rate)
            count = min(due - self.given_ticks, MOST_TICKS)
            if count > 0:
                made_us, first = time.monotonic_ns() // 1_000, began + self.given_ticks + 1
                yield [self._market.tick(first + index, made_us) for index in range(count)]
                self.given_ticks += count
            await asyncio.sleep(PAUSE_S)


async def _serve(seed: int, rate: float, directory: str, port: int) -> None:
    settings = Settings(
        port=port, ring=RING_TICKS, state=Path(directory), mark_interval_s=0.2, keepalive_s=0.5
    )
    source = MarketSource(Market(seed), rate)
    app = await make_app(settings, source, checkpoint_s=CHECKPOINT_S)
    ring, found = app[HUB].broadcast.ring, app[KEEPER].found
    newest = ring.newest
    hole = ring.hole_after(newest - 1, newest)  # that of the kill, if there is one
    lost = 0 if hole is None else hole.last - hole.first + 1
    runner = Runner(app, app[HUB])
    await runner.setup()
    signals = EndSignals()
    signals.listen()
    await Site(runner, (settings.host, port), None).start()
    collect_rarely()
    port = runner.addresses[0][1]
    print(f"{found.recovery} {port} {ring.epoch} {newest} {lost}", flush=True)
    await signals.first.wait()
    await leave(runner, signals, 0)
    await runner.cleanup()


def _full(fd: int, size: int) -> NoReturn:
    del fd, size
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


if __name__ == "__main__":
    if sys.argv[5:] == ["no-tail"]:
        tail._allocate = _full
    logs.begin(sys.stderr.fileno(), interactive=False)
    uvloop.run(_serve(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3], int(sys.argv[4])))
