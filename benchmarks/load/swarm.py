"""The swarm: very many subscribers in one process, cheaper than the server that it measures.

Theory of operation: two epolls. The prompt one holds those that are connecting and the few sampled
ones; it is served at once, so that ages are true. The bulk one holds all others; it is swept
every `SWEEP_S`, so that sends wake nobody and a read may take several frames, and in slices, so
that the prompt ones wait for no more than a slice. Frames are counted by their headers
(counters.py). An asyncio client saturates near 130,000 frames/s; this counts 80,000 in 0.4 of a
core (measured, 1 kB, one frame a read), and the busier it is, the more frames a read takes.
"""

import gc
import resource
import select
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

from .connection import Connection, Members
from .counters import HEADROOM_BYTES
from .plan import Connecting, Event, Group
from .wire import WireError

# Between two sweeps of the bulk. Longer means fewer system calls a frame here, but the kernel then
# finds no memory that was just freed, and sending costs the server more: 4.7 µs at 20 ms, 5.5 µs at
# 50 ms, 6.5 µs at 100 ms (bare `socket.send` of 1 kB at 40/s to 2,000). Shorter than a frame's
# interval gains nothing.
SWEEP_S = 0.02
SLICE = 64  # sockets swept between two looks at the prompt ones: about 0.3 ms
READ_BYTES = 256 * 1024
CONNECT_PROGRESS_S = 0.2

Tell = Callable[[Event], None]


class Swarm:
    """Connections, served by calling `serve`."""

    def __init__(self, groups: Iterable[Group]) -> None:
        self.members = [Members(group) for group in groups]
        self._prompt = select.epoll()
        self._bulk = select.epoll()
        self._prompt_connections: dict[int, Connection] = {}
        self._bulk_connections: dict[int, Connection] = {}
        self._buffer = bytearray(HEADROOM_BYTES + READ_BYTES)
        self._view = memoryview(self._buffer)[HEADROOM_BYTES:]
        self._next_sweep_s = 0.0

    @property
    def connections(self) -> list[Connection]:
        """Every subscriber of every group."""
        return [connection for members in self.members for connection in members.connections]

    def join(self, group: Group) -> Members:
        """Add a group; its connections are not begun."""
        members = Members(group)
        self.members.append(members)
        return members

    def begin(self, connection: Connection) -> None:
        """Begin to connect one; `serve` does the rest."""
        descriptor = connection.begin().fileno()
        self._prompt_connections[descriptor] = connection
        self._prompt.register(descriptor, select.EPOLLOUT)

    def connect(
        self, connections: list[Connection], *, in_flight: int, timeout_s: float, tell: Tell
    ) -> float:
        """Connect these, serving all others meanwhile; return how many seconds it took.

        Raises:
            WireError: the server refused one, or they were not connected in time.
        """
        began_s = now_s = time.monotonic()
        told_s = 0.0
        waiting = connections[::-1]
        going: list[Connection] = []
        while waiting or going:
            while waiting and len(going) < in_flight:
                connection = waiting.pop()
                self.begin(connection)
                going.append(connection)
            self.serve(0.005)
            going = [connection for connection in going if not connection.open]
            for connection in going:
                if connection.socket is None:
                    raise WireError(f"a connection ended at once: {dict(connection.members.lost)}")
            now_s = time.monotonic()
            connected = len(connections) - len(waiting) - len(going)
            if now_s - told_s > CONNECT_PROGRESS_S:
                told_s = now_s
                tell(Connecting(connected, len(connections)))
            if now_s - began_s > timeout_s:
                raise WireError(
                    f"{connected} of {len(connections)} connected within {timeout_s:g} s"
                )
        return now_s - began_s

    def serve_for(self, seconds: float) -> None:
        """Serve everybody for this long."""
        until_s = time.monotonic() + seconds
        while (left_s := until_s - time.monotonic()) > 0:
            self.serve(left_s)

    def serve(self, timeout_s: float) -> None:
        """Wait at most this long for the prompt ones or the next sweep; serve all that is due."""
        now_s = time.monotonic()
        self._serve_prompt(max(0.0, min(timeout_s, self._next_sweep_s - now_s)))
        now_s = time.monotonic()
        if now_s >= self._next_sweep_s:
            self._next_sweep_s = now_s + SWEEP_S
            self._sweep()

    def close(self) -> None:
        """End every connection."""
        for connection in self.connections:
            connection.end()
        self._prompt.close()
        self._bulk.close()

    def drop(self, connection: Connection, reason: str = "") -> None:
        """End one connection; epoll forgets a socket that is closed."""
        if connection.socket is not None:
            descriptor = connection.socket.fileno()
            self._prompt_connections.pop(descriptor, None)
            self._bulk_connections.pop(descriptor, None)
        connection.end(reason)

    def _serve_prompt(self, timeout_s: float) -> None:
        for descriptor, happened in self._prompt.poll(timeout_s):
            connection = self._prompt_connections.get(descriptor)
            if connection is None:
                continue
            try:
                if happened & select.EPOLLOUT:
                    self._prompt.modify(descriptor, select.EPOLLIN)
                    connection.ask()
                else:
                    self._receive(connection)
            except OSError as error:
                self.drop(connection, error.strerror or type(error).__name__)

    def _receive(self, connection: Connection) -> None:
        """Read from one that is connecting or sampled."""
        assert connection.socket is not None
        size = connection.socket.recv_into(self._view)
        now_ns = time.time_ns()
        if not size:
            self.drop(connection, "end of stream")
            return
        received = bytes(self._view[:size])
        if connection.open:
            self._count_one(connection, size)
        else:
            rest = connection.take_head(received)
            if rest is None:
                return
            self._admit(connection)
            if not rest:
                return
            received = rest
            self._view[: len(rest)] = rest
            self._count_one(connection, len(rest))
        if connection.sampled:
            connection.look(received, now_ns)

    def _admit(self, connection: Connection) -> None:
        """Move one that has connected to where it is read from now on."""
        if connection.sampled:
            return
        assert connection.socket is not None
        descriptor = connection.socket.fileno()
        del self._prompt_connections[descriptor]
        self._prompt.unregister(descriptor)
        if not connection.members.group.stalled:
            self._bulk_connections[descriptor] = connection
            self._bulk.register(descriptor, select.EPOLLIN)

    def _count_one(self, connection: Connection, size: int) -> None:
        """Count the messages that the buffer holds for one connection."""
        counter, members = connection.counter, connection.members
        start = HEADROOM_BYTES - len(counter.partial)
        self._buffer[start:HEADROOM_BYTES] = counter.partial
        members.frames += counter.count(self._buffer, start, HEADROOM_BYTES + size)
        members.received_bytes += size
        if counter.control or counter.ended:
            reason = connection.attend()
            if reason:
                self.drop(connection, reason)

    def _sweep(self) -> None:
        """Read once from every bulk connection that has something."""
        connections = self._bulk_connections
        if not connections:
            return
        ready = self._bulk.poll(0, len(connections))
        for at in range(0, len(ready), SLICE):
            for descriptor, _ in ready[at : at + SLICE]:
                connection = connections.get(descriptor)
                if connection is None or connection.socket is None:
                    continue
                try:
                    size = connection.socket.recv_into(self._view)
                    if size:
                        self._count_one(connection, size)
                    else:
                        self.drop(connection, "end of stream")
                except OSError as error:
                    self.drop(connection, error.strerror or type(error).__name__)
            self._serve_prompt(0)


def prepare() -> None:
    """Make this process ready to be a swarm: many descriptors, no pauses for garbage."""
    raise_descriptor_limit()
    gc.disable()


def raise_descriptor_limit() -> int:
    """Raise the soft limit of open files to the hard one; return it. Children inherit it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
