"""A connection of which the kernel does not know any more whose it was."""

import asyncio
import socket
import struct
import time
from typing import cast

import pytest

from feed.hub.connection import Connection, address_of
from tests.fakes.patience import until


class _Accepted(asyncio.Protocol):
    """Takes a transport over as soon as there is one."""

    connection: Connection | None = None
    is_lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.connection = Connection(cast("asyncio.Transport", transport), 65_536)

    def connection_lost(self, _: Exception | None) -> None:
        self.is_lost = True


async def test_the_address_of_a_peer_that_was_gone_at_once_is_not_known_and_no_error() -> None:
    accepted = _Accepted()
    server = await asyncio.get_running_loop().create_server(lambda: accepted, "127.0.0.1", 0)
    with socket.create_connection(server.sockets[0].getsockname()) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    await until(lambda: accepted.is_lost)
    connection = accepted.connection
    assert connection is not None
    await until(lambda: socket_of(connection).fileno() == -1)
    assert connection.peer == address_of(connection.transport) == ""
    assert connection.sent_bytes() is None
    assert connection.outstanding_bytes() == 0
    server.close()


@pytest.mark.parametrize("is_taken", [True, False])
async def test_a_server_that_stalls_cuts_off_nobody_who_has_taken_all(*, is_taken: bool) -> None:
    accepted, held = _Accepted(), 1
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: accepted, "127.0.0.1", 0)
    with socket.create_connection(server.sockets[0].getsockname()):
        await until(lambda: accepted.connection)
        transport = cast("Connection", accepted.connection).transport
        connection = Connection(transport, 65_536, last_words_s=0.05)
        connection.buffered_bytes = lambda: held
        finishing = asyncio.create_task(connection.finish())
        await asyncio.sleep(0)  # it waits until all is taken
        held = 0 if is_taken else 1
        time.sleep(0.2)  # noqa: ASYNC251 - to stall is what is tested
        await finishing
        assert connection.closing is not is_taken
        transport.abort()
    server.close()


def socket_of(connection: Connection) -> socket.socket:
    sock: socket.socket = connection.transport.get_extra_info("socket")
    return sock
