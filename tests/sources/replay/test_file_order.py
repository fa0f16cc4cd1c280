"""Rows come in the order of their file, whatever their times; the market's clock paces them."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feed.errors import SourceError
from feed.market.ticks import Trade
from feed.sources.replay.files.blocks import BLOCK_ROWS
from tests.fakes.strategies import examples
from tests.sources.replay.recordings import (
    SECOND_NS,
    START_NS,
    Clock,
    arrivals,
    bar_row,
    by_clock,
    opened,
    seconds_of,
    ticks_of,
    trade_row,
)


@pytest.mark.parametrize("speed", ["max", 1.0])
async def test_a_row_an_hour_ahead_costs_no_other_row_and_no_time(
    speed: Any, write: Callable[..., Path]
) -> None:
    seconds: list[float] = [number / 100 for number in range(2_000)]
    seconds[10] += 3_600
    path = write(*(trade_row(second) for second in seconds))
    clock = Clock()
    found = await arrivals(by_clock(clock, path, on_bad_row="stop", speed=speed), clock)
    assert [second for second, _ in found] == seconds
    assert found[-1][1] == pytest.approx(0 if speed == "max" else 19.99, abs=0.1)


async def test_symbols_that_are_interleaved_with_small_lags_keep_all_rows(
    write: Callable[..., Path],
) -> None:
    rows = [
        trade_row(number + lag, symbol)
        for number in range(25)
        for symbol, lag in (("A", 1e-6), ("B", 0))
    ]
    assert len(await ticks_of(write(*rows), on_bad_row="stop")) == 50


TIMES = st.one_of(
    st.integers(0, 30),  # seconds: late by less than a jump
    st.integers(0, 40_000),  # jumps
    st.sampled_from([-900_000_000, 900_000_000]),  # strays of broken clocks
)


@settings(max_examples=examples(80), deadline=None)
@given(
    st.lists(st.one_of(TIMES, st.none()), min_size=1, max_size=60), st.sampled_from(["max", 1e6])
)
async def test_every_unbroken_row_comes_once_in_the_order_of_the_file_whatever_its_time(
    times: list[int | None], speed: Any
) -> None:
    rows = ["{" if time is None else trade_row(time, i=i) for i, time in enumerate(times)]
    unbroken = [i for i, time in enumerate(times) if time is not None]
    clock = Clock()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.ndjson"
        path.write_text("\n".join(rows))
        source = by_clock(clock, path, speed=speed, report=lambda *_: None)
        try:
            await source.open()
            ticks = [tick async for batch in source.batches() for tick in batch]
        except SourceError:
            assert not unbroken  # a file without a tick is no recording
            return
        finally:
            await source.close()
    assert [tick.trade_id for tick in ticks if isinstance(tick, Trade)] == unbroken
    assert source.rows_skipped == {"unreadable": len(times) - len(unbroken), "invalid": 0}


@pytest.mark.parametrize("rows_in_pass", [10, 12, 300, 2 * BLOCK_ROWS])
async def test_a_recording_of_a_server_that_loops_replays_whole_and_at_its_pace(
    rows_in_pass: int, write: Callable[..., Path]
) -> None:
    step_s = 100 if rows_in_pass < BLOCK_ROWS else 0.5
    one_pass = [number * step_s for number in range(rows_in_pass)]
    path = write(*(trade_row(second) for second in one_pass * 3))
    clock = Clock()
    source = by_clock(clock, path, on_bad_row="stop")
    found = await arrivals(source, clock, passes=3)
    assert source.passes == 3
    assert [second for second, _ in found] == one_pass * 3
    assert found[-1][1] == pytest.approx(3 * one_pass[-1], rel=0.01)


async def test_a_list_of_ticks_is_of_one_pass_and_has_the_clock_beside_it(
    write: Callable[..., Path],
) -> None:
    one_pass: list[float] = [*range(0, 80, 5), 4_000, *range(80, 200, 5)]
    path = write(*(trade_row(second) for second in one_pass * 2))
    async with opened(path) as source:
        found = []
        async for ticks in source.batches():
            clocks_ns = source.clocks_ns or []
            clocks_s = [(clock_ns - START_NS) // SECOND_NS for clock_ns in clocks_ns]
            found.append((source.passes, seconds_of(ticks), clocks_s))
    clocks_s = [*range(0, 80, 5), 75, *range(80, 200, 5)]
    assert found == [(1, one_pass, clocks_s), (2, one_pass, clocks_s)]


async def test_two_recordings_that_were_joined_replay_whole(write: Callable[..., Path]) -> None:
    later, earlier = [5_000.0 + n for n in range(20)], [float(n) for n in range(20)]
    path = write(*(trade_row(second) for second in [*later, *earlier, *later]))
    ticks = await ticks_of(path, on_bad_row="stop")
    assert seconds_of(ticks) == [*later, *earlier, *later]


@pytest.mark.parametrize("wrong_s", [-50_000, 50_000])
async def test_a_wrong_first_row_moves_nobody(wrong_s: int, write: Callable[..., Path]) -> None:
    clock = Clock()
    path = write(trade_row(wrong_s), *(trade_row(second) for second in range(20)))
    source = by_clock(clock, path)
    found = await arrivals(source, clock)
    assert found == [(wrong_s, 0), *((second, second) for second in range(20))]


async def test_a_looped_recording_of_strays_does_not_spin(write: Callable[..., Path]) -> None:
    clock = Clock()
    path = write(trade_row(0), trade_row(90_000), trade_row(90_001), bar_row(0, "u"))
    source = by_clock(clock, write(bar_row(0, "u"), name="u.ndjson"), loop=True)
    assert [came_s for _, came_s in await arrivals(source, clock, passes=3)] == [0, 1, 2]
    found = await arrivals(by_clock(clock, path), clock)
    assert [came_s for _, came_s in found] == [0, 0, 1, 1]
