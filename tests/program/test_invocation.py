"""Commands that are printed run as printed, wherever `feed` is installed."""

import importlib
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from feed.cli.commands import run
from feed.program import bench
from feed.program.invocation import this_command
from tests.fakes.patience import PROGRAM_PATIENCE_S


def program(folder: Path, name: str = "feed") -> Path:
    folder.mkdir(parents=True)
    file = folder / name
    file.write_text("#!/bin/sh\n")
    file.chmod(0o755)
    return file


def test_a_program_on_the_path_is_called_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = program(tmp_path / "bin")
    monkeypatch.setenv("PATH", str(file.parent))
    monkeypatch.setattr(sys, "argv", [str(file)])
    assert this_command() == "feed"


@pytest.mark.parametrize("other", [False, True])
def test_a_program_elsewhere_is_called_as_it_was(
    other: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if other:
        program(tmp_path / "bin")
    file = program(tmp_path / "a b" / "bin")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.chdir(tmp_path / "a b")
    monkeypatch.setattr(sys, "argv", ["bin/feed"])
    assert this_command() == "bin/feed"
    monkeypatch.setattr(sys, "argv", [str(file)])
    assert this_command() == f"'{file}'"


def test_a_module_is_run_with_our_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/x/feed/__main__.py"])
    assert this_command() == f"{sys.executable} -m feed"


@pytest.mark.programs
def test_the_commands_that_serve_prints_run_as_printed() -> None:
    environment = {name: value for name, value in os.environ.items() if name[:5] != "FEED_"}
    words = [sys.executable, "-m", "feed", "serve", "--port", "0", "--rate", "500"]
    with subprocess.Popen(
        words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        try:
            assert server.stdout is not None
            while "try:" not in server.stdout.readline():
                pass
            commands = [server.stdout.readline().strip() for _ in range(3)]
            for command in commands:
                # Endless, all of them: a line of their output is what they are for.
                shown = subprocess.run(
                    ["sh", "-c", f"{command} | head -n 3"],
                    capture_output=True,
                    text=True,
                    check=False,
                    timeout=PROGRAM_PATIENCE_S,
                )
                assert len(shown.stdout.splitlines()) == 3, shown
        finally:
            server.terminate()


def missing(name: str) -> ModuleType:
    raise ModuleNotFoundError(f"No module named 'hdrh' for {name}", name="hdrh")


def test_bench_without_its_packages_says_what_to_run_in_this_checkout(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(importlib, "import_module", missing)
    assert run(["bench", "all"]) == 1
    checkout = Path(__file__).parents[2]
    assert capfd.readouterr().err == (
        f"feed: bench needs hdrh: {sys.executable} -m pip install '{checkout}[bench]'\n"
    )


def test_bench_of_a_wheel_says_what_to_run_in_a_checkout(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(importlib, "import_module", missing)
    monkeypatch.setattr(bench, "_BESIDE", tmp_path / "cli.py")
    assert run(["bench", "all"]) == 1
    assert capfd.readouterr().err == (
        f"feed: bench needs hdrh: {sys.executable} -m pip install '.[bench]', "
        "in a checkout of the project\n"
    )
