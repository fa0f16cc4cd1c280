"""The websockets library's `broadcast()`: one frame, written to every connection."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec

import uvloop

from feed.wire.transport import Transport

from .base import HOST, Running, Work, python_peer, subscriber
from .sender import Door, Options, Payloads, options, paced


class WebsocketsBroadcast:
    """`websockets.broadcast`, on uvloop."""

    name = "websockets broadcast"

    def missing(self, work: Work) -> str:
        """Return why it cannot do this work here, or ""."""
        if find_spec("websockets") is None:
            return "not installed (pip install websockets)"
        return "" if work.transport is Transport.WEBSOCKET else "WebSocket only"

    @contextmanager
    def start(self, work: Work) -> Iterator[Running]:
        """Start it on this work."""
        with python_peer(__name__, work) as (started, port):
            group = subscriber(self.name, port, work)
            yield Running(group, started.pids, f"websockets {version('websockets')}")


async def serve(chosen: Options) -> None:
    """Send every payload to everybody, for ever."""
    from websockets.asyncio import server as websockets  # noqa: PLC0415 - not everybody has it

    payloads = Payloads(chosen.payloads)
    subscribers: set[websockets.ServerConnection] = set()
    door = Door()

    async def handler(connection: websockets.ServerConnection) -> None:
        subscribers.add(connection)
        door.enter()
        try:
            await connection.wait_closed()
        finally:
            subscribers.discard(connection)

    compression = "deflate" if chosen.compress else None
    async with websockets.serve(
        handler, HOST, 0, compression=compression, backlog=4096
    ) as listening:
        print("port", next(iter(listening.sockets)).getsockname()[1], flush=True)
        async for number in paced(chosen.hz):
            if door.is_quiet:
                websockets.broadcast(subscribers, payloads.stamped(number).decode())


if __name__ == "__main__":
    uvloop.run(serve(options()))
