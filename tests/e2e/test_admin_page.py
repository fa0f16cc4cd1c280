"""The page of administrators in a real browser: who is connected, and sending somebody away."""

from pathlib import Path

from tests.e2e.axe import violations
from tests.e2e.chromium import launched, until
from tests.e2e.conftest import Run
from tests.fakes.keys import KeysFile, bearer_of
from tests.fakes.raw_http import RawHttp

CALM = ("--symbols", "5", "--rate", "100", "--seed", "7")
_SIGN_IN = """headers => fetch("v1/tickets", { method: "POST", body: "{}",
  headers: { ...headers, "Content-Type": "application/json" } }).then(({ ok }) => ok)"""


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
