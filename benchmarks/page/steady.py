"""What a dashboard costs that has been open for a while, and how soon it has a price at first."""

import asyncio
import json
import statistics
import sys
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import brotli
from playwright.async_api import Browser

from tests.fakes.feed_program import FeedProgram

from ..load.process import cpu_ns
from .browser import Look, Window, browser, window
from .trace import CATEGORIES, main_thread_ms

SYMBOL = "AAPL"
_PROBE = Path(__file__).with_name("probe.js").read_text()
_WARM_S = 5.0
_TRACE_S = 4.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured.

    Attributes:
        symbols: of the market; all of them are watched.
        rate: ticks a second, trades and quotes together.
        charts: on the page.
        seconds: of the steady look.
        loads: pages that are opened for their first price alone, each with a cold cache.
        width, height: of the window.
        is_traced: whether a trace tells the main thread's time by kinds, after the steady look.
    """

    symbols: int
    rate: float
    charts: int
    seconds: float
    loads: int
    width: int
    height: int
    is_traced: bool

    @property
    def look(self) -> Look:
        query = f"symbols=*&symbol={SYMBOL}&layout={self.charts}"
        return Look(query, self.width, self.height)

    @property
    def market(self) -> tuple[str, ...]:
        return ("--symbols", str(self.symbols), "--rate", str(self.rate), "--seed", "7")


async def measure(plan: Plan, folder: Path | None) -> dict[str, Any]:
    """Return what a page saw of a server that runs from a checkout; None: from this one."""
    async with FeedProgram(("serve", *plan.market), folder=folder) as program, browser() as running:
        url = f"http://127.0.0.1:{program.port}/?{plan.look.query}"
        firsts = [await _first_price_ms(running, plan.look, url) for _ in range(plan.loads)]
        async with window(running, plan.look) as shown:
            firsts.append(await shown.first_price_ms(url))
            await asyncio.sleep(_WARM_S)
            seen = await _steady(shown, plan.seconds, program.pid)
            size = _brotli_kb(await shown.scripts())
            heap_mb = await shown.heap_mb()
            kinds = await _traced(running, shown) if plan.is_traced else {}
    return {
        # In a browser that has drawn nothing yet, and in one that has.
        "first_price_ms_fresh_browser": firsts[0],
        "first_price_ms": statistics.median(firsts[1:] or firsts),
        "scripts_kb_brotli": size,
        "heap_mb": heap_mb,
        **seen,
        **kinds,
    }


async def _first_price_ms(running: Browser, look: Look, url: str) -> float:
    async with window(running, look) as shown:
        return await shown.first_price_ms(url)


async def _steady(shown: Window, seconds: float, server: int) -> dict[str, Any]:
    """Look at a page for some seconds; CPU times are milliseconds a second."""
    began, began_ns, server_ns = await shown.spent(), time.perf_counter_ns(), cpu_ns(server)
    seen: dict[str, Any] = await shown.page.evaluate(_PROBE, seconds)
    passed_s = (time.perf_counter_ns() - began_ns) / 1e9
    server_ms = (cpu_ns(server) - server_ns) / 1e6
    spent = (await shown.spent()).per_s_since(began, passed_s)
    spent["server_process"] = round(server_ms / passed_s, 1)
    return {**seen, "cpu_ms_per_s": spent}


async def _traced(running: Browser, shown: Window) -> dict[str, Any]:
    """Return the main thread's milliseconds a second by kinds; the trace adds to all of them."""
    await running.start_tracing(page=shown.page, categories=CATEGORIES)
    await asyncio.sleep(_TRACE_S)
    kinds = main_thread_ms(await running.stop_tracing())
    return {"traced_ms_per_s": {name: round(ms / _TRACE_S, 1) for name, ms in kinds.items()}}


def _brotli_kb(urls: Sequence[str]) -> float:
    """Return the size of scripts in kB of Brotli."""
    size = 0
    for url in urls:
        with urllib.request.urlopen(url) as answer:
            size += len(brotli.compress(answer.read()))
    return size / 1e3


def medians(rounds: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the median of each number over rounds; of what is nested too."""
    first = rounds[0]
    return {
        name: medians([each[name] for each in rounds])
        if isinstance(value, dict)
        else round(statistics.median(each.get(name, 0) for each in rounds), 2)
        for name, value in first.items()
    }


def ratios(these: Sequence[dict[str, Any]], those: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the median ratio of each number to that of the baseline in the same round."""
    pairs = list(zip(these, those, strict=True))
    found: dict[str, Any] = {}
    for name, value in these[0].items():
        if isinstance(value, dict):
            found[name] = ratios([each[name] for each in these], [each[name] for each in those])
        else:
            known = [one[name] / other[name] for one, other in pairs if other.get(name)]
            if known:
                found[name] = round(statistics.median(known), 3)
    return found


async def compare(plan: Plan, baseline: Path | None, rounds: int) -> dict[str, Any]:
    """Measure some rounds; with a baseline both by turns, so that a machine that drifts is fair."""
    these: list[dict[str, Any]] = []
    those: list[dict[str, Any]] = []
    for number in range(rounds):
        sides = [(these, None), *([(those, baseline)] if baseline is not None else [])]
        for found, folder in sides if number % 2 == 0 else reversed(sides):
            found.append(await measure(plan, folder))
            side = "this" if folder is None else "baseline"
            print(f"round {number + 1} of {rounds}, {side}: {found[-1]}", file=sys.stderr)
    told: dict[str, Any] = {"this": medians(these)}
    if baseline is not None:
        told |= {"baseline": medians(those), "ratio": ratios(these, those)}
    return told


def printed(told: dict[str, Any]) -> str:
    return json.dumps(told, indent=2)
