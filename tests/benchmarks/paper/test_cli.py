"""`python -m benchmarks.paper`, whole and small; and the tables that its README shows."""

from pathlib import Path

import pytest

from benchmarks.paper.cli import run
from benchmarks.paper.costs import Costs
from benchmarks.paper.report import costs_table

README = Path(__file__).parents[3] / "benchmarks" / "paper" / "README.md"
SMALL = ("--subscribers", "2000", "--reader", "desk", "--cores", "3", "--edges", "1")


def test_it_tells_fleets_storms_and_what_is_assumed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*SMALL, "--costs", "--loss", "reset", "--lost", "1", "--lost", "2"]) == 0
    said = capsys.readouterr().out
    assert "$0.04 for a hardware thread and hour" in said
    assert "1 of 3 zones, reset" in said
    assert "2 of 3 zones, reset" in said
    assert "fitted" in said
    assert "| 2,000 | desk |" in said


def test_options_stand_instead_of_a_readers_own(capsys: pytest.CaptureFixture[str]) -> None:
    run([*SMALL, "--frame-bytes", "100", "--zones", "1"])
    small = capsys.readouterr().out
    run([*SMALL, "--zones", "1"])
    assert small != capsys.readouterr().out
    assert "lost" not in small.splitlines()[-1], "of one zone none can be lost"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--zones", "0"), "zones"),
        (("--reader", "nobody"), "reader"),
        (("--lost", "3"), "none is left"),
        (("--ticks", "1e9"), "CPU is used up"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*SMALL, *arguments]) == 2
    assert said in capsys.readouterr().err


def test_the_document_shows_the_costs_that_are_used() -> None:
    assert costs_table(Costs()) in README.read_text()


def test_the_document_shows_the_fleets_that_come_out(capsys: pytest.CaptureFixture[str]) -> None:
    """Its storms take seconds of chance, and are made by hand; fleets are arithmetic."""
    assert run(["--zones", "3", "--edges", "1", "--subscribers", "1000000", "--loss", "reset"]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = [line for line in lines if "a month" in line and line.startswith("| 1,000,000")]
    assert len(rows) == 4
    document = README.read_text()
    assert [row for row in rows if row not in document] == []
