"""The dashboard in a real browser tells the truth: what is not current never looks current."""

import asyncio
import json
import math
import re
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.e2e.chromium import Chromium, Tab, launched, until
from tests.e2e.conftest import Program, Run
from tests.fakes.patience import PROGRAM_PATIENCE_S
from tests.fakes.ports import free_port

pytest.importorskip("playwright", reason="playwright is not installed (the extra `clients`)")

from playwright.async_api import Error

SECONDS = 40
HALTED = datetime(2024, 5, 1, 14, 31, tzinfo=UTC)
SPEED = 20


@pytest.fixture
async def chromium() -> AsyncIterator[Chromium]:
    async with launched() as browser:
        yield browser


def recorded(path: Path, prices: dict[str, list[float]], *more: dict[str, Any]) -> str:
    """Write a recording of a trade and a quote a second for each symbol; return its source."""
    rows: list[dict[str, Any]] = []
    for second in range(SECONDS):
        head = {"t": f"2024-05-01T14:30:{second:02d}Z", "z": "C", "c": []}
        for symbol, course in prices.items():
            price = course[second % len(course)]
            book = {"bx": "Q", "bp": price, "bs": 1, "ax": "Q", "ap": price, "as": 1}
            trade = {"T": "t", "S": symbol, "i": second + 1, "x": "Q", "p": price, "s": 10}
            rows += [head | trade, head | {"T": "q", "S": symbol} | book]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in [*rows, *more]))
    return f"replay:{path}"


_LOOKS_CURRENT = """[
  document.body.dataset.stale === undefined,
  getComputedStyle(document.querySelector(".rows .last")).fontStyle === "normal",
  document.getElementById("as-of").hidden,
  !/behind|ended/.test(document.getElementById("pill").innerText),
]"""


async def until_it_looks(tab: Tab, *, current: bool) -> None:
    """Wait until all signs of the page agree that its prices are current, or that they are not."""
    await tab.until(f"{_LOOKS_CURRENT}.every((sign) => sign === {str(current).lower()})")


async def _paused(program: Program) -> int:
    return int((await program.document("/v1/status"))["ladder"]["paused"])


async def test_page_that_is_slowed_soon_shows_a_rung_and_how_far_it_is_behind(
    run: Run, chromium: Chromium
) -> None:
    program = await run()
    tab = await chromium.dashboard(program, "")
    await tab.until("feed.counters.ticks > 100")
    await until_it_looks(tab, current=True)
    await tab.switch("reading", "slow")
    await until(lambda: _paused(program))
    await tab.until("Number(document.getElementById('rung-paused').textContent) > 0")
    await tab.until("document.getElementById('pill').innerText.includes('s behind')")
    await until_it_looks(tab, current=False)
    await tab.switch("reading", "full")
    await until_it_looks(tab, current=True)
    assert await tab.ask("feed.settings.compress === undefined")


async def test_page_that_lost_its_server_says_how_far_it_is_behind(
    run: Run, chromium: Chromium
) -> None:
    chromium.network_fails = True
    program = await run()
    tab = await chromium.dashboard(program)
    await tab.until("feed.counters.ticks > 100")
    program.terminate()
    await program.ended()
    await tab.until("document.getElementById('pill').innerText.includes('s behind')")
    await until_it_looks(tab, current=False)
    await tab.until_text("#banner", "prices as of")


async def test_recording_that_is_over_is_as_of_its_end(
    run: Run, chromium: Chromium, tmp_path: Path
) -> None:
    source = recorded(tmp_path / "day.ndjson", {"AAPL": [169.5]})
    program = await run("--source", source, "--speed", "max")
    tab = await chromium.dashboard(program, "symbols=AAPL&symbol=AAPL")
    await tab.until("document.getElementById('pill').innerText.startsWith('Recording ended')")
    await until_it_looks(tab, current=False)
    shown = await tab.ask(
        f"new Date('2024-05-01T14:30:{SECONDS - 1}Z').toLocaleTimeString('en-GB')"
    )
    await tab.until_text("#as-of", f"as of 2024-05-01 {shown}")


async def test_halted_symbol_is_as_of_its_last_tick(
    run: Run, chromium: Chromium, tmp_path: Path
) -> None:
    halt = {"T": "s", "S": "AAPL", "sc": "H", "sm": "Halt", "rc": "", "rm": "", "z": "C"}
    trade = {"T": "t", "S": "MSFT", "x": "Q", "p": 400.0, "s": 1, "z": "C", "c": []}
    # The other symbol goes on for as long as a busy machine may take to start a browser: once it
    # were silent for 5 s it would be stale, and dimmed with reason.
    source = recorded(
        tmp_path / "halt.ndjson",
        {"AAPL": [169.5], "MSFT": [400.0]},
        halt | {"t": f"2024-05-01T14:30:{SECONDS + 5}Z"},
        *(
            trade | {"i": second + 99, "t": f"{HALTED + timedelta(seconds=second):%FT%TZ}"}
            for second in range(int(2 * PROGRAM_PATIENCE_S) * SPEED)
        ),
    )
    program = await run("--source", source, "--speed", str(SPEED))
    tab = await chromium.dashboard(program, "symbols=AAPL,MSFT&symbol=AAPL")
    await tab.until("!document.getElementById('detail-halt').hidden")
    style = "getComputedStyle(document.querySelector('{}')).fontStyle"
    await tab.until_text("#detail-halt", "prices as of 2024-05-01")
    name = "document.querySelector('[data-symbol=AAPL] .name').textContent"
    await tab.until(f"{name}.startsWith('as of ')")  # rows are drawn with a beat of their own
    for last in ("[data-symbol=AAPL] .last", "#detail-last"):
        await tab.until(f"{style.format(last)} === 'italic'")
    # Where the machine held all of it for a while, this one was stale, too.
    await tab.until(f"{style.format('[data-symbol=MSFT] .last')} === 'normal'")


async def test_chart_starts_over_with_a_recording_that_begins_anew(
    run: Run, chromium: Chromium, tmp_path: Path
) -> None:
    rising = [100.0 + second for second in range(SECONDS)]
    source = recorded(tmp_path / "rising.ndjson", {"AAPL": rising})
    program = await run("--source", source, "--speed", "10", "--loop")
    tab = await chromium.dashboard(program, "symbols=AAPL&symbol=AAPL")

    async def close() -> float:
        told = re.search(r"C\s([0-9.]+)", await tab.legend())
        return float(told[1]) if told else math.nan

    async def is_high() -> bool:
        return await close() > 130

    async def is_low() -> bool:
        return await close() < 120

    for _ in range(2):
        await until(is_high)
        await until(is_low)
    await tab.until(
        "['recorded', '–'].includes(document.getElementById('age-event-p50').innerText)"
    )


async def until_legend_tells(tab: Tab, words: str) -> None:
    async def tells() -> bool:
        return words in await tab.legend()

    await until(tells)


async def test_numbers_are_shown_with_the_digits_and_signs_that_they_have(
    run: Run, chromium: Chromium, tmp_path: Path
) -> None:
    prices = {"TINY": [1e-12, 1.5e-12], "OIL": [-37.5, -36.73], "HUGE": [1e308, 1.1e308]}
    source = recorded(tmp_path / "odd.ndjson", prices)
    program = await run("--source", source, "--speed", "max")
    shown = {"TINY": "1.5e-12", "OIL": "-36.73", "HUGE": "1.1e308"}
    changes = {"TINY": "+50.00 %", "OIL": "+2.05 %", "HUGE": "+10.00 %"}
    for symbol, price in shown.items():
        tab = await chromium.dashboard(program, f"symbols=*&symbol={symbol}")
        await tab.until(f"document.getElementById('detail-last').textContent === '{price}'")
        change = "document.getElementById('detail-change').textContent"
        await tab.until(f"{change}.includes('{changes[symbol]}')")  # once its course is loaded
        await until_legend_tells(tab, f"C\u00a0{price}")
        row = f"document.querySelector('[data-symbol={symbol}] .last').innerText"
        await tab.until(f"{row} === '{price}'")
        await tab.page.close()


_ROWS_ARE_IN_ORDER = """
  new Set([...document.querySelectorAll(".ticker")].map((each) => each.offsetHeight)).size === 1
  && [...document.querySelectorAll(".row .symbol")]
    .every((each) => each.scrollWidth <= each.clientWidth)
"""


async def test_symbols_of_any_length_keep_the_rows_in_order(
    run: Run, chromium: Chromium, tmp_path: Path
) -> None:
    option = "AAPL  240119C00150000"
    symbols = ["AAPL", option, "BTC-27JUN25-100000-C-USDT", "W" * 64]
    source = recorded(tmp_path / "long.ndjson", {symbol: [10.0] for symbol in symbols})
    program = await run("--source", source, "--speed", "max")
    tab = await chromium.dashboard(program, f"symbols=*&symbol={quote(option)}")
    await tab.until("document.querySelectorAll('.rows .row').length === 4")
    for width in (1440, 360):
        await tab.page.set_viewport_size({"width": width, "height": 740})
        await tab.until(f"innerWidth === {width} && {_ROWS_ARE_IN_ORDER}")
        await tab.until(f"document.scrollingElement.scrollWidth <= {width}")
        assert await tab.text("#detail-symbol") == option


async def test_two_tabs_agree_on_the_watchlist(run: Run, chromium: Chromium) -> None:
    program = await run("--symbols", "10", "--rate", "50")
    context = await chromium.context()
    tabs = [await chromium.dashboard(program, "", context=context) for _ in range(2)]
    own = await chromium.dashboard(program, "symbols=AAPL", context=context)
    await own.until("document.getElementById('count').textContent === '1'")
    for tab in tabs:
        await tab.until("document.getElementById('count').textContent === '10'")
    await tabs[0].page.click("#watch-none")
    await tabs[1].until("document.getElementById('count').textContent === '0'")
    await tabs[1].page.click("#watch-all")
    await tabs[0].until("document.getElementById('count').textContent === 'All 10'")
    assert await own.text("#count") == "1", "its list is that of its address"


async def test_symbols_of_the_address_that_are_not_listed_are_shown_and_said(
    run: Run, chromium: Chromium
) -> None:
    program = await run("--symbols", "AAPL,MSFT", "--rate", "50")
    tab = await chromium.dashboard(program, "symbols=AAPL,aapl,A*,AAPL&symbol=aapl")
    await tab.until("document.getElementById('count').textContent === '2'")
    name = "document.querySelector('[data-symbol=aapl] .name').innerText"
    await tab.until(f"{name} === 'not listed; AAPL?'")
    await tab.until("document.getElementById('detail-name').innerText === 'not listed; AAPL?'")
    await tab.until_text("#journal", "aapl is not listed; did you mean AAPL?")
    await tab.until_text("#journal", "A* cannot be a symbol")


async def test_a_watchlist_of_another_market_is_not_an_empty_one(
    run: Run, chromium: Chromium
) -> None:
    program = await run("--symbols", "AAPL,MSFT", "--rate", "50")
    context = await chromium.context()
    tab = await chromium.dashboard(program, "", context=context)
    for symbols, count in (["OTHER"], "2"), (["OTHER", "MSFT"], "1"), ([], "0"):
        lists = [{"name": "Watchlist", "symbols": symbols, "isAll": False}]
        stored = json.dumps(json.dumps({"lists": lists}))
        await tab.ask(f"localStorage.setItem('feed.lists', {stored})")
        await tab.page.goto(program.url("/"))
        await tab.until("document.getElementById('loading').hidden")
        await tab.until(f"document.getElementById('count').textContent === '{count}'")


async def test_all_of_a_recording_is_also_what_it_comes_to_later(
    run: Run, chromium: Chromium, tmp_path: Path
) -> None:
    source = recorded(tmp_path / "late.ndjson", {"AAPL": [169.5]})
    late = {"T": "t", "S": "LATE", "i": 1, "x": "Q", "p": 1.5, "s": 1, "z": "C", "c": []}
    at = "2024-05-01T14:31:00Z"
    with (tmp_path / "late.ndjson").open("a") as out:  # more than is read ahead
        out.write(f"{json.dumps(late | {'S': 'AAPL', 't': at})}\n" * 25_000)
        out.write(f"{json.dumps(late | {'t': at})}\n")
    program = await run("--source", source, "--speed", "max", "--wait-for", "1")
    tab = await chromium.dashboard(program, "symbols=*&symbol=AAPL")
    await tab.until("document.getElementById('count').textContent === 'All 2'")
    await tab.until("document.querySelector('[data-symbol=LATE] .last').innerText === '1.50'")


NGINX = """
daemon off; worker_processes 1; pid {folder}/pid; error_log stderr;
events {{ }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location /markets/ {{
      proxy_pass http://127.0.0.1:{server}/; proxy_http_version 1.1; proxy_buffering off;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;
      proxy_set_header Host $http_host;
    }}
  }}
}}
"""


@pytest.fixture
async def prefixed(run: Run, tmp_path: Path) -> AsyncIterator[Program]:
    """Return a server whose paths begin with `/markets/`, by a proxy in front of it."""
    path = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if path is None:
        pytest.skip("nginx is not installed (Debian: nginx)")
    program = await run("--symbols", "10", "--rate", "300")
    port = free_port()
    configuration = tmp_path / "nginx.conf"
    configuration.write_text(NGINX.format(folder=tmp_path, port=port, server=program.port))
    proxy = await asyncio.create_subprocess_exec(path, "-c", str(configuration))
    yield Program(program.process, port, program.log)
    proxy.terminate()
    await proxy.wait()


async def reached(chromium: Chromium, url: str) -> Tab:
    """Open a page as soon as there is one."""
    page = await chromium.page()

    async def answers() -> object:
        try:
            return await page.goto(url)
        except Error:  # the proxy is starting
            return None

    await until(answers)
    return Tab(page)


_DEFAULT_CLIENT = """import("./client.js").then(({ FeedClient }) => {
  globalThis.other = new FeedClient({ shared: false });
  other.subscribe({ trades: ["*"] });
})"""


async def test_pages_work_behind_a_prefix(prefixed: Program, chromium: Chromium) -> None:
    tab = await reached(chromium, prefixed.url("/markets/?symbols=*&symbol=AAPL"))
    for transport in ("websocket", "stream", "sse"):
        await tab.until("globalThis.feed?.status.phase === 'live'")
        await tab.switch("transport", transport)
        await tab.until(f"feed.status.phase === 'live' && feed.status.transport === '{transport}'")
    await until_legend_tells(tab, "C\u00a0")
    await tab.open_connection()
    await tab.page.click(".code summary")
    await tab.until_text("#snippet", f"{prefixed.url('/markets')}/client.js")
    plain = await reached(chromium, prefixed.url("/markets/plain"))
    await plain.until("document.getElementById('state').textContent === 'live'")
    status = await reached(chromium, prefixed.url("/markets/status"))
    await status.until("document.querySelectorAll('#charts path').length > 0")
    await status.page.get_by_role("link", name="Desk").click()
    await status.until("globalThis.feed?.status.phase === 'live'")
    await status.ask(_DEFAULT_CLIENT)
    await status.until("other.status.phase === 'live'")
