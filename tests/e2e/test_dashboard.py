"""The dashboard in a real browser, against `feed serve`: what is seen in good times and bad."""

import asyncio
import json
import re
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.chromium import Chromium, Tab, launched, until
from tests.e2e.conftest import Program, Run
from tests.e2e.statuses import connected, until_status

CALM = ("--symbols", "10", "--rate", "300", "--seed", "7")

# More than the six connections that a browser opens to a host. Headless Chromium draws every tab as
# if it were seen, so that they are small, and have little to draw.
TABS = 8
QUIET = ("--symbols", "5", "--rate", "50", "--seed", "7")
SMALL = {"width": 360, "height": 320}

# What has moved without anybody's doing, as the browser counts it (cumulative layout shift).
_WATCH_SHIFTS = """() => {
  globalThis.moved = 0;
  globalThis.moving = [];
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput, sources } of list.getEntries()) {
      moved += hadRecentInput ? 0 : value;
      moving.push(...sources.map(({ node }) => node?.id || node?.className || node?.nodeName));
    }
  }).observe({ type: "layout-shift" });
}"""
_PASTS = """new Set(performance.getEntriesByType("resource").map(({ name }) => name)
  .filter((name) => /v1.bars.*timeframe=1[md]/.test(name))).size"""
_ALL_IS_DRAWN = """document.fonts.status === "loaded"
  && [...document.querySelectorAll(".rows .row")]
    .every((row) => /%/.test(row.innerText) && row.querySelector(".course path").getAttribute("d"))
  && /\\d – /.test(document.getElementById("detail-range").textContent)"""
# A digit more in one row of a table is 0.00001; a line that pushes the page, 0.05.
_NOTHING_MOVED = 0.0005

WIRES = [
    (transport, codec)
    for transport in ("websocket", "stream", "sse")
    for codec in ("json", "msgpack")
]


@pytest.fixture
async def chromium() -> AsyncIterator[Chromium]:
    async with launched() as browser:
        yield browser


async def until_connected(program: Program, transport: str) -> None:
    """Wait until there is one connection, over this transport."""
    await until_status(program, lambda status: connected(status) == {transport: 1})


async def test_prices_move_and_are_those_of_the_feed(run: Run, chromium: Chromium) -> None:
    program = await run(*CALM)
    tab = await chromium.dashboard(program)
    before = await tab.until("document.getElementById('detail-last').textContent.trim()")
    for shown in ("#detail-last", "[data-symbol='AAPL'] .last"):
        price = f"document.querySelector(\"{shown}\").textContent.replace(/[^0-9.]/g, '')"
        await tab.until(f"{price} !== '' && {price} !== '{before}'")
        await tab.until(f"Number({price}) === feed.newest('AAPL').trade.p")
    days = await program.document("/v1/bars?symbol=AAPL&timeframe=1d&limit=1")
    low, high, closed = days["current"]["l"], days["current"]["h"], days["bars"][0]["c"]
    await tab.until(f"document.getElementById('detail-close').textContent === '{closed:.2f}'")
    assert low < high, "the past of the market counts"
    of_day = "document.getElementById('detail-range').textContent.split(' – ').map(Number)"
    await tab.until(f"{of_day}[0] <= {low} && {high} <= {of_day}[1]")
    await tab.until("document.getElementById('detail-open').textContent.includes('%')")


async def test_transport_and_codec_are_switched_without_a_gap(run: Run, chromium: Chromium) -> None:
    program = await run(*CALM)
    tab = await chromium.dashboard(program)
    await tab.track()
    for transport, codec in [*WIRES, WIRES[0]]:
        await tab.switch("transport", transport)
        await tab.switch("codec", codec)
        in_use = f"feed.status.transport === '{transport}' && feed.status.codec === '{codec}'"
        await tab.until(f"feed.status.phase === 'live' && {in_use}")
        await tab.more_trades()
        await tab.assert_nothing_lost()
        await until_connected(program, transport)
    assert await tab.ask("track.gaps") == []


async def test_cut_connection_is_resumed_where_it_was(run: Run, chromium: Chromium) -> None:
    program = await run(*CALM)
    tab = await chromium.dashboard(program)
    await tab.track()
    await tab.more_trades()
    connects = await tab.ask("feed.status.connects")
    await tab.cut()
    await tab.until(f"feed.status.connects > {connects} && feed.status.phase === 'live'")
    await tab.more_trades()
    await tab.assert_nothing_lost()
    assert await tab.ask("track.gaps") == []
    assert (await program.document("/v1/status"))["resumes"] == {"replayed": 1}
    assert "resumed after" in await tab.text("#journal")


async def test_restarted_server_is_told_as_a_gap_and_the_page_recovers(
    run: Run, chromium: Chromium
) -> None:
    chromium.network_fails = True
    program = await run(*CALM)
    tab = await chromium.dashboard(program)
    await tab.track()
    await tab.more_trades()
    epoch = str(await tab.ask("feed.position")).partition("-")[0]
    program.terminate(signal.SIGKILL)
    await program.ended()
    await tab.until("!document.getElementById('banner').hidden")
    await tab.until_text("#banner", "prices as of")
    assert "Live" not in await tab.text("#pill")
    await run("--port", str(program.port), *CALM)
    await tab.until("feed.status.phase === 'live' && document.getElementById('banner').hidden")
    await tab.more_trades()
    await tab.assert_nothing_lost()
    (gap,) = await tab.ask("track.gaps")
    assert gap["reason"] == "epoch"
    assert gap["from"].partition("-")[0] == epoch
    assert str(await tab.ask("feed.position")).partition("-")[0] != epoch
    assert "the server was restarted" in await tab.text("#journal")
    await tab.until_text("#pill", "Live")


@pytest.mark.timeout(360)  # eight pages are begun, and looked at by turns
async def test_many_tabs_share_one_connection_that_outlives_its_tab(
    run: Run, chromium: Chromium
) -> None:
    program = await run(*QUIET)
    context = await chromium.context(viewport=SMALL)
    tabs = [await chromium.dashboard(program, context=context) for _ in range(TABS)]
    for tab in tabs:
        await tab.until(f"feed.status.tabs === {TABS}")
        await tab.track()
    await until_connected(program, "websocket")
    leader = await the_leader(tabs)
    tabs.remove(leader)
    for tab in tabs:
        await tab.more_trades(1)
    await leader.page.close()
    for tab in tabs:
        await tab.until(f"feed.status.tabs === {TABS - 1} && feed.status.phase === 'live'")
        await tab.more_trades(20)
        await tab.assert_nothing_lost()
        assert await tab.ask("track.gaps") == []
    await the_leader(tabs)
    await until_connected(program, "websocket")
    assert (await program.document("/v1/status"))["resumes"] == {"replayed": 1}


async def the_leader(tabs: list[Tab]) -> Tab:
    """Wait until one of the tabs leads, and all others follow it; return that one."""

    async def one() -> Tab | None:
        roles = await asyncio.gather(*(tab.ask("feed.status.role") for tab in tabs))
        is_one = sorted(roles) == ["follower"] * (len(tabs) - 1) + ["leader"]
        return tabs[roles.index("leader")] if is_one else None

    leader: Tab = await until(one)
    return leader


async def test_offline_page_says_so_and_resumes(run: Run, chromium: Chromium) -> None:
    chromium.network_fails = True
    program = await run(*CALM)
    tab = await chromium.dashboard(program)
    await tab.track()
    await tab.more_trades()
    await tab.page.context.set_offline(True)
    await tab.cut()  # what is open already, Chromium leaves open
    await tab.until("document.getElementById('pill').innerText.startsWith('Offline')")
    await tab.until("!document.getElementById('banner').hidden")
    await tab.until_text("#banner", "prices as of")
    await tab.until("'stale' in document.body.dataset")
    await tab.page.context.set_offline(False)
    await tab.until("document.getElementById('banner').hidden")
    await tab.more_trades()
    await tab.assert_nothing_lost()
    assert await tab.ask("track.gaps") == []
    await tab.until("!('stale' in document.body.dataset)")  # once what was missed has come


async def test_halt_is_shown_where_the_price_is(
    run: Run, chromium: Chromium, tmp_path: Path
) -> None:
    recording = tmp_path / "halted.ndjson"
    price = {"x": "Q", "p": 169.55, "s": 10, "z": "C"}
    words = {"sc": "H", "sm": "Trading Halt", "rc": "T1", "rm": "Halt News Pending", "z": "C"}
    rows = [
        {"T": "t", "S": "AAPL", "i": 1, "t": "2024-05-01T14:30:01Z", **price},
        {"T": "t", "S": "MSFT", "i": 1, "t": "2024-05-01T14:30:02Z", **price},
        {"T": "s", "S": "AAPL", "t": "2024-05-01T14:30:03Z", **words},
    ]
    recording.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    program = await run("--source", f"replay:{recording}", "--speed", "max")
    tab = await chromium.dashboard(program, "symbols=AAPL,MSFT&symbol=AAPL")
    await tab.until("!document.getElementById('detail-halt').hidden")
    await tab.until_text("#detail-halt", "Trading Halt Halt News Pending")
    await tab.until("document.querySelector('[data-symbol=AAPL] .badge').textContent === 'Halted'")
    assert not await tab.page.is_visible("[data-symbol=MSFT] .badge")
    await tab.page.click("[data-symbol=MSFT]")
    await tab.until("document.getElementById('detail-halt').hidden")


async def test_tape_follows_the_chosen_symbol(run: Run, chromium: Chromium) -> None:
    tab = await chromium.dashboard(await run(*CALM))
    prints = tab.page.get_by_role("table", name="Time and sales of AAPL").get_by_role("row")
    await prints.filter(has_text=re.compile(r"\d:\d\d.*[▲▼]", re.DOTALL)).first.wait_for()
    await tab.page.click("[data-symbol=MSFT]")
    await tab.page.get_by_role("table", name="Time and sales of MSFT").wait_for()
    quotes = tab.page.get_by_role("table", name="Quotes of MSFT").get_by_role("row")
    await quotes.filter(has_text=re.compile(r"\d\.\d\d")).first.wait_for()
    assert (await tab.ask("feed.subscription"))["trades"] == ["*"], "the page's own is kept"


async def test_connection_is_a_drawer_behind_the_line_that_tells_it(
    run: Run, chromium: Chromium
) -> None:
    tab = await chromium.dashboard(await run(*CALM))
    pill = tab.page.get_by_role("button", name="Live", exact=True)  # its numbers are not spoken
    await pill.filter(has_text=re.compile("· WebSocket · .*0 gaps")).wait_for()
    drawer = tab.page.get_by_role("region", name="Connection")
    assert not await drawer.is_visible()
    await tab.page.keyboard.press("Alt+c")
    await drawer.get_by_role("radio", name="MessagePack").check()
    await tab.until("feed.settings.codec === 'msgpack'")
    assert await drawer.get_by_text("Ladder of slow readers").is_visible()
    await tab.page.keyboard.press("Escape")
    await drawer.wait_for(state="hidden")
    await tab.until("document.activeElement.id === 'pill'")


async def test_chart_has_half_of_a_desktop(run: Run, chromium: Chromium) -> None:
    tab = await chromium.dashboard(await run(*CALM), viewport={"width": 1440, "height": 900})
    await tab.page.get_by_role("group", name="AAPL: arrows walk the bars").wait_for()
    main, chart = [
        box["width"] * box["height"]
        for place in (tab.page.get_by_role("main"), tab.page.get_by_role("img", name="Chart of"))
        if (box := await place.bounding_box())
    ]
    assert chart > main / 2
    asking = tab.page.get_by_role("button", name="Ask the market")
    assert await asking.is_visible(), "all else is there"
    assert await tab.ask("scrollY + document.querySelector('main').scrollTop") == 0


async def test_nothing_moves_while_prices_come_and_when_they_end(
    run: Run, chromium: Chromium
) -> None:
    chromium.network_fails = True
    program = await run(*CALM)
    tab = await chromium.dashboard(program, viewport={"width": 1440, "height": 900})
    await until(tab.legend)
    await tab.page.get_by_role("table", name="Quotes of AAPL").get_by_role("row").nth(5).wait_for()
    await tab.until(f"{_PASTS} === 20")  # the course and the day of each of ten symbols
    await tab.track()
    await tab.more_trades(300)
    await tab.until(_ALL_IS_DRAWN)
    await tab.ask(_WATCH_SHIFTS)
    await tab.more_trades(700)
    program.terminate(signal.SIGKILL)
    await program.ended()
    banner = tab.page.get_by_role("region", name="What is wrong")
    await banner.get_by_role("button", name="Try now").wait_for()
    await tab.until_text("#banner", " · prices as of ")
    assert await tab.ask("moved") < _NOTHING_MOVED, await tab.ask("moving")
    assert not await banner.locator("#banner-why").is_visible(), "details are on demand"
    await banner.get_by_text("Details").click()
    assert await banner.locator("#banner-why").inner_text() != ""


@pytest.mark.parametrize("width", [360, 1440])
async def test_nothing_is_wider_than_the_page(run: Run, chromium: Chromium, width: int) -> None:
    size = {"width": width, "height": 740}
    tab = await chromium.dashboard(await run(*CALM), viewport=size)
    await tab.until("document.getElementById('detail-last').textContent.trim()")
    await tab.open_connection()
    await tab.page.click(".code summary")
    assert await tab.ask("document.scrollingElement.scrollWidth") <= width
    assert await tab.page.is_visible("#detail-last")
    assert await tab.page.is_visible("[data-symbol=AAPL] .last")
