"""A TCP proxy that delays, cuts and breaks what a server sends, at random."""

import asyncio
import random
from contextlib import suppress
from typing import Self

HEAD_BYTES = 1_024  # at the start of a connection nothing is broken: that is the handshake's head


class ChaosProxy:
    """Stands between a client and a server on 127.0.0.1.

    Attributes:
        port: where clients connect.
        connections: how many there were.
        calm: do nothing from now on but forward.
        server_port: whom it stands before; whoever comes while nobody is there is cut off.
    """

    def __init__(
        self,
        server_port: int,
        *,
        seed: int,
        mean_bytes: int,
        spared_bytes: int,
        break_bytes: bool = False,
    ) -> None:
        """Make a proxy.

        Args:
            server_port: as the attribute.
            seed: of what it does.
            mean_bytes: between disturbances.
            spared_bytes: what every other connection gets through in any case, so that something
                comes of frames that are caught up with.
            break_bytes: not only cut, but change bytes too.
        """
        self.port = 0
        self.connections = 0
        self.calm = False
        self.server_port = server_port
        self._chance = random.Random(seed)
        self._mean_bytes = mean_bytes
        self._spared_bytes = spared_bytes
        self._break_bytes = break_bytes
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _serve(self, client: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            with suppress(ConnectionError):
                await self._stand_between(client, answer)
        finally:
            self._serving.discard(task)
            answer.transport.abort()

    async def _stand_between(
        self, client: asyncio.StreamReader, answer: asyncio.StreamWriter
    ) -> None:
        server, request = await asyncio.open_connection("127.0.0.1", self.server_port)
        upward = asyncio.create_task(self._forward(client, request))
        try:
            await self._disturb(server, answer)
        finally:
            upward.cancel()
            request.transport.abort()

    @staticmethod
    async def _forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(4096):
                writer.write(data)
                await writer.drain()
            writer.write_eof()

    async def _disturb(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward in pieces of any size; break a byte or end after a number of bytes."""
        chance = self._chance
        self.connections += 1
        spared = HEAD_BYTES + (self._spared_bytes if self.connections % 2 == 0 else 0)
        last = spared + int(chance.expovariate(1 / self._mean_bytes))
        sent = 0
        while data := await reader.read(chance.choice([1, 7, 300, 4_096])):
            if not self.calm and sent + len(data) > last:
                if self._break_bytes and chance.random() < 0.5 and sent >= HEAD_BYTES:
                    place = chance.randrange(len(data))
                    # Never part of UTF-8, so it cannot turn one number into another.
                    data = data[:place] + b"\xff" + data[place + 1 :]
                    last = sent + len(data) + int(chance.expovariate(1 / self._mean_bytes))
                else:
                    writer.write(data[: last - sent])
                    await writer.drain()
                    return
            sent += len(data)
            writer.write(data)
            await writer.drain()
            if chance.random() < 0.01:
                await asyncio.sleep(chance.random() / 100)  # the delay is what is tested
