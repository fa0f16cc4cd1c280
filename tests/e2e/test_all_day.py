"""A desk that stays open: hidden, asleep, called, in another time zone, with a newer server."""

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Page, Route

from tests.e2e.chromium import Chromium, Tab, launched, until
from tests.e2e.conftest import Program, Run

CALM = ("--symbols", "8", "--rate", "300", "--seed", "7")

# Headless Chromium draws every page as if it were seen; so the page is told that it is not.
_HIDE = """() => {
  Object.defineProperty(document, "visibilityState", { configurable: true, get: () => "hidden" });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
_SHOW = """() => {
  delete document.visibilityState;
  document.dispatchEvent(new Event("visibilitychange"));
}"""
_COUNT = """() => {
  globalThis.painted = [];
  new MutationObserver((changes) => painted.push(...changes.map(({ target }) =>
    (target.closest?.("[id]") ?? target.parentElement?.closest("[id]"))?.id))).observe(
    document.querySelector("main"), { subtree: true, childList: true, characterData: true });
  return document.title;
}"""
# The clock of a page that wakes is hours further; afterwards it is as it was.
_SLEEP = """() => {
  const now = Date.now;
  Date.now = () => now() + 3 * 3_600_000;
  globalThis.wake = () => { Date.now = now; };
}"""
# A notification is the system's: what it would show is noted here, and is clicked here.
_NOTE = """(() => {
  globalThis.noted = [];
  globalThis.asked = 0;
  globalThis.Notification = class extends EventTarget {
    static permission = "default";
    static async requestPermission() {
      asked += 1;
      this.permission = "granted";
    }
    constructor(title) {
      super();
      this.title = title;
      noted.push(this);
    }
    close() {}
  };
})()"""


@pytest.fixture
async def chromium() -> AsyncIterator[Chromium]:
    async with launched() as browser:
        yield browser


async def test_desk_is_kept_open_all_day(run: Run, chromium: Chromium) -> None:
    program = await run(*CALM)
    chromium.is_refused = True
    context = await chromium.context()
    await context.add_init_script(_NOTE)
    tab = await chromium.dashboard(program, "symbols=*&symbol=AAPL", context)
    await nothing_is_painted_while_hidden(tab)
    await a_sleep_is_told(tab)
    await all_clocks_are_of_one_zone(tab, program)
    await an_alert_calls_who_does_not_look(tab)
    await a_new_version_is_offered(tab, await program.document("/v1/status"))


async def nothing_is_painted_while_hidden(tab: Tab) -> None:
    price = "document.getElementById('detail-last').textContent"
    await tab.until(f"{price}.trim()")
    await tab.page.evaluate(_HIDE)
    title = await tab.page.evaluate(_COUNT)
    before = await tab.ask(price)
    await tab.until(f"document.title !== {json.dumps(title)}")
    assert await tab.ask("painted") == []
    await tab.page.evaluate(_SHOW)
    await tab.until(f"{price} !== {json.dumps(before)}")


async def a_sleep_is_told(tab: Tab) -> None:
    await tab.track()
    await tab.more_trades()
    await tab.page.evaluate(_SLEEP)
    await until_news(tab.page, r"Was asleep for 3 h\. All that happened meanwhile has come\.")
    await tab.ask("wake()")
    await tab.more_trades()
    await tab.assert_nothing_lost()
    assert await tab.ask("track.gaps") == []
    assert await tab.ask("feed.status.connects") > 1
    await tab.page.get_by_role("button", name="Put away").click()


async def until_news(page: Page, pattern: str) -> None:
    """Wait until the page says something of itself."""
    news = page.get_by_role("region", name="News of this page")

    async def said() -> bool:
        return re.search(pattern, await news.inner_text()) is not None

    await until(said)


async def all_clocks_are_of_one_zone(tab: Tab, program: Program) -> None:
    await tab.page.locator("summary", has_text="Local").click()
    await tab.page.get_by_role("combobox", name="Another time zone").fill("tokyo")
    await tab.page.keyboard.press("Enter")
    await tab.page.locator("summary", has_text="Tokyo").wait_for()
    prints = tab.page.get_by_role("table", name="Time and sales of AAPL")
    time = """new Date(feed.newest("AAPL").trade.t).toLocaleTimeString(
      "en-GB", { timeZone: "Asia/Tokyo" })"""

    async def is_there() -> bool:
        return str(await tab.ask(time)) in await prints.inner_text()

    await until(is_there)
    await tab.until("document.querySelector('feed-chart').timezone === 'Asia/Tokyo'")
    await tab.until("location.search.includes('zone=Asia/Tokyo')")
    beside = await tab.page.context.new_page()
    await beside.goto(program.url("/status"))
    await beside.get_by_text(re.compile(r"^asked at \d\d:\d\d:\d\d Tokyo$")).wait_for()
    await beside.close()


async def an_alert_calls_who_does_not_look(tab: Tab) -> None:
    page = tab.page
    await page.locator("summary", has_text="Alerts").click()
    await page.get_by_role("checkbox", name="Sound").check()
    assert await tab.ask("asked") == 0
    await page.get_by_role("checkbox", name="Desktop notifications").check()
    await tab.until("asked === 1")
    switches = page.get_by_role("group", name="How alerts call")
    await switches.get_by_text("Shown while nobody looks at this page").wait_for()
    await page.evaluate(_HIDE)
    await page.get_by_role("spinbutton", name="Price").fill("1")
    await page.get_by_role("button", name="Alert me").click()
    await tab.until("noted.length")
    assert (await tab.ask("noted[0].title")).startswith("AAPL: price is at least 1.00 (seen: ")
    await page.evaluate(_SHOW)
    await page.get_by_role("row", name=re.compile("^MSFT")).click()
    await page.get_by_role("heading", name="MSFT").wait_for()
    await tab.ask("noted[0].dispatchEvent(new Event('click'))")
    await page.get_by_role("heading", name="AAPL").wait_for()


async def a_new_version_is_offered(tab: Tab, status: dict[str, Any]) -> None:
    page = tab.page

    async def be_newer(route: Route) -> None:
        await route.fulfill(json=status | {"build": "0123"})

    async def be_gone(route: Route) -> None:
        await route.fulfill(status=404)

    await page.route("**/v1/status", be_newer)
    await page.route("**/assets/room-*", be_gone)
    await tab.ask("feed.reconnect()")
    await until_news(page, r"A new version is here\.")
    await page.get_by_role("button", name="Put away").click()
    await page.locator("summary", has_text="Room").click()
    await until_news(page, r"A new version is here\.")
    await tab.until("location.search.includes('symbol=AAPL')")  # it is written a moment later
    address = await tab.ask("location.href")
    await page.unroute_all(behavior="ignoreErrors")
    await page.get_by_role("button", name="Reload").click()
    await tab.until("globalThis.feed?.status.phase === 'live' && noted.length === 0")
    assert await tab.ask("location.href") == address
    await page.locator("summary", has_text="Tokyo").wait_for()
