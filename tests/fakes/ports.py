"""Ports for programs that have to be told one."""

import random
import socket
from contextlib import closing

from aiohttp import web

# Below those that the kernel hands out: every connection takes one of these, and may take the very
# port that was free a moment ago.
_PORTS = range(20_000, 32_768)
_CHANCE = random.SystemRandom()  # tests run beside each other, and seed what they share


def free_port() -> int:
    """Return a port of loopback at which nobody listens."""
    while True:
        port = _CHANCE.choice(_PORTS)
        with closing(socket.socket()) as found:
            try:
                found.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


async def listen(runner: web.AppRunner, port: int) -> int:
    """Listen on loopback; return the port.

    Args:
        runner: of what listens.
        port: where; 0: at one that can be taken again after a while, and that refuses everybody
            meanwhile.
    """
    while True:
        site = web.TCPSite(runner, "127.0.0.1", port or free_port(), reuse_address=True)
        try:
            await site.start()
        except OSError:
            if port:
                raise
        else:
            return int(runner.addresses[0][1])
