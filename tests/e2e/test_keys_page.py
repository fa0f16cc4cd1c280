"""The dashboard by keys alone, on a wall, and under fingers: in one window."""

import re
import signal
from collections.abc import AsyncIterator

import pytest

from tests.e2e.chromium import Chromium, Tab, launched, until
from tests.e2e.conftest import Run

pytest.importorskip("playwright", reason="playwright is not installed (the extra `clients`)")

from playwright.async_api import Locator, Page, ViewportSize

SERVE = ("--symbols", "AAPL,MSFT,TSLA,JPM,XOM,KO", "--rate", "100", "--seed", "7")
DESKTOP: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 360, "height": 740}
SCREEN: ViewportSize = {"width": 3840, "height": 2160}

# What is pointed at and is smaller than 24 pixels either way (WCAG 2.2, 2.5.8). A field that has a
# label is as large as that; a link within a sentence is as high as its line.
_SMALL = """() => {
  const roots = [document];
  const small = [];
  for (const root of roots) {
    for (const element of root.querySelectorAll("*")) {
      if (element.shadowRoot) roots.push(element.shadowRoot);
      const isTarget = element.matches(
        "a[href], button, input, select, textarea, summary, [role=option], .rows > .row");
      if (!isTarget || !element.checkVisibility({ visibilityProperty: true })) continue;
      if (element.matches("a") && getComputedStyle(element).display === "inline") continue;
      const target = (element.matches("input") && element.closest("label")) || element;
      const { width, height } = target.getBoundingClientRect();
      if (Math.min(width, height) < 23.9) {
        small.push(`${width} x ${height}: ${target.outerHTML.slice(0, 80)}`);
      }
    }
  }
  return small;
}"""
_OPEN_ALL = "document.querySelectorAll('details').forEach((each) => { each.open = true; })"
_GRID_HAS_FOCUS = "document.activeElement.role === 'grid'"


@pytest.fixture
async def chromium() -> AsyncIterator[Chromium]:
    async with launched() as browser:
        yield browser


async def do(page: Page, words: str) -> None:
    """Run a command by the palette."""
    await page.keyboard.press("Control+k")
    await page.keyboard.type(words)
    palette = page.get_by_role("dialog", name="Commands and symbols")
    await palette.get_by_role("option", selected=True).wait_for()
    await page.keyboard.press("Enter")


async def until_shown(page: Page, symbol: str) -> None:
    await page.get_by_role("heading", name=symbol, exact=True).wait_for()


async def walk_and_search(tab: Tab) -> None:
    page = tab.page
    await page.keyboard.type("tsl")
    await page.get_by_role("option", name="TSLA").wait_for()
    await page.keyboard.press("Enter")
    await until_shown(page, "TSLA")
    await page.keyboard.press("ArrowDown")
    await until_shown(page, "JPM")
    await page.keyboard.press("/")
    await tab.until("document.activeElement.id === 'search'")
    await page.keyboard.press("Escape")
    await tab.until(_GRID_HAS_FOCUS)
    await page.keyboard.press("Delete")
    await page.get_by_text("JPM is removed.", exact=True).wait_for()
    await page.keyboard.press("Control+z")
    await page.get_by_text("JPM is removed.", exact=True).wait_for(state="hidden")


async def command(tab: Tab) -> None:
    page = tab.page
    await do(page, "dark th")
    await tab.until("location.search.includes('theme=dark')")
    await tab.until(_GRID_HAS_FOCUS)
    await page.keyboard.press("Control+k")
    await page.keyboard.type("five")
    await page.get_by_text("No command and no symbol matches “five”").wait_for()
    await page.keyboard.press("Escape")
    await tab.until(_GRID_HAS_FOCUS)
    await do(page, "msft")
    await until_shown(page, "MSFT")
    await do(page, "letters off")
    await page.keyboard.press("t")
    await tab.until(_GRID_HAS_FOCUS)
    await do(page, "letters on")


async def layers(tab: Tab) -> None:
    """Open what lies over the page, and put it away: the focus is where it was."""
    page = tab.page
    await page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys")
    await keys.get_by_text("Cut the connection for three seconds").wait_for()
    assert await page.evaluate(_SMALL) == []
    await page.keyboard.press("Escape")
    await keys.wait_for(state="hidden")
    await tab.until(_GRID_HAS_FOCUS)
    await page.keyboard.press("Alt+c")
    drawer = page.get_by_role("region", name="Connection")
    await drawer.wait_for()
    await page.keyboard.press("Alt+w")
    await page.keyboard.press("Escape")
    await drawer.wait_for(state="hidden")
    await tab.until(_GRID_HAS_FOCUS)


async def measure_targets(tab: Tab) -> None:
    page = tab.page
    await page.keyboard.press("Alt+c")
    await tab.ask(_OPEN_ALL)
    await page.get_by_role("spinbutton", name="Price").wait_for()  # the panel is loaded then
    for size in PHONE, DESKTOP:
        await page.set_viewport_size(size)
        await tab.until(f"innerWidth === {size['width']}")
        assert await page.evaluate(_SMALL) == [], size
    await tab.ask(_OPEN_ALL.replace("true", "false"))
    await page.keyboard.press("Escape")


async def be_on_the_wall(tab: Tab) -> None:
    """Go to the wall: a price that is a tenth of the screen, and nothing but what one reads."""
    page = tab.page
    await do(page, "wall one")
    wall = page.get_by_role("region", name="Wall")
    await wall.get_by_text(re.compile(r"^Live.* · as of \d\d:\d\d:\d\d$")).wait_for()
    await page.get_by_role("img", name="Chart of MSFT").wait_for()
    assert not await page.get_by_role("banner").is_visible()
    await tab.until("location.search.includes('wall=1')")
    await until_large(wall, DESKTOP)
    await wall.get_by_role("row").nth(5).wait_for()
    assert await wall.get_by_role("row").count() == 6
    await page.keyboard.press("ArrowDown")
    await wall.get_by_role("heading", name="TSLA").wait_for()


async def until_large(wall: Locator, size: ViewportSize) -> None:
    """Wait until the price is as high as a fifth of the screen; nothing is beside that."""
    await wall.page.set_viewport_size(size)
    last = wall.get_by_text(re.compile(r"^\d+\.\d\d$")).first

    async def is_large() -> bool:
        box = await last.bounding_box()
        return box is not None and box["height"] > size["height"] / 5

    await until(is_large)
    assert await wall.page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")


async def test_everything_is_done_by_keys_and_read_from_afar(run: Run, chromium: Chromium) -> None:
    chromium.network_fails = True
    program = await run(*SERVE)
    tab = await chromium.dashboard(program, "symbol=AAPL", viewport=DESKTOP)
    await until_shown(tab.page, "AAPL")
    await walk_and_search(tab)
    await command(tab)
    await layers(tab)
    await measure_targets(tab)
    await be_on_the_wall(tab)
    program.terminate(signal.SIGKILL)
    await program.ended()
    state = tab.page.get_by_text(re.compile(r"behind · as of|Reconnecting.* · as of"))
    await state.wait_for()
    ground = await tab.ask("getComputedStyle(document.body).backgroundColor")

    async def stands_out() -> bool:
        own = await state.evaluate("(it) => getComputedStyle(it.parentElement).backgroundColor")
        return bool(own != ground)

    await until(stands_out)
    await until_large(tab.page.get_by_role("region", name="Wall"), SCREEN)
    await tab.page.keyboard.press("Escape")
    await until_shown(tab.page, "TSLA")
    assert await tab.page.get_by_role("banner").is_visible()
    await tab.until("!location.search.includes('wall')")
