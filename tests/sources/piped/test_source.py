"""A pipe as a source: its end, the program that waits in its own write, and what is no tick."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext, suppress
from pathlib import Path

import pytest

from feed.errors import SourceError
from feed.market.ticks import Tick
from feed.sources.piped import pipe
from feed.sources.piped.source import PipedSource
from feed.sources.replay.bad_rows import BadRow
from feed.sources.replay.object_rows import BAR_KINDS
from tests.fakes.patience import PATIENCE_S, until
from tests.fakes.servers import bar, trade, trades
from tests.sources.piped.writing import lines


@asynccontextmanager
async def piped(*, recorded: bool = False) -> AsyncIterator[tuple[PipedSource, int]]:
    """Yield a source that is open, and the end of its pipe that is written into."""
    reads, writes = os.pipe()
    source = PipedSource(recorded=recorded, open_pipe=lambda: reads, report=lambda *_: None)
    await source.open()
    try:
        yield source, writes
    finally:
        with suppress(OSError):  # the test has closed it
            os.close(writes)
        await source.close()


async def next_of(batches: AsyncIterator[list[Tick]]) -> list[Tick]:
    return await anext(batches)


async def test_ticks_come_as_they_are_written_and_the_end_of_the_pipe_is_the_end() -> None:
    async with piped() as (source, writes):
        batches = source.batches()
        for number in range(1, 4):
            os.write(writes, lines(trade(number)))
            assert await anext(batches) == [trade(number)]
        os.write(writes, lines(trade(4))[:-1])  # without its line feed
        os.close(writes)
        assert await anext(batches) == [trade(4)]
        with pytest.raises(StopAsyncIteration):
            await anext(batches)
        assert [known.symbol for known in source.instruments()] == ["AAPL"]
        assert (source.live, source.can_wait) == (True, False)


async def test_a_program_that_writes_faster_than_is_taken_waits_in_its_write() -> None:
    written, total = 0, 0
    data = lines(*trades(1, 20_000))
    async with piped(recorded=True) as (source, writes):
        batches = source.batches()
        os.set_blocking(writes, False)
        taken = waits = 0
        while written < len(data):
            try:
                written += os.write(writes, data[written : written + 65_536])
            except BlockingIOError:  # the pipe is full, since nobody has asked for more
                waits += 1
                taken += len(await anext(batches))
                assert written - 180 * taken < 400_000, "what waits is a pipe and a piece"
        os.close(writes)
        async for ticks in batches:
            total += len(ticks)
        assert (total + taken, bool(waits)) == (20_000, True)
        assert (source.live, source.can_wait) == (False, True)


async def test_bad_lines_are_counted_by_reason_and_reported_with_their_place() -> None:
    reports: list[BadRow] = []
    reads, writes = os.pipe()
    source = PipedSource(open_pipe=lambda: reads, report=lambda row, _: reports.append(row))
    await source.open()
    os.write(writes, b'nonsense\n{"T":"t"}\n' + lines(trade(1)) + b'{"T":\n')
    os.close(writes)
    assert [tick async for ticks in source.batches() for tick in ticks] == [trade(1)]
    assert source.rows_skipped == {"unreadable": 2, "invalid": 1}
    assert [(str(row.path), row.line) for row in reports] == [
        ("stdin", 1),
        ("stdin", 2),
        ("stdin", 4),
    ]
    await source.close()


async def test_from_the_first_bar_on_bars_are_its_own() -> None:
    async with piped() as (source, writes):
        batches = source.batches()
        os.write(writes, lines(trade(1)))
        await anext(batches)
        assert source.recorded_kinds == frozenset()
        os.write(writes, lines(bar()))
        await anext(batches)
        assert source.recorded_kinds == BAR_KINDS


@pytest.mark.parametrize("recorded", [False, True])
async def test_a_named_pipe_waits_for_the_next_writer_and_a_recording_is_over(
    tmp_path: Path, *, recorded: bool
) -> None:
    path = tmp_path / "ticks"
    os.mkfifo(path)
    source = PipedSource(str(path), recorded=recorded)

    async def write(number: int) -> None:
        with await asyncio.to_thread(path.open, "wb") as file:
            file.write(lines(trade(number)))

    for number in (1, 2):
        writing = asyncio.create_task(write(number))
        async with asyncio.timeout(PATIENCE_S):
            await source.open()
            await writing
        told = []
        ends = nullcontext() if recorded else pytest.raises(SourceError, match="nobody writes any")
        with ends:
            async for ticks in source.batches():
                told += ticks
        assert told == [trade(number)]
        await source.close()


async def test_a_file_is_no_named_pipe(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    source = PipedSource(str(tmp_path / "file"))
    with pytest.raises(SourceError, match="is no named pipe"):
        await source.open()
    await source.close()


async def test_whoever_gives_up_waiting_ends_nothing() -> None:
    async with piped() as (source, writes):
        batches = source.batches()
        waiting = asyncio.ensure_future(anext(batches))
        await asyncio.sleep(0)
        waiting.cancel()
        os.write(writes, lines(trade(1)))
        await until(waiting.done)
        assert waiting.cancelled()


@pytest.mark.parametrize("cut", [0, 1, 30])
async def test_whoever_stops_reading_ends_the_line_and_leaves_the_rest_in_the_pipe(
    cut: int,
) -> None:
    reads, writes = os.pipe()
    source = PipedSource(open_pipe=lambda: reads)
    data = lines(*trades(1, 3))
    end = data.index(b"\n") + 1 + cut
    await source.open()
    batches = source.batches()
    os.write(writes, data[:end])
    told = await anext(batches)
    source.stop_reading()
    os.write(writes, data[end:])
    told += [tick async for ticks in batches for tick in ticks]
    await source.close()
    last = 2 if cut else 1
    assert told == trades(1, last)
    assert os.read(reads, 1 << 16) == lines(*trades(last + 1, 3))
    os.close(writes)
    os.close(reads)


async def test_a_line_that_does_not_end_in_time_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipe, "LINE_TIMEOUT_S", 0.01)
    reports: list[BadRow] = []
    reads, writes = os.pipe()
    source = PipedSource(open_pipe=lambda: reads, report=lambda row, _: reports.append(row))
    await source.open()
    batches = source.batches()
    os.write(writes, lines(trade(1)) + lines(trade(2))[:20])
    assert await anext(batches) == [trade(1)]
    source.stop_reading()
    assert [ticks async for ticks in batches] == []
    await source.close()
    assert [row.line for row in reports] == [2]
    os.close(writes)
    os.close(reads)


async def test_what_comes_first_is_known_once_it_has_begun_and_told_then() -> None:
    async with piped() as (source, writes):
        os.write(writes, b'\n{"T":"instrument","S":"AAPL","price_step":0.5}\n' + lines(trade(1)))
        await source.begin()
        assert [known.price_step for known in source.instruments()] == [0.5]
        batches = source.batches()
        assert await anext(batches) == [trade(1)]
        waits = asyncio.create_task(next_of(batches))
        await until(lambda: source.waits_since_ns)
        since_ns = source.waits_since_ns
        os.write(writes, b"\n")  # a sign of life
        await until(lambda: source.waits_since_ns > since_ns)
        os.write(writes, lines(trade(2)))
        assert await waits == [trade(2)]


async def test_a_pipe_that_is_its_own_is_closed() -> None:
    reads, writes = os.pipe()
    source = PipedSource(name="own", open_pipe=lambda: reads, close_pipe=True)
    await source.open()
    waits = asyncio.create_task(next_of(source.batches()))
    await until(lambda: source.waits_since_ns)
    waits.cancel()
    await source.close()

    def closed() -> bool:  # once the thread is out of its read
        try:
            os.write(writes, b"x")
        except BrokenPipeError:
            return True
        return False

    await until(closed)
    os.close(writes)
    assert source.name == "own"


async def test_another_source_reads_on_from_a_pipe_whose_header_is_gone() -> None:
    reads, writes = os.pipe()
    other = PipedSource("", report=lambda *_: None)
    other.adopt(reads, b"symbol,timestamp,price,amount,id")
    await other.open()
    try:
        os.write(writes, b"AAPL,1700000000000000000,1.5,2,7\n")
        (tick,) = await anext(other.batches())
        assert (tick.symbol, tick.trade_id) == ("AAPL", 7)  # type: ignore[union-attr]
        assert other.header == b"symbol,timestamp,price,amount,id"
    finally:
        os.close(writes)
        await other.close()
