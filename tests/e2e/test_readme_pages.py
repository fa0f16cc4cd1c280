"""The documents' examples for pages run in Chromium as they stand there, and show prices."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page

from tests.e2e.chromium import PATIENCE_S, Chromium, launched, until
from tests.e2e.conftest import Run
from tests.e2e.site import Site, bundled
from tests.e2e.test_readme import DOCUMENTS
from tests.fakes.keys import KeysFile
from tests.fakes.raw_http import RawHttp

# As the documents are sorted: the front page's first. Another page wants a test of its own.
EVENT_SOURCE, FEED_CLIENT, ELEMENTS = (
    page for it in DOCUMENTS.values() for page in it.blocks("html")
)
TICKET, HOOK = (script for it in DOCUMENTS.values() for script in it.blocks("js"))

SERVE = ("--symbols", "AAPL,MSFT", "--rate", "200")
APPLE, MICROSOFT = (re.compile(rf"{symbol} [\d.]+") for symbol in ("AAPL", "MSFT"))
TWICE = re.compile(r"(AAPL [\d.]+)\1")
PRICES = re.compile(r"[\d.]+ \([\d.]+ / [\d.]+\)")

# Components that use the hook, as its reader would write them; development's checks are on.
COMPONENT = """
import { createElement, StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import { useTrade } from "./hook.js";

const Price = ({ symbol }) => createElement("output", null, symbol, " ", useTrade(symbol)?.p);
const Page = () => {
  const [shown, show] = useState(["AAPL", "AAPL"]);
  globalThis.show = show;
  return shown.map((symbol, place) => createElement(Price, { symbol, key: place }));
};
createRoot(document.body).render(createElement(StrictMode, null, createElement(Page)));
"""


@pytest.fixture
async def chromium() -> AsyncIterator[Chromium]:
    async with launched() as browser:
        yield browser


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    own = Site()
    async with own.server:
        yield own


async def shown(run: Run, chromium: Chromium, site: Site, example: str) -> Page:
    """Return a tab that shows the example, and has a server to read from."""
    site.hold(example, await run(*SERVE, "--allow-origin", site.origin))
    page = await chromium.page()
    await page.goto(site.origin)
    return page


async def until_text_matches(page: Page, pattern: re.Pattern[str], other_than: str = "") -> str:
    async def text() -> str:
        words = await page.inner_text("body")
        return words if pattern.fullmatch(words) and words != other_than else ""

    return str(await until(text))


async def test_page_with_event_source_logs_prices(run: Run, chromium: Chromium, site: Site) -> None:
    page = await shown(run, chromium, site, EVENT_SOURCE)
    lines: asyncio.Queue[str] = asyncio.Queue()
    page.on("console", lambda message: lines.put_nowait(message.text))
    async with asyncio.timeout(PATIENCE_S):
        for _ in range(20):
            assert re.fullmatch(r"(AAPL|MSFT) [\d.]+", await lines.get())


async def test_page_with_feed_client_shows_prices_that_move(
    run: Run, chromium: Chromium, site: Site
) -> None:
    page = await shown(run, chromium, site, FEED_CLIENT)
    first = await until_text_matches(page, PRICES)
    await until_text_matches(page, PRICES, other_than=first)


async def test_page_with_elements_shows_prices_that_move(
    run: Run, chromium: Chromium, site: Site
) -> None:
    page = await shown(run, chromium, site, ELEMENTS)
    price = re.compile(r"AAPL\s+[\d.]+")
    first = await until_ticker_matches(page, price)
    await until_ticker_matches(page, price, other_than=first)


async def until_ticker_matches(page: Page, pattern: re.Pattern[str], other_than: str = "") -> str:
    async def text() -> str:
        words = await page.get_by_role("group", name="AAPL", exact=True).inner_text()
        found = pattern.match(words)
        return found[0] if found and found[0] != other_than else ""

    return str(await until(text))


@pytest.mark.toolchains
async def test_react_hook_shows_prices_that_move(
    run: Run, chromium: Chromium, site: Site, tmp_path: Path
) -> None:
    script = await bundled(tmp_path, {"hook.js": HOOK, "main.js": COMPONENT})
    page = await shown(run, chromium, site, f'<script type="module">{script}</script>')
    first = await until_text_matches(page, TWICE)
    await until_text_matches(page, TWICE, other_than=first)
    # One of two components that show the same leaves: the other goes on. Then it shows another.
    await page.evaluate('show(["AAPL"])')
    first = await until_text_matches(page, APPLE)
    await until_text_matches(page, APPLE, other_than=first)
    await page.evaluate('show(["MSFT"])')
    await until_text_matches(page, MICROSOFT)
    await until(lambda: are_subscribed(site, 1))
    await page.evaluate("show([])")
    await until(lambda: are_subscribed(site, 0))


async def are_subscribed(site: Site, count: int) -> bool:
    """Tell whether the server holds so many symbols for all subscriptions."""
    answer = await RawHttp.get(("127.0.0.1", site.program.port), "/metrics")
    found = re.search(rb"^feed_index_entries (\S+)$", await answer.body(), re.MULTILINE)
    assert found is not None
    return float(found[1]) == count


async def test_a_page_asks_for_a_ticket_and_reads_by_it(
    chromium: Chromium, run: Run, tmp_path: Path
) -> None:
    keys = KeysFile(tmp_path / "keys.toml")
    key = keys.add("desk")
    program = await run(*SERVE, "--keys", str(keys.path))
    page = await (await chromium.context()).new_page()  # it has no icon, which is a complaint
    await page.goto(program.url("/healthz"))
    asked = f"async (token) => {{ {TICKET} return ticket; }}"
    ticket = await page.evaluate(asked, f"{key.id}.{key.secret}")
    read = """(ticket) => new Promise((resolve) => {
      const source = new EventSource(`/v1/sse?trades=*&ticket=${ticket}`);
      source.onmessage = ({ data }) => { source.close(); resolve(JSON.parse(data)[0].T); };
    })"""
    assert await page.evaluate(read, ticket) == "t"
