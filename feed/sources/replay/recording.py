"""One pass over a recording: lines into blocks of ticks, and of rows that are not ticks.

Knows lines and the order of rows, which is that of the ticks, whatever their times; reads forward,
and keeps the few ticks whose time is not judged yet. Reading blocks, so the replay calls it from a
thread. Knows nothing of pace, loops or counters.

A line is a row: a CSV's quoted cell cannot hold a line break. One line of `.ndjson` is an object
or, as `/v1/stream` sends it, an array of objects.
"""

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from feed.errors import InvalidInput, InvalidTick, SourceError
from feed.market.market_clock import UNTIMED_NS, MarketClock
from feed.market.ticks import MINUTE_NS, SECOND_NS, Bar, Kind, Tick
from feed.sources.replay.bad_rows import BadRow, Flaw, OnBadRow
from feed.sources.replay.joined import captures, whole_objects
from feed.sources.replay.lines import MAX_LINE_BYTES, Lines
from feed.sources.replay.object_rows import ObjectReader
from feed.sources.replay.record_rows import CSV_SHAPE, RecordReader
from feed.sources.source import Instrument

BLOCK_ROWS = 512  # 2 ms of parsing: a block holds up the event loop for no longer
MOST_UNJUDGED = 64  # ticks; more are corrections, which say nothing of the time
_AROUND = b" \t\r\0"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # spreadsheets begin UTF-8 with it


@dataclass(slots=True)
class Block:
    """The yield of some rows of a recording.

    Attributes:
        ticks: in the order of the file.
        clocks_ns: per tick, the market's clock at that moment; never falls within a pass.
        passes: per tick, how often the market's clock has jumped back in the file (`MarketClock`).
        rows: the number of rows that were read, of any kind.
        beside: the number of those that only accompany ticks.
        bad: the rows that are not ticks.
        instruments: the ones that came up for the first time in this pass.
        bars_announced: a subscription that came so far names a channel of bars.
        fault: the reason why nothing can be read after these ticks; None where more can.
        last: nothing comes after this block.
    """

    ticks: list[Tick] = field(default_factory=list)
    clocks_ns: list[int] = field(default_factory=list)
    passes: list[int] = field(default_factory=list)
    rows: int = 0
    beside: int = 0
    bad: list[BadRow] = field(default_factory=list)
    instruments: list[Instrument] = field(default_factory=list)
    bars_announced: bool = False
    fault: SourceError | None = None
    last: bool = False


class RecordingReader:
    """One pass over a recording.

    A bar carries the start of its interval and comes after its end, which is its time here; the
    correction of one comes whenever it comes, and has none.
    """

    __slots__ = (
        "_clock",
        "_lines",
        "_listed",
        "_passes",
        "_read",
        "_reader",
        "_rest",
        "_rows_of",
        "_stop_at_bad_row",
        "_unjudged",
        "_unjudged_ns",
    )

    def __init__(self, path: Path, on_bad_row: OnBadRow) -> None:
        """Open the file and read a CSV's header.

        Raises:
            SourceError: it cannot be opened, or is not a recording.
        """
        self._stop_at_bad_row = on_bad_row == "stop"
        self._clock = MarketClock()
        self._passes = 0
        self._unjudged: list[Tick] = []  # ticks that are in no block yet
        self._unjudged_ns: list[int] = []  # their times, as the clock wants them
        self._listed = 0  # how many instruments earlier blocks told of
        self._lines = Lines(path)
        self._rest = iter(self._lines)  # the lines that were not read yet
        self._reader: ObjectReader | RecordReader
        self._rows_of: Callable[[bytes], list[Any]]
        try:
            if self._lines.kind == ".csv":
                self._reader, self._rows_of = RecordReader(self._header()), _record_rows
            else:
                self._reader, self._rows_of = ObjectReader(), _object_rows
        except InvalidInput as error:
            self.close()
            raise SourceError(f"{path}, line {self._lines.number}: {error}") from error
        except SourceError:
            self.close()
            raise
        self._read: Callable[[Any], Tick | None] = self._reader.read

    def read_block(self) -> Block:
        """Read about `BLOCK_ROWS` rows: as many lines as it takes.

        Ticks after a jump in time come with a later block, where rows that tell whether it counts
        are not read yet. A row that cannot be read is told in the block, after the ticks before it:
        nothing is raised.
        """
        block = Block()
        try:
            for line in self._rest:
                stripped = _strip(line)
                if stripped:
                    self._read_line(stripped, block)
                if block.fault is not None or block.rows >= BLOCK_ROWS:
                    break
            else:
                block.last = True
        except SourceError as error:
            block.fault = error
        block.last |= block.fault is not None
        self._judge(block)
        block.instruments = self._reader.listings.instruments[self._listed :]
        self._listed += len(block.instruments)
        block.bars_announced = self._reader.bars_announced
        return block

    def close(self) -> None:
        """Close the file; harmless when called twice."""
        self._lines.close()

    def _header(self) -> list[str]:
        for line in self._rest:
            stripped = _strip(line)
            if stripped:
                cells: list[str] = _record_rows(stripped)[0]
                return cells
        raise SourceError(f"{self._lines.path}: is empty; accepted: {CSV_SHAPE}")

    def _read_line(self, line: bytes, block: Block) -> None:
        try:
            rows = self._rows_of(line)
        except InvalidTick as error:
            if self._lines.kind == ".csv" or len(line) > MAX_LINE_BYTES:
                self._refuse_line(block, error)
            else:
                self._read_joined(line, block)
        else:
            self._read_rows(rows, block)

    def _read_joined(self, line: bytes, block: Block) -> None:
        """Read a line of `.ndjson` that cannot be read: all of it that is not broken."""
        for capture in captures(line):
            try:
                rows = self._rows_of(capture)
            except InvalidTick as error:
                self._read_whole(capture, error, block)
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

    def _read_rows(self, rows: list[Any], block: Block) -> None:
        if isinstance(self._reader, ObjectReader):
            self._reader.begin_line(rows)
        for row in rows:
            if block.fault is not None:
                return
            block.rows += 1
            try:
                tick = self._read(row)
            except InvalidTick as error:
                if not self._is_joined(row, block):
                    self._refuse(block, Flaw.INVALID, str(error))
                continue
            if tick is None:
                block.beside += 1
                continue
            self._unjudged.append(tick)
            self._unjudged_ns.append(_time_ns(tick))

    def _is_joined(self, row: Any, block: Block) -> bool:  # noqa: ANN401 - a record or an object
        """Tell whether another CSV was joined to this one here; go by its header."""
        if isinstance(self._reader, ObjectReader):
            return False
        before, header = self._reader.parted(row)
        try:
            reader = RecordReader(header, self._reader.listings)
        except InvalidInput:
            return False
        if before:
            self._read_rows([before], block)
        if block.fault is None:
            block.beside += 1
            self._reader = reader
            self._read = reader.read
        return True

    def _judge(self, block: Block) -> None:
        """Move ticks into the block with the market's clock, up to one that needs more rows."""
        clock, ticks, times_ns = self._clock, self._unjudged, self._unjudged_ns
        judged = 0
        for index in range(len(ticks)):
            last = block.last or len(ticks) - index > MOST_UNJUDGED
            begins_pass = clock.pass_row(times_ns, index, last=last)
            if begins_pass is None:
                break
            self._passes += begins_pass
            block.passes.append(self._passes)
            block.clocks_ns.append(clock.now_ns)
            judged += 1
        block.ticks = ticks[:judged]
        del ticks[:judged], times_ns[:judged]

    def _refuse_line(self, block: Block, error: InvalidTick) -> None:
        if block.fault is None:
            block.rows += 1
            self._refuse(block, Flaw.UNREADABLE, str(error))

    def _refuse(self, block: Block, reason: Flaw, detail: str) -> None:
        bad = BadRow(self._lines.path, self._lines.number, reason, detail)
        block.bad.append(bad)
        if self._stop_at_bad_row:
            block.fault = SourceError(str(bad))


def _time_ns(tick: Tick) -> int:
    """Return the time by which a tick moves the market's clock."""
    if type(tick) is not Bar:
        return tick.event_ns
    if tick.kind is Kind.UPDATED_BAR:
        return UNTIMED_NS
    return tick.event_ns + (SECOND_NS if tick.kind is Kind.SECOND_BAR else MINUTE_NS)


def _strip(line: bytes) -> bytes:
    """Return a line without what programs put around it: spaces, carriage returns, zeros, a BOM."""
    return line.strip(_AROUND).removeprefix(_BYTE_ORDER_MARK)


def _object_rows(line: bytes) -> list[object]:
    """Return the objects of one line of `.ndjson`."""
    _check_length(line)
    try:
        value = orjson.loads(line)
        rows = value if type(value) is list else [value]
        if any(type(row) is dict and type(row.get("i")) is float for row in rows):
            value = json.loads(line)  # keeps integers of any length
            rows = value if type(value) is list else [value]
    except (ValueError, RecursionError) as error:
        raise InvalidTick(
            f"no JSON ({error}); accepted: an object, or an array of objects"
        ) from error
    return rows


def _record_rows(line: bytes) -> list[list[str]]:
    """Return the cells of one line of CSV, as the only row of its line."""
    _check_length(line)
    try:
        text = line.decode()
        if '"' not in text:
            cells = text.split(",")
        else:
            # Spaces may stand around quotes, which a strict reader refuses; open quotes may not.
            cells = next(csv.reader([text], strict=text.count('"') % 2 == 1, skipinitialspace=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidTick(
            f"no CSV ({error}); accepted: UTF-8, cells parted by commas, one line a row"
        ) from error
    return [[cell.strip() for cell in cells] if " " in text else cells]


def _check_length(line: bytes) -> None:
    if len(line) > MAX_LINE_BYTES:
        raise InvalidTick(f"longer than a line may be; accepted: up to {MAX_LINE_BYTES} bytes")
