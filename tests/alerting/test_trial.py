"""The trial of alerts, at a small size; longer ones are run by hand."""

from pathlib import Path

import pytest

from tests.alerting.trial import tried


@pytest.mark.programs
async def test_every_firing_is_told_over_kills_and_cuts(tmp_path: Path) -> None:
    trial = await tried(tmp_path, seed=7, seconds=2.0, kills=2)
    assert trial.expected
    assert trial.findings() == []
