"""The plain pages in a real browser: what is not current never looks current."""

import shlex
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.chromium import Chromium, Tab, launched, until
from tests.e2e.conftest import Program, Run
from tests.e2e.test_page_truth import recorded
from tests.fakes.programs import stop

pytest.importorskip("playwright", reason="playwright is not installed (the extra `clients`)")

from playwright.async_api import Route

_PLAIN = "document.getElementById('state').textContent"
_PLAIN_PILL = "document.getElementById('pill').innerText"
_PLAIN_HAS_PRICES = "document.querySelector('#prices tr:last-child td:nth-child(2)')?.innerText"
_PLAIN_LOOKS_CURRENT = """
  getComputedStyle(document.querySelector("#prices tr:last-child td:nth-child(2)")).fontStyle
  === "normal"
"""


@pytest.fixture
async def chromium() -> AsyncIterator[Chromium]:
    async with launched() as browser:
        yield browser


async def plain(chromium: Chromium, program: Program, *, frozen: bool = False) -> Tab:
    """Open the plain page; frozen: its time passes by hand."""
    page = await chromium.page()
    if frozen:
        await page.clock.install()
    await page.goto(program.url("/plain"))
    return Tab(page)


async def test_plain_page_whose_server_says_nothing_does_not_look_current(
    run: Run, chromium: Chromium
) -> None:
    program = await run("--symbols", "5", "--rate", "50")
    tab = await plain(chromium, program, frozen=True)
    await tab.until(f"{_PLAIN} === 'live'")
    await tab.until(_PLAIN_HAS_PRICES)
    await tab.until(_PLAIN_LOOKS_CURRENT)
    stop(program.process.pid)

    async def says_so() -> Any:
        await tab.page.clock.fast_forward(20_000)  # again, where something was still on its way
        looks = await tab.ask(f"[{_PLAIN}, {_PLAIN_LOOKS_CURRENT}, {_PLAIN_PILL}]")
        return looks[0].startswith("nothing came for") and looks

    _, is_current, pill = await until(says_so)
    assert not is_current
    assert "prices as of" in pill
    program.process.send_signal(signal.SIGCONT)
    await tab.until(f"{_PLAIN} === 'live'")
    await tab.until(_PLAIN_LOOKS_CURRENT)


async def test_plain_page_comes_back_to_a_server_that_refused_it(
    run: Run, chromium: Chromium
) -> None:
    program = await run("--symbols", "5", "--rate", "50")
    page = await chromium.page()
    refused: list[str] = []

    async def refuse(route: Route) -> None:
        if refused:
            await route.continue_()
        else:
            refused.append(route.request.url)
            await route.fulfill(status=204)  # the browser gives up, without a complaint

    await page.route("**/v1/sse?*", refuse)
    await page.goto(program.url("/plain"))
    tab = Tab(page)
    await tab.until(f"{_PLAIN} === 'live'")
    assert len(refused) == 1


async def test_plain_page_asks_again_for_what_is_listed(run: Run, chromium: Chromium) -> None:
    chromium.is_refused = chromium.network_fails = True
    program = await run("--symbols", "5", "--rate", "50")
    page = await chromium.page()
    asked: list[str] = []

    async def fail(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) == 1:
            await route.fulfill(status=429, json={"detail": "too many"})
        elif len(asked) == 2:
            await route.abort()
        else:
            await route.continue_()

    await page.route("**/v1/symbols", fail)
    await page.goto(program.url("/plain"))
    await Tab(page).until(f"{_PLAIN} === 'live'")
    assert len(asked) == 3


async def test_plain_page_says_what_asking_again_does_not_help(
    run: Run, chromium: Chromium
) -> None:
    chromium.is_refused = True
    program = await run("--symbols", "5", "--rate", "50")
    page = await chromium.page()
    await page.route("**/v1/symbols", lambda route: route.fulfill(status=403, json={}))
    await page.goto(program.url("/plain"))
    await Tab(page).until(f"{_PLAIN} === 'cannot start: your key does not include it'")


async def test_status_page_whose_server_hangs_says_so_in_its_title(
    run: Run, chromium: Chromium
) -> None:
    program = await run("--symbols", "5", "--rate", "50")
    page = await chromium.page()
    await page.goto(program.url("/status"))
    tab = Tab(page)
    await tab.until("document.title.startsWith('feed: live')")
    stop(program.process.pid)
    await tab.until("document.title.startsWith('feed: no answer')")
    program.process.send_signal(signal.SIGCONT)
    await tab.until("document.title.startsWith('feed: live')")


async def test_plain_page_of_a_recording_that_is_over_says_so(
    run: Run, chromium: Chromium, tmp_path: Path
) -> None:
    source = recorded(tmp_path / "day.ndjson", {"BRK'A  1": [169.5]})
    program = await run("--source", source, "--speed", "max")
    tab = await plain(chromium, program)
    await tab.until(f"{_PLAIN}.endsWith(': the recording is over')")
    await tab.until_text("#pill", "the recording is over; prices as of ")
    assert not await tab.ask(_PLAIN_LOOKS_CURRENT)
    change = "document.querySelector('#prices tr:last-child td:nth-child(3)').textContent"
    await tab.until(f"{change} === ' 0.00 %'")
    assert "BRK'A  1" in await tab.text("#prices")
    command = (await tab.text("#commands")).splitlines()[-1]
    assert shlex.split(command)[-2:] == ["--symbols", "BRK'A  1"]
