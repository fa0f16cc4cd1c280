"""Tables of counts that others read: what is counted, also where keys are in each other's way."""

import secrets
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.trust import shared_counts
from feed.trust.shared_counts import OwnCounts, ReadCounts, key_of, table_cells


def test_what_one_counts_others_read(tmp_path: Path) -> None:
    own = OwnCounts(tmp_path / "1", 100)
    read = ReadCounts(tmp_path / "1")
    here, there = key_of("192.0.2.1"), key_of(("key", "k1"))
    own.enter(here, there)
    own.enter(here)
    own.beat(5, 7, accepts=True)
    assert (read.of(here), read.of(there), read.of(key_of("192.0.2.2"))) == (2, 1, 0)
    assert (read.subscribers, read.connections, read.beat_ns, read.accepts) == (2, 7, 5, True)
    own.leave(here, there)
    assert (read.of(here), read.of(there), read.subscribers) == (1, 0, 1)
    own.close()
    assert read.of(here) == 1, "the table outlives its process"
    read.close()


def test_only_its_user_reads_a_table(tmp_path: Path) -> None:
    OwnCounts(tmp_path / "1", 100).close()
    assert (tmp_path / "1").stat().st_mode & 0o777 == 0o600


def test_a_table_is_not_taken_from_another_process(tmp_path: Path) -> None:
    OwnCounts(tmp_path / "1", 100).close()
    with pytest.raises(FileExistsError):
        OwnCounts(tmp_path / "1", 100)


def test_nobody_can_write_who_reads(tmp_path: Path) -> None:
    OwnCounts(tmp_path / "1", 100).close()
    read = ReadCounts(tmp_path / "1")
    with pytest.raises(TypeError):
        read._words[0] = 1
    read.close()


def test_a_table_has_room_for_two_owners_of_each_subscriber() -> None:
    assert table_cells(20_000) == 131_072
    assert table_cells(1) == 4


# Few cells and few keys: chains are long, and wrap around.
STEPS = st.lists(st.tuples(st.booleans(), st.integers(1, 12)), max_size=200)


@given(STEPS)
def test_counts_are_those_of_a_dictionary(steps: list[tuple[bool, int]]) -> None:
    counts: Counter[int] = Counter()
    # Not of `random`, which Hypothesis seeds: others run this too, and what a kill leaves stays.
    path = Path(f"/dev/shm/feed-test-{secrets.token_hex(8)}")
    own = OwnCounts(path, 4)  # sixteen cells
    try:
        for adds, number in steps:
            key = number * 8 + 1  # many of them belong to one cell
            if adds:
                counts[key] += 1
                own.add(key)
            elif counts[key]:
                counts[key] -= 1
                own.take(key)
            assert all(own.of(each) == counts[each] for each in counts)
        for key, count in list(counts.items()):
            for _ in range(count):
                own.take(key)
        assert not any(own._words[shared_counts._WORDS_OF_HEAD :])
    finally:
        own.close()
        path.unlink()


def test_a_full_table_counts_no_more_and_breaks_nothing(tmp_path: Path) -> None:
    own = OwnCounts(tmp_path / "1", 1)  # four cells
    keys = [key_of(number) for number in range(6)]
    for key in keys:
        own.add(key)
    assert sum(own.of(key) for key in keys) == 4
    for key in keys:
        own.take(key)
    assert not any(own.of(key) for key in keys)
    own.close()
