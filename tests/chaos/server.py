"""The server under test: `python -m tests.chaos.server SEED RATE SECONDS RING [DROP_AFTER_TICKS]`.

The product, with a market that can be computed, a wall clock that steps, a small ring and small
buffers. It prints its port, and the last number once the market has closed; SIGTERM ends it. With
DROP_AFTER_TICKS it is broken on purpose: one tick after that many is given to nobody.
"""

import asyncio
import random
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Sequence

import uvloop
from aiohttp import web

from feed.broadcast.selection_index import SelectionIndex
from feed.http.app import HUB, make_app
from feed.http.protocol.runner import Runner
from feed.hub.clock import Clock
from feed.market.ticks import Kind, Tick, Trade
from feed.program import logs
from feed.program.memory import collect_rarely
from feed.settings.options import Settings
from feed.sources.source import Instrument
from tests.chaos.market import SYMBOLS, Market

RING_TICKS = 16_384  # three seconds
SEND_BUFFER_BYTES = 16_384
PAUSE_S = 0.01
MOST_TICKS = 2_000  # at once, where the machine was busy
STEP_EVERY_S = 2.5
WANTED_BY = 3  # selections in one codec: some of their readers are live
STEPS_S = (0.0, -3_600.0, -10.0, 3_600.0)


class SteppingClock:
    """A wall clock that steps every few seconds, or loses a millisecond a second."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._began_ns = time.monotonic_ns()
        self._step: tuple[int, float] = -1, 0.0

    def wall_ns(self) -> int:
        passed_s = (time.monotonic_ns() - self._began_ns) / 1e9
        number = int(passed_s / STEP_EVERY_S)
        if number != self._step[0]:
            self._step = number, random.Random(self._seed * 1_000 + number).choice(STEPS_S)
        return time.time_ns() + int((self._step[1] - passed_s / 1_000) * 1e9)


class MarketSource:
    """Gives the ticks of a market at a rate, for a while."""

    name = "chaos"
    can_wait = False
    live = False
    passes = 0
    clocks_ns: Sequence[int] | None = None
    recorded_kinds = frozenset({Kind.BAR})

    def __init__(self, market: Market, rate: float, seconds: float) -> None:
        self.rows_skipped: dict[str, int] = {}
        self._market = market
        self._rate = rate
        self._seconds = seconds

    async def open(self) -> None:
        pass

    def instruments(self) -> list[Instrument]:
        return [Instrument(symbol, symbol, "us_equity") for symbol in SYMBOLS]

    def instrument(self, symbol: str) -> Instrument | None:
        return Instrument(symbol, symbol, "us_equity") if symbol in SYMBOLS else None

    async def batches(self) -> AsyncIterator[list[Tick]]:
        given, began_s = 0, time.monotonic()
        while (passed_s := time.monotonic() - began_s) < self._seconds:
            upto = min(int(passed_s * self._rate), given + MOST_TICKS)
            if upto > given:
                made_us = time.monotonic_ns() // 1_000
                yield [self._market.tick(number, made_us) for number in range(given + 1, upto + 1)]
                given = upto
            await asyncio.sleep(PAUSE_S)
        print(f"newest {given}", flush=True)
        await asyncio.Event().wait()

    async def close(self) -> None:
        pass


def drop_some(every: int) -> None:
    """Break the fan-out: of so many trades, one that several selections want is given to nobody."""
    distribute = SelectionIndex.distribute
    dropped: list[Tick] = []
    due = every

    def distribute_but_some(
        self: SelectionIndex, ticks: Sequence[Tick], fragments: Sequence[bytes]
    ) -> None:
        nonlocal due
        wanted = self._by_kind[Kind.TRADE]
        for tick in ticks:
            if (
                type(tick) is Trade  # and no conflated one
                and tick.trade_id > due
                and len(wanted.get(tick.symbol, ())) >= WANTED_BY
            ):
                dropped.append(tick)
                due = tick.trade_id + every
        kept = [index for index, tick in enumerate(ticks) if tick not in dropped]
        distribute(self, [ticks[index] for index in kept], [fragments[index] for index in kept])

    SelectionIndex.distribute = distribute_but_some  # type: ignore[method-assign]  # on purpose


async def _serve(seed: int, rate: float, seconds: float, ring: int) -> None:
    settings = Settings(
        port=0,
        ring=ring,
        high_water_bytes=8_192,
        slow_timeout_s=4.0,
        mark_interval_s=1.0,
        keepalive_s=1.0,
        ping_interval_s=2.0,
    )
    clock = Clock(wall_ns=SteppingClock(seed).wall_ns)
    app = await make_app(settings, MarketSource(Market(seed), rate, seconds), clock)
    runner = Runner(app, app[HUB])
    await runner.setup()
    listening = socket.create_server(("127.0.0.1", 0), backlog=1_024)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)  # inherited
    await web.SockSite(runner, listening).start()
    collect_rarely()
    print(f"port {listening.getsockname()[1]}", flush=True)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    await runner.cleanup()


if __name__ == "__main__":
    logs.begin(sys.stderr.fileno(), interactive=False)
    chosen_seed, chosen_rate, chosen_seconds, chosen_ring = sys.argv[1:5]
    if len(sys.argv) > 5:
        drop_some(int(sys.argv[5]))
    chosen = int(chosen_seed), float(chosen_rate), float(chosen_seconds), int(chosen_ring)
    uvloop.run(_serve(*chosen))
