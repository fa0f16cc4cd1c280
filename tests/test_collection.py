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


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a small tree of tests with the real conftest, and a copy of the options."""
    tree = tmp_path_factory.mktemp("tree")
    for folder in ("benchmarks", "e2e"):
        (tree / "tests" / folder).mkdir(parents=True)
        (tree / "tests" / folder / f"test_{folder}.py").write_text("def test_it(): pass\n")
    for name in ("pyproject.toml", "tests/conftest.py"):
        (tree / name).write_bytes((ROOT / name).read_bytes())
    (tree / "tests" / "test_try.py").write_text(TRY)
    return tree


def pytest_said(tree: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    ended = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    return ended.stdout + ended.stderr


def outcomes(said: str) -> list[tuple[str, str]]:
    return re.findall(r"^tests/\S+?::(\S+|\S+\[.*\]) (PASSED|FAILED) ", said, re.MULTILINE)


def test_what_is_not_marked_is_fast_and_starts_no_program(tree: Path) -> None:
    said = pytest_said(tree, "-m", "fast", "--verbose")
    assert "a test that starts a program is marked `programs`" in said
    assert sorted(outcomes(said)) == [
        ("test_asyncio", "FAILED"),
        ("test_long[value of 61]", "PASSED"),
        ("test_long[value of 62]", "PASSED"),
        ("test_popen", "FAILED"),
    ]


def test_what_is_marked_or_in_a_folder_of_programs_may_start_some(tree: Path) -> None:
    assert sorted(outcomes(pytest_said(tree, "-m", "programs", "--verbose"))) == [
        ("test_it", "PASSED"),
        ("test_it", "PASSED"),
        ("test_marked", "PASSED"),
    ]


def test_a_memory_address_in_a_name_stops_the_collection(tree: Path) -> None:
    (tree / "tests" / "test_address.py").write_text(
        "import pytest\n"
        "@pytest.mark.parametrize('value', [object()], ids=repr)\n"
        "def test_it(value): pass\n"
    )
    said = pytest_said(tree, "--collect-only", "tests/test_address.py")
    assert "names a memory address; give it an id" in said
