"""A live source is read ahead by a writer that stands by, and taken over without a loss."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from types import MappingProxyType

import pytest

from feed.errors import SourceError
from feed.market.renames import Renames
from feed.market.ticks import Kind, Tick, Trade
from feed.sources.preread import WINDOW_NS, Preread
from feed.sources.source import Instrument
from tests.fakes.patience import PATIENCE_S, until


class Heard:
    """A live source that gives what a test says."""

    name = "heard"
    can_wait = False
    live = True
    recorded_kinds: frozenset[Kind] = frozenset()
    passes = 0
    clocks_ns: Sequence[int] | None = None
    rows_skipped: Mapping[str, int] = MappingProxyType({})

    def __init__(self) -> None:
        self.lists: asyncio.Queue[list[Tick] | Exception | None] = asyncio.Queue()
        self.opened = self.given = 0

    async def open(self) -> None:
        self.opened += 1

    def instruments(self) -> list[Instrument]:
        return []

    def instrument(self, symbol: str) -> Instrument | None:
        del symbol
        return None

    async def batches(self) -> AsyncIterator[list[Tick]]:
        while (ticks := await self.lists.get()) is not None:
            if isinstance(ticks, Exception):
                raise ticks
            self.given += 1
            yield ticks

    async def close(self) -> None:
        """Nothing is open."""


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now_ns = 100 * WINDOW_NS

    def __call__(self) -> int:
        return self.now_ns


def trade(number: int, symbol: str = "A") -> Trade:
    return Trade(symbol, number, "V", 1.0, 1, 1)


async def taken(lists: AsyncIterator[list[Tick]], count: int) -> list[int]:
    found: list[int] = []
    while len(found) < count:
        ticks = await asyncio.wait_for(anext(lists), PATIENCE_S)
        found += [tick.trade_id for tick in ticks if isinstance(tick, Trade)]
    return found


async def test_what_the_other_has_told_is_not_told_again() -> None:
    source = Heard()
    preread = Preread(source, Renames())
    preread.begin()
    for number in range(1, 7):
        source.lists.put_nowait([trade(number)])
    await until(lambda: source.given == 6)
    preread.take_over([trade(number) for number in range(1, 5)])
    source.lists.put_nowait([trade(7)])
    assert await taken(preread.batches(), 3) == [5, 6, 7]
    assert (preread.repeats, source.opened) == (4, 1)


async def test_a_tick_that_comes_later_than_the_other_told_it_is_a_repeat_for_a_while() -> None:
    source, clock = Heard(), Clock()
    preread = Preread(source, Renames(), clock)
    preread.begin()
    preread.take_over([trade(1), trade(2)])
    lists = preread.batches()
    source.lists.put_nowait([trade(1), trade(3)])
    assert await taken(lists, 1) == [3]
    clock.now_ns += WINDOW_NS + 1
    source.lists.put_nowait([trade(2)])
    assert await taken(lists, 1) == [2]


async def test_what_came_twice_is_told_twice() -> None:
    source = Heard()
    preread = Preread(source, Renames())
    preread.begin()
    source.lists.put_nowait([trade(1), trade(1)])
    await until(lambda: source.given == 1)
    preread.take_over([trade(1)])
    assert await taken(preread.batches(), 1) == [1]


async def test_what_is_older_than_the_window_is_let_go() -> None:
    source, clock = Heard(), Clock()
    preread = Preread(source, Renames(), clock)
    preread.begin()
    source.lists.put_nowait([trade(1)])
    await until(lambda: source.given == 1)
    await asyncio.sleep(0)
    clock.now_ns += WINDOW_NS + 1
    source.lists.put_nowait([trade(2)])
    await until(lambda: source.given == 2)
    preread.take_over([])
    assert await taken(preread.batches(), 1) == [2]


async def test_symbols_are_compared_by_the_names_that_are_told() -> None:
    source = Heard()
    preread = Preread(source, Renames(prefix="x."))
    preread.begin()
    source.lists.put_nowait([trade(1), trade(2)])
    await until(lambda: source.given == 1)
    preread.take_over([trade(1, "x.A")])
    assert await taken(preread.batches(), 1) == [2]


async def test_a_source_that_fails_meanwhile_is_opened_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("feed.sources.preread._FIRST_BACKOFF_S", 0.001)
    source = Heard()
    preread = Preread(source, Renames())
    preread.begin()
    source.lists.put_nowait(SourceError("gone"))
    source.lists.put_nowait([trade(1)])
    await until(lambda: source.given == 1)
    preread.take_over([])
    assert await taken(preread.batches(), 1) == [1]
    assert source.opened == 2


async def test_one_that_fails_afterwards_is_told_so() -> None:
    source = Heard()
    preread = Preread(source, Renames())
    preread.begin()
    await until(lambda: source.opened)
    preread.take_over([])
    source.lists.put_nowait(SourceError("gone"))
    with pytest.raises(SourceError, match="gone"):
        await anext(preread.batches())


async def test_the_end_of_a_source_is_the_end_of_its_lists() -> None:
    source = Heard()
    preread = Preread(source, Renames())
    preread.begin()
    source.lists.put_nowait([trade(1)])
    source.lists.put_nowait(None)
    await until(lambda: source.given == 1)
    preread.take_over([])
    told = [ticks async for ticks in preread.batches()]
    assert told == [[trade(1)]]
