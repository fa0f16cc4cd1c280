"""The desk for everybody, in a real browser: colours, motion, what is heard, and keys alone."""

import re
from typing import Any

from playwright.async_api import Page

from tests.e2e.axe import turn_dark, violations
from tests.e2e.chromium import Tab, launched, until
from tests.e2e.conftest import Run

BUSY = ("--symbols", "AAPL,MSFT", "--rate", "400", "--seed", "7")
SAFE = "Colours: blue/orange (safe for colour-blind)"
MOST_STOPS = 120  # of the Tab key, over the whole page
ORDER = ("Theme: as the system", SAFE, "List", "Watch all", "Columns", "Ask the market", "Status")

# What a screen reader is told without being asked: changes of live regions, in elements, too.
_LISTEN = """() => {
  globalThis.heard = [];
  const LIVE = "[role=status], [role=alert], [role=log], [aria-live]";
  const spoken = new Map();
  const roots = [document];
  for (const root of roots) {
    for (const each of root.querySelectorAll("*")) if (each.shadowRoot) roots.push(each.shadowRoot);
    new MutationObserver((changes) => {
      for (const { target } of changes) {
        const element = target.nodeType === 1 ? target : target.parentElement;
        const region = element?.closest(LIVE);
        const isSeen = region?.checkVisibility() && region.ariaLive !== "off";
        if (isSeen && spoken.get(region) !== region.textContent) {
          spoken.set(region, region.textContent);
          heard.push(region.textContent);
        }
      }
    }).observe(root, { subtree: true, childList: true, characterData: true });
  }
}"""
# The colours of all that goes up, or down, in the list, in the detail and in the switch.
_COLOURS = """() => Object.fromEntries(["up", "down"].map((way) => [way, [...new Set(
  [...document.querySelectorAll(`[data-way=${way}]:not(.last)`)].map(
    (each) => getComputedStyle(each).color),
)]]))"""
# Where the focus is, and whether that is to be seen: at itself, over it, or at what stands for it.
_FOCUS = """() => {
  let at = document.activeElement;
  while (at.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  const look = getComputedStyle(at), over = getComputedStyle(at, "::after");
  const beside = at.nextElementSibling && getComputedStyle(at.nextElementSibling);
  const isOutlined = (style) => style && style.outlineStyle !== "none";
  const isSeen = isOutlined(look) || isOutlined(beside)
    || (over.content !== "none" && over.borderTopStyle === "solid");
  const name = at.ariaLabel ?? at.labels?.[0]?.textContent ?? at.textContent;
  return { tag: at.localName, name: name.trim().replace(/\\s+/g, " ").slice(0, 60), isSeen };
}"""


async def test_the_desk_is_for_everybody(run: Run) -> None:
    program = await run(*BUSY)
    async with launched() as chromium:
        tab = await chromium.dashboard(program, "symbols=AAPL,MSFT&symbol=AAPL")
        page = tab.page
        await page.get_by_role("heading", name="AAPL").wait_for()
        await tab.until("document.querySelector('[data-flash]') !== null")
        await page.evaluate(_LISTEN)
        plain = await chromium.page(page.context)
        await plain.goto(program.url("/plain"))
        await colours_are_chosen(page, plain)
        await little_moves_where_it_may_not(tab)
        await a_chosen_row_is_seen_in_colours_of_the_readers(page)
        ticks = await tab.ask("feed.counters.ticks")
        await tab.until(f"feed.counters.ticks > {ticks + 1_500}")
        heard = await tab.ask("heard")  # that it is live, or behind; that a symbol is halted
        told = [words for words in heard if re.search(r"\d", words)]
        assert told == [], "prices move, and nobody is told of each"
        await flows_go_by_keys_alone(tab)


async def colours_are_chosen(page: Page, plain: Page) -> None:
    """Choose the safe colours: all that goes up has them, on the page beside, too."""
    before = await colours(page)
    await page.get_by_role("button", name="Colours: green/red").click()
    await page.get_by_role("button", name=SAFE).wait_for()

    async def differ() -> bool:  # prices that are behind have another one, whatever was chosen
        after = await colours(page)
        return all(before[way] != after[way] for way in before)

    await until(differ)
    await page.wait_for_url("**colours=blue-orange**")
    assert await violations(page, "color-contrast") == []
    await turn_dark(page)
    assert await violations(page, "color-contrast") == []

    async def follows() -> bool:
        look: Any = await plain.evaluate("({ ...document.documentElement.dataset })")
        return bool(look == {"colours": "blue-orange"})

    await until(follows)
    await plain.reload()
    assert await follows(), "before anything is drawn"
    assert await violations(plain, "color-contrast") == []
    await plain.goto(plain.url.replace("/plain", "/status"))
    await plain.get_by_role("img", name="Ticks:").wait_for()
    assert await follows()
    assert await violations(plain, "color-contrast") == []
    await plain.close()


async def colours(page: Page) -> dict[str, str]:
    """Return the colours of up and down, which are the same wherever one of them is."""

    async def found() -> dict[str, str] | None:
        each: dict[str, list[str]] = await page.evaluate(_COLOURS)
        are_same = [len(some) for some in each.values()] == [1, 1]
        return {way: some[0] for way, some in each.items()} if are_same else None

    one: dict[str, str] = await until(found)  # prices that are behind have another
    return one


async def little_moves_where_it_may_not(tab: Tab) -> None:
    lit = "document.querySelector('.rows [data-flash]')"
    style = f"({lit} && (({{ backgroundColor, boxShadow }}) => [backgroundColor, boxShadow].join())"
    looks = f"{style}(getComputedStyle({lit})))"
    clear = "rgba(0, 0, 0, 0)"  # of prices that are behind, too
    await tab.until(f"!({looks} ?? '{clear}').includes('{clear}')")
    await tab.page.emulate_media(reduced_motion="reduce")
    assert await tab.until(looks) == f"{clear},none"
    assert await tab.ask("document.getAnimations().length") == 0
    await tab.page.emulate_media(reduced_motion="no-preference")


async def a_chosen_row_is_seen_in_colours_of_the_readers(page: Page) -> None:
    await page.emulate_media(forced_colors="active")
    row = page.get_by_role("row", selected=True)
    outline = "(row) => getComputedStyle(row).outlineStyle"
    assert await row.evaluate(outline) == "solid"
    grounds: Any = await page.evaluate(
        """["", ":not(:checked)"].map((which) => getComputedStyle(document.querySelector(
          `#chart-count input${which || ":checked"} + span`)).backgroundColor)"""
    )
    assert grounds[0] != grounds[1]
    await page.emulate_media(forced_colors="none")


async def flows_go_by_keys_alone(tab: Tab) -> None:
    """Search, choose, change the frame, open the drawer, make an alert, change the theme."""
    page, press = tab.page, tab.page.keyboard.press
    await page.get_by_role("link", name="Skip to the watchlist").focus()
    stops = await walk(page, "")
    names = [stop["name"] for stop in stops]
    assert [stop for stop in stops if not (stop["isSeen"] and stop["name"])] == []
    assert names[0] == "Search symbols to watch"
    assert [name for name in names if name in ORDER] == list(ORDER), names
    await press("/")
    await page.keyboard.type("MSF")
    await press("Enter")
    await page.get_by_role("heading", name="MSFT").wait_for()
    await press("ArrowUp")
    await page.get_by_role("heading", name="AAPL").wait_for()
    await press("3")
    await page.wait_for_url("**frame=5m**")
    await press("Alt+c")
    await page.get_by_role("region", name="Connection").wait_for()
    await press("Escape")
    await tab.until("document.activeElement.role === 'grid'")  # it is where it was
    await walk(page, "Alerts")
    await press("Enter")
    await page.get_by_role("spinbutton", name="Price").wait_for()  # the panel is loaded then
    await walk(page, "Price")
    await page.keyboard.type("1")
    await press("Enter")
    toasts = page.get_by_role("region", name="Alerts that fired")
    await toasts.get_by_text("AAPL: price is at least 1").wait_for()
    await tab.until("heard.some((words) => words.startsWith('AAPL: price is at least 1'))")
    await walk(page, "Theme: as the system")
    await press("Enter")
    await page.wait_for_url("**theme=light**")


async def walk(page: Page, name: str) -> list[dict[str, Any]]:
    """Press Tab until what has the focus begins with a name, or the page is at its end."""
    stops: list[dict[str, Any]] = []
    for _ in range(MOST_STOPS):
        await page.keyboard.press("Tab")
        stop = await focus(page)
        if name and stop["name"].startswith(name):
            return stops
        if not name and (stop["tag"] == "body" or stop in stops[:1]):
            return stops
        stops.append(stop)
    raise AssertionError(f"{name or 'the end of the page'} is not reached: {stops}")


async def focus(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = await page.evaluate(_FOCUS)
    return found
