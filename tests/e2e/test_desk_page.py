"""The desk on the dashboard: a room and its list, alerts, and exports, in two windows."""

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus

import pytest
from aiohttp import ClientSession

from tests.e2e.chromium import Chromium, Tab, launched, until
from tests.e2e.conftest import Program, Run

pytest.importorskip("playwright", reason="playwright is not installed (the extra `clients`)")

from playwright.async_api import Page, Route

QUIET = ("--symbols", "8", "--rate", "50", "--seed", "7")
SAID = "[...document.querySelectorAll('#room-messages .text')].map((p) => p.textContent)"
LISTED = """[...document.querySelectorAll('#entries li')].map((li) =>
  `${li.dataset.symbol} ${li.querySelector('input').value}`)"""
WATCHED = "[...document.querySelectorAll('.rows > .row')].map((r) => r.dataset.symbol)"
NEVER = {"symbol": "AAPL", "field": "price", "op": ">=", "value": 1e6}
TOASTS = "document.querySelectorAll('#toasts li').length"
UNSENT = "[...document.querySelectorAll('#room-unsent li')].map((li) => li.innerText)"


@pytest.fixture
async def chromium() -> AsyncIterator[Chromium]:
    async with launched() as browser:
        yield browser


async def entered(chromium: Chromium, program: Program, name: str) -> Tab:
    """Return a window of its own browser, in the room `desk`, whose list it watches."""
    tab = await chromium.dashboard(program, f"symbol=AAPL#room=desk&name={name}")
    await tab.until(f"document.getElementById('room-members').textContent.includes('{name}')")
    return tab


async def write(tab: Tab, field: str, text: str) -> None:
    await tab.page.fill(field, text)
    await tab.page.press(field, "Enter")


async def note(tab: Tab, symbol: str, text: str) -> None:
    await write(tab, f"#entries li[data-symbol={symbol}] input", text)


async def toasts(tabs: list[Tab]) -> list[int]:
    """Return how many toasts there are in each tab that has any."""
    return [count for tab in tabs if (count := await tab.ask(TOASTS))]


async def until_kept(program: Program, messages: int, *entries: tuple[str, str]) -> None:
    """Wait until the server has so many messages, and these symbols and notes; pages show more."""

    async def are_kept() -> bool:
        room = await program.document("/v1/rooms/desk")
        noted = [(entry["symbol"], entry["note"]) for entry in room["entries"]]
        return (room["messages"], noted) == (messages, [*entries])

    await until(are_kept)


async def until_is(tab: Tab, expression: str, value: object) -> None:
    """Wait until an expression is a value, as JSON."""
    await tab.until(f"JSON.stringify({expression}) === JSON.stringify({value})")


async def test_two_windows_of_a_room_lose_nothing_while_one_is_away(
    run: Run, chromium: Chromium
) -> None:
    program = await run(*QUIET)
    chromium.network_fails = chromium.is_refused = True
    ann = await entered(chromium, program, "Ann")
    bob = await entered(chromium, program, "Bob")

    await write(ann, "#room-text", "one <b>bold</b>")
    await write(ann, "#entry-symbol", "AAPL")
    await write(bob, "#entry-symbol", "MSFT")
    for tab in (ann, bob):
        await until_is(tab, SAID, ["one <b>bold</b>"])
        await tab.until(f"{LISTED}.length === 2 && {WATCHED}.length === 2")
    assert await ann.ask("document.querySelector('#room-messages b')") is None

    await bob.page.context.set_offline(True)
    await bob.ask("feed.reconnect()")
    await bob.until("feed.status.phase !== 'live'")
    for text in ("away 1", "away 2", "away 3"):
        await write(bob, "#room-text", text)
    await write(bob, "#entry-symbol", "TSLA")
    await note(bob, "AAPL", "of Bob")
    await write(ann, "#room-text", "here 1")
    await note(ann, "AAPL", "of Ann")
    await ann.page.click("#entries li[data-symbol=MSFT] button[aria-label^=Remove]")
    await until_is(ann, LISTED, ["AAPL of Ann"])
    await until_kept(program, 2, ("AAPL", "of Ann"))
    waiting = f"{UNSENT}.filter((row) => row.includes('waits for the connection'))"
    await bob.until(f"{UNSENT}.length === 5 && {waiting}.length === 5")
    await bob.until(f"{WATCHED}.includes('TSLA')")

    await bob.page.context.set_offline(False)
    for tab in (ann, bob):
        await until_is(tab, LISTED, ["AAPL of Ann", "TSLA "])
        await until_is(tab, f"{WATCHED}.sort()", ["AAPL", "TSLA"])
        told = ["one <b>bold</b>", "here 1", "away 1", "away 2", "away 3"]
        await until_is(tab, SAID, told)
    refused = f"{UNSENT}[0].includes('Ann changed AAPL meanwhile: of Ann')"
    await bob.until(f"{UNSENT}.length === 1 && {refused}")

    mine = "#room-messages li:first-child"
    await ann.page.click(f"{mine} button:text('Edit')")
    await write(ann, f"{mine} form input", "uno")
    await ann.page.click("#room-messages li:nth-child(2) button:text('Delete')")
    await ann.page.click("#room-messages li:nth-child(2) button:text('Really delete?')")
    await until_is(bob, SAID, ["uno", "away 1", "away 2", "away 3"])
    edits = "[...document.querySelectorAll('#room-messages li button')]"
    await bob.until(f"{edits}.filter((each) => each.textContent === 'Edit').length === 3")


async def test_an_alert_is_shown_once_over_tabs_and_an_export_is_fetched(
    run: Run, chromium: Chromium
) -> None:
    program = await run(*QUIET)
    async with ClientSession() as session:
        elsewhere = await session.post(program.url("/v1/alerts"), json=NEVER)
        assert elsewhere.status == HTTPStatus.CREATED, await elsewhere.text()
    context = await chromium.context()
    tabs = [await chromium.dashboard(program, "symbol=AAPL", context) for _ in range(2)]
    for tab in tabs:
        # The panel is loaded by itself, to hear of what was made elsewhere.
        await tab.until("document.querySelectorAll('#alert-when option').length > 0")
        await tab.page.click("#alerts summary")
    tab, second = tabs
    await tab.page.fill("#alert-value", "1")
    await write(tab, "#alert-note", "<i>sell</i>")
    for each in tabs:
        await each.until("document.querySelectorAll('#firings li').length === 1")
    assert "<i>sell</i>" in await tab.text("#firings")
    assert await until(lambda: toasts(tabs)) == [1]  # in one of them, whichever was first
    (shown,) = [each for each in tabs if await each.ask(TOASTS)]
    await shown.page.click("#toasts li button:text('Acknowledge')")
    for each in tabs:
        await each.until(f"document.querySelectorAll('#firings li').length + {TOASTS} === 0")
    assert await second.ask("JSON.parse(localStorage['feed.toasted']).length") == 1

    loaded = await held(tab.page, "**/assets/jobs-*.js")
    await tab.page.click("#jobs summary")
    await tab.page.fill("#job-symbols", "AAPL,MSFT")
    await tab.page.dblclick("#job-form button")  # before anybody takes it
    loaded.set()
    await tab.until("document.querySelector('#job-list li[data-state=done]') !== null")
    async with tab.page.expect_download() as downloading:
        await tab.page.click("#job-list a")
    download = await downloading.value
    path = await download.path()
    header, *rows = path.read_text().splitlines()
    assert "symbol" in header.split(",")
    assert rows
    assert await tab.page.locator("#job-list li").count() == 1


async def held(page: Page, address: str) -> asyncio.Event:
    """Hold back what a page loads from an address until an event is set."""
    may_come = asyncio.Event()

    async def hold(route: Route) -> None:
        await may_come.wait()
        await route.continue_()

    await page.route(address, hold)
    return may_come
