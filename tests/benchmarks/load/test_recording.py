"""Payloads that stand for sizes are as long in the mean as those that were seen, and as spread."""

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.load.recording import Recording

SIZES = st.dictionaries(st.integers(4, 5_000), st.integers(1, 50), min_size=1, max_size=40)


def lengths(recording: Recording) -> list[int]:
    lines = recording.path.read_bytes().splitlines()
    for line in lines:
        json.loads(line)
    return [len(line) for line in lines]


@given(sizes=SIZES, count=st.integers(1, 60))
def test_payloads_stand_for_equal_shares_of_all_that_were_seen(
    sizes: dict[int, int], count: int
) -> None:
    seen = sorted(size for size, times in sizes.items() for _ in range(times))
    with tempfile.TemporaryDirectory() as folder:
        made = Recording.of_sizes(Path(folder, "sizes"), sizes, count, hz=20.0)
        found = sorted(lengths(made))
    assert len(found) == min(count, len(seen))
    assert seen[0] <= found[0] <= found[-1] <= seen[-1]
    assert made.size_bytes == pytest.approx(sum(found) / len(found))
    if len(seen) % len(found) == 0:
        assert made.size_bytes == pytest.approx(sum(seen) / len(seen), abs=0.5)


def test_short_and_long_payloads_come_by_turns(tmp_path: Path) -> None:
    sizes = dict.fromkeys(range(100, 200), 10)
    found = lengths(Recording.of_sizes(tmp_path / "sizes", sizes, 100, hz=20.0))
    assert sorted(found) == list(sizes)
    assert found != sorted(found)
