"""Cell, records and checkpoint as bytes: what is read back, and what is refused."""

import zlib
from array import array
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.broadcast.log import Record
from feed.market.receipts import Producer, Receipt
from feed.state import cell, checkpoint, records
from feed.state.cell import Cell, Contents, Mark, Newer, Unreadable
from feed.state.records import Truncated
from feed.state.recovery import Recovery, judge

EPOCH, BOOT = "abcd2345", "b0000000-0000-0000-0000-000000000000"
NUMBERS = st.integers(0, (1 << 64) - 1)


def contents(mark: Mark = Mark.RUNNING, newest: int = 7, given: int = 5) -> Contents:
    return Contents(EPOCH, BOOT, mark, newest, given)


@given(st.sampled_from(Mark), NUMBERS, NUMBERS)
def test_a_cell_is_read_back(mark: Mark, newest: int, given_ticks: int) -> None:
    known = contents(mark, newest, given_ticks)
    assert cell.decode(cell.encode(known)) == known


def test_a_cell_holds_what_was_stored_last(tmp_path: Path) -> None:
    path = tmp_path / "cell"
    kept = Cell(path, contents())
    for newest in range(100):
        kept.store(newest, newest + 1)
        assert cell.decode(path.read_bytes()) == contents(newest=newest, given=newest + 1)
    kept.mark(Mark.CLEAN)
    kept.sync()
    kept.close()
    assert cell.decode(path.read_bytes()).mark is Mark.CLEAN


def test_a_kill_amid_a_store_leaves_the_value_before(tmp_path: Path) -> None:
    # The slot that holds is not touched; a kill may come before the number that says which.
    path = tmp_path / "cell"
    kept = Cell(path, contents())
    for newest in (10, 20):
        kept.store(newest, newest)
        page = bytearray(path.read_bytes())
        kept.store(newest + 5, newest + 5)
        after = path.read_bytes()
        changed = [at for at in range(len(page)) if page[at] != after[at]]
        numbers = [at for at in changed if at < 144]  # the mark, and which slot holds
        assert len(numbers) == 1
        for at in set(changed) - set(numbers):
            page[at] = after[at]
            assert cell.decode(bytes(page)) == contents(newest=newest, given=newest)
        kept.store(newest, newest)


def record(first: int = 1, count: int = 3, receipts: Sequence[Receipt] = ()) -> Record:
    return Record(first, array("q", range(count)), first + count, -5, b'[{"T":"t"}]', receipts)


def encode(known: Record) -> bytes:
    return records.encode(known, known.given)


RECEIPT = Receipt(Producer("key", "desk", "prices"), 7, 3)


@given(st.lists(st.tuples(NUMBERS.filter(lambda n: n < 1 << 60), st.integers(1, 50)), max_size=6))
def test_records_are_read_back(runs: list[tuple[int, int]]) -> None:
    known = [record(first, count) for first, count in runs]
    data = records.file_head(EPOCH) + b"".join(map(encode, known))
    assert list(records.decode(data, EPOCH)) == known


def test_records_that_are_cut_off_anywhere_are_read_as_far_as_they_are_whole() -> None:
    known = [record(1), record(4, receipts=[RECEIPT]), record(7)]
    parts = [records.file_head(EPOCH), *map(encode, known)]
    data = b"".join(parts)
    ends = [sum(map(len, parts[: number + 1])) for number in range(len(parts))]
    for length in range(len(data)):
        read: list[Record] = []
        whole = sum(end <= length for end in ends) - 1
        if length in ends:
            assert list(records.decode(data[:length], EPOCH)) == known[:whole]
            continue
        with pytest.raises(Truncated) as torn:
            read.extend(records.decode(data[:length], EPOCH))
        assert torn.value.whole_bytes == max([0, *(end for end in ends if end <= length)])
        assert read == known[: max(0, whole)]


def test_every_changed_byte_of_a_record_is_found() -> None:
    data = bytearray(records.file_head(EPOCH) + encode(record(receipts=[RECEIPT])))
    for at in range(records.FILE_HEAD_BYTES, len(data)):
        broken = bytearray(data)
        broken[at] ^= 1
        with pytest.raises(Unreadable):
            list(records.decode(bytes(broken), EPOCH))


def packed(parts: list[object]) -> bytes:

    body = b"".join(checkpoint.pack(parts))
    return checkpoint.head(len(body), zlib.crc32(body)) + body


def test_a_checkpoint_is_read_back_and_refused_where_a_byte_of_it_differs() -> None:
    parts: list[object] = [
        {"epoch": EPOCH, "inf": float("inf"), "n": [1, None]},
        b"[]",
        ["b", "AAPL", b"\0"],
    ]
    data = packed(parts)
    assert checkpoint.unpack(data) == parts
    for at in range(len(data)):
        with pytest.raises(Unreadable):
            checkpoint.unpack(data[:at])
        with pytest.raises(Unreadable):
            checkpoint.unpack(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])


def test_files_of_a_newer_version_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    known = cell.SCHEMA
    for module in (cell, records, checkpoint):
        monkeypatch.setattr(module, "SCHEMA", known + 1)
    newer = [cell.encode(contents()), records.file_head(EPOCH), packed([{}])]
    monkeypatch.undo()
    readers: list[Callable[[bytes], object]] = [
        cell.decode,
        lambda data: list(records.decode(data, EPOCH)),
        checkpoint.unpack,
    ]
    for data, read in zip(newer, readers, strict=True):
        with pytest.raises(Newer, match=f"schema {known + 1}, .* knows up to {known}"):
            read(data)


def test_a_log_of_another_epoch_is_foreign() -> None:
    with pytest.raises(Unreadable, match="another epoch"):
        list(records.decode(records.file_head("zzzz9999"), EPOCH))


@pytest.mark.parametrize(
    ("mark", "boot", "recovery"),
    [
        (None, BOOT, Recovery.NONE),
        (Mark.CLEAN, BOOT, Recovery.CLEAN),
        (Mark.CLEAN, "another", Recovery.CLEAN),
        (Mark.CLEAN, "", Recovery.CLEAN),
        (Mark.RUNNING, BOOT, Recovery.KILLED),
        (Mark.RUNNING, "another", Recovery.OTHER_BOOT),
        (Mark.RUNNING, "", Recovery.OTHER_BOOT),
        (Mark.UNLOGGED, BOOT, Recovery.UNLOGGED),
        (Mark.UNLOGGED, "another", Recovery.OTHER_BOOT),
    ],
)
def test_what_becomes_of_a_state(mark: Mark | None, boot: str, recovery: Recovery) -> None:
    assert judge(None if mark is None else contents(mark), boot) is recovery
