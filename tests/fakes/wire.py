"""A TCP connection that hides nothing: every byte that a server sends.

A test that reads until something comes would read for ever if it does not, since marks and
keepalives come all the while. So what a server of this process has to say must come within
`PATIENCE_S` of the beginning of the connection; only programs are given time anew for each read.
"""

import asyncio
import socket
from collections.abc import AsyncGenerator
from typing import ClassVar
from weakref import WeakKeyDictionary

from tests.fakes.patience import PATIENCE_S, PROGRAM_PATIENCE_S

Address = tuple[str, int]


class Ended(Exception):
    """The server ended the connection."""


class Wire:
    """A TCP connection, whose receive buffer can be made small."""

    _connected: ClassVar[dict["Wire", None]] = {}  # in order
    _to_programs: ClassVar[bool] = False
    # One of each loop, which the loop ends when it ends.
    _ends: ClassVar[WeakKeyDictionary[asyncio.AbstractEventLoop, AsyncGenerator[None, None]]] = (
        WeakKeyDictionary()
    )

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self._loop = asyncio.get_running_loop()
        self._opened_s = self._loop.time()
        self._connected[self] = None

    @classmethod
    def lead_to_programs(cls) -> None:
        """Be patient with each read, until the end of the test: programs take their time."""
        cls._to_programs = True

    @classmethod
    def abort_all(cls) -> None:
        """Be gone everywhere: for the end of a test."""
        cls._to_programs = False
        while cls._connected:
            cls._connected.popitem()[0].abort()

    @classmethod
    async def connect(cls, address: Address, *, receive_buffer_bytes: int | None = None) -> "Wire":
        await cls._end_with_the_loop()
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        limit = 1 << 16
        if receive_buffer_bytes is not None:
            # Before connecting: the window is agreed on there.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
            limit = receive_buffer_bytes
        sock.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(sock, address)
        except BaseException:  # whoever connects may be cancelled
            sock.close()
            raise
        # Not to be cancelled: uvloop closes the descriptor then, which may be another's by the time
        # when the socket closes it too (its issue 738). It is connected, and waits for nobody.
        opening = asyncio.ensure_future(asyncio.open_connection(sock=sock, limit=limit))
        try:
            return cls(*await asyncio.shield(opening))
        except asyncio.CancelledError:
            opening.add_done_callback(_abort)
            raise

    @classmethod
    async def _end_with_the_loop(cls) -> None:
        """Let those of this loop be gone with it, whatever their test has forgotten or not got."""
        loop = asyncio.get_running_loop()
        if loop not in cls._ends:
            cls._ends[loop] = end = cls._end()
            await anext(end)

    @classmethod
    async def _end(cls) -> AsyncGenerator[None, None]:
        loop = asyncio.get_running_loop()
        try:
            yield
        finally:
            for wire in [wire for wire in cls._connected if wire._loop is loop]:
                wire.abort()

    async def exactly(self, count: int) -> bytes:
        async with self._patience():
            try:
                return await self.reader.readexactly(count)
            except (asyncio.IncompleteReadError, ConnectionError) as error:
                raise Ended from error

    async def line(self) -> bytes:
        """Return up to and including the next line feed."""
        line = bytearray()
        async with self._patience():
            while not line.endswith(b"\n"):
                try:
                    line += await self.reader.readuntil(b"\n")
                except asyncio.LimitOverrunError as error:
                    line += await self.reader.readexactly(error.consumed)
                except (asyncio.IncompleteReadError, ConnectionError) as error:
                    raise Ended from error
        return bytes(line)

    async def some(self) -> bytes:
        """Return whatever comes next."""
        async with self._patience():
            try:
                data = await self.reader.read(1 << 16)
            except ConnectionError as error:
                raise Ended from error
        if not data:
            raise Ended
        return data

    async def rest(self) -> bytes:
        """Return all bytes up to the end of the connection."""
        data = b""
        try:
            while True:
                data += await self.some()
        except Ended:
            return data

    def abort(self) -> None:
        """Be gone, without a word; one whose loop has ended is gone already."""
        self._connected.pop(self, None)
        if not self._loop.is_closed():
            self.writer.transport.abort()

    def _patience(self) -> asyncio.Timeout:
        if self._to_programs:
            return asyncio.timeout(PROGRAM_PATIENCE_S)
        return asyncio.timeout_at(self._opened_s + PATIENCE_S)


def _abort(opened: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]]) -> None:
    """Let go of a connection that nobody waits for any more."""
    if not opened.cancelled() and opened.exception() is None:
        opened.result()[1].transport.abort()
