"""The piped source: ticks that another program writes, as they come.

A pipe is read by a thread of its own, a piece whenever the one before was published, and no sooner:
so a program that writes faster than ticks can be published waits in its own `write`. The thread
ends with the process at the latest, since nothing wakes a read on every system.
"""

import os
import stat
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from feed.errors import SourceError
from feed.market.ticks import Kind, Tick
from feed.sources.piped.pipe import Pipe
from feed.sources.piped.reader import Piece, PipeReader
from feed.sources.piped.reading_thread import ReadingThread
from feed.sources.replay.bad_rows import BadRow, BadRowReports, Flaw
from feed.sources.replay.object_rows import BAR_KINDS
from feed.sources.replay.source import log_bad_row
from feed.sources.source import Instrument

CHUNK_TICKS = 512  # the most that one list holds
STANDARD_INPUT = "stdin"


class PipedSource:
    """Ticks that another program writes into standard input, or into a named pipe.

    The end of standard input is the end of the source. A named pipe that nobody has open any more
    is opened again, and waits for the next one; that of a recording is at its end.

    Attributes:
        can_wait, live: ticks that happen now do not wait, and those of a recording have no age.
        recorded_kinds: bars, from when the first one came.
        rows_skipped: what was no tick, by reason.
    """

    passes = 0
    clocks_ns = None

    def __init__(
        self,
        path: str = "",
        *,
        name: str = "",
        recorded: bool = False,
        open_pipe: Callable[[], int] | None = None,
        close_pipe: bool = False,
        report: Callable[[BadRow, int], None] = log_bad_row,
    ) -> None:
        """Choose a pipe.

        Args:
            path: of a named pipe; "": standard input.
            name: by which it is told; "": what kind of pipe it is.
            recorded: what comes is a recording: it waits for the slowest lossless subscriber.
            open_pipe: opens it, and returns its descriptor; by default as the path says.
            close_pipe: what opened it leaves it to the source; a named one is its own anyway.
            report: is told of bad lines, with the number of those left out since.
        """
        self.name = name or ("pipe" if path else STANDARD_INPUT)
        self.can_wait = recorded
        self.live = not recorded
        self.recorded_kinds: frozenset[Kind] = frozenset()
        self.rows_skipped: dict[str, int] = {reason.value: 0 for reason in Flaw}
        self._path = Path(path) if path else None
        self._open_pipe = open_pipe or self._open
        self._closes = close_pipe or bool(path)
        self._reports = BadRowReports(report, time.monotonic_ns)
        self._instruments: dict[str, Instrument] = {}
        self._reader = PipeReader()
        self._first: Piece | None = None  # it is to be told yet
        self._waits_since_ns = 0
        self._fd: int | None = None
        self._pipe: Pipe | None = None
        self._thread: ReadingThread | None = None
        self._stopped = False

    async def open(self) -> None:
        """Open the pipe; a named one has somebody who writes by then.

        Raises:
            SourceError: it cannot be opened.
        """
        if self._thread is None:
            self._thread = ReadingThread()
        self._stopped = False
        if self._fd is None:
            self._fd = await self._thread.run(self._open_pipe)
            self._reader = PipeReader()
        if self._pipe is None:
            self._pipe = Pipe(self._fd)

    @property
    def descriptor(self) -> int | None:
        """The descriptor of the pipe; None: it is not open."""
        return self._fd

    @property
    def header(self) -> bytes:
        """The header of a CSV that comes through it; b"": there is none."""
        return self._reader.header

    def adopt(self, descriptor: int, header: bytes) -> None:
        """Read on from a pipe that others have read from, once it is opened."""
        self._fd, self._closes = descriptor, True
        self._reader = PipeReader()
        if header:
            self._reader.read(header + b"\n")

    @property
    def numbers_trades(self) -> bool:
        """Whether the ids of its trades may be numbers of our own, for it gives none."""
        return self._reader.numbers_trades

    def instruments(self) -> list[Instrument]:
        """Return the instruments that came up so far, sorted by symbol."""
        return sorted(self._instruments.values(), key=lambda instrument: instrument.symbol)

    def instrument(self, symbol: str) -> Instrument | None:
        """Return an instrument that came up."""
        return self._instruments.get(symbol)

    @property
    def waits_since_ns(self) -> int:
        """The monotonic time since when nothing came, not even an empty line; 0: it is not read."""
        return self._waits_since_ns

    async def begin(self) -> bool:
        """Wait for what comes first, so that instruments which are told first are known.

        Returns:
            False where nothing comes: the pipe is at its end.

        Raises:
            SourceError: it cannot be read.
        """
        thread = self._thread
        assert thread is not None, "a source is opened before it begins"
        self._first = await thread.run(self._read)
        self._take(self._first)
        return not self._first.last

    async def batches(self) -> AsyncIterator[list[Tick]]:
        """Yield ticks as they come, at most `CHUNK_TICKS` at a time, until the pipe is at its end.

        Raises:
            SourceError: it cannot be read any further, or nobody writes into a named one any more.
        """
        thread = self._thread
        assert thread is not None, "a source is opened before it is iterated"
        while True:
            piece, self._first = self._first, None
            if piece is None:
                piece = await thread.run(self._read)
                self._take(piece)
            for start in range(0, len(piece.ticks), CHUNK_TICKS):
                yield piece.ticks[start : start + CHUNK_TICKS]
            if piece.last:
                break
        self._reports.flush()
        if self._path is not None and self.live and not self._stopped:
            raise SourceError(f"{self._path}: nobody writes any more")

    def stop_reading(self) -> None:
        """Read to the end of the line that has begun, and no further; `batches` ends behind it."""
        self._stopped = True
        if self._pipe is not None:
            self._pipe.stop()

    async def close(self) -> None:
        """Let go of the pipe; standard input stays open, for it cannot be opened again."""
        thread, self._thread = self._thread, None
        pipe, self._pipe = self._pipe, None
        fd, self._first = self._fd, None
        if self._closes:
            self._fd = None
        if pipe is not None:
            pipe.stop()
        if thread is not None:
            thread.end(lambda: self._let_go(pipe, fd))

    def _let_go(self, pipe: Pipe | None, fd: int | None) -> None:
        if pipe is not None:
            pipe.close()
        if self._closes and fd is not None:
            os.close(fd)

    def _take(self, piece: Piece) -> None:
        for instrument in piece.instruments:
            self._instruments[instrument.symbol] = instrument
        if piece.has_bars:
            self.recorded_kinds = BAR_KINDS
        for bad in piece.bad:
            self.rows_skipped[bad.reason.value] += 1
            place = self._path or Path(self.name)
            self._reports.report_or_keep(BadRow(place, bad.number, bad.reason, bad.detail))

    def _open(self) -> int:
        """Open the pipe; a named one blocks until somebody writes."""
        if self._path is None:
            return sys.__stdin__.fileno() if sys.__stdin__ is not None else 0
        try:
            if not stat.S_ISFIFO(self._path.stat().st_mode):
                raise SourceError(f"{self._path}: is no named pipe; accepted: one made by mkfifo")
            return os.open(self._path, os.O_RDONLY)
        except OSError as error:
            raise SourceError(f"{self._path}: cannot be opened: {error.strerror}") from error

    def _read(self) -> Piece:
        """Read until there is something to tell."""
        pipe = self._pipe
        assert pipe is not None, "it is open"
        while True:
            self._waits_since_ns = time.monotonic_ns()
            try:
                data = pipe.read()
                self._waits_since_ns = 0
                piece = self._read_last(pipe) if data is None else self._take_in(data)
            except OSError as error:
                where = self._path or self.name
                raise SourceError(f"{where}: cannot be read: {error.strerror}") from error
            if piece.ticks or piece.bad or piece.instruments or piece.last:
                return piece

    def _read_last(self, pipe: Pipe) -> Piece:
        """Read the rest of the line that has begun; behind that, it is as if the pipe ended."""
        return self._take_in(pipe.read_rest_of_line() if self._reader.in_line else b"")

    def _take_in(self, data: bytes) -> Piece:
        return self._reader.read(data, time.time_ns() if self.live else None)
