"""The fan-out: frames go to their readers, each one bytes object to all that share it.

This is what the whole design is for, and nearly all of what a server costs. It is a seam: the
engine here calls each reader's transport, needs nothing, and knows sockets only as callables; the
engines of `feed.hub.fan_out` hand descriptors to C. All of them owe their caller the same:
whoever has room has taken the frames, or his transport has; the others are told.
"""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Protocol

from feed.wire.frame_shape import Compose, compose

# What an engine in C needs of a reader: its descriptor, whether its transport is closing, how many
# bytes that keeps, and the transport, so that its memory can be fetched before it is asked. A bare
# tuple, since 2,000 of them are read a frame.
Target = tuple[int, Callable[[], bool], Callable[[], int], object]


class Engine(StrEnum):
    """The engines, and `auto`: the best that is allowed here."""

    AUTO = "auto"
    IO_URING = "io_uring"
    SEND = "send"
    PYTHON = "python"


class Reader(Protocol):
    """A subscriber as a lane sees it.

    Attributes:
        target: for an engine that writes past its transport; None: only `write` reaches it.
    """

    target: Target | None

    def write(self, data: bytes | memoryview, /) -> object:
        """Take the bytes; never block; raise RuntimeError or OSError once it is gone."""

    def buffered_bytes(self) -> int:
        """Return how many of them the socket has not taken yet."""

    def __hash__(self) -> int: ...


Readers = dict[Reader, Target | None]  # with their targets; a dict for its order and O(1) removal
Bunch = tuple[Readers, bytes]  # readers, and the frames that are due to all of them
Missed = tuple[int, Reader]  # the index of a bunch, and a reader of it


class FanOut(Protocol):
    """Writes frames to readers, and makes plain ones.

    Attributes:
        compose: makes a frame of fragments; see `feed.wire.frame_shape.compose`.
        engine: which it is.
        threads: how many threads send, where there is enough to do.
        why: it is not the best engine; "" where it is, or was asked for.
    """

    compose: Compose
    engine: Engine
    threads: int
    why: str

    def write(self, bunches: Sequence[Bunch], high_water_bytes: int) -> list[Missed]:
        """Write each bunch's frames to those of its readers that hold back at most the mark.

        Args:
            bunches: all that a cut made, in one call; no reader stands in two of them.
            high_water_bytes: the mark.

        Returns:
            The readers that missed their frames: over the mark, or gone.
        """

    def close(self) -> None:
        """Give back what it holds of the system; it may be written by even then."""


class PythonFanOut:
    """Calls the transport of each reader.

    Attributes:
        compose, engine, threads, why: as `FanOut` has them.
    """

    def __init__(self, why: str = "") -> None:
        self.compose: Compose = compose
        self.engine = Engine.PYTHON
        self.threads = 1
        self.why = why

    def write(self, bunches: Sequence[Bunch], high_water_bytes: int) -> list[Missed]:
        """Write each bunch's frames, one call into the transport a reader."""
        missed: list[Missed] = []
        for index, (readers, frames) in enumerate(bunches):
            for reader in readers:
                try:
                    if reader.buffered_bytes() <= high_water_bytes:
                        reader.write(frames)
                        continue
                except (RuntimeError, OSError):  # gone; its handler is about to learn it
                    pass
                missed.append((index, reader))
        return missed

    def close(self) -> None:
        """Do nothing: it holds nothing."""


PYTHON_FAN_OUT = PythonFanOut()
