"""The page of administrators in a real browser: who is connected, and sending somebody away."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.axe import violations
from tests.e2e.chromium import launched, until
from tests.e2e.conftest import Run
from tests.fakes.keys import KeysFile, bearer_of
from tests.fakes.raw_http import RawHttp

pytest.importorskip("playwright", reason="playwright is not installed (the extra `clients`)")

from playwright.async_api import Route

CALM = ("--symbols", "5", "--rate", "100", "--seed", "7")
_SIGN_IN = """headers => fetch("v1/tickets", { method: "POST", body: "{}",
  headers: { ...headers, "Content-Type": "application/json" } }).then(({ ok }) => ok)"""

_WATCH = """() => {
  const rows = document.getElementById("connections");
  globalThis.seen = [];
  const note = () => seen.push(rows.innerText);
  new MutationObserver(note).observe(rows, { subtree: true, childList: true, characterData: true });
}"""


async def test_an_administrator_reads_a_record_and_sends_somebody_away(
    run: Run, tmp_path: Path
) -> None:
    keys = KeysFile(tmp_path / "keys.toml")
    desk, root = keys.add("desk"), keys.add("root", admin=True)
    program = await run(*CALM, "--keys", str(keys.path))
    async with launched() as chromium:
        chromium.is_refused = True
        page = await chromium.page(viewport={"width": 360, "height": 740})
        await page.goto(program.url("/admin"))
        state = page.get_by_role("status")

        async def is_told(words: str) -> bool:
            return words in await state.inner_text()

        await until(lambda: is_told("key"))
        assert await page.evaluate(_SIGN_IN, bearer_of(desk))
        await page.reload()
        await until(lambda: is_told("for administrators"))
        assert await page.evaluate(_SIGN_IN, bearer_of(root))
        reader = await RawHttp.get(program.address, "/v1/sse?trades=*", bearer_of(desk))
        await page.reload()
        row = page.get_by_role("row").filter(has_text="sse · json")
        await row.get_by_role("button", name="Record").click()
        record = page.get_by_role("region", name="What happened to connection")
        await record.get_by_text("joined over sse").wait_for()
        assert await violations(page) == []
        page.on("dialog", lambda dialog: dialog.accept())
        await row.get_by_role("button", name="Disconnect").click()
        await record.get_by_text("an administrator ended the connection").wait_for()
        await row.wait_for(state="detached")
        reader.wire.abort()


async def test_a_refusal_stays_and_an_older_answer_does_not_replace_a_newer_one(run: Run) -> None:
    program = await run(*CALM)
    async with launched() as chromium:
        chromium.is_refused = True
        page = await chromium.page()
        slow = asyncio.Event()
        answered = asyncio.Event()

        async def answer(route: Route) -> None:
            if route.request.method == "DELETE":
                await route.fulfill(status=409, json={"detail": "it is needed"})
                return
            is_slow = "identity=slow" in route.request.url
            if is_slow:
                await slow.wait()
            row: dict[str, Any] = {
                "id": 7,
                "peer": "slow" if is_slow else "fast",
                "identity": {},
                "transport": "sse",
                "codec": "json",
                "selection": "",
                "standing": "live",
                "lag_ticks": 0,
                "buffered_bytes": 0,
                "since": "2026-01-02T00:00:00Z",
            }
            await route.fulfill(json={"connections": [row], "total": 1})
            if is_slow:
                answered.set()

        await page.route("**/v1/admin/connections**", answer)
        await page.goto(program.url("/admin"))
        await page.get_by_role("row").filter(has_text="fast").wait_for()
        await page.evaluate(_WATCH)
        identity = page.get_by_role("searchbox", name="Identity")
        async with page.expect_request("**identity=slow*"):
            await identity.fill("slow")
        async with page.expect_response("**identity=fast*"):
            await identity.fill("fast")
        slow.set()
        await answered.wait()
        async with page.expect_response("**identity=fast*"):
            pass  # asked again, after all of that was shown
        assert "slow" not in await page.evaluate("seen.join()")
        page.on("dialog", lambda dialog: dialog.accept())
        await page.get_by_role("button", name="Disconnect").click()
        state = page.get_by_role("status").filter(has_text="it is needed")
        await state.wait_for()
        for _ in range(3):  # what was asked for before, and one that is shown before the next
            async with page.expect_response("**identity=fast*"):
                pass
        assert await state.is_visible()
