"""A terminal, as a person has it: what a program draws on it, keys, sizes, and closing it."""

import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from tests.fakes.patience import PROGRAM_PATIENCE_S

_HOME = "\x1b[H"  # begins each drawing
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_BEGIN, _END = "\x1b[?1049h", "\x1b[?1049l"  # of the alternate screen


# As `python -m feed`, with tables that come faster where there is no terminal.
HASTY = (
    "import feed.terminal.screen as screen, feed.cli; "
    "screen.FIRST_TABLE_S = screen.TABLE_EVERY_S = 0.1; feed.cli.main()"
)


class Terminal:
    """A pseudo-terminal with one program in it.

    Attributes:
        process: the program.
        output: all that it wrote.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        width: int = 80,
        height: int = 24,
        *,
        ignores_hangup: bool = False,
        **environ: str,
    ) -> None:
        def prepare() -> None:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            if ignores_hangup:
                signal.signal(signal.SIGHUP, signal.SIG_IGN)

        self._ours, self._theirs = os.openpty()
        self.resize(width, height)
        self.mode = termios.tcgetattr(self._theirs)
        self.output = ""
        environment = {name: value for name, value in os.environ.items() if name[:5] != "FEED_"}
        environment = {**environment, "TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"}
        for name in ("COLUMNS", "LINES", "NO_COLOR"):
            environment.pop(name, None)
        environment |= environ
        self.process = subprocess.Popen(
            [sys.executable, "-c", HASTY, *arguments],
            stdin=self._theirs,
            stdout=self._theirs,
            stderr=self._theirs,
            env=environment,
            start_new_session=True,
            preexec_fn=prepare,  # noqa: PLW1509 - it takes no lock
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.wait()
        for fd in (self._ours, self._theirs):
            if fd >= 0:
                os.close(fd)

    @property
    def lines(self) -> list[str]:
        """What is on the screen: the last drawing of which all lines came, in the present size."""
        drawings = self.output.split(_HOME)
        height, _ = self._size
        for drawing in reversed(drawings[1:]):
            lines = _CONTROL.sub("", drawing.split(_END)[0]).replace("\r", "").split("\n")
            if len(lines) == height:
                return [line.rstrip() for line in lines]
        return []

    @property
    def given_back(self) -> bool:
        """Whether the terminal is as it was before."""
        shows = self.output.rfind(_END) > self.output.rfind(_BEGIN)
        assert self._theirs >= 0
        return shows and termios.tcgetattr(self._theirs) == self.mode

    def press(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def resize(self, width: int, height: int) -> None:
        """Change the size; whoever is in the terminal is told by SIGWINCH."""
        self._size = (height, width)
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def until(self, pattern: str) -> str:
        """Read until a line of the screen matches; return that line."""
        deadline_s = time.monotonic() + PROGRAM_PATIENCE_S
        while True:
            for line in self.lines:
                if re.search(pattern, line):
                    return line
            self._read(deadline_s, pattern)

    def until_written(self, text: str) -> None:
        """Read until a text was written, on the screen or not."""
        deadline_s = time.monotonic() + PROGRAM_PATIENCE_S
        while text not in self.output:
            self._read(deadline_s, text)

    def status(self) -> int:
        """Read until the program ends; return its exit status."""
        deadline_s = time.monotonic() + PROGRAM_PATIENCE_S
        while self.process.poll() is None:
            if select.select([self._ours], [], [], 0.02)[0]:
                self._take()
            assert time.monotonic() < deadline_s, self.output[-2000:]
        while select.select([self._ours], [], [], 0)[0]:
            self._take()
        return self.process.returncode

    def end_unread(self, number: signal.Signals) -> int:
        """Send a signal while nobody takes what the program writes; return its exit status."""
        self.process.send_signal(number)
        return self.process.wait(PROGRAM_PATIENCE_S)

    def close(self) -> None:
        """Close the terminal."""
        os.close(self._theirs)
        os.close(self._ours)
        self._ours = self._theirs = -1

    def _read(self, deadline_s: float, wanted: str) -> None:
        left_s = deadline_s - time.monotonic()
        if left_s <= 0 or not select.select([self._ours], [], [], left_s)[0]:
            shown = "\n".join(self.lines) or self.output[-2000:]
            raise AssertionError(
                f"{wanted!r} did not come within {PROGRAM_PATIENCE_S:g} s:\n{shown}"
            )
        self._take()

    def _take(self) -> None:
        self.output += os.read(self._ours, 1 << 16).decode(errors="replace")
