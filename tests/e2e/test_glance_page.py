"""The market at a glance in a browser: the strip, the heat map, and what is said without them."""

import re
from collections.abc import AsyncIterator

import pytest

from tests.e2e.axe import violations
from tests.e2e.chromium import Chromium, launched, until
from tests.e2e.conftest import Run

SERVE = ("--symbols", "40", "--rate", "400", "--seed", "7")
DESKTOP = {"width": 1440, "height": 900}
# What a button says, and a click on it, at once: a moment later another symbol may have its place.
_CLICK = """(button) => {
  const words = button.innerText;
  button.click();
  return words;
}"""
_OVERLAPPING = """(() => {
  const tiles = [...document.querySelectorAll(".tile")].map((tile) => tile.getBoundingClientRect());
  const overlap = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 0.5
    && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 0.5;
  return tiles.flatMap((a, at) => tiles.slice(at + 1).filter((b) => overlap(a, b)));
})()"""


@pytest.fixture
async def chromium() -> AsyncIterator[Chromium]:
    async with launched() as browser:
        yield browser


async def test_market_is_seen_at_a_glance_and_any_symbol_of_it_chosen(
    run: Run, chromium: Chromium
) -> None:
    tab = await chromium.dashboard(await run(*SERVE), "symbols=AAPL&symbol=AAPL", viewport=DESKTOP)
    page = tab.page
    strip = page.get_by_role("region", name="Market at a glance")
    active = strip.get_by_role("group", name="Most active").get_by_role("button")
    other = active.filter(has_not_text=re.compile(r"^AAPL ")).first
    await other.hover()  # holds it for a while
    symbol = (await other.evaluate(_CLICK)).split()[0]
    await page.get_by_role("heading", name=symbol, exact=True).wait_for()
    watched = page.get_by_role("grid").get_by_role("rowheader")
    assert await watched.count() == 1, "it is not watched"
    breadth = re.compile(r"\d+\s+up,.*\d+\s+down,.*unchanged", re.DOTALL)

    async def is_told() -> bool:
        return breadth.search(await strip.inner_text()) is not None

    await until(is_told)
    await strip.get_by_role("group", name="Gainers").get_by_text("%").first.wait_for()

    await page.keyboard.press("Alt+h")
    heat = page.get_by_role("region", name="Heat map", exact=True)
    tiles = heat.get_by_role("button", name=re.compile(r"^\S+ [+−]?\d+\.\d %, turnover \S+$"))
    await tiles.nth(5).wait_for()
    await tab.until("location.search.includes('heat=turnover')")
    await page.get_by_role("img", name="Chart of").wait_for(state="hidden")
    await tab.until("document.activeElement.classList.contains('tile')")
    first = await tab.ask("document.activeElement.firstChild.textContent")
    await page.keyboard.press("ArrowRight")
    second = await tab.ask("document.activeElement.firstChild.textContent")
    assert second != first
    assert await violations(page) == []
    assert await tab.ask(_OVERLAPPING) == []
    await page.keyboard.press("Enter")
    await heat.wait_for(state="hidden")
    await page.get_by_role("heading", name=second.split()[0], exact=True).wait_for()
    await tab.until("document.activeElement.textContent === 'Heat map'")
    await page.get_by_role("img", name="Chart of").wait_for()

    await page.keyboard.press("Enter")
    await heat.get_by_role("radio", name="Volume").check()
    await tab.until("location.search.includes('heat=volume')")
    await heat.get_by_role("button", name="Show as a table").click()
    table = heat.get_by_role("table", name="Symbols by sector")
    await table.get_by_role("columnheader", name="Since open").wait_for()
    await table.get_by_role("button", name="AAPL", exact=True).click()
    await page.get_by_role("heading", name="AAPL", exact=True).wait_for()

    chromium.is_refused = True
    await page.route(
        "**/v1/market?*", lambda route: route.fulfill(status=403, json={"detail": "ask Ann"})
    )
    await strip.get_by_text("You may not see the market as a whole: ask Ann").wait_for()
    await active.first.wait_for(state="hidden")
