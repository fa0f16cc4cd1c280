"""The attacks in short; `python -m tests.hostile` is the long form, and strict about silences."""

import pytest

from tests.hostile.attacks import ATTACKS
from tests.hostile.campaign import SHORT, attack_all

MOST_MEMORY_MB = 60.0
# Of a machine that is busy with other tests; the server's own steps are CPU time.
LONGEST_SILENCE_S = 10.0
LONGEST_STEP_S = 0.1

pytestmark = pytest.mark.programs


@pytest.mark.timeout(300)
async def test_little_input_costs_neither_memory_nor_others_their_ticks() -> None:
    rows = await attack_all(SHORT)
    assert len(rows) == len(ATTACKS) + 2
    for row in rows:
        assert row.memory_mb < MOST_MEMORY_MB, rows
        assert row.longest_step_s < LONGEST_STEP_S, rows
        assert row.silence_s is None or row.silence_s < LONGEST_SILENCE_S, rows
