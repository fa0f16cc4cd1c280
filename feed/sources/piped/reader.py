"""What a program writes into a pipe, into ticks: NDJSON in the wire's own shape, or CSV.

The first line that is not empty tells which: JSON begins with a brace or a bracket, and a CSV with
a header. A line that is no tick is told with its number, and skipped. Knows no pipe, thread or
clock.
"""

from dataclasses import dataclass, field
from typing import Any

from feed.errors import InvalidInput, InvalidTick
from feed.market.ticks import Bar, Kind, Tick, Trade
from feed.sources.piped.split_lines import SplitLines
from feed.sources.replay.bad_rows import Flaw
from feed.sources.replay.files.line_rows import object_rows_of, record_rows_of, strip_line
from feed.sources.replay.object_rows import ObjectReader
from feed.sources.replay.record_rows import RecordReader
from feed.sources.source import Instrument

_JSON_BEGINS = (b"{", b"[")
_MOMENTS = (Kind.TRADE, Kind.QUOTE, Kind.STATUS)


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line of which something is no tick: its number, and the flaw in a word and in detail."""

    number: int
    reason: Flaw
    detail: str


@dataclass(slots=True)
class Piece:
    """What came out of a pipe at once.

    Attributes:
        ticks: in order.
        bad: the lines of which something is no tick.
        instruments: those that came up for the first time.
        has_bars: bars are among the ticks.
        last: nothing comes after it.
    """

    ticks: list[Tick] = field(default_factory=list)
    bad: list[BadLine] = field(default_factory=list)
    instruments: list[Instrument] = field(default_factory=list)
    has_bars: bool = False
    last: bool = False


class PipeReader:
    """Reads one pipe, from the first byte to the last."""

    __slots__ = ("_lines", "_listed", "_reader", "_wall_ns", "header", "numbers_trades")

    def __init__(self) -> None:
        self.header = b""  # of a CSV, as it came
        self.numbers_trades = False  # a trade came without an id
        self._lines = SplitLines()
        self._wall_ns: int | None = None
        self._listed = 0  # instruments that earlier pieces told of
        self._reader: ObjectReader | RecordReader | None = (
            None  # until a line begins as one of them
        )

    @property
    def in_line(self) -> bool:
        """Whether a line has begun, and has not ended."""
        return self._lines.in_line

    def read(self, data: bytes, wall_ns: int | None = None) -> Piece:
        """Read what came.

        Args:
            data: what came; b"": nothing more comes.
            wall_ns: the time of JSON that tells none; None: it is refused.
        """
        piece = Piece(last=not data)
        self._wall_ns = wall_ns
        for line in self._lines.split(data):
            if text := strip_line(line):
                try:
                    self._read_line(text, piece)
                except InvalidTick as error:
                    self._refuse(piece, Flaw.UNREADABLE, error)
        if self._reader is not None:
            piece.instruments = self._reader.listings.instruments[self._listed :]
            self._listed += len(piece.instruments)
        return piece

    def _read_line(self, line: bytes, piece: Piece) -> None:
        reader = self._reader
        if reader is None:
            reader = self._reader = self._begin(line, piece)
        elif isinstance(reader, RecordReader):
            self._read_row(reader, record_rows_of(line)[0], piece)
        if isinstance(reader, ObjectReader):
            rows: list[Any] = object_rows_of(line)
            reader.begin_line(rows)
            for row in rows:
                self._tell_time(row)
                self._read_row(reader, row, piece)

    def _begin(self, line: bytes, piece: Piece) -> ObjectReader | RecordReader | None:
        """Return what reads the lines from here on; None: this one is no beginning."""
        if line.startswith(_JSON_BEGINS):
            return ObjectReader()
        try:
            header = record_rows_of(line)[0]
            reader = RecordReader(header)
        except InvalidInput as error:
            begins = InvalidTick(f"neither JSON nor the header of a CSV: {error}")
            self._refuse(piece, Flaw.UNREADABLE, begins)
            return None
        self.header = line
        self.numbers_trades = "id" not in map(str.lower, header)
        return reader

    def _tell_time(self, row: Any) -> None:  # noqa: ANN401 - whatever JSON holds
        """Put in the time where a tick tells none; the time of a bar is its beginning."""
        if self._wall_ns is None or type(row) is not dict or row.get("t") is not None:
            return
        if row.get("T") in _MOMENTS:
            row["t"] = self._wall_ns

    def _read_row(self, reader: ObjectReader | RecordReader, row: Any, piece: Piece) -> None:  # noqa: ANN401 - a record or an object
        try:
            tick = reader.read(row)
        except InvalidTick as error:
            self._refuse(piece, Flaw.INVALID, error)
            return
        if tick is not None:
            piece.ticks.append(tick)
            if type(tick) is Trade and isinstance(row, dict):
                self.numbers_trades |= row.get("i") in {None, ""}
            piece.has_bars |= type(tick) is Bar

    def _refuse(self, piece: Piece, reason: Flaw, error: InvalidTick) -> None:
        piece.bad.append(BadLine(self._lines.number, reason, str(error)))
