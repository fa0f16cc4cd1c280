"""Bytes that are held back: they go to a socket once a bus has acknowledged what they tell of.

Whoever reads from a writer of a bus is told no earlier than the readers of its edges. What is
written stands for all that was cut by then, and goes out in order.
"""

import asyncio
from collections.abc import Callable
from functools import partial

from feed.hub.bus import Bus


class HeldBack:
    """What is written to one transport, and not acknowledged yet."""

    __slots__ = ("_bus", "_bytes", "_newest", "_transport")

    def __init__(
        self, transport: asyncio.WriteTransport, bus: Bus, newest: Callable[[], int]
    ) -> None:
        """Begin with nothing.

        Args:
            transport: takes it in the end.
            bus: acknowledges.
            newest: returns the sequence up to which all is cut.
        """
        self._transport = transport
        self._bus = bus
        self._newest = newest
        self._bytes = 0

    def write(self, data: bytes | memoryview) -> None:
        """Take bytes, which tell of nothing that is not cut."""
        self._bytes += len(data)
        self._bus.when_durable(self._newest(), partial(self._release, data))

    def buffered_bytes(self) -> int:
        """Return how many bytes the socket has not taken."""
        return self._bytes + self._transport.get_write_buffer_size()

    def _release(self, data: bytes | memoryview) -> None:
        self._bytes -= len(data)
        if not self._transport.is_closing():
            self._transport.write(data)
