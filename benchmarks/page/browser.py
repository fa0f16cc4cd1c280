"""A browser for measurements: pages whose caches are cold, and the CPU time of its processes."""

import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from playwright.async_api import Browser, CDPSession, Page, async_playwright

# The time of the first frame after which the chosen symbol has a price, since the navigation.
_WATCH_FIRST_PRICE = """
(() => {
  const look = () => {
    if (/\\d/.test(document.getElementById("detail-last")?.textContent ?? "")) {
      globalThis.firstPriceMs = performance.now();
    } else {
      requestAnimationFrame(look);
    }
  };
  requestAnimationFrame(look);
})();
"""
# Kinds of work that the browser tells apart; what is left is painting, garbage and the like.
_KINDS = {"script": "ScriptDuration", "style": "RecalcStyleDuration", "layout": "LayoutDuration"}


@dataclass(frozen=True, slots=True)
class Look:
    """How a page is looked at.

    Attributes:
        query: of the dashboard's address.
        width, height: of the window.
    """

    query: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Spent:
    """CPU seconds until now.

    Attributes:
        tasks: of the page's main thread.
        kinds: parts of it, by name.
        processes: of the browser's processes, by their kind.
    """

    tasks: float
    kinds: dict[str, float]
    processes: dict[str, float]

    def per_s_since(self, before: "Spent", seconds: float) -> dict[str, float]:
        """Return milliseconds of CPU per second since another look."""

        def ms(now_s: float, then_s: float) -> float:
            return round((now_s - then_s) * 1e3 / seconds, 1)

        kinds = {f"page_{name}": ms(now, before.kinds[name]) for name, now in self.kinds.items()}
        told = sum(self.kinds.values()) - sum(before.kinds.values())
        return {
            "page_main_thread": ms(self.tasks, before.tasks),
            **kinds,
            "page_other": ms(self.tasks - before.tasks, told),
            **{
                f"{name}_process": ms(now, before.processes.get(name, 0.0))
                for name, now in self.processes.items()
            },
        }


class Window:
    """A page in a profile of its own, with a cold cache."""

    def __init__(self, page: Page, session: CDPSession, browser: CDPSession) -> None:
        self.page = page
        self.session = session
        self._browser = browser

    async def first_price_ms(self, url: str) -> float:
        """Open the dashboard; return the time from navigation to a price of the symbol."""
        await self.page.goto(url, wait_until="commit")
        await self.page.wait_for_function("() => globalThis.firstPriceMs !== undefined")
        return float(await self.page.evaluate("firstPriceMs"))

    async def spent(self) -> Spent:
        told = await self.session.send("Performance.getMetrics")
        values = {metric["name"]: metric["value"] for metric in told["metrics"]}
        processes: dict[str, float] = {}
        info = await self._browser.send("SystemInfo.getProcessInfo")
        for process in info["processInfo"]:
            name = re.sub(r"\W+", "_", process["type"].lower())
            processes[name] = processes.get(name, 0.0) + process["cpuTime"]
        kinds = {name: values[metric] for name, metric in _KINDS.items()}
        return Spent(values["TaskDuration"], kinds, processes)

    async def heap_mb(self) -> float:
        """Return the size of the JavaScript heap after everything that is garbage is collected."""
        await self.session.send("HeapProfiler.collectGarbage")
        told = await self.session.send("Runtime.getHeapUsage")
        return float(told["usedSize"]) / 1e6

    async def scripts(self) -> list[str]:
        """Return the addresses of the scripts that the page has loaded."""
        names: list[str] = await self.page.evaluate(
            "performance.getEntriesByType('resource').map(({ name }) => name)"
        )
        return [name for name in names if name.partition("?")[0].endswith(".js")]


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """Run headless Chromium."""
    path = shutil.which("chromium")
    if path is None:
        raise SystemExit("chromium is not installed (Debian: chromium)")
    async with async_playwright() as programs:
        running = await programs.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield running
        finally:
            await running.close()


@asynccontextmanager
async def window(running: Browser, look: Look) -> AsyncIterator[Window]:
    """Open a page that has seen nothing before."""
    context = await running.new_context(
        viewport={"width": look.width, "height": look.height},
        bypass_csp=True,  # what is measured is evaluated as text
    )
    try:
        page = await context.new_page()
        await page.add_init_script(_WATCH_FIRST_PRICE)
        session = await context.new_cdp_session(page)
        await session.send("Performance.enable", {"timeDomain": "threadTicks"})
        yield Window(page, session, await running.new_browser_cdp_session())
    finally:
        await context.close()
