"""The log writer: records to a file descriptor, from a thread of its own.

Whoever reads our standard error may stop reading: a terminal after Ctrl-S, a pipe into a program
that hangs. A server that writes there itself would then stand still, SIGTERM included. So a thread
stands still instead. The descriptor stays blocking: it is shared with the other programs of the
shell, which O_NONBLOCK would reach too.

Records wait up to a number of bytes; those above it, and those that the descriptor does not take
(a full disk, a reader that left), are counted, and told in a record where they are missing.
"""

import os
import select
import threading
from collections import deque
from collections.abc import Callable

MAX_WAITING_BYTES = 1 << 20  # some thousands of records
GOODBYE_S = 0.5  # for the last records, at exit


class LogWriter:
    """One thread that writes records to one file descriptor.

    Attributes:
        lost: the number of records that could not be written.
    """

    def __init__(
        self,
        fd: int,
        tell_lost: Callable[[int], bytes],
        max_waiting_bytes: int = MAX_WAITING_BYTES,
    ) -> None:
        """Start the thread.

        Args:
            fd: stays open, and blocking.
            tell_lost: returns a record that tells a number of lost ones; called in the thread.
            max_waiting_bytes: of records that are not written yet.
        """
        self.lost = 0
        self._fd = fd
        self._tell_lost = tell_lost
        self._max_waiting_bytes = max_waiting_bytes
        self._waiting: deque[bytes | int] = deque()  # records, and numbers of lost ones
        self._waiting_bytes = 0
        self._changed = threading.Condition()
        self._closed = False
        self._untold = 0  # lost, and not told yet; the thread's
        self._is_cut = False  # the last record was written in part; the thread's
        # A daemon, since the process must be able to end while nobody reads.
        self._thread = threading.Thread(target=self._run, name="logs", daemon=True)
        self._thread.start()

    def write(self, record: bytes) -> None:
        """Give it a record, its line end included; returns at once, from any thread."""
        with self._changed:
            if self._closed or self._waiting_bytes + len(record) > self._max_waiting_bytes:
                self._lose()
                return
            self._waiting.append(record)
            self._waiting_bytes += len(record)
            self._changed.notify()

    def close(self, timeout_s: float = GOODBYE_S) -> None:
        """End the thread when all is written; it is left alone when time is up."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(timeout_s)

    def _lose(self) -> None:
        """Count a record that finds no room; one number stands for those lost in a row."""
        self.lost += 1
        if self._waiting and isinstance(self._waiting[-1], int):
            self._waiting[-1] += 1
        else:
            self._waiting.append(1)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if not self._waiting:
                    return
                taken = self._waiting.popleft()
            if isinstance(taken, int):
                self._untold += taken
            if self._untold and self._put(self._tell_lost(self._untold)):
                self._untold = 0
            if isinstance(taken, int):
                continue
            written = self._put(taken)
            with self._changed:
                self._waiting_bytes -= len(taken)
                if not written:
                    self.lost += 1
                    self._untold += 1

    def _put(self, record: bytes) -> bool:
        """Write a whole record; tell whether the descriptor took it."""
        rest = memoryview(b"\n" + record if self._is_cut else record)
        length = len(rest)
        while rest:
            try:
                rest = rest[os.write(self._fd, rest) :]
            except BlockingIOError:  # somebody who shares it made it so
                select.select([], [self._fd], [])
            except OSError:
                self._is_cut |= len(rest) < length
                return False
        self._is_cut = False
        return True
