"""The desk of somebody who may do little: what is not granted is said in its place."""

from pathlib import Path

from tests.e2e.chromium import Tab, launched
from tests.e2e.conftest import Run
from tests.fakes.keys import KeysFile

CALM = ("--symbols", "AAPL,MSFT", "--rate", "100", "--seed", "7")
DENIED = "Your key does not include"


async def test_what_a_key_does_not_include_is_said_in_its_place(run: Run, tmp_path: Path) -> None:
    keys = KeysFile(tmp_path / "keys.toml")
    little = keys.add("little", channels=["trades"], symbols=["AAPL"])
    program = await run(*CALM, "--keys", str(keys.path))
    async with launched() as chromium:
        chromium.is_refused = True
        page = await chromium.page()
        await page.goto(program.url("/?symbols=AAPL,MSFT&symbol=AAPL"))
        await page.get_by_label("Key (id.secret) or token").fill(f"{little.id}.{little.secret}")
        await page.keyboard.press("Enter")
        detail = page.get_by_role("region", name="AAPL")
        await page.get_by_text(f"{DENIED} quotes of AAPL").wait_for()
        await detail.get_by_text(f"{DENIED} bars of AAPL: there is no past of it").wait_for()
        await detail.get_by_text("not in your key").nth(1).wait_for()
        assert await detail.get_by_text("not in your key").count() == 2, "bid and ask"
        await page.get_by_role("row", name="MSFT").click()
        detail = page.get_by_role("region", name="MSFT")
        await page.get_by_text(f"{DENIED} trades of MSFT").wait_for()
        await detail.get_by_text("not in your key").nth(2).wait_for()

        await page.get_by_text("Alerts", exact=True).click()
        await page.get_by_role("spinbutton", name="Price").wait_for()  # the panel is loaded then
        await page.get_by_role("textbox", name="Symbol", exact=True).fill("MSFT")
        await page.get_by_role("spinbutton", name="Price").fill("1")
        await page.keyboard.press("Enter")
        await page.get_by_text(f"{DENIED} MSFT on trades").wait_for()
        await page.get_by_text("Room", exact=True).first.click()
        await page.get_by_role("button", name="Enter", exact=True).click()
        await page.get_by_text(f"{DENIED} the room desk").wait_for()
        await page.get_by_text("Exports", exact=True).click()
        await page.get_by_role("combobox", name="Channel").select_option("quotes")
        await page.get_by_role("button", name="Export", exact=True).click()
        await page.get_by_text(f"{DENIED} quotes", exact=True).wait_for()

        other = await chromium.page(page.context)
        await other.goto(program.url("/admin"))
        await other.get_by_text(f"{DENIED} this page").wait_for()
        await other.close()

        await page.get_by_role("button", name="Sign out").click()
        dialog = page.get_by_role("dialog", name="Sign in")
        await dialog.get_by_text("you have signed out").wait_for()
        await page.get_by_label("Key (id.secret) or token").fill(f"{little.id}.{little.secret}")
        await page.keyboard.press("Enter")
        await page.get_by_role("button", name="Sign out").wait_for()
        await Tab(page).until("feed.status.phase === 'live'")
        keys.revoke(little)
        await dialog.get_by_text("the key was revoked").wait_for()
