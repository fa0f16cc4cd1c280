"""Headless Chromium for tests: tabs with the dashboard in them, and what the browser complains of.

Knows how to wait for a page and how to look into it; what a page ought to do is said in the tests.
The dashboard's Content-Security-Policy forbids `eval`, so conditions are asked again and again from
here, and never handed to the page as text to be evaluated there.
"""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from feed.http.pages import BUILT
from tests.e2e.conftest import Program

pytest.importorskip("playwright", reason="playwright is not installed (the extra `clients`)")

from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    async_playwright,
)

PATIENCE_S = 90.0  # clients wait up to 30 s before they try again, and many tabs share two cores
_LOOK_AGAIN_S = 0.15  # a look keeps three processes busy
# Tabs of a site share a process, which compiles our scripts once.
_SWITCHES = ("--no-sandbox", "--disable-gpu", "--process-per-site")
_LEFT = "WebSocket is closed before the connection is established"  # a tab that is closed soon
_REFUSED = "the server responded with a status of 4"  # what is refused in words, too
# What is not asked at all, or not answered to this page: by its own policy, or the server's.
_FORBIDDEN = ("Content Security Policy", "CORS policy", "response code: 403")
_NETWORK = "net::ERR_"  # what Chromium writes to the console when a server is not there

# Trades of a symbol are numbered one by one, so a number that comes twice was delivered twice, and
# one that is left out is a hole. A hole is silent unless a gap was told before; each gap accounts
# for one hole per symbol. Ticks are delivered with the next frame and gaps at once.
_TRACK = """() => {
  const track = { trades: 0, repeated: [], silent: [], gaps: [], last: new Map(), told: new Set() };
  feed.on("gap", ({ from, to, reason }) => {
    track.gaps.push({ from, to, reason });
    track.told = new Set(track.last.keys());
  });
  feed.on("batch", ({ ticks, isSnapshot }) => {
    if (isSnapshot) return;
    for (const { T, S, i } of ticks) {
      if (T !== "t") continue;
      const last = track.last.get(S) ?? i - 1;
      if (i <= last) track.repeated.push([S, i, last]);
      else if (i > last + 1 && !track.told.delete(S)) track.silent.push([S, i, last]);
      track.last.set(S, Math.max(i, last));
      track.trades += 1;
    }
  });
  globalThis.track = track;
}"""
_STATE = """() => ({
  status: feed.status, position: feed.position, pill: document.getElementById("pill")?.innerText,
  journal: [...document.querySelectorAll("#journal li")].slice(0, 12).map((line) => line.innerText),
  address: location.href, answer: document.getElementById("answer")?.innerText.slice(0, 400),
  loaded: performance.getEntriesByType("resource").slice(-8).map(({ name, responseStatus }) =>
    [name, responseStatus]),
})"""


class Tab:
    """A tab with a FeedClient at `window.feed`, as the dashboard puts it there."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def ask(self, expression: str) -> Any:
        return await self.page.evaluate(expression)

    async def until(self, expression: str) -> Any:
        """Ask until the answer is true in JavaScript's sense; return it.

        What cannot be told yet is not true: of an element that is to come, or while another page
        is about to be shown.
        """
        why = ""

        async def answer() -> Any:
            nonlocal why
            try:
                return await self.ask(expression)
            except Error as error:
                why = f" ({error.message})"
                return None

        try:
            return await until(answer)
        except TimeoutError:
            raise AssertionError(f"not true: {expression}{why}; {await self.ask(_STATE)}") from None

    async def until_text(self, selector: str, words: str) -> None:
        """Wait until an element that is there says something, and perhaps more."""
        text = f"document.querySelector({json.dumps(selector)}).innerText"
        await self.until(f"{text}.includes({json.dumps(words)})")

    async def track(self) -> None:
        """Look at every trade from now on; `track` in the page holds what was seen."""
        await self.ask(_TRACK)

    async def more_trades(self, count: int = 100) -> None:
        """Wait until so many more trades have come."""
        seen = await self.ask("track.trades")
        await self.until(f"track.trades >= {seen + count}")

    async def assert_nothing_lost(self) -> None:
        """Fail if a trade came twice, or did not come and no gap told so."""
        seen = await self.ask(
            "({ repeated: track.repeated, silent: track.silent, dropped: feed.counters.malformed })"
        )
        assert seen == {"repeated": [], "silent": [], "dropped": 0}, seen

    async def open_connection(self) -> None:
        """Open the drawer of the connection, unless it is."""
        pill = self.page.locator("#pill")
        if await pill.get_attribute("aria-expanded") == "false":
            await pill.click()

    async def cut(self) -> None:
        """Have the page drop its connection for a while."""
        await self.open_connection()
        await self.page.get_by_role("button", name="Cut").click()

    async def switch(self, name: str, value: str) -> None:
        """Use a switch of the connection panel, which follows the connection, not the click."""
        await self.open_connection()
        await self.page.click(f"#controls input[name={name}][value='{value}']")

    async def legend(self) -> str:
        """Return the values that are told of the chart's newest bar."""
        return await self.page.get_by_role("group", name="Values of").inner_text()

    async def text(self, selector: str) -> str:
        return await self.page.inner_text(selector)


class Chromium:
    """A browser whose console is listened to."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._complaints: list[str] = []
        self.network_fails = False  # the test takes the server or the network away
        self.is_refused = False  # the test asks for what the server says no to
        self.is_forbidden = False  # the test's page asks for what it may not have

    async def context(self, **options: Any) -> BrowserContext:
        """Return a profile of its own: its tabs share what an origin's tabs share."""
        context = await self._browser.new_context(**options)
        context.set_default_timeout(PATIENCE_S * 1_000)
        return context

    async def page(self, context: BrowserContext | None = None, **options: Any) -> Page:
        """Return an empty tab."""
        context = context or await self.context(**options)
        page = await context.new_page()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self._complaints.append(str(error)))
        return page

    async def dashboard(
        self,
        program: Program,
        query: str = "symbols=*&symbol=AAPL",
        context: BrowserContext | None = None,
        **options: Any,
    ) -> Tab:
        """Open the dashboard, and wait until it is live."""
        page = await self.page(context, **options)
        answer = await page.goto(program.url(f"/?{query}"))
        assert answer is not None
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy, policy
        assert "unsafe" not in policy, policy
        tab = Tab(page)
        await tab.until("globalThis.feed?.status.phase === 'live'")
        return tab

    def complaints(self) -> list[str]:
        """Return what pages wrote to the console as errors or warnings, and errors not caught."""
        return [
            words
            for words in self._complaints
            if not (self.network_fails and _NETWORK in words)
            and not (self.is_refused and _REFUSED in words)
            and not (self.is_forbidden and any(cause in words for cause in _FORBIDDEN))
            and _LEFT not in words
        ]

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._complaints.append(message.text)


async def until(condition: Callable[[], Awaitable[Any]]) -> Any:
    """Ask until the answer is true; return it.

    Raises:
        TimeoutError: it does not come to hold.
    """
    async with asyncio.timeout(PATIENCE_S):
        while not (answer := await condition()):  # noqa: ASYNC110 - pages are other processes
            await asyncio.sleep(_LOOK_AGAIN_S)
    return answer


@asynccontextmanager
async def launched(*switches: str) -> AsyncIterator[Chromium]:
    """Run Chromium; whatever its pages complained of by the end fails the test."""
    if not (BUILT / "index.html").is_file():
        pytest.skip("the dashboard is not built: pip install .")
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("chromium is not installed (Debian: chromium)")
    async with async_playwright() as programs:
        browser = await programs.chromium.launch(
            executable_path=path, args=[*_SWITCHES, *switches], timeout=PATIENCE_S * 1_000
        )
        chromium = Chromium(browser)
        try:
            yield chromium
        finally:
            await browser.close()
    complaints = chromium.complaints()
    assert not complaints, complaints
