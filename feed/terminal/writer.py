"""The writer: bytes to a terminal, from a thread of its own.

A terminal may stop taking bytes for as long as it likes: Ctrl-S, or an SSH connection through a
tunnel. A program that writes to it then stands still, and would not answer pings or SIGTERM. So a
thread stands still instead; before each drawing `ready` is looked at, and the drawing is left out
where it is false.
"""

import os
import threading

from feed.terminal.errors import TerminalGone


class Writer:
    """One thread that writes to one file descriptor."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._waiting = bytearray()
        self._changed = threading.Condition()
        self._closed = False
        self._gone = False
        # A daemon, since the process must be able to end while the terminal takes nothing.
        self._thread = threading.Thread(target=self._run, name="terminal", daemon=True)
        self._thread.start()

    @property
    def ready(self) -> bool:
        """Whether all that was given has been written.

        Raises:
            TerminalGone: it was closed.
        """
        if self._gone:
            raise TerminalGone
        return not self._waiting

    def write(self, data: bytes) -> None:
        """Give it bytes; returns at once."""
        with self._changed:
            self._waiting += data
            self._changed.notify_all()

    def flush(self, timeout_s: float) -> None:
        """Wait until all is written, or the terminal is gone, or time is up."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting or self._gone, timeout_s)

    def close(self, timeout_s: float) -> None:
        """End the thread when all is written; it is left alone when time is up."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                data = bytes(self._waiting)
            if not data:
                return
            try:
                written = os.write(self._fd, data)
            except OSError:
                written = len(data)
                self._gone = True
            with self._changed:
                del self._waiting[:written]
                self._changed.notify_all()
