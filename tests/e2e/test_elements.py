"""The elements in pages of somebody else's: bare, with a strict policy, and made by React."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page

from tests.e2e.chromium import Chromium, launched, until
from tests.e2e.conftest import Program, Run
from tests.e2e.site import Site, bundled
from tests.e2e.test_readme import ADDRESS
from tests.fakes.keys import KeysFile
from tests.fakes.raw_http import RawHttp

SERVE = ("--symbols", "AAPL,MSFT,TSLA", "--rate", "300", "--seed", "7")
SCRIPT = f'<script type="module" src="http://{ADDRESS}/elements.js"></script>'
ALL = f"""{SCRIPT}
<feed-ticker symbol="AAPL"></feed-ticker>
<feed-chart symbol="TSLA" timeframe="1s"></feed-chart>
<feed-tape symbol="TSLA"></feed-tape>
<feed-watchlist symbols="AAPL,MSFT,TSLA" label="Mine"></feed-watchlist>
"""
PRICE = re.compile(r"[\d,]+\.\d\d")
MEANWHILE = re.compile(r"^Paused · ([1-9]\d*) came meanwhile$")

# A page as its author would write it with React; development's checks are on.
REACT = """
import { createElement, StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";

const token = async () => "TOKEN";
const Page = () => {
  const [symbols, show] = useState(["AAPL", "TSLA"]);
  const [chosen, choose] = useState("none");
  globalThis.show = show;
  const list = createElement("feed-watchlist", {
    symbols: symbols.join(","), label: "Mine", token,
    "onfeed-select": ({ detail }) => choose(detail.symbol),
  });
  const tickers = symbols.map((symbol) =>
    createElement("feed-ticker", { key: symbol, symbol, token }));
  return createElement("main", null, symbols.length > 0 ? list : null, ...tickers,
    createElement("output", null, chosen));
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


async def opened(chromium: Chromium, site: Site, program: Program, body: str = ALL) -> Page:
    site.hold(body, program)
    page = await chromium.page()
    await page.goto(site.origin)
    return page


async def until_text(place: Locator, pattern: str, other_than: str = "") -> str:
    """Wait until an element's text has what is looked for; return all of the text."""

    async def text() -> str:
        words = await place.inner_text()
        return words if re.search(pattern, words) and words != other_than else ""

    return str(await until(text))


async def until_moving(place: Locator) -> None:
    """Wait until a price is there, and another one after it."""
    first = await until_text(place, PRICE.pattern)
    await until_text(place, PRICE.pattern, other_than=first)


async def are_connected(program: Program, count: int) -> bool:
    return await program.metric("feed_connections") == count


def statuses(page: Page) -> list[Locator]:
    """Return what the elements of `ALL` say of their prices."""
    return [page.get_by_role("status").nth(place) for place in range(4)]


async def all_live(page: Page) -> bool:
    return [await status.inner_text() for status in statuses(page)] == ["Live"] * 4


async def test_elements_show_prices_in_a_bare_page_of_another_origin(
    run: Run, chromium: Chromium, site: Site
) -> None:
    program = await run(*SERVE, "--allow-origin", site.origin)
    page = await opened(chromium, site, program)
    ticker = page.get_by_role("group", name="AAPL")
    await until_moving(ticker)
    await until_text(ticker, r"[▲▼] [+−][\d.]+ %|0\.00 %")
    await until_moving(page.get_by_role("row", name=re.compile("^MSFT")))
    await page.get_by_role("img", name=re.compile(r"^Chart of TSLA, bars of 1 second")).wait_for()
    notice = page.get_by_role("link", name="TradingView")
    assert await notice.get_attribute("href") == "https://www.tradingview.com/"
    tape = page.get_by_role("table", name="Time and sales of TSLA")
    await until_text(tape, r"\d\d:\d\d:\d\d\s+[\d.]+\s+[\d.]+\s+[▲▼]\s*(buy|sell)")
    await until(lambda: all_live(page))
    await until(lambda: are_connected(program, 1))  # the elements of a page share one client

    # A server that is gone: each element says so, and of when its prices are.
    chromium.network_fails = True
    program.process.kill()
    for status in statuses(page):
        await until_text(status, r"^Disconnected, trying again · prices as of \d\d:\d\d:\d\d$")


async def test_a_watchlist_is_walked_by_keys_and_tells_what_was_chosen(
    run: Run, chromium: Chromium, site: Site
) -> None:
    program = await run(*SERVE, "--allow-origin", site.origin)
    hear = """<script>addEventListener("feed-select", ({ detail }) => {
      document.querySelector("feed-tape").symbol = detail.symbol; });</script>"""
    body = ALL.replace('label="Mine"', 'label="Mine" columns="last bid volume"')
    page = await opened(chromium, site, program, body + hear)
    grid = page.get_by_role("grid", name="Mine")
    await until_moving(grid)
    heads = await grid.get_by_role("columnheader").all_inner_texts()
    assert heads[:-1] == ["Symbol", "Last", "Bid", "Volume"]
    await grid.focus()
    for key in ("End", "ArrowUp", "Enter"):
        await page.keyboard.press(key)
    await grid.get_by_role("row", name=re.compile("^MSFT"), selected=True).wait_for()
    await until_text(page.get_by_role("table", name="Time and sales of MSFT"), r"\d:\d\d\s+[\d.]+")
    await page.keyboard.press("Shift+Tab")
    assert await page.evaluate("document.activeElement.localName") == "feed-tape"


async def test_a_tape_pauses_while_one_reads_further_down(
    run: Run, chromium: Chromium, site: Site
) -> None:
    program = await run(*SERVE, "--allow-origin", site.origin)
    tape_only = f'{SCRIPT}<feed-tape symbol="TSLA"></feed-tape>'
    page = await opened(chromium, site, program, tape_only)
    prints = page.get_by_role("region", name="Trades of TSLA, newest first")
    table = prints.get_by_role("table")
    await until(lambda: enough(table))
    await prints.focus()
    await prints.evaluate("it => it.addEventListener('scrollend', () => { it.rests = true; })")
    await page.keyboard.press("PageDown")
    await until(lambda: prints.evaluate("it => it.rests"))
    resume = page.get_by_role("button", name=MEANWHILE)
    # What is painted after the scrolling has the lines of where it ended.
    await until_text(resume, MEANWHILE.pattern, other_than=await resume.inner_text())
    shown = await prints.inner_text()
    before = await resume.inner_text()
    await until_text(resume, MEANWHILE.pattern, other_than=before)
    assert await prints.inner_text() == shown, "what one reads stands still"
    await resume.click()
    await resume.wait_for(state="hidden")
    await until_text(prints, r"\d", other_than=shown)


async def enough(table: Locator) -> bool:
    """Tell whether a table has more rows than are seen; only those are in the page."""
    return int(await table.get_attribute("aria-rowcount") or 0) > 40


async def test_a_page_that_may_not_read_is_told_what_to_do(
    run: Run, chromium: Chromium, site: Site
) -> None:
    program = await run(*SERVE)
    chromium.network_fails = chromium.is_refused = True
    chromium.is_forbidden = True
    page = await opened(chromium, site, program)
    for status in statuses(page):
        await until_text(status, f"allows them with --allow-origin {re.escape(site.origin)}$")


async def test_elements_need_nothing_but_the_server_of_a_strict_policy(
    run: Run, chromium: Chromium, site: Site
) -> None:
    program = await run(*SERVE, "--allow-origin", site.origin)
    server, socket = program.url(""), program.url("", "ws")
    site.policy = (
        f"default-src 'none'; script-src {server}; connect-src {server} {socket}; img-src data:; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )
    page = await opened(chromium, site, program)
    await until_moving(page.get_by_role("group", name="AAPL"))
    await page.get_by_role("img", name=re.compile(r"^Chart of TSLA.* last \d")).wait_for()
    style = "getComputedStyle(document.querySelector('feed-tape')).display"
    assert await page.evaluate(style) == "flex", "it is styled"
    assert not chromium.complaints(), "nothing was against the policy"

    site.policy = f"default-src 'none'; script-src {server}; img-src data:"
    chromium.is_forbidden = chromium.network_fails = True
    await page.goto(site.origin)
    status = page.get_by_role("group", name="AAPL").get_by_role("status")
    await until_text(status, f"Name it in connect-src, as {server} {socket}$")


async def test_a_token_is_told_by_a_property(
    run: Run, chromium: Chromium, site: Site, tmp_path: Path
) -> None:
    keys = KeysFile(tmp_path / "keys.toml")
    key = keys.add("desk")
    program = await run(*SERVE, "--keys", str(keys.path), "--allow-origin", site.origin)
    chromium.is_refused = chromium.network_fails = True
    page = await opened(chromium, site, program)
    ticker = page.get_by_role("group", name="AAPL")
    await until_text(ticker, "wants to know who reads: set the element's token property")
    secret = f"{key.id}.{key.secret}"
    await page.evaluate(
        """(secret) => {
          const token = async () => secret;
          for (const it of document.querySelectorAll("[symbol], [symbols]")) it.token = token;
        }""",
        secret,
    )
    await until_moving(ticker)
    await until(lambda: all_live(page))
    await until(lambda: are_connected(program, 1))
    assert secret not in await page.content()


@pytest.mark.toolchains
async def test_react_makes_moves_and_ends_elements(
    run: Run, chromium: Chromium, site: Site, tmp_path: Path
) -> None:
    keys = KeysFile(tmp_path / "keys.toml")
    key = keys.add("desk")
    program = await run(*SERVE, "--keys", str(keys.path), "--allow-origin", site.origin)
    text = REACT.replace("TOKEN", f"{key.id}.{key.secret}")
    script = await bundled(tmp_path, {"main.js": text})
    page = await opened(chromium, site, program, f'{SCRIPT}<script type="module">{script}</script>')
    await until_moving(page.get_by_role("group", name="TSLA"))
    await until_moving(page.get_by_role("grid", name="Mine"))
    await until(lambda: are_connected(program, 1))
    await page.get_by_role("row", name=re.compile("^TSLA")).click()
    await until_text(page.locator("output"), "^TSLA$")
    await page.evaluate('show(["MSFT"])')
    await until_moving(page.get_by_role("group", name="MSFT"))
    assert await page.get_by_role("group", name="TSLA").count() == 0
    await page.evaluate("show([])")
    await until(lambda: are_connected(program, 0))


@pytest.mark.parametrize("allowed", [(), ("--allow-origin", "https://page.example")])
async def test_modules_may_be_read_by_every_page_and_data_may_not(
    run: Run, allowed: tuple[str, ...]
) -> None:
    program = await run(*SERVE, *allowed)
    index = json.dumps(await program.text("/elements.js"))
    parts = set(re.findall(r"assets/[\w.-]+\.js", index))
    assert parts, "charts come when there is one"
    for path in ("/elements.js", "/client.js", *(f"/{part}" for part in parts), "/v1/symbols"):
        origin = {"Origin": "https://stranger.example"}
        answer = await RawHttp.get(program.address, path, origin)
        assert answer.status == 200
        is_module = not path.startswith("/v1")
        policy = "cross-origin" if is_module else "same-origin"
        assert answer.headers["Cross-Origin-Resource-Policy"] == policy
        assert answer.headers.get("Access-Control-Allow-Origin") == ("*" if is_module else None)
        assert "Access-Control-Allow-Credentials" not in answer.headers
        answer.wire.abort()
