"""Accepting together: few in a turn, none while others have fewer, and none that is lost."""

import asyncio
import errno
import os
import socket
from collections.abc import AsyncIterator
from functools import partial
from typing import cast

import pytest

from feed.program.workers.accepting import A_TURN, Acceptor
from tests.fakes.patience import until

uvloop = pytest.importorskip("uvloop", reason="there is no uvloop for this system")


class Greeter(asyncio.Protocol):
    """Says which acceptor has taken the connection."""

    def __init__(self, name: bytes, taken: list[bytes]) -> None:
        self._name, self._taken = name, taken

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        there = cast("asyncio.Transport", transport)  # uvloop's is one in all but name
        self._taken.append(self._name)
        there.write(self._name)
        there.close()


@pytest.fixture
async def listener() -> AsyncIterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0), backlog=100) as made:
        made.setblocking(False)
        yield made


def clients(listener: socket.socket, count: int) -> list[socket.socket]:
    """Return connections that wait in the queue."""
    return [socket.create_connection(listener.getsockname()) for _ in range(count)]


async def heard(made: list[socket.socket]) -> list[bytes]:
    loop = asyncio.get_running_loop()
    for each in made:
        each.setblocking(False)
    said = [await loop.sock_recv(each, 10) for each in made]
    for each in made:
        each.close()
    return said


async def test_what_one_may_not_take_waits_for_another(listener: socket.socket) -> None:
    taken: list[bytes] = []
    may = False
    first = Acceptor(listener, lambda: Greeter(b"a", taken), lambda: may)
    made = clients(listener, 3)
    await asyncio.sleep(0.05)
    assert taken == []
    second = Acceptor(listener.dup(), lambda: Greeter(b"b", taken), lambda: True)
    assert await heard(made) == [b"b"] * 3
    second.close()
    made = clients(listener, 2)
    may = True
    assert await heard(made) == [b"a"] * 2
    first.close()


async def test_nobody_takes_a_burst_whole(listener: socket.socket) -> None:
    made = clients(listener, 3 * A_TURN)
    taken: list[bytes] = []
    both = [
        Acceptor(listener.dup(), partial(Greeter, name, taken), lambda: True)
        for name in (b"a", b"b")
    ]
    assert set(await heard(made)) == {b"a", b"b"}
    for each in both:
        each.close()


async def test_who_leaves_serves_what_it_has_taken_and_closes_its_copy(
    listener: socket.socket,
) -> None:
    taken: list[bytes] = []
    copy = listener.dup()
    acceptor = Acceptor(copy, lambda: Greeter(b"a", taken), lambda: True)
    made = clients(listener, 2)
    await until(lambda: len(taken) + acceptor.coming == 2)
    acceptor.close()
    acceptor.close()  # harmless
    await acceptor.wait_closed()
    late = clients(listener, 1)
    assert await heard(made) == [b"a"] * 2
    await until(lambda: copy.fileno() == -1)
    other = Acceptor(listener, lambda: Greeter(b"b", taken), lambda: True)
    assert await heard(late) == [b"b"]
    other.close()


async def test_one_without_descriptors_rests_and_tries_again(listener: socket.socket) -> None:
    taken: list[bytes] = []

    class Exhausted:
        """A listener that has no descriptors left, once."""

        failures = 1

        def fileno(self) -> int:
            return listener.fileno()

        def accept(self) -> tuple[socket.socket, object]:
            if self.failures:
                self.failures -= 1
                raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
            return listener.accept()

        def close(self) -> None:
            listener.close()

    acceptor = Acceptor(Exhausted(), lambda: Greeter(b"a", taken), lambda: True)  # type: ignore[arg-type]  # all that is asked of one
    assert await heard(clients(listener, 1)) == [b"a"]
    acceptor.close()
