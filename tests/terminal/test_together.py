"""Several things at once."""

import asyncio

import pytest

from feed.terminal.together import until_first

ENDED: list[str] = []


async def last(name: str) -> None:
    """Go on until cancelled."""
    try:
        await asyncio.Event().wait()
    finally:
        ENDED.append(name)


async def fail(error: Exception) -> None:
    raise error


@pytest.fixture(autouse=True)
def clean() -> None:
    ENDED.clear()


async def test_the_others_end_with_the_first() -> None:
    await until_first(last("a"), asyncio.sleep(0), last("b"))
    assert ENDED == ["a", "b"]


async def test_what_the_first_raises_is_raised_and_the_others_end() -> None:
    with pytest.raises(ValueError, match="broken"):
        await until_first(last("a"), fail(ValueError("broken")))
    assert ENDED == ["a"]


async def test_all_end_when_it_is_cancelled() -> None:
    task = asyncio.create_task(until_first(last("a"), last("b")))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ENDED == ["a", "b"]
