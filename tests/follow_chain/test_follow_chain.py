"""The chain in short; `python -m tests.follow_chain` is the long form."""

import pytest

from tests.follow_chain.chain import Plan, play

pytestmark = pytest.mark.programs


@pytest.mark.timeout(300)
async def test_nothing_is_lost_on_two_links_that_are_cut() -> None:
    plan = Plan(seed=7, seconds=4, rate=1_000, readers=16, link_bytes=30_000, life_s=1.0)
    outcome = await play(plan)
    assert not outcome.findings, "\n".join(outcome.findings)
    done = ("carried a position to another server", "link to server 1: resumed", "lossless ticks")
    assert all(outcome.counts[name] for name in done), outcome.counts
