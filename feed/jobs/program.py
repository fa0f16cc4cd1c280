"""The program that writes the file of one job: `python -m feed.jobs`, for servers only.

It reads its order and then chunks from its standard input, and reports on its standard output. It
ends when the server does, and says so in a line: a torn input is no end.
"""

import errno
import math
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from feed.errors import FeedError
from feed.jobs.chunks import Chunk, read_chunks
from feed.jobs.errors import Fault
from feed.jobs.order import Order, Report
from feed.jobs.output import NotTheSame, Output, TooLarge
from feed.jobs.recording import read
from feed.jobs.request import FileFormat
from feed.jobs.rows import columns_of
from feed.jobs.sheets import Sheet, sheet_of
from feed.market.ticks import Channel

REPORT_S = 0.1  # between two reports
GONE = "feed.jobs: the server has ended; the file that it wanted is not whole\n"
_TIME = b'"t":"'
_TIME_LENGTH = len("2026-11-27T14:30:00.000000000Z")
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Torn(Exception):
    """The server has ended, or wants no more."""


class Filter:
    """Lets those events pass whose times are wanted; times are compared as the wire writes them."""

    def __init__(self, start: str, end: str) -> None:
        self._start = start.encode()
        self._end = end.encode()
        self.is_open = not (start or end)

    def places(self, fragments: list[bytes]) -> list[int]:
        """Return which of some fragments pass."""
        start, end, passed = self._start, self._end, []
        for place, fragment in enumerate(fragments):
            at = fragment.rfind(_TIME) + len(_TIME)  # `t` comes last, and may stand in a text
            time_ = fragment[at : at + _TIME_LENGTH]
            if start <= time_ and (not end or time_ < end):
                passed.append(place)
        return passed


class Writing:
    """One run of the program."""

    def __init__(self, order: Order, said: BinaryIO) -> None:
        """Begin with an order; reports go to `said`."""
        self._order = order
        self._said = said
        self._done = order.done
        self._reached = 0
        self._filter = Filter(order.start, order.end)
        self._reported_s = -math.inf  # the first chunk is reported at once

    def write(self, chunks: Iterator[Chunk | None]) -> None:
        """Write all chunks, and say how it ended.

        Raises:
            OSError, TooLarge, NotTheSame, FeedError: the file cannot be written.
            Torn: nobody wants it any more.
        """
        order = self._order
        channels = [Channel(name) for name in order.channels]
        columns = columns_of(channels, positions=bool(order.epoch))
        part = Path(order.part)
        with Output(part, order.most_bytes, order.size_bytes) as output:
            sheet = sheet_of(FileFormat(order.format), output, columns)
            for chunk in chunks:
                if chunk is None:
                    raise Torn
                self._add(sheet, chunk)
                if time.monotonic() - self._reported_s >= REPORT_S:
                    output.flush()
                    self._report(Report(self._done, output.size_bytes, self._reached))
            sheet.close()
            digest = output.finish()
            size_bytes = output.size_bytes
        part.replace(order.whole)
        self._report(Report(self._done, size_bytes, self._reached, digest))

    def _add(self, sheet: Sheet, chunk: Chunk) -> None:
        if chunk.gap:
            sheet.note_gap(chunk.gap)
        fragments, sequences = list(chunk.fragments), chunk.sequences
        if not self._filter.is_open:
            places = self._filter.places(fragments)
            fragments = [fragments[place] for place in places]
            numbers = [sequences[place] for place in places] if sequences else []
        else:
            numbers = list(sequences)
        epoch = self._order.epoch
        sheet.add(fragments, [f"{epoch}-{number}" for number in numbers])
        self._done += len(fragments)
        self._reached = chunk.reached

    def _report(self, report: Report) -> None:
        self._reported_s = time.monotonic()
        self._said.write(report.line())
        self._said.flush()


def fault_of(error: Exception) -> Report:
    """Return how an error is reported: its code, and its words."""
    if isinstance(error, TooLarge):
        return Report(code=Fault.TOO_LARGE, words="the file is larger than this server lets one be")
    if isinstance(error, NotTheSame):
        return Report(code="not_the_same", words="what an earlier run has written is gone")
    if isinstance(error, OSError) and error.errno in _FULL:
        return Report(code=Fault.DISK_FULL, words=f"the disk is full ({error.strerror})")
    if isinstance(error, OSError):
        return Report(code=Fault.UNWRITABLE, words=f"the file cannot be written: {error.strerror}")
    if isinstance(error, FeedError):
        return Report(code=Fault.UNREADABLE, words=str(error))
    return Report(code=Fault.INTERNAL, words=f"the program failed: {type(error).__name__}: {error}")


def main(stdin: BinaryIO, stdout: BinaryIO) -> int:
    """Do what an order says; return the status of the program."""
    try:
        return _obey(_order(stdin), stdin, stdout)
    except (Torn, BrokenPipeError):
        with suppress(OSError):  # nobody reads that either
            sys.stderr.write(GONE)
        return 1


def _order(stdin: BinaryIO) -> Order:
    """Read the order.

    Raises:
        Torn: it has no end.
    """
    line = stdin.readline()
    if not line.endswith(b"\n"):
        raise Torn
    return Order.of(line)


def _obey(order: Order, stdin: BinaryIO, stdout: BinaryIO) -> int:
    """Write the file of an order; return the status of the program.

    Raises:
        Torn, BrokenPipeError: nobody wants it any more.
    """
    writing = Writing(order, stdout)
    given = read_chunks(stdin) if order.recording is None else read(order.recording)
    try:
        writing.write(given)
    except (Torn, BrokenPipeError):
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, the server is told
        stdout.write(fault_of(error).line())
        stdout.flush()
        return 1
    return 0
