"""Whether the heap of a dashboard stays flat over an hour of market, played at high speed.

A recording has no past, so that what is bounded is empty at first: courses hold an hour. They fill
in the hour before. The chart is one of minutes; one of seconds holds up to three hours of them.
"""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from feed.sources.simulated.instruments import find_instruments
from feed.sources.simulated.market import Market
from feed.wire.json_codec import JSON
from tests.fakes.feed_program import FeedProgram

from ..material import NOW_NS
from .browser import browser, window
from .steady import Plan

SPEED = 20
_FILL_MINUTES = 60
_MINUTES = 60
_MARGIN_MINUTES = 10  # until the page is there, and so that the recording does not end before
_STEP_MINUTES = 5
_AT_ONCE = 512  # ticks a line


def record(path: Path, symbols: int, rate: float, minutes: int) -> None:
    """Write a simulated market as `feed record` would; `rate` is ticks a second of its own time."""
    market = Market(find_instruments(symbols), rate=rate, seed=7, start_ns=NOW_NS)
    end_ns = NOW_NS + minutes * 60 * 10**9
    with path.open("wb") as file:
        while ticks := market.due(end_ns, _AT_ONCE):
            file.write(JSON.join(JSON.encode(ticks)) + b"\n")


async def measure(plan: Plan, folder: Path | None) -> dict[str, Any]:
    """Return the heap after each five minutes of the market, and how fast it grows."""
    minutes = _FILL_MINUTES + _MINUTES
    with tempfile.TemporaryDirectory() as temporary:
        recording = Path(temporary, "hour.ndjson")
        record(recording, plan.symbols, plan.rate / SPEED, minutes + _MARGIN_MINUTES)
        words = ("serve", "--source", f"replay:{recording}", "--speed", str(SPEED))
        async with (
            FeedProgram(words, folder=folder) as program,
            browser() as running,
            window(running, plan.look) as shown,
        ):
            query = f"{plan.look.query}&frame=1m"
            await shown.first_price_ms(f"http://127.0.0.1:{program.port}/?{query}")
            heaps = []
            began_s = time.monotonic()
            for minute in range(0, minutes + 1, _STEP_MINUTES):
                await asyncio.sleep(began_s + minute * 60 / SPEED - time.monotonic())
                heaps.append((minute, await shown.heap_mb()))
            ticks = int(await shown.page.evaluate("feed.counters.ticks"))
    settled = [(minute, mb) for minute, mb in heaps if minute >= _FILL_MINUTES]
    slope = statistics.linear_regression(*zip(*settled, strict=True)).slope
    return {
        "ticks": ticks,
        "heap_mb_at_minute": {str(minute): round(mb, 2) for minute, mb in heaps},
        "heap_kb_per_minute_in_the_last_hour": round(slope * 1e3, 1),
    }
