"""The documents' examples for pages run in Chromium as they stand there, and show prices."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Page

from feed.http.pages import BUILT
from tests.e2e.chromium import PATIENCE_S, Chromium, launched, until
from tests.e2e.conftest import Program, Run
from tests.e2e.test_readme import ADDRESS, DOCUMENTS
from tests.fakes.keys import KeysFile
from tests.fakes.programs import ran
from tests.fakes.raw_http import RawHttp

# As the documents are sorted: the front page's first. Another page wants a test of its own.
EVENT_SOURCE, FEED_CLIENT = (page for it in DOCUMENTS.values() for page in it.blocks("html"))
TICKET, HOOK = (script for it in DOCUMENTS.values() for script in it.blocks("js"))

SERVE = ("--symbols", "AAPL,MSFT", "--rate", "200")
PRICE = re.compile(r"[\d.]+")
TWICE = re.compile(r"([\d.]+)\1")
PRICES = re.compile(r"[\d.]+ \([\d.]+ / [\d.]+\)")

# Components that use the hook, as its reader would write them; development's checks are on.
COMPONENT = """
import { createElement, StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import { useTrade } from "./hook.js";

const Price = ({ symbol }) => createElement("output", null, useTrade(symbol)?.p);
const Page = () => {
  const [shown, show] = useState(["AAPL", "AAPL"]);
  globalThis.show = show;
  return shown.map((symbol, place) => createElement(Price, { symbol, key: place }));
};
createRoot(document.body).render(createElement(StrictMode, null, createElement(Page)));
"""
HEAD = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">'
NO_NETWORK = re.compile(r"E(AI_AGAIN|CONNREFUSED|CONNRESET|NETUNREACH|NOTFOUND|TIMEDOUT)")


@pytest.fixture
async def chromium() -> AsyncIterator[Chromium]:
    async with launched() as browser:
        yield browser


class Site:
    """A page of one's own: of another origin than the feed's, and nothing in it but the example.

    Attributes:
        program: the server that it reads from.
    """

    program: Program

    def __init__(self) -> None:
        self._body = ""
        app = web.Application()
        app.router.add_get("/", self._answer)
        self.server = TestServer(app)

    @property
    def origin(self) -> str:
        return str(self.server.make_url("/")).removesuffix("/")

    def hold(self, example: str, program: Program) -> None:
        """Put an example into the page, for this server."""
        self.program = program
        self._body = example.replace(ADDRESS, f"127.0.0.1:{program.port}")

    async def _answer(self, request: web.Request) -> web.Response:  # noqa: ARG002 - aiohttp's signature
        return web.Response(text=f"{HEAD}<body>{self._body}", content_type="text/html")


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
    first = await until_text_matches(page, PRICE)
    await until_text_matches(page, PRICE, other_than=first)
    await page.evaluate('show(["MSFT"])')
    await until_text_matches(page, PRICE)
    assert await subscribed_symbols(site) == 1
    await page.evaluate("show([])")
    await until(lambda: nothing_is_subscribed(site))


async def subscribed_symbols(site: Site) -> int:
    """Return how many symbols the server holds for all subscriptions."""
    answer = await RawHttp.get(("127.0.0.1", site.program.port), "/metrics")
    found = re.search(rb"^feed_index_entries (\S+)$", await answer.body(), re.MULTILINE)
    assert found is not None
    return int(float(found[1]))


async def nothing_is_subscribed(site: Site) -> bool:
    return await subscribed_symbols(site) == 0


async def bundled(folder: Path, files: dict[str, str]) -> str:
    """Return `main.js` with all it imports, `@feed/client` from the built client."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed (Debian: npm)")
    for name, text in files.items():
        (folder / name).write_text(text)
    (folder / "package.json").write_text('{"private": true}')
    packages = ("react@19", "react-dom@19", "esbuild@0.28")
    install = [npm, "install", "--no-audit", "--no-fund", *packages]
    status, output = await ran(folder, *install)
    if status and (reason := NO_NETWORK.search(output)):
        pytest.skip(f"npm cannot reach its registry: {reason[0]}")
    assert status == 0, output
    options = (
        "--bundle",
        "--format=esm",
        "--minify",
        '--define:process.env.NODE_ENV="development"',
        f"--alias:@feed/client={BUILT / 'client.js'}",
        "--outfile=bundle.js",
    )
    status, output = await ran(folder, "node_modules/.bin/esbuild", "main.js", *options)
    assert status == 0, output
    return (folder / "bundle.js").read_text().replace("</script", "<\\/script")


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
