"""Plain aiohttp, as its documentation shows it: `await ws.send_str(text)` for one after another."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

import uvloop
from aiohttp import web

from feed.wire.transport import Transport

from .base import HOST, Running, Work, python_peer, subscriber
from .sender import Door, Options, Payloads, options, paced


class AiohttpSend:
    """aiohttp's `send_str` for each subscriber, on uvloop."""

    name = "aiohttp send_str"

    def missing(self, work: Work) -> str:
        """Return why it cannot do this work here, or ""."""
        return "" if work.transport is Transport.WEBSOCKET else "WebSocket only"

    @contextmanager
    def start(self, work: Work) -> Iterator[Running]:
        """Start it on this work."""
        with python_peer(__name__, work) as (started, port):
            group = subscriber(self.name, port, work)
            yield Running(group, started.pids, f"aiohttp {version('aiohttp')}")


async def serve(chosen: Options) -> None:
    """Send every payload to everybody, for ever."""
    payloads = Payloads(chosen.payloads)
    subscribers: set[web.WebSocketResponse] = set()
    door = Door()

    async def handler(request: web.Request) -> web.WebSocketResponse:
        response = web.WebSocketResponse(compress=chosen.compress)
        await response.prepare(request)
        subscribers.add(response)
        door.enter()
        try:
            async for _ in response:
                pass
        finally:
            subscribers.discard(response)
        return response

    app = web.Application()
    app.router.add_get("/", handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, HOST, 0, backlog=4096)
    await site.start()
    print("port", runner.addresses[0][1], flush=True)
    async for number in paced(chosen.hz):
        if not door.is_quiet:
            continue
        text = payloads.stamped(number).decode()
        for response in list(subscribers):
            if not response.closed:
                try:
                    await response.send_str(text)
                except ConnectionResetError:
                    subscribers.discard(response)


if __name__ == "__main__":
    uvloop.run(serve(options()))
