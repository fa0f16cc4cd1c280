"""The watchlist of the dashboard in a real browser: lists, columns, order, filters, address."""

import csv
import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Locator, Page

from tests.e2e.chromium import Chromium, Tab, launched, until
from tests.e2e.conftest import Run

SERVE = ("--symbols", "AAPL,MSFT,TSLA,JPM,XOM,BTC/USD,KO,DIS", "--rate", "400", "--seed", "7")


@pytest.fixture
async def chromium() -> AsyncIterator[Chromium]:
    async with launched() as browser:
        yield browser


def rows(page: Page) -> Locator:
    return page.get_by_role("grid").get_by_role("row").filter(has=page.get_by_role("rowheader"))


async def shown(page: Page) -> list[str]:
    """Return the symbols of the rows, from top to bottom."""
    found: list[list[str]] = await page.evaluate(
        """[...document.querySelectorAll(".rows > .row")]
          .map((row) => [row.getAttribute("aria-rowindex").padStart(5), row.dataset.symbol])
          .sort()"""
    )
    return [symbol for _, symbol in found]


async def until_shown(page: Page, *symbols: str) -> None:
    async def are() -> bool:
        return await shown(page) == list(symbols)

    try:
        await until(are)
    except TimeoutError:
        raise AssertionError(f"shown are {await shown(page)}, not {symbols}") from None


async def until_address(tab: Tab, *parts: str) -> None:
    for part in parts:
        await tab.until(f"location.search.includes({part!r})")


async def make_list(tab: Tab) -> None:
    """Make a list of one's own, by keys but for its menu."""
    page = tab.page
    await page.get_by_text("⋯", exact=True).click()
    await page.get_by_role("textbox", name="Name of a list").fill("Mine")
    await page.get_by_role("button", name="New list").click()
    await page.get_by_text("Nothing is watched.").wait_for()
    search = page.get_by_role("combobox", name="Search symbols to watch")
    for symbol in ("KO", "XOM", "BTC/USD", "JPM"):
        await search.fill(symbol)
        await search.press("Enter")
    await until_shown(page, "JPM", "BTC/USD", "XOM", "KO")
    await tab.until("document.activeElement.role === 'grid'")
    for key in ("End", "ArrowUp", "Alt+ArrowUp"):
        await page.keyboard.press(key)
    await until_shown(page, "JPM", "XOM", "BTC/USD", "KO")
    await page.get_by_text("XOM is now 2 of 4").wait_for()
    await tab.until("document.title.startsWith('XOM ')")
    await page.keyboard.press("Delete")
    await until_shown(page, "JPM", "BTC/USD", "KO")
    await page.get_by_text("XOM is removed.", exact=True).wait_for()
    await page.keyboard.press("Control+z")
    await until_shown(page, "JPM", "XOM", "BTC/USD", "KO")


async def drag(page: Page, symbol: str, above: str) -> None:
    """Drop a row above another one."""
    grip = await rows(page).filter(has_text=symbol).locator(".grip").bounding_box()
    row = await rows(page).filter(has_text=above).bounding_box()
    assert grip is not None
    assert row is not None
    await page.mouse.move(grip["x"] + 5, grip["y"] + 5)
    await page.mouse.down()
    await page.mouse.move(row["x"] + 20, row["y"] + 2, steps=3)
    await page.mouse.up()


async def watch_all_and_clear(tab: Tab) -> None:
    """Watch all and go back, clear and undo it: the list is as it was."""
    page = tab.page
    toggle = page.get_by_role("button", name="Watch all")
    await toggle.click()
    await tab.until("document.getElementById('count').textContent === 'All 8'")
    await toggle.click()
    await page.get_by_role("button", name="Clear").click()
    await page.get_by_text("4 symbols are cleared.", exact=True).wait_for()
    await page.get_by_role("button", name="Undo").click()


async def choose_columns(page: Page, *names: str) -> None:
    await page.get_by_text("Columns", exact=True).first.click()
    await page.get_by_role("radio", name="Compact").locator("..").click()
    boxes = page.get_by_role("group", name="Columns").get_by_role("checkbox")
    for name in names:
        await page.get_by_role("checkbox", name=name, exact=True).check()
    for box in await boxes.all():
        label = (await box.locator("..").inner_text()).strip()
        await box.set_checked(label in names)
    await page.keyboard.press("Escape")


async def until_heads(page: Page, *names: str) -> None:
    """Wait until the columns have these names."""
    heads = page.get_by_role("grid").get_by_role("columnheader")

    async def are() -> bool:
        texts = await heads.all_inner_texts()
        return [text.strip() for text in texts[:-1]] == list(names)

    try:
        await until(are)
    except TimeoutError:
        raise AssertionError(f"they are {await heads.all_inner_texts()}, not {names}") from None


async def sort_and_point(page: Page) -> None:
    """Sort by what moves: rows hold still under the pointer, and say so."""
    await page.get_by_role("button", name="Last", exact=True).click()
    sorted_by = page.get_by_role("button", name=re.compile("^Sorted by Last ↓$"))
    await sorted_by.wait_for()

    async def is_first() -> bool:
        return (await shown(page))[0] == "BTC/USD"

    await until(is_first)
    await rows(page).first.hover()
    await page.get_by_role("button", name=re.compile("paused")).wait_for()
    await page.mouse.move(1, 1)
    await sorted_by.wait_for()


async def exported(page: Page) -> list[list[str]]:
    """Return what is shown, as it is exported."""
    await page.get_by_text("⋯", exact=True).click()
    async with page.expect_download() as downloading:
        await page.get_by_role("button", name="Export what is shown").click()
    path = await (await downloading.value).path()
    return list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))


async def test_lists_columns_order_and_filters_are_a_link_that_opens_elsewhere(
    run: Run, chromium: Chromium
) -> None:
    program = await run(*SERVE)
    tab = await chromium.dashboard(program, "symbol=AAPL")
    page = tab.page
    await until_shown(page, "AAPL", "MSFT", "TSLA", "JPM", "KO", "DIS", "XOM", "BTC/USD")
    await make_list(tab)
    await drag(page, "KO", above="JPM")
    mine = ("KO", "JPM", "XOM", "BTC/USD")
    await until_shown(page, *mine)
    await watch_all_and_clear(tab)
    await until_shown(page, *mine)
    await choose_columns(page, "Last", "Day range")
    await until_heads(page, "Symbol", "Last", "Day range")
    await sort_and_point(page)

    await page.get_by_role("combobox", name="Class").select_option(label="US equities (3)")
    await page.get_by_role("combobox", name="Sector").select_option(label="Energy (1)")
    await until_shown(page, "XOM")
    await until_address(tab, "list=Mine", "sort=-last", "columns=last,range", "sector=Energy")
    await page.get_by_role("combobox", name="Class").select_option(label="Crypto (1)")
    await page.get_by_text("Nothing in this list is of that sector").wait_for()
    await page.get_by_role("button", name="Show all of it").click()
    await page.get_by_role("button", name="Theme: as the system").click()
    await page.get_by_role("button", name="1m: 1 minute").click()
    await until_address(tab, "theme=light", "frame=1m", "density=compact")
    table = await exported(page)
    assert table[0] == ["Symbol", "Name", "Last", "Low", "High", "As of"]
    assert sorted(row[0] for row in table[1:]) == sorted(mine)
    assert all(float(row[2]) > 0 for row in table[1:])

    # In another browser the address is the same view; what is wrong in it is said.
    address = str(await tab.ask("location.search.replace('density=compact', 'density=tight')"))
    other = await chromium.dashboard(program, address.removeprefix("?"))

    async def are_mine() -> bool:
        return sorted(await shown(other.page)) == sorted(mine)

    await until(are_mine)
    await until_heads(other.page, "Symbol", "Last", "Day range")
    await other.page.get_by_role("button", name="Sorted by Last ↓").wait_for()
    assert await other.ask("getComputedStyle(document.documentElement).colorScheme") == "light"
    await other.page.get_by_role("button", name="1m: 1 minute", pressed=True).wait_for()
    await other.until_text("#journal", "density=tight is not accepted")
    await other.page.get_by_text("This list came with a link.").wait_for()
    await other.page.get_by_role("button", name="Keep it").click()
    lists = other.page.get_by_role("combobox", name="List", exact=True)
    for name, count in ("Watchlist", 8), ("Mine", 4):
        await lists.select_option(name)
        await other.until(f"document.getElementById('count').textContent === '{count}'")
