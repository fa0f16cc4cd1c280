"""A short version of the trial; the long one is `python -m tests.cluster.takeovers`."""

from pathlib import Path

import pytest

from tests.cluster.takeovers.trial import Act, Plan, try_takeovers
from tests.fakes.nats import needs_nats


@needs_nats
@pytest.mark.programs
async def test_nothing_is_lost_doubled_or_interleaved_whoever_leads(tmp_path: Path) -> None:
    plan = Plan(takeovers=2, rate=300, acts=(Act.KILL, Act.STOP), most_rest_s=0.5)
    outcome = await try_takeovers(plan, tmp_path)
    ledger = outcome.ledger
    assert ledger.wrong == []
    assert ledger.counts["terms"] >= 3, "of a slow machine the lease may lapse as well"
    assert ledger.counts["acknowledged"] > 3
    assert ledger.counts["trades"] > 100
