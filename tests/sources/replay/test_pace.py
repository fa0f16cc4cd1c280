"""When ticks of a recording come: as far apart as they were, on a clock of the test."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from feed.errors import InvalidParameter
from feed.sources.replay.source import ReplaySource
from tests.sources.replay.recordings import (
    GOOD,
    SECOND_NS,
    Clock,
    arrivals,
    bar_row,
    by_clock,
    trade_row,
)


@pytest.mark.parametrize("speed", [1, 1.0, 0.5, 10, 1_000_000])
async def test_ticks_come_as_far_apart_as_their_events_divided_by_the_speed(
    speed: float, write: Callable[..., Path]
) -> None:
    seconds = [3.0, 3.0, 3.25, 4, 4.000000001, 9, 1_000]
    clock = Clock()
    source = by_clock(clock, write(*(trade_row(second) for second in seconds)), speed=speed)
    for second, came_s in await arrivals(source, clock):
        late_s = came_s - (second - 3) / speed
        assert -2e-9 <= late_s <= 0.001 + 2e-9
    # A shorter sleep is none in uvloop, and would spin.
    assert min(clock.sleeps_s) >= 0.001


async def test_ticks_that_are_due_together_come_together(write: Callable[..., Path]) -> None:
    clock = Clock()
    rows = [trade_row(second) for second in (1, 1, 1, 2, 2, 3)]
    source = by_clock(clock, write(*rows))
    await source.open()
    chunks = [len(ticks) async for ticks in source.batches()]
    await source.close()
    assert chunks == [3, 2, 1]


async def test_a_night_is_slept_in_parts(write: Callable[..., Path]) -> None:
    clock = Clock()
    path = write(trade_row(0), trade_row(36_000))
    assert (await arrivals(by_clock(clock, path), clock))[-1] == (36_000, 36_000)
    assert len(clock.sleeps_s) >= 600
    assert max(clock.sleeps_s) <= 60


async def test_a_bar_comes_when_its_interval_has_ended(write: Callable[..., Path]) -> None:
    clock = Clock()
    path = write(
        *(bar_row(0, "b1s"), bar_row(1, "b1s"), bar_row(-58)),
        *(trade_row(5), bar_row(0), trade_row(6), trade_row(62)),
    )
    assert await arrivals(by_clock(clock, path), clock) == [
        (0, 0),
        (1, 1),
        (-58, 1),
        (5, 4),
        (0, 59),
        (6, 59),  # late in the file, so it is late here
        (62, 61),
    ]


async def test_a_bar_is_not_early_because_others_behind_it_are_due(
    write: Callable[..., Path],
) -> None:
    clock = Clock()
    rows = [trade_row(second) for second in (0, 0.01, 0.1, 0.2, 0.3, 0.4, 0.5)]
    source = by_clock(clock, write(*rows[:2], bar_row(0), *rows[2:]))
    await source.open()
    chunks = []
    async for ticks in source.batches():
        chunks.append(len(ticks))
        clock.now_ns += SECOND_NS * 6 // 10
    await source.close()
    assert chunks == [1, 1, 6]


async def test_a_short_delay_is_made_up_and_a_long_one_goes_on_late(
    write: Callable[..., Path],
) -> None:
    clock = Clock()
    path = write(*(trade_row(second) for second in range(200)))
    source = by_clock(clock, path)
    await source.open()
    begin_ns = clock.now_ns
    came_s = []
    async for ticks in source.batches():
        came_s += [(clock.now_ns - begin_ns) / SECOND_NS] * len(ticks)
        if len(came_s) == 10:
            clock.now_ns += SECOND_NS // 2
        if len(came_s) == 20:
            clock.now_ns += 100 * SECOND_NS
    await source.close()
    assert came_s[:20] == list(range(20))
    # One second's worth came at once, the rest as far apart as before.
    assert came_s[20:22] == [119, 119]
    assert came_s[22:] == [second + 98 for second in range(22, 200)]


async def test_max_knows_no_pace(write: Callable[..., Path]) -> None:
    clock = Clock()
    found = await arrivals(by_clock(clock, write(*GOOD, trade_row(99_999)), speed="max"), clock)
    assert [came_s for _, came_s in found] == [0, 0, 0, 0]
    assert clock.sleeps_s == []


async def test_a_loop_keeps_its_pace_in_every_pass(write: Callable[..., Path]) -> None:
    clock = Clock()
    source = by_clock(clock, write(trade_row(1), trade_row(4), trade_row(9)), loop=True, speed=2)
    found = await arrivals(source, clock, passes=3)
    assert [came_s for _, came_s in found] == [0, 1.5, 4, 4, 5.5, 8, 8, 9.5, 12]


async def test_a_looped_moment_does_not_spin(write: Callable[..., Path]) -> None:
    clock = Clock()
    source = by_clock(clock, write(trade_row(1), trade_row(1)), loop=True)
    found = await arrivals(source, clock, passes=3)
    assert [came_s for _, came_s in found] == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize("speed", [0, -1, float("nan"), float("inf"), "fast", 1e-9, 1e9])
def test_a_speed_that_is_none_is_refused(speed: Any) -> None:
    with pytest.raises(InvalidParameter, match=r"speed: .*a number from 0\.001 to 1,000,000, or"):
        ReplaySource("a.csv", speed=speed)
