"""Signing in to the dashboard and out of it, in a real browser, over TLS."""

from pathlib import Path

from tests.e2e.chromium import Tab, launched
from tests.e2e.conftest import Run
from tests.e2e.test_tls import FIRST, write
from tests.fakes.keys import KeysFile

CALM = ("--symbols", "5", "--rate", "100", "--seed", "7")


async def test_the_dashboard_asks_who_it_is_and_forgets_it_again(run: Run, tmp_path: Path) -> None:
    keys = KeysFile(tmp_path / "keys.toml")
    key = keys.add("desk")
    program = await run(*CALM, "--keys", str(keys.path), *write(tmp_path, FIRST))
    async with launched() as chromium:
        context = await chromium.context(ignore_https_errors=True)
        page = await context.new_page()  # a 401 is a complaint
        await page.goto(program.url("/", "https"))
        await page.fill("#credential", f"{key.id}.wrong")
        await page.click("#sign-in-form button")

        tab = Tab(page)
        problem = "document.getElementById('sign-in-problem').textContent"
        await tab.until(f"{problem}.includes('the key is not known here')")
        await page.fill("#credential", f"{key.id}.{key.secret}")
        await page.click("#sign-in-form button")

        await tab.until("feed.counters.ticks")
        assert await page.evaluate("() => document.cookie") == "", "no script sees the cookie"
        assert not await page.is_visible("#sign-in")
        assert await page.evaluate("() => feed.status.transport") == "websocket"
        stored = await page.evaluate("() => JSON.stringify([localStorage, sessionStorage])")
        assert key.secret not in stored
        await page.reload()
        await tab.until("feed.counters.ticks")
        await page.click("#sign-out")
        await page.wait_for_selector("#sign-in")
