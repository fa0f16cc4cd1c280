"""`python -m tests.pictures FOLDER [--only NAMES] [--sizes SIZES]`: the desk, to be looked at.

Each state of the page that a person may meet, in three sizes, light and dark, as PNG files
`STATE-SIZE-SCHEME.png`. Not a test: it judges nothing. Servers are real ones of their own.
"""

import argparse
import asyncio
import json
import shutil
import signal
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from playwright.async_api import Browser, Page, async_playwright

from tests.fakes.feed_program import FeedProgram
from tests.fakes.keys import KeysFile

SIZES = {"360x740": (360, 740), "1440x900": (1440, 900), "3840x2160": (3840, 2160)}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
MARKET = ("--symbols", "60", "--rate", "300", "--seed", "7")
MINUTE_S, SETTLED_S, MOMENT_S = 60.0, 6.0, 1.0
_HALTED_S = 30  # from where on a symbol of the recording is halted


@dataclass
class Studio:
    """The pages of one server, one of each size and scheme, and where their pictures go."""

    folder: Path
    program: FeedProgram
    pages: dict[str, Page]

    async def show(self, target: str, *, wait_s: float) -> None:
        """Open an address in all pages, and let so much time pass."""
        url = f"http://127.0.0.1:{self.program.port}{target}"
        await asyncio.gather(*(page.goto(url) for page in self.pages.values()))
        await asyncio.sleep(wait_s)

    async def each(self, act: Callable[[Page], Awaitable[object]]) -> None:
        """Do the same in all pages."""
        await asyncio.gather(*map(act, self.pages.values()))

    async def take(self, state: str) -> None:
        """Take all pages' pictures."""
        for name, page in self.pages.items():
            await page.screenshot(path=self.folder / f"{state}-{name}.png")


async def settling(studio: Studio) -> None:
    """A new page, and the same a minute later."""
    await studio.show("/", wait_s=MOMENT_S)
    await studio.take("first-second")
    await asyncio.sleep(MINUTE_S)
    await studio.take("after-a-minute")


async def empty(studio: Studio) -> None:
    """A list without symbols, and a search without a match."""
    await studio.show("/?list=Empty&symbols=", wait_s=SETTLED_S)
    await studio.take("empty-list")
    await studio.show("/", wait_s=SETTLED_S)
    await studio.each(lambda page: page.get_by_role("combobox").first.fill("zzzz"))
    await asyncio.sleep(MOMENT_S)
    await studio.take("no-match")


async def wall(studio: Studio) -> None:
    """The wall screen."""
    await studio.show("/?wall=1&symbol=AAPL", wait_s=SETTLED_S)
    await studio.take("wall")


async def alert(studio: Studio) -> None:
    """An alert that has fired."""
    await studio.show("/?symbol=AAPL", wait_s=SETTLED_S)
    rule = {"symbol": "AAPL", "field": "price", "op": ">=", "value": 0.01}
    page = next(iter(studio.pages.values()))
    await page.request.post(f"http://127.0.0.1:{studio.program.port}/v1/alerts", data=rule)
    await asyncio.sleep(2 * MOMENT_S)
    await studio.take("alert-fired")


async def generation(studio: Studio) -> None:
    """An answer that is half written."""
    await studio.show("/?symbol=AAPL", wait_s=SETTLED_S)

    async def ask(page: Page) -> None:
        await page.get_by_role("button", name="Ask the market").first.click()
        await page.get_by_role("textbox", name="Question").fill("What moved most?")
        await page.keyboard.press("Enter")

    await studio.each(ask)
    await asyncio.sleep(MOMENT_S)
    await studio.take("generation-half-written")


async def slow(studio: Studio) -> None:
    """A page that reads too slowly."""
    await studio.show("/?symbol=AAPL", wait_s=SETTLED_S)

    async def slow_down(page: Page) -> None:
        await page.locator("#pill").click()
        await page.locator("#controls input[name=reading][value=slow]").click(force=True)

    await studio.each(slow_down)
    await asyncio.sleep(2 * SETTLED_S)
    await studio.take("slow-reader")


async def gone(studio: Studio) -> None:
    """A server that went, and came back."""
    await studio.show("/?symbol=AAPL", wait_s=SETTLED_S)
    await studio.program.end(signal.SIGKILL)
    await asyncio.sleep(SETTLED_S)
    await studio.take("server-gone")
    await studio.program.start()
    await asyncio.sleep(2 * SETTLED_S)
    await studio.take("back-again")


async def glance(studio: Studio) -> None:
    """The heat map."""
    await studio.show("/?symbol=AAPL&heat=turnover", wait_s=SETTLED_S)
    await studio.take("heat-map")


async def halted(studio: Studio) -> None:
    """A symbol that is halted."""
    await studio.show("/?symbol=AAPL&symbols=AAPL,MSFT&frame=1s", wait_s=2 * SETTLED_S)
    await studio.take("halted")


async def signed_out(studio: Studio) -> None:
    """A server that asks who it is."""
    await studio.show("/", wait_s=2 * MOMENT_S)
    await studio.take("sign-in")


def recording(folder: Path) -> Path:
    """Write a market in which one of two symbols is halted."""
    begin = datetime(2024, 5, 1, 14, 30, tzinfo=UTC)
    path = folder / "halt.ndjson"
    rows: list[dict[str, Any]] = []
    for second in range(600):
        time = f"{begin + timedelta(seconds=second):%FT%TZ}"
        for symbol, price in (("AAPL", 169.5), ("MSFT", 400.0)):
            moved = round(price + ((second * 7) % 11 - 5) / 50, 2)
            if symbol == "MSFT" or second < _HALTED_S:
                rows.append(
                    {"T": "t", "S": symbol, "i": second + 1, "x": "Q", "p": moved, "s": 100}
                    | {"t": time, "z": "C", "c": ["@"]}
                )
        if second == _HALTED_S:
            status = {"sc": "H", "sm": "Halt", "rc": "LUDP", "rm": "Volatility pause", "z": "C"}
            rows.append({"T": "s", "S": "AAPL", "t": time} | status)
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


def servers(folder: Path) -> dict[tuple[str, ...], list[Callable[[Studio], Awaitable[None]]]]:
    """Return the words of each server, with the states that are pictured of it."""
    keys = KeysFile(folder / "keys.toml")
    keys.add("desk")
    return {
        MARKET: [settling, empty, wall, glance, alert, generation, slow, gone],
        ("--source", f"replay:{recording(folder)}", "--speed", "4"): [halted],
        (*MARKET, "--keys", str(keys.path)): [signed_out],
    }


async def take_all(options: argparse.Namespace) -> None:
    """Take the pictures."""
    folder = Path(options.folder)
    only = set(options.only.split(",")) if options.only else None
    async with AsyncExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        programs = await stack.enter_async_context(async_playwright())
        browser = await programs.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for words, states in servers(scratch).items():
            for state in states:
                if only is None or state.__name__ in only:
                    print(state.__name__, flush=True)
                    await picture(browser, folder, options.sizes.split(","), words, state)
        await browser.close()


async def picture(
    browser: Browser,
    folder: Path,
    sizes: list[str],
    words: tuple[str, ...],
    state: Callable[[Studio], Awaitable[None]],
) -> None:
    """Take the pictures of one state, of a server and browser profiles of its own."""
    async with FeedProgram(("serve", *words)) as program, AsyncExitStack() as stack:
        pages = {}
        for size in sizes:
            width, height = SIZES[size]
            for scheme in SCHEMES:
                context = await browser.new_context(
                    viewport={"width": width, "height": height}, color_scheme=scheme
                )
                stack.push_async_callback(context.close)
                pages[f"{size}-{scheme}"] = await context.new_page()
        await state(Studio(folder, program, pages))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", help="where the pictures are put")
    parser.add_argument("--only", default="", help="names of states, with commas")
    parser.add_argument("--sizes", default=",".join(SIZES), help="some of the sizes, with commas")
    options = parser.parse_args()
    Path(options.folder).mkdir(parents=True, exist_ok=True)
    asyncio.run(take_all(options))


if __name__ == "__main__":
    main()
