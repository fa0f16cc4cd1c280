"""How a stream ends: closed, cancelled, and by whom."""

import asyncio
from typing import Any

import pytest

from feed.client.backoff import Backoff
from feed.client.events import (
    Batch,
    Connected,
    Disconnected,
)
from feed.client.stream import Stream
from feed.client.subscription import Subscription
from feed.market.ticks import Channel
from tests.client.objects import ids_of
from tests.client.streams import TRANSPORTS, event_of, ids_until, stream_of
from tests.client.test_backoff import longest
from tests.fakes.mini_feed import MiniFeed


async def test_a_cancelled_wait_loses_nothing(feed: MiniFeed) -> None:
    async with stream_of(feed, transport="sse") as stream:
        await stream.open()
        ids: list[int] = []
        while len(ids) < 60:
            waiting = asyncio.create_task(anext(stream))
            for _ in range(len(ids) % 5):
                await asyncio.sleep(0)
            waiting.cancel()
            done = await asyncio.gather(waiting, return_exceptions=True)
            ids += [got for batch in done if isinstance(batch, Batch) for got in ids_of(batch)]
            await feed.publish(2)
            ids += ids_of(await anext(stream))
    assert ids == list(range(1, len(ids) + 1))


async def test_a_closed_stream_ends_its_iteration(feed: MiniFeed) -> None:
    stream = stream_of(feed)
    async with stream:
        await stream.open()
    with pytest.raises(StopAsyncIteration):
        await anext(stream)
    await feed.connections(0)


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_stream_closed_by_another_task_ends_its_iteration(
    feed: MiniFeed, transport: Any
) -> None:
    stream = stream_of(feed, transport=transport)
    await stream.open()
    consumer = asyncio.create_task(ids_until(stream, 1))
    await asyncio.sleep(0)
    await stream.close()
    with pytest.raises(AssertionError, match="the stream ended"):
        await consumer
    await feed.connections(0)


async def test_a_stream_closed_while_it_waits_to_come_back_ends_at_once(feed: MiniFeed) -> None:
    await feed.stop()
    backoff = Backoff(longest)
    backoff.ask(3600)
    trades = Subscription.of({Channel.TRADES: "*"})
    stream = Stream(feed.url, trades, transport="websocket", backoff=backoff)
    await event_of(stream, Disconnected)
    consumer = asyncio.create_task(stream.next_event())
    await asyncio.sleep(0)
    await stream.close()
    assert await consumer is None


async def test_a_consumer_that_is_cancelled_as_the_stream_closes_is_cancelled(
    feed: MiniFeed,
) -> None:
    stream = stream_of(feed)
    await stream.open()
    await event_of(stream, Connected)
    consumer = asyncio.create_task(stream.next_event())
    await asyncio.sleep(0)
    consumer.cancel()
    await stream.close()
    with pytest.raises(asyncio.CancelledError):
        await consumer


async def test_a_second_consumer_is_refused(feed: MiniFeed) -> None:
    async with stream_of(feed) as stream:
        await stream.open()
        await event_of(stream, Connected)
        first = asyncio.create_task(stream.next_event())
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="one consumer"):
            await stream.next_event()
        await feed.publish(1)
        assert isinstance(await first, Batch)
