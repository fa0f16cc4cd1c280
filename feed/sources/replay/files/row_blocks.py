"""Rows that are no lines, of Parquet and DBN, into blocks. Reading blocks its thread."""

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from feed.errors import InvalidTick, SourceError
from feed.market.ticks import Tick
from feed.sources.replay.bad_rows import BadRow, Flaw
from feed.sources.replay.files.blocks import BLOCK_ROWS, Block, Judge
from feed.sources.replay.listing import Listings
from feed.sources.replay.reading import Reading


class RowBlocks:
    """One pass over the rows of a file; what a row is, its maker knows.

    Attributes:
        number: of the row that was read last, from 1.
    """

    __slots__ = ("_judge", "_listed", "_listings", "_path", "_read", "_rows", "_stops", "number")

    def __init__(
        self,
        path: Path,
        rows: Iterator[Any],
        read: Callable[[Any], Tick | None],
        listings: Listings,
        reading: Reading,
    ) -> None:
        """Begin with the first row.

        Args:
            path: of the file, for complaints.
            rows: in order; may end with a SourceError.
            read: makes a tick of a row; None where it only accompanies ticks.
            listings: of the pass.
            reading: how it is to be read.
        """
        self._path = path
        self._rows = rows
        self._read = read
        self._listings = listings
        self._stops = reading.on_bad_row == "stop"
        self._judge = Judge()
        self.number = 0
        self._listed = 0

    def read_block(self) -> Block:
        """Read `BLOCK_ROWS` rows."""
        block = Block()
        try:
            for row in islice(self._rows, BLOCK_ROWS):
                self._read_row(row, block)
                if block.fault is not None:
                    break
            block.last = block.rows < BLOCK_ROWS
        except SourceError as error:
            block.fault = error
        block.last |= block.fault is not None
        self._judge.move_into(block)
        instruments = self._listings.instruments
        block.instruments = instruments[self._listed :]
        self._listed = len(instruments)
        return block

    def _read_row(self, row: Any, block: Block) -> None:  # noqa: ANN401 - of any library
        block.rows += 1
        self.number += 1
        try:
            tick = self._read(row)
        except InvalidTick as error:
            bad = BadRow(self._path, self.number, Flaw.INVALID, str(error), "row")
            block.bad.append(bad)
            if self._stops:
                block.fault = SourceError(str(bad))
            return
        if tick is None:
            block.beside += 1
        else:
            self._judge.add(tick)
