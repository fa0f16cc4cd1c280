"""`python -m benchmarks.page [--symbols N] [--rate R] [--seconds S] [--size WxH]`: the dashboard.

A simulated market, the dashboard in headless Chromium, all symbols watched, one of them charted and
on the tape. Chromium draws by the processor, which it shares with the server. `rate` is trades a
second; each comes with quotes, and the ticks that came are told. Not a test: it judges nothing.
"""

import argparse
import asyncio
import json
import shutil
import sys
import urllib.request
from typing import Any

import brotli
from playwright.async_api import CDPSession, Page, async_playwright

from tests.fakes.feed_program import FeedProgram

WARM_S = 5.0
_SYMBOL = "AAPL"
_PRICED = "() => /\\d/.test(document.getElementById('detail-last')?.textContent ?? '')"

# What the browser itself says: times of frames, tasks that block for more than 50 ms, what moved.
_MEASURE = """(seconds) => new Promise((resolve) => {
  const frames = [], tasks = [], ticks = feed.counters.ticks, begin = performance.now();
  let moved = 0;
  const observers = [
    ["longtask", (entry) => tasks.push(entry.duration)],
    ["layout-shift", (entry) => { moved += entry.hadRecentInput ? 0 : entry.value; }],
  ].map(([type, take]) => {
    const observer = new PerformanceObserver((list) => list.getEntries().forEach(take));
    observer.observe({ type });
    return observer;
  });
  const told = () => {
    for (const observer of observers) observer.disconnect();
    const perSecond = Array(Math.floor(seconds)).fill(0);
    for (const at of frames) {
      const second = Math.floor((at - begin) / 1000);
      if (second < perSecond.length) perSecond[second] += 1;
    }
    perSecond.sort((one, other) => one - other);
    return {
      ticks_per_s: (feed.counters.ticks - ticks) / seconds,
      frames_per_s_median: perSecond[Math.floor(perSecond.length / 2)],
      frames_per_s_least: perSecond[0],
      longest_between_frames_ms: Math.max(...frames.slice(1).map((at, i) => at - frames[i])),
      tasks_over_50_ms: tasks.length,
      longest_task_ms: Math.max(0, ...tasks),
      layout_shift: moved,
      heap_mb: performance.memory.usedJSHeapSize / 1e6,
      gaps: feed.counters.gaps,
    };
  };
  const frame = (now) => {
    frames.push(now);
    if (now - begin < seconds * 1000) requestAnimationFrame(frame);
    else resolve(told());
  };
  requestAnimationFrame(frame);
})"""


def scripts_size(urls: list[str]) -> float:
    """Return the size of scripts in kB of Brotli."""
    size = 0
    for url in urls:
        with urllib.request.urlopen(url) as answer:
            size += len(brotli.compress(answer.read()))
    return size / 1e3


async def first_price_ms(page: Page, url: str) -> float:
    """Open the dashboard; return the time from the navigation to a price of the chosen symbol."""
    await page.goto(url)
    await page.wait_for_function(_PRICED)
    return float(await page.evaluate("performance.now()"))


async def busy_s(session: CDPSession) -> dict[str, float]:
    """Return the CPU time of the page's main thread, which a busy machine stretches least."""
    told = await session.send("Performance.getMetrics")
    values = {metric["name"]: metric["value"] for metric in told["metrics"]}
    names = ("TaskDuration", "ScriptDuration", "LayoutDuration", "RecalcStyleDuration")
    return {name: values[name] for name in names}


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Return what a page saw."""
    width, _, height = options.size.partition("x")
    url_path = f"/?symbols=*&symbol={_SYMBOL}"
    market = ("--symbols", str(options.symbols), "--rate", str(options.rate), "--seed", "7")
    async with FeedProgram(("serve", *market)) as program, async_playwright() as programs:
        browser = await programs.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--enable-precise-memory-info"],
        )
        page = await browser.new_page(
            viewport={"width": int(width), "height": int(height)}, bypass_csp=True
        )
        first = await first_price_ms(page, f"http://127.0.0.1:{program.port}{url_path}")
        await asyncio.sleep(WARM_S)
        session = await page.context.new_cdp_session(page)
        await session.send("Performance.enable", {"timeDomain": "threadTicks"})
        before = await busy_s(session)
        seen: dict[str, Any] = await page.evaluate(_MEASURE, options.seconds)
        spent = await busy_s(session)
        seen["main_thread_cpu_share"] = {
            name: round((spent[name] - before[name]) / options.seconds, 3) for name in spent
        }
        urls = await page.evaluate(
            "performance.getEntriesByType('resource').map(({ name }) => name)"
        )
        await browser.close()
        size = scripts_size([url for url in urls if url.partition("?")[0].endswith(".js")])
    return {"first_price_ms": first, "scripts_kb_brotli": size} | seen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--symbols", type=int, default=500)
    parser.add_argument("--rate", type=float, default=2_500, help="trades a second")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--size", default="1440x900", help="width and height of the window")
    json.dump(asyncio.run(measure(parser.parse_args())), sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
