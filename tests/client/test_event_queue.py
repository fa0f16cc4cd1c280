"""What waits until it is asked for: in order, each once, and bounded."""

import asyncio

import pytest

from feed.client.event_queue import EventQueue


async def test_until_the_first_is_asked_for_only_the_newest_wait() -> None:
    queue: EventQueue[int] = EventQueue(3)
    for number in range(5):
        queue.put(number)
        await queue.space()
    assert [await queue.take() for _ in range(3)] == [2, 3, 4]


async def test_from_then_on_who_gives_waits() -> None:
    queue: EventQueue[int] = EventQueue(2)
    taken: list[int | None] = []

    async def give() -> None:
        for number in range(6):
            queue.put(number)
            await queue.space()
        queue.end()

    taking = asyncio.create_task(queue.take())
    await asyncio.sleep(0)
    giving = asyncio.create_task(give())
    taken.append(await taking)
    await asyncio.sleep(0)
    assert not giving.done()
    while (item := await queue.take()) is not None:
        taken.append(item)
    assert taken == [0, 1, 2, 3, 4, 5]
    await giving
    assert await queue.take() is None


async def test_an_end_frees_all_who_wait_and_its_failure_comes_last() -> None:
    queue: EventQueue[int] = EventQueue(1)
    taking = asyncio.create_task(queue.take())
    await asyncio.sleep(0)
    taking.cancel()
    queue.put(1)
    queue.put(2)
    giving = asyncio.create_task(queue.space())
    await asyncio.sleep(0)
    queue.end(KeyError("x"))
    queue.end()
    await giving
    assert [await queue.take(), await queue.take()] == [1, 2]
    with pytest.raises(KeyError):
        await queue.take()
