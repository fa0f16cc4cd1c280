"""How tests are named and marked: `tests/conftest.py` decides it for all of them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TRY = """
import asyncio, subprocess, sys
import pytest

class Nameless: pass

@pytest.mark.parametrize("value", ["x" * 61, b"x" * 62])
def test_long(value): pass

def test_popen(): subprocess.run([sys.executable, "-V"], check=True)

async def test_asyncio(): await asyncio.create_subprocess_exec(sys.executable, "-V")

@pytest.mark.programs
def test_marked(): subprocess.run([sys.executable, "-V"], check=True)
"""

pytestmark = pytest.mark.programs


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Make a small tree of tests with the real conftest, and a copy of the options."""
    (tmp_path / "tests").mkdir()
    for name in ("pyproject.toml", "tests/conftest.py"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    (tmp_path / "tests" / "test_try.py").write_text(TRY)
    return tmp_path


def pytest_said(tree: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    ended = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    return ended.stdout + ended.stderr


def test_what_is_not_marked_is_fast_and_starts_no_program(tree: Path) -> None:
    said = pytest_said(tree, "-m", "fast", "--verbose")
    assert "a test that starts a program is marked `programs`" in said
    outcomes = dict(
        re.findall(r"^tests/test_try\.py::(\S+|\S+\[.*\]) (PASSED|FAILED) ", said, re.MULTILINE)
    )
    assert {name for name, outcome in outcomes.items() if outcome == "FAILED"} == {
        "test_popen",
        "test_asyncio",
    }
    assert "test_marked" not in outcomes
    assert "test_marked PASSED" in pytest_said(tree, "-m", "programs", "--verbose")


def test_long_values_are_named_by_their_length(tree: Path) -> None:
    said = pytest_said(tree, "--collect-only", "--quiet", "-k", "long")
    assert re.findall(r"test_long\[(.*)\]", said) == ["value of 61", "value of 62"]


def test_folders_of_programs_are_marked(tree: Path) -> None:
    for folder in ("benchmarks", "e2e"):
        (tree / "tests" / folder).mkdir()
        (tree / "tests" / folder / f"test_{folder}.py").write_text("def test_it(): pass\n")
    said = pytest_said(tree, "--collect-only", "--quiet", "-m", "fast")
    assert "test_it" not in said
    assert pytest_said(tree, "--collect-only", "--quiet", "-m", "programs").count("::test_it") == 2


def test_a_memory_address_in_a_name_stops_the_collection(tree: Path) -> None:
    (tree / "tests" / "test_address.py").write_text(
        "import pytest\n"
        "@pytest.mark.parametrize('value', [object()], ids=repr)\n"
        "def test_it(value): pass\n"
    )
    assert "names a memory address; give it an id" in pytest_said(tree, "--collect-only")
