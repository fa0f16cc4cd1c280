"""Small recordings, line by line, and how they are replayed in tests."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from feed.market.ticks import Tick
from feed.sources.replay.reading import Reading
from feed.sources.replay.source import ReplaySource

_READING = ("chosen", "unit_ns", "symbol", "begin_ns", "end_ns", "sorts")
# One moment, as objects and as records write it.
TIME = "2020-02-22T00:00:02.111Z"
TIME_NS = 1_582_329_602_111_000_000
TIME_US = "1582329602111000"
TRADES_HEADER = "exchange,symbol,timestamp,local_timestamp,id,side,price,amount"
QUOTES_HEADER = (
    "exchange,symbol,timestamp,local_timestamp,ask_amount,ask_price,bid_price,bid_amount"
)
TRADE_RECORD = f"binance-futures,BTCUSDT,{TIME_US},1582329602418379,42377944,buy,9682,0.132"
QUOTE_RECORD = f"binance-futures,BTCUSDT,{TIME_US},1582329603502092,0.84,9682,9681.92,0.67"
SECOND_NS = 1_000_000_000
START_NS = 1_714_573_800 * SECOND_NS  # 2024-05-01T14:30:00Z


class Clock:
    """A clock that only moves when somebody sleeps, or by hand."""

    def __init__(self) -> None:
        self.now_ns = 5_000_000_007
        self.sleeps_s: list[float] = []

    def __call__(self) -> int:
        return self.now_ns

    async def sleep(self, seconds: float) -> None:
        self.sleeps_s.append(seconds)
        self.now_ns += round(seconds * SECOND_NS)
        await asyncio.sleep(0)


def iso(ns: int) -> str:
    seconds, fraction = divmod(ns, SECOND_NS)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{fraction:09d}Z"


def trade_row(at_s: float, symbol: str = "A", **changes: Any) -> str:
    at_ns = START_NS + round(at_s * SECOND_NS)
    row = {"T": "t", "S": symbol, "i": 1, "p": 10.5, "s": 2, "t": iso(at_ns)}
    return json.dumps(row | changes)


def bar_row(at_s: float, kind: str = "b") -> str:
    at_ns = START_NS + round(at_s * SECOND_NS)
    row = {"T": kind, "S": "A", "o": 1, "h": 1, "l": 1, "c": 1, "v": 1, "n": 1, "vw": 1}
    return json.dumps(row | {"t": iso(at_ns)})


def seconds_of(ticks: list[Tick]) -> list[float]:
    return [(tick.event_ns - START_NS) / SECOND_NS for tick in ticks]


def source_of(path: Path, *, on_bad_row: Any = "skip", **options: Any) -> ReplaySource:
    """Return a replay; what is no option of it is one of its reading."""
    words = {name: options.pop(name) for name in _READING if name in options}
    reading = Reading(on_bad_row=on_bad_row, **words)
    return ReplaySource(path, reading=reading, **({"taken": lambda *_: None} | options))


@asynccontextmanager
async def opened(path: Path, **options: Any) -> AsyncIterator[ReplaySource]:
    source = source_of(path, **({"speed": "max"} | options))
    await source.open()
    try:
        yield source
    finally:
        await source.close()


async def ticks_of(path: Path, **options: Any) -> list[Tick]:
    async with opened(path, **options) as source:
        return [tick async for ticks in source.batches() for tick in ticks]


GOOD = [trade_row(1), trade_row(2), trade_row(3)]


def by_clock(clock: Clock, path: Path, **options: Any) -> ReplaySource:
    return source_of(path, clock_ns=clock, sleep=clock.sleep, **options)


async def arrivals(
    source: ReplaySource, clock: Clock, passes: int = 1
) -> list[tuple[float, float]]:
    """Return per tick its event time and when it came, both in seconds since the first."""
    await source.open()
    begin_ns = clock.now_ns
    found: list[tuple[float, float]] = []
    async for ticks in source.batches():
        if source.passes > passes:
            break
        came_s = (clock.now_ns - begin_ns) / SECOND_NS
        found += [(second, came_s) for second in seconds_of(ticks)]
    await source.close()
    return found
