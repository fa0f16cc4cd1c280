"""Clients that listen to all trades, can be paused, and are compared with each other."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing

import orjson

from feed.hub.session import Session
from feed.wire.compression import Compression
from tests.fakes.deflated_readers import open_deflated
from tests.fakes.messages import Message
from tests.fakes.patience import PROGRAM_PATIENCE_S, until
from tests.fakes.servers import Feed

SUBSCRIBE = orjson.dumps({"action": "subscribe", "trades": ["*"]}).decode()


class Listener(ABC):
    """A client that listens to all trades.

    Attributes:
        compression: what it is due; None: plain bytes.
        ticks: what it heard.
        session: the server's side of it, once it is there.
    """

    def __init__(self, compression: Compression | None) -> None:
        self.compression = compression
        self.ticks: list[Message] = []
        self.session: Session | None = None

    def hear(self, text: str | bytes) -> None:
        """Take an array of messages as the client gave it."""
        self.ticks += [message for message in orjson.loads(text) if message["T"] == "t"]

    def has(self, number: int) -> bool:
        """Tell whether it heard the trade with this number as the last one; raise if it died."""
        return bool(self.ticks) and self.ticks[-1]["i"] == number

    @abstractmethod
    async def start(self, feed: Feed, stack: AsyncExitStack) -> None:
        """Subscribe; whatever is to be closed goes on the stack."""

    @abstractmethod
    async def pause(self) -> None:
        """Read no more for now."""

    @abstractmethod
    async def resume(self) -> None:
        """Read on."""

    async def catch_up(self, last: int) -> None:
        """Wait until it heard a trade."""
        await until(lambda: self.has(last), PROGRAM_PATIENCE_S)


class TaskListener(Listener):
    """One that reads in a task; between two reads it can be held, so that its buffers fill."""

    def __init__(self, compression: Compression | None) -> None:
        super().__init__(compression)
        self._may_read = asyncio.Event()
        self._may_read.set()
        self._reading: asyncio.Task[None] | None = None

    @abstractmethod
    def arrays(self, feed: Feed) -> AsyncGenerator[str | bytes, None]:
        """Connect, subscribe, and yield what comes."""

    def has(self, number: int) -> bool:
        assert self._reading is not None
        if self._reading.done():
            self._reading.result()
            raise AssertionError("the connection ended")
        return super().has(number)

    async def start(self, feed: Feed, stack: AsyncExitStack) -> None:
        self._reading = asyncio.create_task(self._read(feed))
        stack.push_async_callback(self._stop)

    async def pause(self) -> None:
        self._may_read.clear()

    async def resume(self) -> None:
        self._may_read.set()

    async def _read(self, feed: Feed) -> None:
        async with aclosing(self.arrays(feed)) as arrays:
            async for array in arrays:
                self.hear(array)
                await self._may_read.wait()

    async def _stop(self) -> None:
        assert self._reading is not None
        self._reading.cancel()
        await asyncio.wait([self._reading])


class RawListener(TaskListener):
    """A reader of `tests.fakes.readers`: what clients are compared with."""

    def __init__(self, transport: str, compression: Compression | None) -> None:
        super().__init__(compression)
        self._transport = transport

    async def arrays(self, feed: Feed) -> AsyncGenerator[str | bytes, None]:
        reader = await open_deflated(
            self._transport, (feed.host, feed.port), compressed=self.compression is not None
        )
        while True:
            messages, _ = await reader.read()
            yield orjson.dumps(messages)
