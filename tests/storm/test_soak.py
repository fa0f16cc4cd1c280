"""The soak in short, of a server that leaks; `python -m tests.storm --soak 1800` is whole."""

import pytest

from tests.chaos.outcome import Outcome, kind_of, report
from tests.storm.soak import Plan, soak

pytestmark = pytest.mark.programs

SHORT = Plan(
    seed=20_200_222,
    seconds=8.0,
    visitors=30,
    guests=4,
    visit_s=0.5,
    rate=1_000.0,
    ring=1_024,
    begin_s=0.2,
    floods_every_s=2.5,
    flood=120,
    leaks=True,
)


@pytest.mark.timeout(300)
async def test_a_leak_is_found_and_floods_are_told_of() -> None:
    outcome = await soak(SHORT)
    found = set(map(kind_of, outcome.findings))
    assert "memory grew from # to # MB" in found, outcome
    assert found <= {"memory grew from # to # MB", "memory grows by # bytes an hour"}, outcome
    counts = outcome.counts
    for kind in ("address", "identity"):
        assert counts[f"flood of one {kind}: let in"]
        assert counts[f"flood of one {kind}: bystanders let in"]
        assert counts[f"flood of one {kind}: told bye"]
        assert counts[f"flood of one {kind}: counted"]


def test_all_findings_are_told_the_most_frequent_kind_first() -> None:
    late = [f"reader {number} at x-{number}0: late by {number} s\n    story" for number in range(5)]
    failed = (
        "reader 7 at y-1: Traceback (most recent call last):\n  File x\n    code\nOSError: no\n"
    )
    told = list(report(Outcome([failed, *late])))
    assert told[0] == "5 × late by # s"
    assert [line for line in told if "story" in line] == [f"    {finding}" for finding in late[:3]]
    assert [line for line in told if line == "    reader 3 at x-30: late by 3 s"]
    assert told[-2:] == ["1 × OSError: no", f"    {failed}"]
