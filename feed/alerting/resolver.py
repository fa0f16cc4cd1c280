"""Names of webhooks' receivers are resolved in threads of their own.

A name server that hangs holds a thread for as long as it likes; those that the rest of the server
works in are not for it.
"""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor

from aiohttp.abc import AbstractResolver, ResolveResult

THREADS = 8


class Resolver(AbstractResolver):
    """Asks the system, in a few threads."""

    def __init__(self) -> None:
        """Begin without a thread."""
        self._threads = ThreadPoolExecutor(THREADS, "webhook-names")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of a name.

        Raises:
            OSError: it has none, or nobody says so.
        """
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._threads, _ask, host, port, family)
        return [
            {
                "hostname": host,
                "host": str(address[0]),
                "port": port,
                "family": kind,
                "proto": protocol,
                "flags": socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            }
            for kind, _, protocol, _, address in found
        ]

    async def close(self) -> None:
        """Ask nothing any more; what hangs is left to itself."""
        self._threads.shutdown(wait=False, cancel_futures=True)


_Address = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str | int | bytes, ...]]


def _ask(host: str, port: int, family: socket.AddressFamily) -> list[_Address]:
    """Return what the system knows of a name."""
    found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    return [*found]
