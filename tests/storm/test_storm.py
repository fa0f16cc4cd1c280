"""The storm in short; `python -m tests.storm` is the long form."""

from dataclasses import replace

import pytest

from tests.storm.weather import Plan, storm

pytestmark = pytest.mark.programs

SHORT = Plan(
    seed=20_200_222,
    seconds=7.0,
    rate=800.0,
    ring=1_024,
    guests=48,
    restarts=1,
    weighs=False,  # caches have not grown to their size yet
)
BROKEN = replace(SHORT, seconds=6.0, guests=24, restarts=0, slack_s=1.5)


@pytest.mark.timeout(300)
async def test_nothing_is_told_beyond_a_grant_nor_left_of_anybody_in_a_storm() -> None:
    outcome = await storm(SHORT)
    assert not outcome.findings, "\n".join(outcome.findings)
    done = (
        "epochs begun",
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
@pytest.mark.parametrize(
    ("fault", "words"),
    [("tick", "missing"), ("grant", "outside of what is granted"), ("lane", "'lanes': 1")],
)
async def test_what_is_broken_on_purpose_is_found(fault: str, words: str) -> None:
    outcome = await storm(replace(BROKEN, fault=fault))
    assert any(words in finding for finding in outcome.findings), outcome
