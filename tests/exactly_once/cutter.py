"""A TCP proxy that cuts connections: after so many bytes either way, in the middle of anything."""

import asyncio
import random
from contextlib import suppress
from typing import Self

_PIECE_BYTES = 65_536


class Cutter:
    """Stands between clients and a server on 127.0.0.1, and cuts both sides off at once.

    Attributes:
        port: where clients connect.
        server_port: whom it stands before; whoever comes while nobody is there is cut off.
        cuts: how many connections it has cut.
        calm: cut nothing any more.
    """

    def __init__(self, server_port: int, *, seed: int, up_bytes: int, down_bytes: int) -> None:
        """Make a proxy.

        Args:
            server_port: as the attribute.
            seed: of what it does.
            up_bytes: that clients send until a connection is cut: half of that in any case, so that
                something comes of each, and on average the other half.
            down_bytes: likewise, that the server sends.
        """
        self.port = 0
        self.server_port = server_port
        self.cuts = 0
        self.calm = False
        self._chance = random.Random(seed)
        self._means = up_bytes, down_bytes
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)
        await self._server.wait_closed()

    def _accept(self, client: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(client, answer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, client: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError):
                await self._stand_between(client, answer)
        finally:
            answer.transport.abort()

    async def _stand_between(
        self, client: asyncio.StreamReader, answer: asyncio.StreamWriter
    ) -> None:
        server, request = await asyncio.open_connection("127.0.0.1", self.server_port)
        up, down = (int(mean / 2 + self._chance.expovariate(2 / mean)) for mean in self._means)
        ways = [
            asyncio.create_task(self._forward(client, request, up)),
            asyncio.create_task(self._forward(server, answer, down)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            request.transport.abort()

    async def _forward(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, last: int
    ) -> None:
        """Forward up to a number of bytes, or for as long as it is calm."""
        sent = 0
        while data := await reader.read(_PIECE_BYTES):
            if not self.calm and sent + len(data) > last:
                writer.write(data[: last - sent])
                await writer.drain()
                self.cuts += 1
                return
            sent += len(data)
            writer.write(data)
            await writer.drain()
