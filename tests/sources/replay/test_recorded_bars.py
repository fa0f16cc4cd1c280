"""Bars of a recording: in the order of their file, and none is rebuilt beside them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from feed.market.ticks import Bar, Kind
from feed.sources.replay.files.blocks import BLOCK_ROWS
from tests.sources.replay.recordings import (
    GOOD,
    bar_row,
    opened,
    seconds_of,
    ticks_of,
    trade_row,
)

ALL_BARS = {Kind.BAR, Kind.UPDATED_BAR, Kind.SECOND_BAR}


async def test_bars_come_after_their_interval_in_the_order_of_the_file(
    write: Callable[..., Path],
) -> None:
    path = write(
        *(trade_row(1), trade_row(61), bar_row(0), bar_row(60, "b1s")),
        *(trade_row(61.5), bar_row(0, "u"), trade_row(62)),
    )
    ticks = await ticks_of(path, on_bad_row="stop")
    assert seconds_of(ticks) == [1, 61, 0, 60, 61.5, 0, 62]


@pytest.mark.parametrize("kind", ["b", "u", "b1s"])
async def test_one_kind_of_recorded_bars_means_that_none_is_rebuilt(
    kind: str, write: Callable[..., Path]
) -> None:
    async with opened(write(*GOOD, bar_row(0, kind))) as source:
        assert source.recorded_kinds == ALL_BARS
        assert source.bars_left_out == 0
    async with opened(write(*GOOD)) as source:
        assert source.recorded_kinds == frozenset()


async def test_bars_that_come_later_than_anybody_looked_are_left_out(
    write: Callable[..., Path],
) -> None:
    rows = [trade_row(second) for second in range(BLOCK_ROWS + 10)]
    rows[BLOCK_ROWS + 5] = bar_row(0)
    async with opened(write(*rows), on_bad_row="stop", peek_rows=1) as source:
        assert source.recorded_kinds == frozenset()
        ticks = [tick async for ticks in source.batches() for tick in ticks]
        assert source.bars_left_out == 1
    assert seconds_of(ticks) == [second for second in range(BLOCK_ROWS + 10) if second != 517]


async def test_a_subscription_says_that_bars_will_come_however_late(
    write: Callable[..., Path],
) -> None:
    rows = [trade_row(second) for second in range(BLOCK_ROWS)]
    path = write('[{"T":"subscription","trades":["*"],"bars":["*"]}]', *rows, bar_row(0))
    async with opened(path, peek_rows=1) as source:
        assert source.recorded_kinds == ALL_BARS
        ticks = [tick async for ticks in source.batches() for tick in ticks]
    assert type(ticks[-1]) is Bar
