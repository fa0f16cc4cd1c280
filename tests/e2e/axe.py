"""What axe finds of a page: whether people who see, hear or point otherwise can use it."""

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page

from feed.http.pages import BUILT

_AXE = BUILT.parent / "node_modules" / "axe-core" / "axe.min.js"
_RUN = """only => axe.run(document, { resultTypes: ["violations"], ...only }).then((found) =>
  found.violations.flatMap(({ id, nodes }) => nodes.map((each) => `${id}: ${each.html}`)))"""


def axe_script() -> Path:
    """Return the script; skip the test where it is not installed."""
    if not _AXE.is_file():
        pytest.skip("axe-core is not installed (npm ci, in feed/web)")
    return _AXE


_SETTLED = """() => new Promise(requestAnimationFrame).then(() => Promise.allSettled(
  document.getAnimations().filter((each) => each instanceof CSSTransition)
    .map(({ finished }) => finished)))"""


async def turn_dark(page: Page) -> None:
    """Have a page be dark, and wait until all of it is."""
    await page.emulate_media(color_scheme="dark")
    await page.evaluate(_SETTLED)


async def violations(page: Page, *rules: str) -> list[str]:
    """Return what is wrong with a page as it is now: the rule, and the element.

    Args:
        page: which.
        rules: the ids of those that are looked at; none: all.
    """
    await page.evaluate(_SETTLED)  # colours on their way from one to another are of neither
    if not await page.evaluate("'axe' in globalThis"):
        await page.evaluate(axe_script().read_text())
    found: list[Any] = await page.evaluate(_RUN, {"runOnly": rules} if rules else {})
    return [str(each) for each in found]
