"""Files in the order of their symbols are put into that of time, by runs on a disk."""

import asyncio
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.errors import SourceError
from feed.sources.replay.files import recording, time_order
from feed.sources.replay.files.time_order import in_time_order
from tests.sources.replay.formats.vendor_files import massive_trades
from tests.sources.replay.recordings import opened, source_of, ticks_of

_TIMES = st.lists(st.one_of(st.none(), st.integers(-5, 5)), max_size=40)


@given(_TIMES, st.integers(1, 200))
def test_lines_come_by_their_times_and_else_in_the_order_of_the_file(
    times: list[int | None], run_bytes: int
) -> None:
    lines = [(number, f"{number}:{time}".encode()) for number, time in enumerate(times, 1)]
    own: list[int] = []
    for time in times:
        own.append((own[-1] if own else 0) if time is None else time)

    def time_of(line: bytes) -> int | None:
        return times[int(line.partition(b":")[0]) - 1]

    found = [*in_time_order(lines, time_of, run_bytes)]
    assert found == sorted(lines, key=lambda entry: own[entry[0] - 1])


def test_memory_is_that_of_one_run() -> None:
    rows = 6_000
    lines = ((number, b"%09d" % (rows - number) * 12) for number in range(rows))  # 650 kB
    tracemalloc.start()
    try:
        count = sum(1 for _ in in_time_order(lines, lambda line: int(line[:9]), 30_000))
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == rows
    assert peak_bytes < 400_000


def by_symbol() -> tuple[list[str], int]:
    """Return a flat file of three symbols, one after the other, and how many rows each has."""
    header, *rows = massive_trades().lines
    files = [row.replace("AAPL", symbol, 1) for symbol in ("A", "B", "C") for row in rows]
    return [header, *files], len(rows)


@pytest.mark.parametrize("run_bytes", [5_000, 1 << 20])
async def test_a_flat_file_of_many_symbols_is_played_by_time(
    run_bytes: int, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_time_order, "__defaults__", (run_bytes,))
    lines, count = by_symbol()
    path = write(*lines[:100], '"', *lines[100:], name="day.csv")
    bad: list[int] = []
    async with opened(path, report=lambda row, _: bad.append(row.line)) as source:
        ticks = [tick async for batch in source.batches() for tick in batch]
        assert source.passes == 1
    assert len(ticks) == 3 * count
    times = [tick.event_ns for tick in ticks]
    assert times == sorted(times)
    assert [tick.symbol for tick in ticks[:6]] == ["A", "B", "C", "A", "B", "C"]
    assert bad == [101]


async def test_two_days_of_them_are_merged_and_one_is_looked_at_as_it_is(
    write: Callable[..., Path],
) -> None:
    lines, count = by_symbol()
    later = [line.replace("1735828", "1735928") for line in lines]
    one, other = write(*lines, name="1.csv"), write(*later, name="2.csv")
    taken: list[str] = []
    async with opened(Path(f"{other},{one}"), taken=lambda _, words: taken.append(words)) as source:
        times = [tick.event_ns async for batch in source.batches() for tick in batch]
    assert len(times) == 6 * count
    assert times == sorted(times)
    first = [tick.symbol for tick in await ticks_of(one, sorts=False)][:3]
    assert first == ["A", "A", "A"]


@pytest.mark.parametrize("files", [1, 2])
async def test_a_sort_that_goes_on_ends_when_the_replay_is_closed(
    files: int, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, closed = threading.Event(), threading.Event()
    taken: list[int] = []

    def waiting(entries: Iterator[tuple[int, bytes]], *_times: Any) -> Iterator[tuple[int, bytes]]:
        for number, _ in entries:
            taken.append(number)
            begun.set()
            closed.wait()
        yield 0, b""

    monkeypatch.setattr(recording, "in_time_order", waiting)
    lines, _ = by_symbol()
    rows = [lines[0], *lines[1:] * 8]  # more than one piece of a file
    paths = [str(write(*rows, name=f"{number}.csv")) for number in range(files)]
    source = source_of(Path(",".join(paths)))
    opening = asyncio.create_task(source.open())
    await asyncio.to_thread(begun.wait)
    opening.cancel()
    await asyncio.sleep(0)
    closing = asyncio.create_task(source.close())
    await asyncio.sleep(0)
    closed.set()
    await closing
    with pytest.raises(asyncio.CancelledError):
        await opening
    assert len(taken) < len(rows) / 2


async def test_rows_before_a_cut_are_sorted_and_then_the_cut_is_told(
    write: Callable[..., Path],
) -> None:
    def broken() -> Iterator[tuple[int, bytes]]:
        yield from [(1, b"3"), (2, b"1")]
        raise SourceError("cut off")

    ordered = in_time_order(broken(), int)
    assert [next(ordered)[0], next(ordered)[0]] == [2, 1]
    with pytest.raises(SourceError, match="cut off"):
        next(ordered)
    lines, _ = by_symbol()
    path = write(*lines, name="day.csv")

    def full(*_: Any, **__: Any) -> Any:
        raise OSError(28, "No space left on device")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time_order, "TemporaryFile", full)
        patch.setattr(in_time_order, "__defaults__", (100,))
        with pytest.raises(SourceError, match=r"day\.csv: cannot be sorted by time: No space"):
            await ticks_of(path)
