"""A connection that is given up while it is made closes its own descriptor, once."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import pytest

from feed.program.serve import loop_factory

pytest.importorskip("uvloop", reason="there is no uvloop for this system")


def tcp_pair() -> tuple[socket.socket, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        near = socket.create_connection(listening.getsockname())
        return near, listening.accept()[0]


@pytest.mark.parametrize(
    ("pair", "connect"),
    [(tcp_pair, "create_connection"), (socket.socketpair, "create_unix_connection")],
)
def test_a_socket_whose_connection_is_given_up_closes_nothing_later(
    pair: Callable[[], tuple[socket.socket, socket.socket]], connect: str
) -> None:
    near, far = pair()
    near.setblocking(False)

    async def give_up() -> None:
        make: Any = getattr(asyncio.get_running_loop(), connect)
        making = asyncio.ensure_future(make(asyncio.Protocol, sock=near))
        await asyncio.sleep(0)
        assert making.cancel()
        with pytest.raises(asyncio.CancelledError):
            await making
        assert near.fileno() == -1
        await asyncio.sleep(0)

    with far, asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(give_up())
        far.settimeout(5)
        assert far.recv(1) == b"", "it is closed"


def test_a_connection_over_a_socket_is_made() -> None:
    near, far = tcp_pair()
    near.setblocking(False)

    async def say() -> None:
        _, writer = await asyncio.open_connection(sock=near)
        writer.write(b"said")
        writer.close()
        await writer.wait_closed()

    with far, asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(say())
        far.settimeout(5)
        assert far.recv(4) == b"said"
