"""Standard input, piece by piece or line by line; while it brings nothing, all else goes on."""

import asyncio
import os
from collections.abc import AsyncIterator
from typing import BinaryIO

from feed.errors import LimitExceeded

MAX_LINE_BYTES = 1 << 20
_PIECE_BYTES = 1 << 16


async def pieces_of(file: BinaryIO) -> AsyncIterator[bytes]:
    """Yield what comes, until its end."""
    fd = file.fileno()
    while piece := await _read(fd):
        yield piece


async def lines_of(file: BinaryIO) -> AsyncIterator[bytes]:
    """Yield each line without its end; the last one may have none.

    Raises:
        LimitExceeded: one is longer than any text is.
    """
    partial = bytearray()
    async for piece in pieces_of(file):
        first, *others = piece.split(b"\n")
        partial += first
        for line in others:
            yield bytes(partial)
            partial = bytearray(line)
        if len(partial) > MAX_LINE_BYTES:
            raise LimitExceeded("bytes of a line", len(partial), MAX_LINE_BYTES)
    if partial:
        yield bytes(partial)


async def _read(fd: int) -> bytes:
    """Return what there is, once there is something; b"" at the end."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    # It is looked at only while somebody waits: what nobody reads would wake the loop for ever.
    try:
        loop.add_reader(fd, ready.set)
    except PermissionError:  # a plain file is always ready, so that epoll takes none
        await asyncio.sleep(0)
    else:
        try:
            await ready.wait()
        finally:
            loop.remove_reader(fd)
    return os.read(fd, _PIECE_BYTES)
