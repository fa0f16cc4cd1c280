"""A replay between two times, and one that is paused, sped up and moved while it runs."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from feed.errors import InvalidParameter, SourceError
from feed.market.ticks import Tick
from feed.sources.replay.files.blocks import BLOCK_ROWS
from feed.sources.replay.source import ReplaySource
from tests.fakes.patience import PATIENCE_S
from tests.sources.replay.recordings import (
    SECOND_NS,
    START_NS,
    Clock,
    by_clock,
    opened,
    seconds_of,
    source_of,
    ticks_of,
    trade_row,
)


def at(second: float) -> int:
    return START_NS + round(second * SECOND_NS)


@pytest.mark.parametrize("rows", [10, 3 * BLOCK_ROWS])
async def test_a_replay_begins_and_ends_at_times_of_the_recording(
    rows: int, write: Callable[..., Path]
) -> None:
    path = write(*(trade_row(second) for second in range(rows)), "{")
    begin, end = rows // 3, rows - 2
    bad: list[Any] = []
    ticks = await ticks_of(
        path, begin_ns=at(begin), end_ns=at(end), report=lambda *each: bad.append(each)
    )
    assert seconds_of(ticks) == [*range(begin, end)]
    assert seconds_of(await ticks_of(path, begin_ns=at(begin), report=lambda *_: None)) == [
        *range(begin, rows)
    ]
    assert seconds_of(await ticks_of(path, end_ns=at(end))) == [*range(end)]


async def test_bounds_go_by_the_clock_and_not_by_late_rows(write: Callable[..., Path]) -> None:
    path = write(*(trade_row(second) for second in (1, 5, 2, 6, 3, 9, 4)))
    ticks = await ticks_of(path, begin_ns=at(5), end_ns=at(9))
    assert seconds_of(ticks) == [5, 2, 6, 3]


async def test_no_tick_between_them_is_told(write: Callable[..., Path]) -> None:
    path = write(trade_row(1), trade_row(2))
    with pytest.raises(SourceError, match="holds no tick between --from and --to; of 2 rows"):
        await ticks_of(path, begin_ns=at(7))


async def test_of_a_loop_each_pass_is_between_them(write: Callable[..., Path]) -> None:
    path = write(*(trade_row(second) for second in range(5)))
    found: list[float] = []
    async with opened(path, loop=True, begin_ns=at(1), end_ns=at(4)) as source:
        async for batch in source.batches():
            found += seconds_of(batch)
            if source.passes == 3:
                break
    assert found[:9] == [1, 2, 3] * 3


class Told:
    """A running replay: its ticks so far, and orders to it."""

    def __init__(self, source: ReplaySource) -> None:
        self.source = source
        self.lists: AsyncIterator[list[Tick]] = source.batches()
        self.effects: list[str] = []

    async def next(self) -> list[float]:
        return seconds_of(await anext(self.lists))

    def order(self, **words: Any) -> None:
        self.source.steering.order(then=lambda: self.effects.append(str(words)), **words)


async def test_what_is_paused_goes_on_where_it_stood(write: Callable[..., Path]) -> None:
    clock = Clock()
    source = by_clock(clock, write(*(trade_row(second) for second in range(6))))
    await source.open()
    told = Told(source)
    assert [await told.next(), await told.next()] == [[0], [1]]
    told.order(paused=True)
    waiting = asyncio.create_task(told.next())
    for _ in range(20):
        await asyncio.sleep(0)
    assert not waiting.done()
    assert told.effects == ["{'paused': True}"]
    clock.now_ns += 3_600 * SECOND_NS
    told.order(paused=False)
    before_ns = clock.now_ns
    assert await waiting == [2]
    assert await told.next() == [3]
    assert clock.now_ns - before_ns == SECOND_NS  # the pause is not made up for
    await source.close()


async def test_another_speed_counts_from_the_next_tick_on(write: Callable[..., Path]) -> None:
    clock = Clock()
    source = by_clock(clock, write(*(trade_row(10 * second) for second in range(5))))
    await source.open()
    told = Told(source)
    assert await told.next() == [0]
    told.order(speed=10.0)
    begin_ns = clock.now_ns
    assert [await told.next(), await told.next()] == [[10], [20]]
    assert clock.now_ns - begin_ns == pytest.approx(SECOND_NS, rel=0.01)
    told.order(speed="max")
    assert await told.next() == [30, 40]
    await source.close()


async def test_whoever_sleeps_is_woken_by_an_order(write: Callable[..., Path]) -> None:
    source = source_of(write(trade_row(0), trade_row(50)))
    await source.open()
    told = Told(source)
    assert await told.next() == [0]
    waiting = asyncio.create_task(told.next())
    await asyncio.sleep(0)
    told.order(speed="max")
    async with asyncio.timeout(PATIENCE_S):
        assert await waiting == [50]
    await source.close()


@pytest.mark.parametrize("rows", [40, 4 * BLOCK_ROWS])
@pytest.mark.parametrize("peek_rows", [1, 20_000])
async def test_it_goes_on_from_a_time_before_and_behind(
    rows: int, peek_rows: int, write: Callable[..., Path]
) -> None:
    path = write(*(trade_row(second) for second in range(rows)))
    source = by_clock(Clock(), path, peek_rows=peek_rows)
    await source.open()
    told = Told(source)
    assert await told.next() == [0]
    for second in (rows - 7, 5, 5, rows - 1, rows - 6):
        before = source.passes
        told.order(seek_ns=at(second))
        assert await told.next() == [second]
        assert source.passes == before + 1
    assert len(told.effects) == 5
    assert await told.next() == [rows - 5]
    state = source.state()
    rest = [second async for batch in told.lists for second in seconds_of(batch)]
    assert rest == [*range(rows - 4, rows)]
    await source.close()
    resumed = source_of(path, speed="max")
    assert resumed.resume(state, 1)  # the list that came last is not in the state
    await resumed.open()
    assert [second async for each in resumed.batches() for second in seconds_of(each)] == rest
    await resumed.close()


async def test_behind_the_last_tick_is_the_end(write: Callable[..., Path]) -> None:
    path = write(*(trade_row(second) for second in range(3 * BLOCK_ROWS)))
    async with opened(path) as source:
        told = Told(source)
        await told.next()
        told.order(seek_ns=at(10**6))
        with pytest.raises(StopAsyncIteration):
            await told.next()


@pytest.mark.parametrize("speed", [0, -1, 1e9, "fast", True, float("nan")])
async def test_no_speed_is_refused_and_changes_nothing(
    speed: Any, write: Callable[..., Path]
) -> None:
    source = source_of(write(trade_row(1)))
    with pytest.raises(InvalidParameter, match=r"speed: .* accepted: a number from 0.001"):
        source.steering.order(paused=True, speed=speed)
    assert (source.steering.paused, source.steering.ordered) == (False, False)
