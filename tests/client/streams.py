"""Streams of a small server, whose waits take no time."""

from typing import Any

from aiohttp import web

from feed.client.backoff import Backoff
from feed.client.events import Event
from feed.client.stream import Stream
from feed.client.subscription import Subscription
from feed.market.ticks import Channel
from tests.client.objects import ids_of
from tests.client.test_backoff import longest
from tests.fakes.clocks import ManualClock
from tests.fakes.mini_feed import MiniFeed

TRANSPORTS = ("websocket", "stream", "sse")
WAYS = [(transport, codec) for transport in TRANSPORTS for codec in ("json", "msgpack")]


def stream_of(feed: MiniFeed, **options: Any) -> Stream:
    """Return a stream of all trades whose waits take no time."""
    options.setdefault("clock", ManualClock())
    options.setdefault("backoff", Backoff(longest))
    return Stream(feed.url, Subscription.of({Channel.TRADES: "*"}), **options)


async def ids_until(stream: Stream, last: int) -> list[int]:
    """Return the ids of all ticks up to one, in the order in which they came."""
    ids: list[int] = []
    async for batch in stream:
        ids += ids_of(batch)
        if ids[-1] >= last:
            return ids
    raise AssertionError("the stream ended")


async def event_of(stream: Stream, kind: type[Event]) -> Any:
    """Return the next event of a kind."""
    async for event in stream.events():
        if isinstance(event, kind):
            return event
    raise AssertionError("the stream ended")


def answer(status: int, body: str = "", kind: str = "text/html", **headers: str) -> Any:
    async def respond(request: web.Request) -> web.StreamResponse:
        del request
        return web.Response(status=status, text=body, content_type=kind, headers=headers)

    return respond


def says(*messages: str) -> Any:
    """Return a handler of WebSockets that says these after the subscription, then closes."""

    async def respond(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        for message in messages:
            await socket.send_str(message)
        await socket.receive()
        return socket

    return respond
