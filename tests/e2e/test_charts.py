"""Charts in a real browser: four on a wide screen, timeframes, comparisons, values, and halts."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.chromium import Chromium, launched, until
from tests.e2e.conftest import Program, Run
from tests.e2e.statuses import connected, until_status

pytest.importorskip("playwright", reason="playwright is not installed (the extra `clients`)")

from playwright.async_api import Locator

WIDE = {"width": 2_600, "height": 1_000}


@pytest.fixture
async def chromium() -> AsyncIterator[Chromium]:
    async with launched() as browser:
        yield browser


async def until_told(place: Locator, pattern: str) -> str:
    """Wait until what an element says has a pattern in it; return all of it."""

    async def told() -> str:
        words = await place.inner_text()
        return words if re.search(pattern, words) else ""

    try:
        return str(await until(told))
    except TimeoutError:
        raise AssertionError(f"no {pattern} in {await place.inner_text()!r}") from None


async def until_walked(chart: Locator, legend: Locator, keys: tuple[str, ...], told: str) -> None:
    """Walk by keys, from an end, until what is pointed at tells this; more bars may be to come."""

    async def tells() -> bool:
        for key in keys:
            await chart.page.keyboard.press(key)
        return told in await legend.inner_text()

    await chart.get_by_role("group", name="arrows walk the bars").focus()
    try:
        await until(tells)
    except TimeoutError:
        raise AssertionError(f"no {told} in {await legend.inner_text()!r}") from None


async def close_of(program: Program, symbol: str) -> float:
    """Return the last price of the day before."""
    days = await program.document(f"/v1/bars?symbol={symbol}&timeframe=1d&limit=1")
    return float(days["bars"][-1]["c"])


async def test_four_charts_have_symbols_timeframes_and_values_of_their_own(
    run: Run, chromium: Chromium
) -> None:
    program = await run("--symbols", "AAPL,MSFT,TSLA,NVDA", "--rate", "100", "--seed", "7")
    tab = await chromium.dashboard(program, viewport=WIDE)
    page = tab.page
    legends = page.get_by_role("group", name="Values of")

    async def are_four() -> bool:
        return await legends.count() == 4

    await until(are_four)
    await page.get_by_role("img", name="Chart of AAPL, bars of 1 second").wait_for()
    await page.get_by_role("img", name=re.compile("^Chart of TSLA, bars of 1 minute")).wait_for()
    await until_status(program, lambda status: connected(status) == {"websocket": 1})

    # The values are those of the server's bars, wherever one points.
    chart = page.locator("feed-chart").first
    legend = chart.get_by_role("group", name="Values of AAPL")
    await until_told(legend, r"(?s)O\s.*H\s.*L\s.*C\s.*Vol\s.*VWAP\s\d.*SMA 20\s\d")
    await chart.get_by_role("button", name="1d: 1 day").click()
    await page.get_by_role("img", name=re.compile("^Chart of AAPL, bars of 1 day")).wait_for()
    before = f"{await close_of(program, 'AAPL'):.2f}"
    await until_told(legend, r"^\d{4}-\d\d-\d\d")
    await until_walked(chart, legend, ("End", "ArrowLeft"), f"C\u00a0{before}")
    await until_told(chart.locator("[aria-live]:not([role])"), re.escape(before))

    # Two symbols in per cent, and back; the other charts stay as they are.
    await chart.get_by_role("textbox", name="Compare with").fill("MSFT")
    await page.keyboard.press("Enter")
    await until_told(legend, r"AAPL\s[+−]?[\d.]+ %\s+MSFT\s[+−]?[\d.]+ %\s+since\s\d{4}-")
    await chart.get_by_role("button", name="Compare with MSFT no longer").click()
    await chart.get_by_role("button", name="5m: 5 minutes").click()
    await until_told(legend, r"O\s[\d.]+")
    box = await chart.get_by_role("img").bounding_box()
    assert box is not None
    newest = await legend.inner_text()
    await page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    await until_told(legend, f"^(?!{re.escape(newest[:16])})")

    # The chart that has the focus is the one that shows what is chosen.
    await page.get_by_role("radio", name="2", exact=True).check(force=True)
    await page.locator("feed-chart").nth(1).get_by_role("button", name="15 minutes").click()
    second = await page.locator("feed-chart").nth(1).get_attribute("symbol")
    await page.get_by_role("heading", name=second, exact=True).wait_for()
    await tab.until("location.search.includes('frame=15m')")  # it is written a moment later
    await page.reload()
    await page.get_by_role("img", name=re.compile("bars of 5 minutes")).wait_for()
    await page.get_by_role("img", name=re.compile("bars of 15 minutes")).wait_for()
    assert await page.locator("feed-chart").count() == 2, "it is as one left it"


async def test_halt_is_told_at_its_time_and_no_bar_is_drawn_in_it(
    run: Run, chromium: Chromium, tmp_path: Path
) -> None:
    price: dict[str, Any] = {"T": "t", "S": "AAPL", "x": "Q", "s": 10, "z": "C", "c": []}
    trades = [
        price | {"i": at, "p": 100.0 + at, "t": f"2024-05-01T14:30:{at:02}Z"}
        for at in (*range(10), *range(30, 40))
    ]
    halt: dict[str, Any] = {"T": "s", "S": "AAPL", "sm": "", "rc": "T1", "z": "C"}
    halts = [
        halt | {"sc": "H", "rm": "Halt News Pending", "t": "2024-05-01T14:30:10Z"},
        halt | {"sc": "T", "rm": "", "t": "2024-05-01T14:30:29Z"},
    ]
    rows = sorted([*trades, *halts], key=lambda row: str(row["t"]))
    recording = tmp_path / "halted.ndjson"
    recording.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    program = await run("--source", f"replay:{recording}", "--speed", "max")
    page = (await chromium.dashboard(program, "symbols=AAPL&symbol=AAPL")).page
    legend = page.get_by_role("group", name="Values of AAPL")
    await until_told(legend, r"C\s139\.00")
    chart = page.locator("feed-chart").first
    await until_walked(chart, legend, ("Home", "PageDown"), "Halted: Halt News Pending")
    words = await legend.inner_text()
    assert words.endswith("Halted: Halt News Pending")
    assert "C\u00a0" not in words
