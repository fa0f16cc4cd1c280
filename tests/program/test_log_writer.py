"""The log writer: whoever logs never waits, and what was lost is told where it is missing."""

import errno
import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from feed.program.log_writer import LogWriter

PIPE_BYTES = 4096


def tell_lost(records: int) -> bytes:
    return b"lost %d\n" % records


class Pipe:
    """A pipe of 4 KiB that nobody reads until somebody does."""

    def __init__(self) -> None:
        self.read_fd, self.write_fd = os.pipe()
        fcntl.fcntl(self.write_fd, fcntl.F_SETPIPE_SZ, PIPE_BYTES)

    def read_all(self, end: Callable[[], object]) -> list[bytes]:
        """Read everything from now on; the lines after `end` has closed the writer."""
        read = bytearray()

        def take() -> None:
            while piece := os.read(self.read_fd, 65_536):
                read.extend(piece)

        reader = threading.Thread(target=take)
        reader.start()
        end()
        os.close(self.write_fd)
        reader.join()
        return bytes(read).splitlines()

    def close(self) -> None:
        for fd in (self.read_fd, self.write_fd):
            with suppress(OSError):
                os.close(fd)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    made = Pipe()
    yield made
    made.close()


def line(number: int) -> bytes:
    return b"record %5d %s\n" % (number, b"." * 80)


def test_records_are_written_in_their_order(pipe: Pipe) -> None:
    writer = LogWriter(pipe.write_fd, tell_lost)
    given = [line(number) for number in range(3_000)]
    for record in given:
        writer.write(record)
    read = pipe.read_all(lambda: writer.close(20.0))
    assert [record + b"\n" for record in read] == given
    assert writer.lost == 0


def test_nobody_who_logs_waits_for_a_pipe_that_is_not_read_and_every_record_is_accounted_for(
    pipe: Pipe,
) -> None:
    writer = LogWriter(pipe.write_fd, tell_lost, max_waiting_bytes=20_000)
    count = 5_000
    for number in range(count):
        writer.write(line(number))  # would stand still for ever at the 40th
    writer.close(0.01)
    assert writer.lost > count - 300
    read = pipe.read_all(lambda: writer.close(20.0))
    expected = 0
    told = 0
    for words in map(bytes.split, read):
        if words[0] == b"lost":
            expected += int(words[1])
            told += int(words[1])
        else:
            assert int(words[1]) == expected, "a hole that is not told where it is"
            expected += 1
    assert expected == count
    assert told == writer.lost


def test_what_comes_after_the_end_is_counted(pipe: Pipe) -> None:
    writer = LogWriter(pipe.write_fd, tell_lost)
    writer.close(20.0)
    writer.write(line(1))
    assert writer.lost == 1


class Descriptor:
    """Takes the place of `os.write`: does what the next item of a list says."""

    def __init__(self, *turns: int | OSError) -> None:
        self.turns = list(turns)
        self.written = bytearray()

    def write(self, fd: int, data: bytes) -> int:
        del fd
        turn = self.turns.pop(0) if self.turns else len(data)
        if isinstance(turn, OSError):
            raise turn
        self.written += data[:turn]
        return min(turn, len(data))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EPIPE, errno.EIO, errno.EBADF])
def test_what_is_not_taken_is_told_as_soon_as_something_is(
    number: int, pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuses = OSError(number, os.strerror(number))
    # The first record, the telling of it, and the second; then there is room again.
    descriptor = Descriptor(refuses, refuses, refuses)
    monkeypatch.setattr(os, "write", descriptor.write)
    writer = LogWriter(pipe.write_fd, tell_lost)
    for record in (b"a\n", b"b\n", b"c\n"):
        writer.write(record)
    writer.close(20.0)
    assert descriptor.written == b"lost 2\nc\n"
    assert writer.lost == 2


def test_a_record_that_was_cut_does_not_run_into_the_next(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    descriptor = Descriptor(3, OSError(errno.ENOSPC, "no space"))
    monkeypatch.setattr(os, "write", descriptor.write)
    writer = LogWriter(pipe.write_fd, tell_lost)
    writer.write(b"first\n")
    writer.write(b"second\n")
    writer.close(20.0)
    assert descriptor.written == b"fir\nlost 1\nsecond\n"


def test_a_descriptor_that_somebody_made_non_blocking_is_waited_for(pipe: Pipe) -> None:
    os.set_blocking(pipe.write_fd, False)
    writer = LogWriter(pipe.write_fd, tell_lost)
    for number in range(500):
        writer.write(line(number))
    read = pipe.read_all(lambda: writer.close(20.0))
    assert len(read) == 500
    assert writer.lost == 0
