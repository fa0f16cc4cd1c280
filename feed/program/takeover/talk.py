"""The talk of two servers at a takeover: lines, bytes and descriptors over one Unix socket."""

import asyncio
import os
import signal
import socket
import struct
from collections.abc import Sequence
from contextlib import suppress

from feed.errors import InvalidMessage
from feed.program.takeover.words import MOST_BYTES, MOST_SOCKETS, line_of

_CREDENTIALS = struct.Struct("3i")  # ucred, unix(7)
_ENDED_S = 5.0


class Talk:
    """One end of it.

    Attributes:
        descriptors: that came with what was heard, and are ours.
    """

    def __init__(self, connection: socket.socket) -> None:
        """Talk over a connection, which is ours."""
        connection.setblocking(False)
        self.descriptors: list[int] = []
        self._other: int | None = None  # a descriptor of its process, where it is watched
        self._connection = connection
        self._heard = bytearray()

    def watch_other(self) -> None:
        """Know the process at the other end, so that it can be ended.

        Raises:
            OSError: it has gone, or is not ours.
        """
        credentials = self._connection.getsockopt(
            socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size
        )
        pid, _, _ = _CREDENTIALS.unpack(credentials)
        self._other = os.pidfd_open(pid)

    def say(self, **words: object) -> None:
        """Say a short line, at once.

        Raises:
            OSError: the other one has gone.
        """
        self._connection.sendall(line_of(**words))

    async def send(self, data: bytes, descriptors: Sequence[int] = ()) -> None:
        """Send bytes, and descriptors along with the first of them.

        Raises:
            OSError: the other one has gone.
        """
        if descriptors:
            sent = socket.send_fds(self._connection, [data], list(descriptors))
            data = data[sent:]
        if data:
            await asyncio.get_running_loop().sock_sendall(self._connection, data)

    async def hear(self) -> bytes:
        """Return the next line; what there is of it where the other one has gone.

        Raises:
            OSError: the connection is broken.
        """
        while b"\n" not in self._heard and len(self._heard) < MOST_BYTES:
            if not await self._more(MOST_BYTES):
                break
        end = self._heard.find(b"\n") + 1 or len(self._heard)
        return self._take(end)

    async def hear_bytes(self, count: int) -> bytes:
        """Return so many bytes.

        Raises:
            InvalidMessage: they do not come.
            OSError: the connection is broken.
        """
        while len(self._heard) < count:
            if not await self._more(count - len(self._heard)):
                raise InvalidMessage(f"takeover: {len(self._heard)} bytes came of {count}")
        return self._take(count)

    async def end_other(self) -> None:
        """End the process at the other end, which is watched, and see it gone.

        Raises:
            TimeoutError: it does not go.
        """
        assert self._other is not None, "it is watched"
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._other, signal.SIGKILL)
            async with asyncio.timeout(_ENDED_S):
                await _readable(self._other)

    def close(self) -> None:
        """Let go of the connection, and of descriptors that nobody has taken."""
        self._connection.close()
        rest = self.descriptors + ([] if self._other is None else [self._other])
        self.descriptors, self._other = [], None
        for fd in rest:
            os.close(fd)

    def take_descriptors(self) -> list[int]:
        """Return what came, and is the caller's from now on."""
        taken, self.descriptors = self.descriptors, []
        return taken

    async def _more(self, most: int) -> bool:
        """Read some bytes; tell whether some came."""
        while True:
            try:
                data, fds, _, _ = socket.recv_fds(self._connection, most, MOST_SOCKETS)
            except BlockingIOError:
                await _readable(self._connection.fileno())
                continue
            self.descriptors += fds
            self._heard += data
            return bool(data)

    def _take(self, count: int) -> bytes:
        taken = bytes(self._heard[:count])
        del self._heard[:count]
        return taken


async def _readable(fd: int) -> None:
    """Wait until a descriptor has something to tell."""
    loop, readable = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(fd, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(fd)
