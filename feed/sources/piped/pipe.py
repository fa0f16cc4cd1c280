"""A pipe that is open for reading, until its end, or until somebody stops reading.

What was read from a pipe is nowhere else any more. Whoever stops reading therefore reads to the
end of the line that has begun, byte by byte, and leaves all that comes after it in the pipe for the
next process.
"""

import os
import select
import sys
import time

CHUNK_BYTES = 1 << 15  # 300 ticks: 1 ms of parsing, for which the loop may have to wait
LINE_TIMEOUT_S = 0.5  # that whoever writes has for the rest of a line


class Pipe:
    """The reading end of one pipe, or a file. One thread reads; any may stop it."""

    __slots__ = ("_descriptor", "_waker", "_woken")

    def __init__(self, descriptor: int) -> None:
        """Read from a descriptor, which stays its owner's."""
        self._descriptor = descriptor
        self._woken, self._waker = os.pipe()
        if sys.platform != "win32":  # whoever made the pipe may have wished otherwise
            os.set_blocking(descriptor, True)

    def read(self) -> bytes | None:
        """Wait for bytes, and return some; b"" at the end, and None once somebody has stopped.

        Raises:
            OSError: it cannot be read any further.
        """
        if sys.platform != "win32":  # where a read of a pipe cannot be woken
            ready = dict(_wait([self._woken, self._descriptor], None))
            if self._woken in ready:
                return None
        return os.read(self._descriptor, CHUNK_BYTES)

    def read_rest_of_line(self) -> bytes:
        """Return what is missing to the end of a line, or as much of it as comes in time.

        Raises:
            OSError: it cannot be read any further.
        """
        rest = bytearray()
        end_s = time.monotonic() + LINE_TIMEOUT_S
        while not rest.endswith(b"\n"):
            left_s = end_s - time.monotonic()
            if left_s <= 0 or not _wait([self._descriptor], left_s):
                break
            byte = os.read(self._descriptor, 1)
            if not byte:
                break
            rest += byte
        return bytes(rest)

    def stop(self) -> None:
        """Let `read` return None from now on."""
        os.write(self._waker, b"\0")

    def close(self) -> None:
        """Let go of what wakes it; nobody reads any more."""
        os.close(self._woken)
        os.close(self._waker)


def _wait(descriptors: list[int], timeout_s: float | None) -> list[tuple[int, int]]:
    """Wait until one of them has something to tell, or the time is up."""
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return poll.poll(None if timeout_s is None else timeout_s * 1_000)
