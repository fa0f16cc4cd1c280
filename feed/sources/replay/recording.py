"""One pass over a recording: lines into blocks of ticks, and of rows that are not ticks.

Knows lines and the order of rows; reads forward and keeps no tick. Reading blocks, so the replay
calls it from a thread. Knows nothing of pace, loops or counters.

A line is a row: a CSV's quoted cell cannot hold a line break. One line of `.ndjson` is an object
or, as `/v1/stream` sends it, an array of objects.
"""

import csv
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from feed.errors import InvalidInput, InvalidTick, SourceError
from feed.market.ticks import MINUTE_NS, SECOND_NS, Bar, Kind, Tick
from feed.sources.replay.bad_rows import BadRow, Flaw, OnBadRow
from feed.sources.replay.lines import MAX_LINE_BYTES, Lines
from feed.sources.replay.object_rows import ObjectReader
from feed.sources.replay.record_rows import CSV_SHAPE, RecordReader
from feed.sources.source import Instrument

BLOCK_ROWS = 512  # 2 ms of parsing: a block holds up the event loop for no longer
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # spreadsheets begin UTF-8 with it


@dataclass(slots=True)
class Block:
    """The yield of some rows of a recording.

    Attributes:
        ticks: in the order of the file.
        clocks_ns: per tick, the market's clock at that moment; never falls.
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
    rows: int = 0
    beside: int = 0
    bad: list[BadRow] = field(default_factory=list)
    instruments: list[Instrument] = field(default_factory=list)
    bars_announced: bool = False
    fault: SourceError | None = None
    last: bool = False


class RecordingReader:
    """One pass over a recording.

    Out of order is a trade, quote or status whose event time is before that of an earlier one in
    the file. Bars are not judged: they carry the start of their interval and come after its end.
    """

    __slots__ = (
        "_clock_ns",
        "_lines",
        "_listed",
        "_newest_ns",
        "_read",
        "_reader",
        "_rest",
        "_rows_of",
        "_stop_at_bad_row",
    )

    def __init__(self, path: Path, on_bad_row: OnBadRow) -> None:
        """Open the file and read a CSV's header.

        Raises:
            SourceError: it cannot be opened, or is not a recording.
        """
        self._stop_at_bad_row = on_bad_row == "stop"
        self._newest_ns = -1  # the newest event time of a trade, quote or status
        self._clock_ns = -1  # the same, where a bar counts with the end of its interval
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

        A row that cannot be read is told in the block, after the ticks before it: nothing is
        raised.
        """
        block = Block()
        try:
            for line in self._rest:
                if line and not line.isspace():
                    self._read_line(line, block)
                if block.fault is not None or block.rows >= BLOCK_ROWS:
                    break
            else:
                block.last = True
        except SourceError as error:
            block.fault = error
        block.last |= block.fault is not None
        block.instruments = self._reader.listings.instruments[self._listed :]
        self._listed += len(block.instruments)
        block.bars_announced = self._reader.bars_announced
        return block

    def close(self) -> None:
        """Close the file; harmless when called twice."""
        self._lines.close()

    def _header(self) -> list[str]:
        for line in self._rest:
            if line and not line.isspace():
                cells: list[str] = _record_rows(line.removeprefix(_BYTE_ORDER_MARK))[0]
                return cells
        raise SourceError(f"{self._lines.path}: is empty; accepted: {CSV_SHAPE}")

    def _read_line(self, line: bytes, block: Block) -> None:
        try:
            rows = self._rows_of(line)
        except InvalidTick as error:
            block.rows += 1
            self._refuse(block, Flaw.UNREADABLE, str(error))
            return
        for row in rows:
            if block.fault is not None:
                return
            block.rows += 1
            try:
                tick = self._read(row)
            except InvalidTick as error:
                self._refuse(block, Flaw.INVALID, str(error))
                continue
            if tick is None:
                block.beside += 1
                continue
            clock_ns = tick.event_ns
            if type(tick) is Bar:
                clock_ns += SECOND_NS if tick.kind is Kind.SECOND_BAR else MINUTE_NS
            elif clock_ns < self._newest_ns:
                late_s = (self._newest_ns - clock_ns) / SECOND_NS
                detail = f"out of order: its event time is {late_s:.9g} s before an earlier row's"
                self._refuse(block, Flaw.OUT_OF_ORDER, detail)
                continue
            else:
                self._newest_ns = clock_ns
            self._clock_ns = max(self._clock_ns, clock_ns)
            block.ticks.append(tick)
            block.clocks_ns.append(self._clock_ns)

    def _refuse(self, block: Block, reason: Flaw, detail: str) -> None:
        bad = BadRow(self._lines.path, self._lines.number, reason, detail)
        block.bad.append(bad)
        if self._stop_at_bad_row:
            block.fault = SourceError(str(bad))


def _object_rows(line: bytes) -> list[object]:
    """Return the objects of one line of `.ndjson`."""
    _check_length(line)
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise InvalidTick(
            f"no JSON ({error}); accepted: an object, or an array of objects"
        ) from error
    return value if type(value) is list else [value]


def _record_rows(line: bytes) -> list[list[str]]:
    """Return the cells of one line of CSV, as the only row of its line."""
    _check_length(line)
    try:
        text = line.rstrip(b"\r").decode()
        cells = text.split(",") if '"' not in text else next(csv.reader([text], strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidTick(
            f"no CSV ({error}); accepted: UTF-8, cells parted by commas, one line a row"
        ) from error
    return [cells]


def _check_length(line: bytes) -> None:
    if len(line) > MAX_LINE_BYTES:
        raise InvalidTick(f"longer than a line may be; accepted: up to {MAX_LINE_BYTES} bytes")
