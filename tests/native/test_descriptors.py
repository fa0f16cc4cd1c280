"""Descriptors that come to belong to somebody else: nobody may ever see another's frames.

The kernel gives a new connection the lowest number that is free, which is the one that was closed
last. A lane learns that its reader is gone only turns of the loop later.
"""

import asyncio
import os
import socket
import struct
from collections.abc import Callable, Iterator
from importlib.metadata import version
from typing import cast

import pytest

from feed.broadcast.fan_out import FanOut, Readers, Target
from feed.hub.connection import Connection
from tests.fakes.engines import EVERY_ENGINE, make_fan_out, needs_native

HIGH_WATER_BYTES = 65_536
ADDRESS_BYTES = 8
CONNECTIONS = 400
LATE_S = 0.003  # until a lane learns that a connection is gone


def loop_factories() -> Iterator[object]:
    """Give the event loops that are installed."""
    yield pytest.param(asyncio.new_event_loop, id="asyncio")
    try:
        import uvloop  # noqa: PLC0415 - not installed on Windows
    except ImportError:
        return
    yield pytest.param(uvloop.new_event_loop, id=f"uvloop {version('uvloop')}")


each_loop = pytest.mark.parametrize("new_loop", list(loop_factories()))
NewLoop = Callable[[], asyncio.AbstractEventLoop]


class Arrival(asyncio.Protocol):
    """A connection, which its peer has told its address; it is a reader until late."""

    def __init__(self, readers: Readers, *, checked: bool) -> None:
        self.readers = readers
        self.checked = checked
        self.address = b""
        self.target: Target | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's inherits nothing
        connection = Connection(self.transport, HIGH_WATER_BYTES)
        self.write = connection.write
        self.buffered_bytes = connection.buffered_bytes
        self.target = connection.target
        if not self.checked:
            assert self.target is not None
            self.target = (self.target[0], lambda: False, lambda: 0, None)

    def data_received(self, data: bytes) -> None:
        self.address += data
        if len(self.address) == ADDRESS_BYTES:
            self.readers[self] = self.target

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's
        asyncio.get_running_loop().call_later(LATE_S, self.readers.pop, self, None)


class Visits:
    """Peers that come, read and go as fast as can be, from threads of their own.

    Attributes:
        own, foreign: how many frames they saw that carried their own address, or another.
    """

    def __init__(self, place: tuple[str, int]) -> None:
        self.place = place
        self.own = self.foreign = 0

    def visit(self, first: int) -> None:
        """Visit with every fourth address from one on."""
        for number in range(first, CONNECTIONS, 4):
            address = b"%08d" % number
            with socket.create_connection(self.place, timeout=60) as peer:
                peer.sendall(address)
                data = peer.recv(4_096)
                # A reset, so that the server's side is closed at once.
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            for start in range(0, len(data) - ADDRESS_BYTES + 1, ADDRESS_BYTES):
                if data[start : start + ADDRESS_BYTES] == address:
                    self.own += 1
                else:
                    self.foreign += 1


async def foreign_frames(fan_out: FanOut) -> tuple[int, int]:
    """Let peers come and go under fire; count the own and the foreign frames that they saw."""
    readers: Readers = {}
    arrivals: list[Arrival] = []

    def arrive() -> Arrival:
        arrivals.append(Arrival(readers, checked=True))
        return arrivals[-1]

    firing: asyncio.Handle | None = None

    def fire() -> None:
        """Write everybody a frame that carries its address, in every turn of the loop."""
        nonlocal firing
        for reader, target in list(readers.items()):
            assert isinstance(reader, Arrival)
            fan_out.write([({reader: target}, reader.address)], HIGH_WATER_BYTES)
        firing = loop.call_later(0.0002, fire)

    loop = asyncio.get_running_loop()
    server = await loop.create_server(arrive, "127.0.0.1", 0)
    visits = Visits(server.sockets[0].getsockname())
    fire()
    try:
        await asyncio.gather(*(asyncio.to_thread(visits.visit, first) for first in range(4)))
    finally:
        assert firing is not None
        firing.cancel()
        server.close()
        for arrival in arrivals:
            arrival.transport.abort()
        await asyncio.sleep(0.01)  # the loop closes what was aborted
    return visits.own, visits.foreign


def run(new_loop: NewLoop, fan_out: FanOut) -> tuple[int, int]:
    with asyncio.Runner(loop_factory=new_loop) as runner:
        own, foreign = runner.run(foreign_frames(fan_out))
    fan_out.close()
    return own, foreign


@each_loop
@pytest.mark.parametrize("engine", EVERY_ENGINE)
def test_nobody_sees_the_frames_of_a_connection_that_had_its_number(
    new_loop: NewLoop, engine: tuple[object, int]
) -> None:
    own, foreign = run(new_loop, make_fan_out(*engine))  # type: ignore[arg-type]
    assert own >= CONNECTIONS
    assert foreign == 0


@needs_native
@each_loop
@pytest.mark.parametrize("engine", EVERY_ENGINE[1:])
@pytest.mark.parametrize("checked", [True, False], ids=["checked", "not checked"])
def test_a_number_that_is_given_away_carries_no_frame_only_since_it_is_checked(
    new_loop: NewLoop, engine: tuple[object, int], checked: bool
) -> None:
    """The same in three steps; without the check the other sees the frame."""

    async def seen() -> bytes:
        loop = asyncio.get_running_loop()
        with socket.create_server(("127.0.0.1", 0)) as listening:
            peers = [socket.create_connection(listening.getsockname()) for _ in range(2)]
            gone, other = (listening.accept()[0] for _ in range(2))
        _, reader = await loop.connect_accepted_socket(lambda: Arrival({}, checked=checked), gone)
        assert reader.target is not None
        number = reader.target[0]
        reader.transport.abort()
        while is_open(number):  # noqa: ASYNC110 - the loop closes it turns later, and says nothing
            await asyncio.sleep(0)
        os.dup2(other.fileno(), number)
        try:
            fan_out.write([({reader: reader.target}, b"foreign")], HIGH_WATER_BYTES)
            peers[1].setblocking(False)
            return peers[1].recv(100)
        except BlockingIOError:
            return b""
        finally:
            os.close(number)
            for each in (*peers, other):
                each.close()

    fan_out = make_fan_out(*engine)  # type: ignore[arg-type]
    with asyncio.Runner(loop_factory=new_loop) as runner:
        assert runner.run(seen()) == (b"" if checked else b"foreign")
    fan_out.close()


def is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


# The order of what a transport keeps and what goes past it.


@each_loop
@pytest.mark.parametrize("engine", EVERY_ENGINE)
def test_what_a_transport_was_given_leaves_before_the_frame(
    new_loop: NewLoop, engine: tuple[object, int]
) -> None:
    """Uvloop keeps small writes until the turn ends (0.22), or sends them at once (0.23)."""

    async def written() -> bytes:
        loop = asyncio.get_running_loop()
        with socket.create_server(("127.0.0.1", 0)) as listening:
            theirs = socket.create_connection(listening.getsockname())
            ours, _ = listening.accept()
        with theirs:
            theirs.setblocking(False)
            transport, protocol = await loop.connect_accepted_socket(
                lambda: Arrival({}, checked=True), ours
            )
            for _ in range(3):
                protocol.write(b"own.")
                assert fan_out.write([({protocol: protocol.target}, b"frame.")], 1_000) == []
            assert fan_out.write([({protocol: protocol.target}, b"last.")], 1_000) == []
            data = b""
            while not data.endswith(b"last."):
                data += await loop.sock_recv(theirs, 4_096)
            transport.abort()
            await asyncio.sleep(0)
            return data

    fan_out = make_fan_out(*engine)  # type: ignore[arg-type]
    with asyncio.Runner(loop_factory=new_loop) as runner:
        assert runner.run(written()) == 3 * b"own.frame." + b"last."
    fan_out.close()
