"""The pages in a real browser, under their policy: whatever that blocks is a complaint."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest
from playwright.async_api import Locator, Page

from feed.http.contract.asyncapi import asyncapi_document
from feed.http.routes import ROUTES
from tests.e2e.axe import turn_dark, violations
from tests.e2e.chromium import Chromium, launched, until
from tests.e2e.conftest import Program, Run

CALM = ("--symbols", "AAPL,MSFT", "--rate", "20", "--seed", "7")


@pytest.fixture
async def chromium() -> AsyncIterator[Chromium]:
    async with launched() as browser:
        yield browser


async def opened(program: Program, chromium: Chromium, path: str, **options: Any) -> Page:
    page = await chromium.page(**options)
    answer = await page.goto(program.url(path))
    assert answer is not None
    headers = answer.headers
    assert "unsafe" not in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["referrer-policy"] == "no-referrer"
    assert "camera=()" in headers["permissions-policy"]
    return page


async def test_it_shows_requests_and_messages_and_tries_one(run: Run, chromium: Chromium) -> None:
    program = await run(*CALM)
    page = await opened(program, chromium, "/docs")
    requests = page.locator(".opblock")
    await until(lambda: are(requests, len(ROUTES)))
    await page.click("#operations-market_data-symbols .opblock-summary-control")
    await page.click("#operations-market_data-symbols .try-out__btn")
    await page.click("#operations-market_data-symbols .execute")
    answer = page.locator("#operations-market_data-symbols .live-responses-table")
    await answer.filter(has_text="MSFT").wait_for()
    # Of an answer that does not end, nothing would ever be shown.
    await page.click("#operations-streams-sse .opblock-summary-control")
    await page.wait_for_selector("#operations-streams-sse .opblock-body")
    assert await page.locator("#operations-streams-sse .try-out__btn").count() == 0

    await page.click("nav a[href='#streams']")
    await page.wait_for_selector("#streams\\/messages")
    document = asyncapi_document(identities_required=False)
    messages = document["components"]["messages"]
    assert await page.locator("#streams\\/messages > details").count() == len(messages)
    for channel in document["channels"].values():
        assert channel["address"] in await page.inner_text("#streams")


async def are(places: Locator, count: int) -> bool:
    return await places.count() == count


async def shows(page: Page, marker: str) -> bool:
    return marker in await page.inner_text("body")


@pytest.mark.parametrize(
    "pages",
    [
        pytest.param({"/?symbol=AAPL": "AAPL", "/plain": "AAPL", "/status": "Ticks"}, id="market"),
        pytest.param({"/admin": "for administrators", "/docs#streams": "/v1/ws"}, id="words"),
        pytest.param({"/docs": "/v1/symbols"}, id="requests"),
    ],
)
async def test_pages_fit_a_telephone_and_axe_finds_nothing(
    run: Run, chromium: Chromium, pages: dict[str, str]
) -> None:
    program = await run(*CALM)
    chromium.is_refused = "/admin" in pages  # where nobody is known
    for path, marker in pages.items():
        page = await opened(program, chromium, path, viewport={"width": 360, "height": 740})
        await until(partial(shows, page, marker))
        if path == "/?symbol=AAPL":  # or that which traded last
            await page.get_by_role("heading", name="AAPL").wait_for()
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360, path
        assert await violations(page) == [], path
        await turn_dark(page)
        assert await violations(page, "color-contrast") == [], path
        await page.close()
