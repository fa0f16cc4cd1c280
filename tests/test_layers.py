"""The import contracts hold for files that do not exist yet."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = "imports point toward the ring"
PURITY = "pure rooms know no clock, socket or loop"
KEPT, BROKEN = "KEPT", "BROKEN"

pytestmark = pytest.mark.programs


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Copy what the contracts are about."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    ignored = shutil.ignore_patterns("web", "__pycache__")
    shutil.copytree(ROOT / "feed", tmp_path / "feed", ignore=ignored)
    return tmp_path


def contracts(tree: Path) -> dict[str, str]:
    """Return what lint-imports says of each contract."""
    program = shutil.which("lint-imports")
    if program is None:
        pytest.skip("import-linter is not installed (the extra `dev`)")
    ended = subprocess.run(
        [program, "--no-cache"],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), "COLUMNS": "100"},
        capture_output=True,
        text=True,
        check=False,
    )
    said = dict(re.findall(rf"^(.*\S) ({KEPT}|{BROKEN})(?: \(.+\))?$", ended.stdout, re.MULTILINE))
    assert said, ended.stdout + ended.stderr
    assert (ended.returncode == 0) is (BROKEN not in said.values())
    return said


def test_the_tree_as_it_is_keeps_both(tree: Path) -> None:
    assert contracts(tree) == {LAYERS: KEPT, PURITY: KEPT}


@pytest.mark.parametrize("room", ["market", "wire", "broadcast"])
def test_a_new_file_in_a_pure_room_may_not_import_the_loop(tree: Path, room: str) -> None:
    (tree / "feed" / room / "novelty.py").write_text("import asyncio\n")
    assert contracts(tree) == {LAYERS: KEPT, PURITY: BROKEN}


def test_a_pure_room_may_not_reach_the_clock_through_others(tree: Path) -> None:
    (tree / "feed" / "novelty.py").write_text("import time\n")
    (tree / "feed" / "wire" / "varint.py").write_text("import feed.novelty\n")
    assert contracts(tree)[PURITY] == BROKEN


def test_a_module_outside_all_layers_breaks_them(tree: Path) -> None:
    (tree / "feed" / "novelty.py").write_text("import asyncio\n")
    assert contracts(tree) == {LAYERS: BROKEN, PURITY: KEPT}
    (tree / "feed" / "market" / "novelty.py").write_text("import asyncio\n")
    assert contracts(tree) == {LAYERS: BROKEN, PURITY: BROKEN}


def test_an_import_for_types_alone_counts(tree: Path) -> None:
    (tree / "feed" / "market" / "novelty.py").write_text(
        "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    import asyncio\n"
    )
    assert contracts(tree) == {LAYERS: KEPT, PURITY: BROKEN}
