"""Answers of language models on the dashboard: asked, read, stopped, and watched in two windows."""

from collections.abc import AsyncIterator

import pytest

from tests.e2e.chromium import Chromium, launched
from tests.e2e.conftest import Run

QUIET = ("--symbols", "5", "--rate", "50", "--seed", "7")
LOADED = "performance.getEntriesByType('resource').filter(({name}) => /panel/.test(name)).length"
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


async def test_an_answer_is_asked_read_watched_and_stopped(run: Run, chromium: Chromium) -> None:
    program = await run(*QUIET)
    context = await chromium.context(viewport={"width": 800, "height": 600})
    tab = await chromium.dashboard(program, context=context)
    assert await tab.ask(LOADED) == 0, "what nobody uses is loaded"

    await tab.page.keyboard.press("a")
    await tab.page.keyboard.type("what moved <b>most</b>?")
    await tab.page.check("#ask-share")
    await tab.page.click("#ask-send")
    link = await tab.until("document.querySelector('#answer-link[href*=gen_]')?.hash")
    second = await chromium.dashboard(program, f"symbols=*{link}", context)
    told = await second.until(f"{content('about')}.includes(' tokens') && {content('about')}")
    assert told.startswith("market · asked elsewhere · ")
    whole = await second.until(f"{content('text')}.endsWith('.') && {content('text')}")
    assert whole.startswith("Market summary (rule-based, not a language model) as of ")
    assert (await second.ask(content("facts-text"))).strip()
    assert whole.endswith(await second.ask(content("spoken")))

    await tab.page.bring_to_front()
    assert await tab.until(f"{content('text')}.endsWith('.') && {content('text')}") == whole
    await tab.ask(STOP_AT_ONCE)
    await tab.until(f"{content('about')}.includes('stopped')")
    assert len(await tab.ask(content("text"))) < len(whole)

    await tab.ask("location.hash = 'answer=x'")
    await tab.until(f"{content('problem')}.startsWith('id: \"x\" is not accepted')")
    assert await tab.ask(content("text")) == ""
