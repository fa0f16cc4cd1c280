"""The scripts that `/` loads before anybody has asked for more."""

import re
from pathlib import Path

import brotli
import pytest

from feed.http.pages import BUILT

MOST_KB = 150
QUALITY = 9  # at the highest it would be some per cent smaller, and take a second
# Imports that a module needs to begin, and those that it makes when they are wanted.
_IMPORTED = re.compile(r"""(?:\bfrom|\bimport)\s*["']\./([\w.-]+\.js)["']""")
_LINKED = re.compile(r"""(?:src|href)=["']\./assets/([\w.-]+\.js)["']""")
_WANTED_AT_ONCE = re.compile(r"""import\(\s*[`"']\./(chart-[\w.-]+\.js)[`"']""")


def scripts_of(built: Path) -> set[str]:
    """Return what the page loads, with what is imported by it, and what draws its charts."""
    found: set[str] = set()
    due = set(_LINKED.findall((built / "index.html").read_text()))
    while due:
        name = due.pop()
        found.add(name)
        text = (built / "assets" / name).read_text()
        due |= {*_IMPORTED.findall(text), *_WANTED_AT_ONCE.findall(text)} - found
    return found


def test_scripts_of_the_dashboard_stay_small() -> None:
    if not (BUILT / "index.html").is_file():
        pytest.skip("the dashboard is not built: pip install .")
    names = scripts_of(BUILT)
    assert any(name.startswith("chart-") for name in names), names
    sizes = {
        name: len(brotli.compress((BUILT / "assets" / name).read_bytes(), quality=QUALITY)) / 1e3
        for name in names
    }
    assert sum(sizes.values()) <= MOST_KB, sizes


def test_what_a_module_imports_counts_with_it(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text('<script src="./assets/index-1.js"></script>')
    texts = {
        "index-1.js": 'import{a as b}from"./base-2.js";import"./side-3.js";'
        'x(()=>import("./chart-4.js"));x(()=>import("./room-5.js"))',
        "base-2.js": "export const a=1",
        "side-3.js": "",
        "chart-4.js": 'import{a}from"./base-2.js";',
        "room-5.js": "",
    }
    for name, text in texts.items():
        (tmp_path / "assets" / name).write_text(text)
    assert scripts_of(tmp_path) == {"index-1.js", "base-2.js", "side-3.js", "chart-4.js"}
