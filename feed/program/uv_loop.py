"""The event loop of the programs: uvloop's, but for one fault of it.

Where somebody gives up while a connection is made over a socket, as aiohttp makes all of its own,
uvloop 0.22.1 closes the descriptor, and the socket closes it once more when it is freed: by then it
may be anybody's (https://github.com/MagicStack/uvloop/issues/738, mended after that release).
"""

import asyncio
import socket
from typing import Any

import uvloop


class UvLoop(uvloop.Loop):
    """A loop that owns a socket once it was given it, whatever becomes of the connection."""

    async def create_connection(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - the loop's
        """Make a connection, as every loop does."""
        try:
            return await super().create_connection(*arguments, **options)
        except asyncio.CancelledError:
            _let_go(options.get("sock"))
            raise

    async def create_unix_connection(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401
        """Make a connection over a Unix socket, likewise."""
        try:
            return await super().create_unix_connection(*arguments, **options)
        except asyncio.CancelledError:
            _let_go(options.get("sock"))
            raise


def _let_go(sock: socket.socket | None) -> None:
    """Let a socket close nothing any more: the loop has closed its descriptor, or is about to."""
    if sock is not None:
        sock.detach()
