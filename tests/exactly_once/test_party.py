"""Exactly once in short; `python -m tests.exactly_once` is the long form."""

import pytest

from tests.exactly_once.party import Plan, play

pytestmark = pytest.mark.programs

SMALL = Plan(
    seed=4,
    ticks=6_000,
    producers=2,
    subscribers=3,
    rate=8_000.0,
    kill_s=0.5,
    most_kills=1,
    up_bytes=100_000,
    down_bytes=200_000,
)


@pytest.mark.timeout(120)
async def test_every_tick_comes_exactly_once_over_cuts_and_a_kill() -> None:
    outcome = await play(SMALL)
    assert not outcome.findings, "\n".join(outcome.findings)
    assert outcome.counts["told"] == SMALL.ticks * SMALL.subscribers
    assert outcome.counts["cuts of producers"], outcome.counts
    assert outcome.counts["batches sent again"], outcome.counts
