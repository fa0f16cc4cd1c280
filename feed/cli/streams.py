"""The standard streams of a command, which may be closed, full, or left by their reader.

A stream that is closed is opened on nothing, so that no file or socket of ours gets its number and
receives what was meant for it. Writing to standard output then fails, and the command says so in
one line; what standard error does not take is lost, since there is no other place to say it.
"""

import errno
import os
import select
import sys
from contextlib import suppress

import typer

from feed.errors import FeedError

_IN, _OUT, _ERR = 0, 1, 2


class OutputLost(FeedError):
    """Standard output does not take what a command prints; the message says why."""

    def __init__(self, error: OSError) -> None:
        closed = error.errno == errno.EBADF
        super().__init__(f"standard output {'is closed' if closed else f'fails: {error.strerror}'}")


def stand_in_for_closed() -> None:
    """Open every standard stream that is closed: on nothing, in the way in which it fails."""
    for fd in (_IN, _OUT, _ERR):
        try:
            os.fstat(fd)
        except OSError:
            # Standard output is opened for reading, so that it fails as one that is closed does.
            os.open(os.devnull, os.O_WRONLY if fd == _ERR else os.O_RDONLY)
    # Python has none of those that were closed when it began.
    if sys.stdout is None:
        sys.stdout = os.fdopen(_OUT, "w", closefd=False)
    if sys.stderr is None:
        sys.stderr = os.fdopen(_ERR, "w", closefd=False)


def print_lines(lines: bytes) -> None:
    """Write lines to standard output at once; end the command where nobody reads them.

    Raises:
        OutputLost: it does not take them.
        Exit: its reader has had enough.
    """
    try:
        sys.stdout.buffer.write(lines)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        drop_output()
        raise typer.Exit from None
    except OSError as error:
        drop_output()
        raise OutputLost(error) from error


def flush_output() -> None:
    """Write what standard output still holds.

    Raises:
        OutputLost: it does not take it.
    """
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        drop_output()
    except OSError as error:
        drop_output()
        raise OutputLost(error) from error


def drop_output() -> None:
    """Send to nothing what standard output holds: Python would try again at exit, and complain."""
    _drop(_OUT)


def release_blocked() -> None:
    """Send to nothing what waits for a pipe that nobody reads.

    For handlers of signals. A write that a signal interrupts is made again after the handler, on
    the same number: so one that stands still ends.
    """
    for fd in (_OUT, _ERR):
        if not select.select([], [fd], [], 0)[1]:
            _drop(fd)


def tell(line: str) -> None:
    """Write a line to standard error; it is lost where that takes none."""
    with suppress(OSError):
        typer.echo(line, err=True)


def _drop(fd: int) -> None:
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, fd)
    os.close(nothing)
