"""The rig in short; `python -m tests.cluster.rig` is the long form."""

import re
import subprocess
import sys

import pytest

from tests.cluster.rig.faults import Fault
from tests.cluster.rig.needs import missing

pytestmark = pytest.mark.programs
_COUNT = re.compile(r"^ +([0-9,]+)  (.+)$", re.MULTILINE)
_PLAN = ("--seconds", "60", "--seed", "20261130", "--subscribers", "18", "--rate", "50")
# One writer takes over from another, whatever else there is time for.
_FIRST = (Fault.KILL_LEADING_INGEST, Fault.PARTITION_STREAM_LEADER)
_FAULTS = (*_FIRST, *(fault for fault in Fault if fault not in _FIRST))


@pytest.mark.timeout(400)
def test_every_sequence_comes_once_or_a_gap_is_told_whatever_is_done_to_a_cluster() -> None:
    if reason := missing():
        pytest.skip(reason)
    faults = ",".join(fault.name for fault in _FAULTS)
    ended = subprocess.run(
        (sys.executable, "-m", "tests.cluster.rig", *_PLAN, "--faults", faults),
        capture_output=True,
        text=True,
        check=False,
    )
    said = ended.stdout + ended.stderr
    assert ended.returncode == 0, said
    counts = {name: int(count.replace(",", "")) for count, name in _COUNT.findall(said)}
    assert counts["events checked"] > 2_000, said
    assert counts["moves to another edge"] > 5, said
    assert counts[f"fault: {_FIRST[0].value}"], said
    assert counts["takeovers"], said
    # Of events that an edge drops on purpose the lack is found.
    assert counts["proof: subscribers whose lack of an event was found"], said
