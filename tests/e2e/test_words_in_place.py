"""Words where they are about something: alerts at a price of the chart, answers beside it.

By keyboard, role and text; an answer is asked, read, watched in a second window, and stopped.
"""

import json
import re
from collections.abc import AsyncIterator

import pytest

from tests.e2e.chromium import Chromium, Tab, launched, until
from tests.e2e.conftest import Run

pytest.importorskip("playwright", reason="playwright is not installed (the extra `clients`)")

from playwright.async_api import Page

# To the foot of the drawing: the price moves on, and is above that whatever becomes of it.
DOWN = 80
# What is said aloud gives way to what is said next, so all of it is noted.
NOTE_SPOKEN = """globalThis.spoken = [];
document.addEventListener("readystatechange", () => {
  const place = document.getElementById("spoken");
  new MutationObserver(() => spoken.push(place.textContent)).observe(place, { childList: true });
}, { once: true });"""
QUIET = ("--symbols", "5", "--rate", "50", "--seed", "7")
LOADED = """performance.getEntriesByType('resource')
  .filter(({name}) => /(panel|alerts|room|jobs)-/.test(name)).length"""
LAST_SENTENCE = r"/\bBreadth: .*\.$/"  # of three, each of which ends with a full stop
# The words come at thirty a second, so the button is pressed as soon as there is one.
STOP_AT_ONCE = """() => {
  const stop = () => document.getElementById("ask-stop").click();
  new MutationObserver(stop).observe(document.getElementById("answer-text"), { childList: true });
  document.getElementById("ask-send").click();
}"""


def content(name: str) -> str:
    return f"document.getElementById('answer-{name}').textContent"


@pytest.fixture
async def chromium() -> AsyncIterator[Chromium]:
    async with launched() as browser:
        yield browser


async def press(page: Page, *keys: str) -> None:
    for key in keys:
        await page.keyboard.press(key)


async def alert_at_the_crosshair(page: Page) -> None:
    """Make an alert by keys that fires, see it told, and go where it leads."""
    plot = page.get_by_role("group", name="AAPL: arrows walk the bars")
    await plot.focus()
    await press(page, "End", *["ArrowDown"] * DOWN, "Enter")
    form = page.get_by_role("dialog", name="Alert on AAPL")
    when = form.get_by_role("combobox", name="When")
    assert await when.input_value() == "<=", "it is below the last price"
    await when.select_option(">=")
    await form.get_by_role("spinbutton", name="Price").fill("1")  # or it might never be there again
    await press(page, "Enter")
    fired = page.get_by_role("region", name="Alerts that fired").get_by_role("listitem")
    told = fired.filter(has_text="AAPL: price is at least 1.00 (seen: ")
    await told.wait_for()
    await page.get_by_role("button", name="Alerts: 1 not acknowledged").wait_for()
    await page.get_by_role("row", name=re.compile("MSFT")).click()
    await page.get_by_role("heading", name="MSFT").wait_for()
    await told.get_by_role("button", name=re.compile("^AAPL: ")).click()
    await page.get_by_role("heading", name="AAPL").wait_for()
    await told.get_by_role("button", name="Acknowledge").click()
    await told.wait_for(state="detached")


async def alert_in_a_row(page: Page) -> None:
    """Make an alert from a row's menu; move its line on the chart, remove it, and undo that."""
    await page.get_by_role("grid").focus()
    await press(page, "Shift+F10")
    await page.get_by_role("menuitem", name="Alert on AAPL").press("Enter")
    form = page.get_by_role("dialog", name="Alert on AAPL")
    await form.get_by_role("checkbox", name="Again and again").check()  # it is there when it fired
    await form.get_by_role("spinbutton", name="Price").press("Enter")
    line = page.get_by_role("button", name=re.compile("^Alert ≥ .*: arrows move it"))
    await line.focus()
    await press(page, "ArrowUp", "Enter")
    done = page.get_by_role("region", name="Alerts that fired").get_by_role("listitem")
    await done.filter(has_text="Moved: AAPL: price is at least").wait_for()
    await line.press("Delete")
    await line.wait_for(state="detached")
    await done.filter(has_text="Removed: AAPL").get_by_role("button", name="Undo").click()
    await line.wait_for()


async def stands_beside_the_chart(page: Page) -> bool:
    """Tell whether what is asked stands beside the chart, and not over it."""
    chart = await page.get_by_role("img", name="Chart of AAPL").bounding_box()
    answer = await page.get_by_role("region", name="Ask the market").bounding_box()
    return bool(chart and answer and answer["x"] >= chart["x"] + chart["width"])


async def ask_beside_the_chart(tab: Tab) -> str:
    """Ask what is proposed, and share it; return the link to the answer."""
    page = tab.page
    await page.get_by_role("grid").focus()
    await press(page, "Alt+q")
    await tab.until("document.getElementById('question').value === 'What moved AAPL?'")
    await tab.until("document.activeElement.id === 'question'")
    await page.keyboard.type("what moved <b>most</b>?")  # instead of it
    await page.get_by_role("checkbox", name="Share").check()
    await press(page, "Tab", "Enter")
    await page.get_by_role("link", name="Watch it in another window").wait_for()
    await until(lambda: stands_beside_the_chart(page))
    return str(await tab.until("document.querySelector('#answer-link[href*=gen_]')?.hash"))


async def test_alerts_and_answers_stand_where_they_are_about_something(
    run: Run, chromium: Chromium
) -> None:
    program = await run(*QUIET)
    context = await chromium.context(viewport={"width": 1440, "height": 900})
    await context.add_init_script(NOTE_SPOKEN)
    tab = await chromium.dashboard(program, context=context)
    assert await tab.ask(LOADED) == 0, "what nobody uses is loaded"
    await until(tab.legend)
    await alert_at_the_crosshair(tab.page)
    await alert_in_a_row(tab.page)

    link = await ask_beside_the_chart(tab)
    second = await chromium.dashboard(program, f"symbols=*{link}", context)
    told = await second.until(f"{content('about')}.includes(' tokens') && {content('about')}")
    assert told.startswith("market · asked elsewhere · ")
    whole = await second.until(f"{LAST_SENTENCE}.test({content('text')}) && {content('text')}")
    last = json.dumps(whole.rpartition(": ")[2])
    await second.until(f"spoken.some((words) => words.includes({last}))")
    assert whole.startswith("Market summary (rule-based, not a language model) as of ")
    await second.until(f"{content('facts-text')}.trim()")
    await second.until_text("#answer-facts summary", " as of position ")

    await tab.page.bring_to_front()
    await tab.until(f"{content('text')} === {json.dumps(whole)}")
    await tab.ask(STOP_AT_ONCE)
    await tab.until(f"{content('about')}.includes('stopped')")
    assert len(await tab.ask(content("text"))) < len(whole)

    await tab.ask("location.hash = 'answer=x'")
    await tab.until(f"{content('problem')}.startsWith('id: \"x\" is not accepted')")
    await tab.until(f"{content('text')} === ''")
