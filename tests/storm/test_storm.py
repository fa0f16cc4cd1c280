"""The storm in short; `python -m tests.storm` is the long form."""

from dataclasses import replace

import pytest

from tests.storm.weather import Plan, storm

pytestmark = pytest.mark.programs

SHORT = Plan(
    seed=20_200_222,
    seconds=5.0,
    rate=1_500.0,
    ring=2_048,
    guests=64,
    restarts=1,
    weighs=False,
)


@pytest.mark.timeout(300)
async def test_nothing_is_told_beyond_a_grant_nor_left_of_anybody_in_a_storm() -> None:
    outcome = await storm(SHORT)
    assert not outcome.findings, "\n".join(outcome.findings)
    done = (
        "grants changed",
        "half-joins",
        "start return",
        "told of its end",
        "turned away",
        "warned",
    )
    assert all(outcome.counts[name] for name in done), outcome.counts
    assert outcome.counts["ticks held against grants"] > 1_000


@pytest.mark.timeout(300)
async def test_what_is_broken_on_purpose_is_found() -> None:
    broken = replace(SHORT, restarts=0, slack_s=0.05, is_broken=True)
    faults, found = {"missing", "outside of what is granted", "'lanes': 1"}, ""
    for attempt in range(5):  # a slow machine does little in ten seconds
        plan = replace(broken, seed=SHORT.seed + attempt, seconds=10.0 * (attempt + 1))
        found += "\n".join((await storm(plan)).findings)
        if all(words in found for words in faults):
            return
    raise AssertionError(found)
