"""The tail keeps what the log does not have yet, and tells whole records from rests."""

import os
from array import array
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.broadcast.log import Record
from feed.state import records, tail
from feed.state.cell import Unreadable
from feed.state.tail import Tail

EPOCH = "abcd2345"


def record(first: int, ticks: int = 1, size: int = 10) -> Record:
    return Record(first, array("q", range(ticks)), first, -5, b"x" * size)


def encoded(new: Record) -> bytes:
    return records.encode(new, new.given)


def kept(path: Path) -> list[Record]:
    return tail.decode(path.read_bytes(), EPOCH)


# How many ticks a record has, how many bytes they are, and how many records are written then.
STEPS = st.lists(
    st.tuples(st.integers(1, 3), st.integers(1, 250), st.integers(0, 4)), min_size=1, max_size=40
)


@given(STEPS, st.sampled_from([400, 700, 4_000]))
def test_what_is_not_written_yet_is_in_the_tail_but_for_what_had_no_room(
    steps: list[tuple[int, int, int]], half_bytes: int
) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "tail"
        one = Tail(path, EPOCH, half_bytes)
        told: list[Record] = []
        waiting: list[Record] = []
        first, written = 1, 0
        for ticks, size, writes in steps:
            new = record(first, ticks, size)
            first += ticks
            waiting.append(new)
            if one.keep(encoded(new), new.last, written):
                told.append(new)
            else:
                assert len(b"".join(map(encoded, waiting))) > half_bytes
            found = kept(path)
            assert [each for each in found if each.first > written] == [
                each for each in told if each.first > written
            ]
            assert all(each in told for each in found)
            for done in waiting[:writes]:
                written = done.last
            del waiting[:writes]
        one.close()


@given(STEPS, st.sampled_from([400, 700, 4_000]), st.data())
def test_what_is_erased_is_nowhere_and_what_is_not_written_is_kept(
    steps: list[tuple[int, int, int]], half_bytes: int, data: st.DataObject
) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "tail"
        one = Tail(path, EPOCH, half_bytes)
        told: list[Record] = []
        waiting: list[Record] = []
        first, written, wanted = 1, 0, 0
        for ticks, size, writes in steps:
            new = record(first, ticks, size)
            new.ticks = b"<%d>" % first + new.ticks
            first += ticks
            waiting.append(new)
            if one.keep(encoded(new), new.last, written):
                told.append(new)
            for done in waiting[:writes]:
                written = done.last
            del waiting[:writes]
            if data.draw(st.booleans()):
                wanted = written
            if one.erase(wanted, written):
                held = path.read_bytes()
                assert not [each for each in told if each.last <= wanted and named(each) in held]
            assert [each for each in kept(path) if each.first > written] == [
                each for each in told if each.first > written
            ]
        assert one.erase(first, first)
        assert path.read_bytes().count(b"\0") >= 2 * half_bytes
        assert not kept(path)
        one.close()


def named(new: Record) -> bytes:
    return new.ticks[: new.ticks.index(b">") + 1]


def test_where_cuts_go_on_a_half_is_erased_once_the_halves_have_changed_places(
    tmp_path: Path,
) -> None:
    path = tmp_path / "tail"
    one = Tail(path, EPOCH, 1 << 12)
    assert one.keep(encoded(record(1, 1, 11)), 1, 0)
    assert one.keep(encoded(record(2)), 2, 0)
    assert not one.erase(1, 1), "what follows is needed, and stands in the same half"
    assert one.keep(encoded(record(3)), 3, 1)
    assert not one.erase(1, 1)
    assert [each.first for each in kept(path)] == [1, 2, 3]
    assert one.erase(1, 2)
    assert b"x" * 11 not in path.read_bytes()
    assert [each.first for each in kept(path)] == [3]


def test_a_kill_amid_a_copy_leaves_the_records_before(tmp_path: Path) -> None:
    path = tmp_path / "tail"
    one = Tail(path, EPOCH, 1 << 12)
    assert one.keep(encoded(record(1)), 1, 0)
    before = path.read_bytes()
    assert one.keep(encoded(record(2)), 2, 0)
    after = path.read_bytes()
    changed = [at for at in range(len(after)) if after[at] != before[at]]
    assert [each.first for each in tail.decode(after, EPOCH)] == [1, 2]
    for upto in changed:
        torn = after[:upto] + before[upto:]
        assert [each.first for each in tail.decode(torn, EPOCH)] == [1]


def test_a_half_is_used_again_once_all_that_it_holds_is_written(tmp_path: Path) -> None:
    path = tmp_path / "tail"
    one = Tail(path, EPOCH, 200)
    fits = 200 // len(encoded(record(1)))

    def keep(number: int, written: int) -> bool:
        return one.keep(encoded(record(number)), number, written)

    assert fits == 3
    # They change places as soon as they may, after one record; then the second one is filled.
    assert all(keep(number, 0) for number in range(1, 2 + fits))
    late = 2 + fits
    assert not keep(late, 0)
    assert keep(late, 1)
    assert [each.first for each in kept(path)] == [*range(2, late + 1)]


def test_no_tail_is_begun_where_the_disk_has_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError, match="No space left"):
        Tail(tmp_path / "tail", EPOCH)
    assert list(tmp_path.iterdir()) == []


def test_where_room_cannot_be_asked_for_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: int) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "posix_fallocate", unknown)
    path = tmp_path / "tail"
    one = Tail(path, EPOCH, 1 << 12)
    assert path.stat().st_blocks * 512 >= path.stat().st_size == 3 << 12
    assert one.keep(encoded(record(1)), 1, 0)
    assert [each.first for each in kept(path)] == [1]


@pytest.mark.parametrize(
    ("data", "words"), [(b"feedtail", "ends within its head"), (b"x" * 9_000, "is no tail")]
)
def test_what_is_no_tail_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        tail.decode(data, EPOCH)


def test_a_tail_of_another_epoch_is_refused(tmp_path: Path) -> None:
    Tail(tmp_path / "tail", EPOCH, 100)
    with pytest.raises(Unreadable, match="another epoch"):
        tail.decode((tmp_path / "tail").read_bytes(), "zzzz9999")
