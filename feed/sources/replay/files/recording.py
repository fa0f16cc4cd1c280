"""One pass over a recording of text: lines into blocks of ticks, and of rows that are not ticks.

Knows lines, and reads forward. Reading blocks, so the replay calls it from a thread. Knows nothing
of pace, loops or counters.
"""

from collections.abc import Callable, Generator, Iterator, Mapping
from itertools import chain
from typing import Any

from feed.errors import InvalidInput, InvalidTick, SourceError
from feed.market.ticks import Tick
from feed.sources.replay.bad_rows import BadRow, Flaw
from feed.sources.replay.files.blocks import BLOCK_ROWS, Block, Judge
from feed.sources.replay.files.joined import captures, whole_objects
from feed.sources.replay.files.line_rows import (
    object_rows_of,
    record_of,
    record_rows_of,
    strip_line,
)
from feed.sources.replay.files.lines import MAX_LINE_BYTES, Lines
from feed.sources.replay.files.time_order import in_time_order
from feed.sources.replay.formats.vendors import CSV_SHAPE
from feed.sources.replay.listing import Listings
from feed.sources.replay.object_rows import ObjectReader
from feed.sources.replay.reading import Reading
from feed.sources.replay.record_rows import RecordReader, column_names


class TextRecording:
    """One pass over lines; how a line becomes rows, and a row a tick, its branches know.

    Attributes:
        words: what it was taken for.
    """

    __slots__ = (
        "_judge",
        "_lines",
        "_listed",
        "_read",
        "_reader",
        "_rest",
        "_rows_of",
        "_stop_at_bad_row",
        "words",
    )

    _reader: ObjectReader | RecordReader
    _rows_of: Callable[[bytes], list[Any]]

    def __init__(self, lines: Lines, reading: Reading, words: str) -> None:
        self.words = words
        self._lines = lines
        self._rest: Iterator[bytes] = iter(lines)  # the lines that were not read yet
        self._stop_at_bad_row = reading.on_bad_row == "stop"
        self._judge = Judge()
        self._listed = 0  # how many instruments earlier blocks told of
        self._read: Callable[[Any], Tick | None]

    @property
    def columns(self) -> Mapping[str, str]:
        """Return the columns of a table, by the field that each gives."""
        return self._reader.columns() if isinstance(self._reader, RecordReader) else {}

    @property
    def share(self) -> float:
        """Return how much of the file was read."""
        return self._lines.share

    def read_block(self) -> Block:
        """Read about `BLOCK_ROWS` rows: as many lines as it takes."""
        block = Block()
        try:
            for line in self._rest:
                stripped = strip_line(line)
                if stripped:
                    self._read_line(stripped, block)
                if block.fault is not None or block.rows >= BLOCK_ROWS:
                    break
            else:
                block.last = True
        except SourceError as error:
            block.fault = error
        block.last |= block.fault is not None
        self._judge.move_into(block)
        instruments = self._reader.listings.instruments
        block.instruments = instruments[self._listed :]
        self._listed = len(instruments)
        block.bars_announced = self._reader.bars_announced
        return block

    def abandon(self) -> None:
        """Let a read that goes on in its thread end soon: to sort a file may take minutes."""
        self._lines.abandoned = True

    def close(self) -> None:
        """Close the file; harmless when called twice."""
        self._lines.close()

    def _read_line(self, line: bytes, block: Block) -> None:
        try:
            rows = self._rows_of(line)
        except InvalidTick as error:
            self._read_broken(line, error, block)
        else:
            self._read_rows(rows, block)

    def _read_broken(self, line: bytes, error: InvalidTick, block: Block) -> None:
        """Read a line of which no rows can be made."""
        raise NotImplementedError

    def _read_rows(self, rows: list[Any], block: Block) -> None:
        read, add = self._read, self._judge.add
        for row in rows:
            if block.fault is not None:
                return
            block.rows += 1
            try:
                tick = read(row)
            except InvalidTick as error:
                if not self._is_joined(row, block):
                    self._refuse(block, Flaw.INVALID, str(error))
                continue
            if tick is None:
                block.beside += 1
            else:
                add(tick)

    def _is_joined(self, row: Any, block: Block) -> bool:  # noqa: ANN401 - a record or an object
        """Tell whether another file was joined to this one here; go on with that."""
        raise NotImplementedError

    def _refuse_line(self, block: Block, error: InvalidTick) -> None:
        if block.fault is None:
            block.rows += 1
            self._refuse(block, Flaw.UNREADABLE, str(error))

    def _refuse(self, block: Block, reason: Flaw, detail: str) -> None:
        bad = BadRow(self._lines.path, self._lines.number, reason, detail)
        block.bad.append(bad)
        if self._stop_at_bad_row:
            block.fault = SourceError(str(bad))


class ObjectRecording(TextRecording):
    """One pass over `.ndjson`."""

    __slots__ = ()

    by_symbol = False

    _reader: ObjectReader

    def __init__(self, lines: Lines, reading: Reading, listings: Listings, words: str) -> None:
        super().__init__(lines, reading, words)
        self._reader, self._rows_of = ObjectReader(listings), object_rows_of
        self._read = self._reader.read

    def _read_rows(self, rows: list[Any], block: Block) -> None:
        self._reader.begin_line(rows)
        super()._read_rows(rows, block)

    def _read_broken(self, line: bytes, error: InvalidTick, block: Block) -> None:
        """Read all of a line that is not broken: other captures may be joined in it."""
        if len(line) > MAX_LINE_BYTES:
            self._refuse_line(block, error)
            return
        for capture in captures(line):
            try:
                rows = self._rows_of(capture)
            except InvalidTick as broken:
                self._read_whole(capture, broken, block)
            else:
                self._read_rows(rows, block)

    def _read_whole(self, capture: bytes, error: InvalidTick, block: Block) -> None:
        """Read the objects that are whole in a capture's line, which need not be of one array."""
        objects, is_all = whole_objects(capture)
        for text in objects:
            try:
                rows = self._rows_of(text)
            except InvalidTick:  # our decoder is stricter
                is_all = False
            else:
                self._read_rows(rows, block)
        if not is_all:
            self._refuse_line(block, error)

    def _is_joined(self, row: Any, block: Block) -> bool:  # noqa: ANN401, ARG002
        return False


class CsvRecording(TextRecording):
    """One pass over a CSV with a header, or one of those without that are known."""

    __slots__ = ("_name", "_reading", "_sorted", "by_symbol")

    _reader: RecordReader

    def __init__(
        self, lines: Lines, reading: Reading, listings: Listings, name: str, packing: str
    ) -> None:
        """Read the header.

        Args:
            lines: of the file.
            reading: how it is to be read.
            listings: of the pass.
            name: of the file, which may tell the symbol.
            packing: in words.

        Raises:
            SourceError: it is empty, or of no known layout.
        """
        super().__init__(lines, reading, "")
        self._rows_of = record_rows_of
        self._reading, self._name = reading, name
        self._sorted: Generator[bytes] | None = None
        line = self._first_line()
        try:
            first = record_of(line)
            names = reading.names_of(first)
            self._reader = self._reader_of(names, listings)
        except InvalidInput as error:
            raise SourceError(f"{lines.path}, line {lines.number}: {error}") from error
        self._read = self._reader.read
        self.words = f"{self._reader.layout.words}, CSV{packing}"
        if names is not first:
            self.words += " without a header"
            self._rest = chain([line], self._rest)
        self.by_symbol = self._reader.layout.by_symbol
        if self.by_symbol and reading.sorts:
            self.words += ", sorted by time"
            self._rest = self._sorted = self._in_time_order(self._rest)

    @property
    def share(self) -> float:
        """Return how much of the file was read; 0 where it is sorted, which reads all first."""
        return super().share if self._sorted is None else 0.0

    def close(self) -> None:
        """Close the file, and what was sorted; harmless when called twice."""
        if self._sorted is not None:
            self._sorted.close()
        super().close()

    def _in_time_order(self, rest: Iterator[bytes]) -> Generator[bytes]:
        """Yield lines by their times, each with its number where it stands in the file."""
        lines, reader = self._lines, self._reader

        def time_of(line: bytes) -> int | None:
            try:
                return reader.time_of(record_of(strip_line(line)))
            except InvalidTick:
                return None

        numbered = ((lines.number, line) for line in rest)
        try:
            for number, line in in_time_order(numbered, time_of):
                lines.number = number
                yield line
        except OSError as error:
            raise SourceError(
                f"{lines.path}: cannot be sorted by time: {error.strerror}"
            ) from error

    def _first_line(self) -> bytes:
        for line in self._rest:
            stripped = strip_line(line)
            if stripped:
                return stripped
        raise SourceError(f"{self._lines.path}: is empty; accepted: {CSV_SHAPE}")

    def _reader_of(self, names: list[str], listings: Listings) -> RecordReader:
        layout = self._reading.layout_of(column_names(names))
        symbol = layout.symbol_of(
            column_names(names), self._reading.symbol, str(self._lines.path), self._name
        )
        return RecordReader(names, listings, layout=layout, symbol=symbol)

    def _read_line(self, line: bytes, block: Block) -> None:
        """Read the record of a line: most make a tick, and the others go the long way."""
        try:
            record = record_of(line)
        except InvalidTick as error:
            self._refuse_line(block, error)
            return
        try:
            tick = self._reader.read(record)
        except InvalidTick:
            self._read_rows([record], block)
        else:
            block.rows += 1
            self._judge.add(tick)

    def _read_broken(self, line: bytes, error: InvalidTick, block: Block) -> None:  # noqa: ARG002
        self._refuse_line(block, error)

    def _is_joined(self, row: Any, block: Block) -> bool:  # noqa: ANN401 - a record
        """Tell whether another CSV was joined to this one here; go by its header."""
        before, header = self._reader.parted(row)
        if not header:
            return False
        try:
            reader = self._reader_of(header, self._reader.listings)
        except (InvalidInput, SourceError):
            return False
        if before:
            self._read_rows([before], block)
        if block.fault is None:
            block.beside += 1
            self._reader = reader
            self._read = reader.read
        return True
