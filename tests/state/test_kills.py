"""Kills in short; `python -m tests.state --kills 50` is the long form."""

from pathlib import Path

import pytest

from tests.state.kills import Plan, play

pytestmark = pytest.mark.programs


@pytest.mark.timeout(120)
async def test_after_a_kill_positions_are_resumed_and_nothing_is_lost(tmp_path: Path) -> None:
    outcome = await play(Plan(tmp_path / "state", seed=3, kills=1, readers=9))
    assert not outcome.findings, "\n".join(outcome.findings)
    counts = outcome.counts
    assert counts["kills"] == counts["begins after killed"] == 1
    assert counts["lost ticks"] == counts["told ticks that are lost"] == 0
    assert counts["lossless ticks"] > 0
