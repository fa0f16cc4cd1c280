"""A server of the dialect that says nothing is left, on a clock of the test."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from feed.sources.alpaca.source import AlpacaSource
from feed.sources.upstream import silence
from feed.sources.upstream.endings import End, Ended
from tests.fakes.patience import PATIENCE_S, until
from tests.sources.alpaca.double import Double, telling
from tests.sources.alpaca.test_source import TRADE, opened, source_of

LIMIT_S = 120.0


class Clock:
    """A clock that only a test moves."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return a clock; whoever waits looks at it often, since it does not move meanwhile."""
    monkeypatch.setattr(silence.SilenceWatch, "wait_s", lambda *_: 0.01)
    return Clock()


async def end_after(
    source: AlpacaSource, happens: Callable[[], Awaitable[None]], *, lists: int = 0
) -> Ended:
    """Open a source, take some lists; return how it ends once something has happened."""
    async with asyncio.timeout(PATIENCE_S), opened(source) as batches:
        for _ in range(lists):
            assert len(await anext(batches)) == 1
        listening = asyncio.ensure_future(anext(batches))
        await happens()
        with pytest.raises(Ended) as ended:
            await listening
    return ended.value


async def test_a_server_that_answers_pings_and_tells_nothing_is_left(
    double: Double, clock: Clock
) -> None:
    double.acts.append(telling([TRADE]))
    source = source_of(double, silence_s=LIMIT_S, mono_s=clock)

    async def pass_limit() -> None:
        connections = double.connections
        await until(lambda: double.pings == connections)
        clock.now_s += LIMIT_S

    error = await end_after(source, pass_limit, lists=1)
    assert (error.end, error.for_good) == (End.SILENT, False)
    assert source._watch.limit_s == LIMIT_S
    error = await end_after(source, pass_limit)  # nothing at all: a market that is closed
    assert error.end is End.SILENT
    assert source._watch.limit_s == 2 * LIMIT_S


async def test_a_server_that_answers_no_pings_any_more_is_left(
    double: Double, clock: Clock
) -> None:
    source = source_of(double, silence_s=0, mono_s=clock)

    async def go_deaf() -> None:
        await until(lambda: source._watch.answers_pings)
        double.answers_pings = False
        clock.now_s += silence.PING_AFTER_S
        await until(lambda: double.pings == 2)
        clock.now_s += silence.PONG_WITHIN_S

    assert (await end_after(source, go_deaf)).end is End.UNANSWERED
