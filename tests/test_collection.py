"""How tests are named and marked: `tests/conftest.py` decides it for all of them."""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from tests.conftest import dealt

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


@pytest.mark.programs
def test_what_is_not_marked_is_fast_and_starts_no_program(tree: Path) -> None:
    said = pytest_said(tree, "-m", "fast", "--verbose")
    assert "a test that starts a program is marked `programs`" in said
    assert sorted(outcomes(said)) == [
        ("test_asyncio", "FAILED"),
        ("test_long[value of 61]", "PASSED"),
        ("test_long[value of 62]", "PASSED"),
        ("test_popen", "FAILED"),
    ]


@pytest.mark.programs
def test_what_is_marked_or_in_a_folder_of_programs_may_start_some(tree: Path) -> None:
    assert sorted(outcomes(pytest_said(tree, "-m", "programs", "--verbose"))) == [
        ("test_it", "PASSED"),
        ("test_it", "PASSED"),
        ("test_marked", "PASSED"),
    ]


@pytest.mark.programs
def test_a_memory_address_in_a_name_stops_the_collection(tree: Path) -> None:
    address = tree / "tests" / "test_address.py"
    address.write_text(
        "import pytest\n"
        "@pytest.mark.parametrize('value', [object()], ids=repr)\n"
        "def test_it(value): pass\n"
    )
    said = pytest_said(tree, "--collect-only", "tests/test_address.py")
    address.unlink()  # the others have the same tree
    assert "names a memory address; give it an id" in said


@dataclass(frozen=True)
class Numbered:
    """A test of a file; `seconds` is its time-out, and 0 that it is fast."""

    file: str
    number: int
    seconds: float = 180.0

    @property
    def path(self) -> Path:
        return Path(self.file)

    def get_closest_marker(self, name: str) -> SimpleNamespace | None:
        found = {"fast": self.seconds == 0, "timeout": self.seconds > 180}[name]
        return SimpleNamespace(args=(self.seconds,)) if found else None


def laid(tests: list[Numbered], workers: int) -> list[list[Numbered]]:
    """Return the run of tests that each worker is given at first."""
    ahead = cast("list[Numbered]", dealt(cast("list[pytest.Item]", tests), workers))
    assert set(ahead) == set(tests)
    assert len(ahead) == len(tests)
    runs = []
    for left in range(workers, 0, -1):
        share = len(ahead) // left
        runs.append(ahead[:share])
        ahead = ahead[share:]
    return runs


LONG = [Numbered("longest", 0, 600.0), Numbered("long", 0, 400.0)]
USUAL = [Numbered(file, number) for file in "abcdef" for number in range(3)]
FAST = [Numbered(file, number, 0.0) for file in "ax" for number in range(40)]


def test_all_workers_but_one_begin_with_what_waits() -> None:
    *others, last = laid([*LONG, *USUAL, *FAST], 4)
    assert set(last) <= set(FAST)
    begun = [[test for test in run if test.seconds] for run in others]
    assert all(run[: len(slow)] == slow for run, slow in zip(others, begun, strict=True))
    assert [run[0] for run in begun[:2]] == LONG
    assert len(begun[2]) > len(begun[0]), "what is longer leaves others to the rest"
    of_files = [{test.file for test in slow} for slow in begun]
    assert sum(map(len, of_files)) == len(set().union(*of_files)), "files are not divided"


def test_one_worker_goes_by_length_alone() -> None:
    assert laid([*LONG, *USUAL, *FAST], 1) == [[*LONG, *USUAL, *FAST]]


@pytest.mark.parametrize("tests", [LONG, USUAL, FAST, [*USUAL, *FAST[:1]], []], ids=len)
def test_each_test_is_given_once_whatever_there_is(tests: list[Numbered]) -> None:
    assert sum(map(len, laid(tests, 4))) == len(tests)
