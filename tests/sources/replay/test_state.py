"""A replay that another process takes up."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import msgpack
import pytest

from feed.market.ticks import Trade
from feed.sources.replay.source import ReplaySource
from feed.sources.source import Resumable
from tests.sources.replay.recordings import trade_row

ROWS = 2_000


@pytest.fixture
def path(write: Callable[..., Path]) -> Path:
    return write(*(trade_row(k / 1_000, i=k) for k in range(ROWS)))


async def ids_of(source: ReplaySource, at_least: int) -> list[int]:
    """Return the ids of the next ticks of a source that is open, a few lists of them."""
    ids: list[int] = []
    async for ticks in source.batches():
        ids += [tick.trade_id for tick in ticks if isinstance(tick, Trade)]
        if len(ids) >= at_least:
            break
    return ids


@pytest.mark.parametrize("given", [1, 511, 700, 1_999])
async def test_a_replay_goes_on_behind_what_was_published(path: Path, given: int) -> None:
    source = ReplaySource(path, speed="max")
    assert isinstance(source, Resumable)
    await source.open()
    await ids_of(source, 1)
    state, counted = msgpack.unpackb(msgpack.packb(source.state())), source.given_ticks
    await source.close()
    resumed = ReplaySource(path, speed="max")
    assert resumed.resume(state, given - counted)
    await resumed.open()
    assert await ids_of(resumed, ROWS) == [*range(given, ROWS)]
    await resumed.close()


async def test_a_replay_that_is_taken_up_before_it_begins_again_forgets_nothing(
    path: Path,
) -> None:
    source = ReplaySource(path, speed="max")
    assert source.resume(source.state(), 900)
    twice = ReplaySource(path, speed="max")
    assert twice.resume(source.state(), 50)
    await twice.open()
    assert (await ids_of(twice, 1))[0] == 950
    await twice.close()


async def test_a_loop_goes_on_in_the_pass_that_it_was_in(path: Path) -> None:
    source = ReplaySource(path, speed="max", loop=True)
    assert source.resume(source.state(), 2 * ROWS + 5)
    await source.open()
    ids = await ids_of(source, ROWS)
    assert ids[: ROWS - 5] == [*range(5, ROWS)]
    assert source.passes >= 3
    await source.close()


async def test_a_replay_that_had_come_to_its_end_is_at_its_end(path: Path) -> None:
    source = ReplaySource(path, speed="max")
    assert source.resume(source.state(), ROWS)
    await source.open()
    assert await ids_of(source, ROWS) == []
    await source.close()


async def test_the_first_tick_behind_a_gap_is_due_at_once(path: Path) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    source = ReplaySource(path, speed=1.0, clock_ns=lambda: 0, sleep=sleep)
    assert source.resume(source.state(), 1_500)
    await source.open()
    batches = source.batches()
    first = (await anext(batches))[0]
    assert isinstance(first, Trade)
    assert (first.trade_id, slept) == (1_500, [])
    await source.close()


async def test_a_file_that_has_changed_is_another_one(path: Path, tmp_path: Path) -> None:
    state = ReplaySource(path).state()
    assert ReplaySource(path, loop=True, speed=3).resume(state, 0)
    other = tmp_path / "b.ndjson"
    shutil.copy(path, other)
    assert not ReplaySource(other).resume(state, 0)
    os.utime(path, ns=(1, 1))
    assert not ReplaySource(path).resume(state, 0)
