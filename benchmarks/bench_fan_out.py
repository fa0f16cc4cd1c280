"""How long does a cut to thousands of readers take, by each engine, and by more threads?

The readers do not compete for the cores: what they were sent is taken out between two rounds, which
is not timed. So this is the wall time of the sends alone.
"""

import resource
import socket
from collections.abc import Iterator

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from feed.broadcast.fan_out import Engine, FanOut, Readers, Target
from feed.errors import FeedError
from feed.hub.cores import usable_cores
from feed.hub.fan_out import choose_fan_out

READERS = 2_000
FRAME = b"f" * 1_000
ROUNDS = 50


class Reader:
    """One end of a TCP connection on this machine; the other end is kept beside it."""

    def __init__(self, listener: socket.socket) -> None:
        self.peer = socket.create_connection(listener.getsockname())
        self.socket, _ = listener.accept()
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        number = self.socket.fileno()
        self.target: Target | None = (number, lambda: False, self.buffered_bytes, self.socket)

    def write(self, data: bytes | memoryview, /) -> object:
        return self.socket.send(data)

    def buffered_bytes(self) -> int:
        return 0

    def take(self) -> None:
        """Read all that was sent."""
        self.peer.recv(1 << 16)


@pytest.fixture(scope="module")
def audience() -> Iterator[list[Reader]]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * READERS + 100
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"{wanted:,} descriptors are needed, {hard:,} are allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = [Reader(listener) for _ in range(READERS)]
    yield made
    for reader in made:
        reader.peer.close()
        reader.socket.close()


@pytest.mark.parametrize(
    ("engine", "threads"),
    [
        (Engine.PYTHON, 1),
        (Engine.SEND, 1),
        (Engine.SEND, 2),
        (Engine.IO_URING, 1),
        (Engine.IO_URING, 2),
    ],
    ids=str,
)
def test_a_cut_to_readers_that_wait(
    benchmark: BenchmarkFixture, audience: list[Reader], engine: Engine, threads: int
) -> None:
    if threads > usable_cores():
        pytest.skip("there is one core")
    try:
        fan_out: FanOut = choose_fan_out(engine, threads)
    except FeedError as error:
        pytest.skip(str(error))

    def take() -> None:
        for reader in audience:
            reader.take()

    readers: Readers = {reader: reader.target for reader in audience}
    assert fan_out.write([(readers, FRAME)], 0) == []
    missed = benchmark.pedantic(  # type: ignore[no-untyped-call]
        lambda: fan_out.write([(readers, FRAME)], 0), setup=take, rounds=ROUNDS
    )
    assert missed == []
    take()
    fan_out.close()
