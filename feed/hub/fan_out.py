"""The fan-out's choice of an engine, and the engines in C, as lanes call them.

C writes to the sockets themselves, with the GIL released and on more than one core, past the
transports of asyncio. Whatever is not plain, it leaves to the transport: TLS, a socket that is
full, one whose transport keeps bytes or is closing, the rest of what was taken in part, an error.
"""

import importlib
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from feed.broadcast.fan_out import Bunch, Engine, FanOut, Missed, PythonFanOut
from feed.errors import FeedError
from feed.hub.cores import usable_cores
from feed.native import build as builder
from feed.native.build import digest_of
from feed.wire.frame_shape import Compose

MOST_THREADS = 8
# Machines on which the suite ran with io_uring.
_TRIED_MACHINES = {"x86_64", "AMD64"}


class NativeFanOut:
    """Writes past the transports, in C.

    Attributes:
        compose, engine, threads, why: as `FanOut` has them.
    """

    def __init__(self, native: ModuleType, engine: Engine, threads: int, why: str = "") -> None:
        """Make an engine without threads and rings; they come with the first that need them.

        Args:
            native: `feed.native._fan_out`.
            engine: `IO_URING` or `SEND`.
            threads: that send, the caller's among them.
            why: as `FanOut` has it.
        """
        self.compose: Compose = native.compose
        self.engine = engine
        self.threads = threads
        self.why = why
        self._writer = native.Writer(io_uring=engine is Engine.IO_URING, helpers=threads - 1)

    def write(self, bunches: Sequence[Bunch], high_water_bytes: int) -> list[Missed]:
        """Write all frames in one call, and the rest through the transports."""
        missed: list[Missed] = []
        for index, reader, sent_bytes in self._writer.write(bunches):
            _, frames = bunches[index]
            try:
                if sent_bytes:
                    reader.write(memoryview(frames)[sent_bytes:])
                elif reader.buffered_bytes() <= high_water_bytes:
                    reader.write(frames)
                else:
                    missed.append((index, reader))
            except (RuntimeError, OSError):  # gone; its handler is about to learn it
                missed.append((index, reader))
        return missed

    def close(self) -> None:
        """End the threads; what is still written goes on."""
        self._writer.close()


def choose_fan_out(wanted: Engine, most_threads: int | None = None) -> FanOut:
    """Make the engine that was asked for; with `auto` the best that is allowed here.

    Args:
        wanted: from the options.
        most_threads: the most threads that send, the loop's among them; None: one a usable core.

    Raises:
        FeedError: this one cannot be had here; the message says why.
    """
    if wanted is Engine.PYTHON:
        return PythonFanOut()
    native = load_native()
    if native is None:
        why = "the engine in C is not compiled, or of other sources"
        if wanted is Engine.AUTO:
            return PythonFanOut(why)
        raise _not_here(wanted, f"{why}; python -m feed.native.build compiles it")
    threads = min(most_threads or MOST_THREADS, MOST_THREADS, usable_cores())
    if wanted is Engine.SEND:
        return NativeFanOut(native, Engine.SEND, threads)
    why = _refusal(native)
    if not why and wanted is Engine.AUTO and platform.machine() not in _TRIED_MACHINES:
        why = f"io_uring was not tried on {platform.machine()}"
    if not why:
        return NativeFanOut(native, Engine.IO_URING, threads)
    if wanted is Engine.AUTO:
        return NativeFanOut(native, Engine.SEND, threads, why)
    raise _not_here(wanted, why)


def load_native() -> ModuleType | None:
    """Return the library in C; None where it was not compiled, or not for this Python.

    One that is left of other sources, in a checkout that has moved on, would fail at every frame.
    """
    try:
        native = importlib.import_module("feed.native._fan_out")
    except ImportError:
        return None
    is_ours = getattr(native, "SOURCES", "") == digest_of(Path(builder.__file__).parent)
    return native if is_ours else None


def _refusal(native: ModuleType) -> str:
    """Return why io_uring cannot be had: seccomp, a limit of memory, the kernel; "": it can."""
    number = native.io_uring_refusal()
    return f"io_uring is refused: {os.strerror(number)}" if number else ""


def _not_here(wanted: Engine, why: str) -> FeedError:
    return FeedError(f"--fan-out {wanted}: {why}; --fan-out auto takes what there is")
