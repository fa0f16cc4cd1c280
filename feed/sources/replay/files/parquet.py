"""One pass over a file of Parquet with the columns of a known table, or of `--columns`.

Read by pyarrow, an extra: of each row group only the columns that give fields of ticks, so that
memory is bounded by these of one row group. Reading blocks its thread.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from feed.errors import InvalidInput, SourceError
from feed.sources.replay.files.blocks import Block
from feed.sources.replay.files.row_blocks import RowBlocks
from feed.sources.replay.listing import Listings
from feed.sources.replay.reading import Reading
from feed.sources.replay.record_rows import RecordReader, column_names

_BATCH_ROWS = 4_096  # that are values of Python at once
_EXTRA = "reading Parquet needs pyarrow: pip install 'feed-broadcaster[parquet]'"


class ParquetRecording:
    """One pass over a file of Parquet, in the order of its rows.

    Attributes:
        words: what it was taken for.
        by_symbol: whether that is the order of symbols.
        reader: makes ticks of its rows.
    """

    __slots__ = ("_blocks", "_file", "by_symbol", "reader", "words")

    def __init__(self, path: Path, reading: Reading, listings: Listings) -> None:
        """Open the file, and find its columns.

        Raises:
            SourceError: it cannot be read, is of no known table, or pyarrow is not installed.
        """
        try:
            import pyarrow as pa  # noqa: PLC0415 - an extra
            from pyarrow import parquet  # noqa: PLC0415
        except ImportError as error:
            raise SourceError(f"{path}: is Parquet; {_EXTRA}") from error
        try:
            self._file = parquet.ParquetFile(path, memory_map=False, pre_buffer=False)
        except (OSError, pa.ArrowException) as error:
            raise SourceError(f"{path}: is broken Parquet: {_first_line(error)}") from error
        try:
            schema = self._file.schema_arrow
            whole = column_names(schema.names)
            layout = reading.layout_of(whole)
            symbol = layout.symbol_of(whole, reading.symbol, str(path), path.name)
            used = layout.used_columns()
            fields = [field for field in schema if field.name.strip().lower() in used]
            names = column_names([field.name for field in fields])
            self.reader = RecordReader(names, listings, layout=layout, symbol=symbol)
        except InvalidInput as error:
            self.close()
            raise SourceError(f"{path}: {error}") from error
        except SourceError:
            self.close()
            raise
        self.words = f"{layout.words}, Parquet"
        self.by_symbol = layout.by_symbol
        rows = _rows(path, self._file, [field.name for field in fields])
        self._blocks = RowBlocks(path, rows, self.reader.read, listings, reading)

    @property
    def columns(self) -> Mapping[str, str]:
        """Return its columns that are read, by the field that each gives."""
        return self.reader.columns()

    @property
    def share(self) -> float:
        """Return how many of its rows were read, from 0 to 1."""
        rows: int = self._file.metadata.num_rows
        return self._blocks.number / rows if rows else 0.0

    def read_block(self) -> Block:
        """Read the next rows."""
        return self._blocks.read_block()

    def abandon(self) -> None:
        """Do nothing: each read is short."""

    def close(self) -> None:
        """Close the file; harmless when called twice."""
        self._file.close()


def _rows(path: Path, file: Any, names: list[str]) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401 - without types
    """Yield the values of these columns, row by row."""
    import pyarrow as pa  # noqa: PLC0415 - an extra

    try:
        for batch in file.iter_batches(batch_size=_BATCH_ROWS, columns=names, use_threads=False):
            columns = [_values(pa, batch.column(name)) for name in names]
            yield from zip(*columns, strict=True)
    except (OSError, pa.ArrowException) as error:
        raise SourceError(f"{path}: cannot be read any further: {_first_line(error)}") from error


def _values(pa: Any, column: Any) -> list[Any]:  # noqa: ANN401 - without types
    """Return a column as values of Python; times as nanoseconds since 1970, exactly."""
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("ns", column.type.tz)).cast(pa.int64())
    values: list[Any] = column.to_pylist()
    return values


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
