"""Sheets: events into a file of one format. Each is told of gaps, and written once.

NDJSON has the objects of the wire, and its gap messages between them. The tables have a column for
each field; conditions are a list in Parquet, and JSON in CSV.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import orjson

from feed.jobs.output import Output
from feed.jobs.request import FileFormat
from feed.jobs.rows import Rows

_BEGIN, _END = b'{"T":', b"}\n"
_GROUP_ROWS = 1 << 16  # of Parquet: 10 MB in memory


class Sheet(Protocol):
    """Writes events."""

    def add(self, fragments: Sequence[bytes], positions: Sequence[str]) -> None:
        """Write events, which have positions or none at all."""

    def note_gap(self, gap: bytes) -> None:
        """Note what is missing before the next events: a gap message of the wire."""

    def close(self) -> None:
        """Write what is still to be written."""


class NdjsonSheet:
    """A line each; `pos` comes last."""

    def __init__(self, output: Output) -> None:
        self._output = output

    def add(self, fragments: Sequence[bytes], positions: Sequence[str]) -> None:
        """Write events."""
        if positions:
            lines = [
                b'{"T":%b,"pos":"%b"}\n' % (fragment, position.encode())
                for fragment, position in zip(fragments, positions, strict=True)
            ]
            self._output.write(b"".join(lines))
        elif fragments:
            body = (_END + _BEGIN).join(fragments)
            self._output.write(b"".join((_BEGIN, body, _END)))

    def note_gap(self, gap: bytes) -> None:
        """Write it as a line."""
        self._output.write(gap + b"\n")

    def close(self) -> None:
        """Do nothing: all is written."""


class CsvSheet:
    """A header, and a row each."""

    def __init__(self, output: Output, columns: Mapping[str, str]) -> None:
        self._output = output
        self._rows = Rows(columns)
        self._lists = [place for place, type_ in enumerate(columns.values()) if type_ == "texts"]
        if not output.size_bytes:
            self._write([list(columns)])

    def add(self, fragments: Sequence[bytes], positions: Sequence[str]) -> None:
        """Write events."""
        rows = rows_of(self._rows, fragments, positions)
        for row in rows:
            for place in self._lists:
                if row[place] is not None:
                    row[place] = orjson.dumps(row[place]).decode()
        self._write(rows)

    def note_gap(self, gap: bytes) -> None:
        """Do nothing: a table has no place for it, and the job tells it."""

    def close(self) -> None:
        """Do nothing: all is written."""

    def _write(self, rows: Sequence[Sequence[Any]]) -> None:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        self._output.write(text.getvalue().encode())


class ParquetSheet:
    """Columns, in groups of rows; gaps stand in the metadata of the file under `feed.gaps`."""

    def __init__(self, output: Output, columns: Mapping[str, str]) -> None:
        import pyarrow as pa  # noqa: PLC0415 - an extra
        import pyarrow.parquet as pq  # noqa: PLC0415 - an extra

        self._pa = pa
        types = {
            "text": pa.string(),
            "whole": pa.int64(),
            "number": pa.float64(),
            "time": pa.timestamp("ns", tz="UTC"),
            "texts": pa.list_(pa.string()),
        }
        self._schema = pa.schema([(name, types[type_]) for name, type_ in columns.items()])
        self._writer = pq.ParquetWriter(output, self._schema, compression="zstd")
        self._rows = Rows(columns)
        self._waiting: list[list[Any]] = []
        self._gaps: list[bytes] = []

    def add(self, fragments: Sequence[bytes], positions: Sequence[str]) -> None:
        """Write events, once there are enough of them."""
        self._waiting += rows_of(self._rows, fragments, positions)
        if len(self._waiting) >= _GROUP_ROWS:
            self._write()

    def note_gap(self, gap: bytes) -> None:
        """Keep it for the end."""
        self._gaps.append(gap)

    def close(self) -> None:
        """Write the rest, and the footer."""
        self._write()
        if self._gaps:
            gaps = b"[%b]" % b",".join(self._gaps)
            self._writer.add_key_value_metadata({"feed.gaps": gaps.decode()})
        self._writer.close()

    def _write(self) -> None:
        if not self._waiting:
            return
        arrays = []
        for place, column in enumerate(self._schema):
            values = [row[place] for row in self._waiting]
            if self._pa.types.is_timestamp(column.type):
                arrays.append(self._pa.array(values, self._pa.string()).cast(column.type))
            else:
                arrays.append(self._pa.array(values, column.type))
        self._writer.write_table(self._pa.Table.from_arrays(arrays, schema=self._schema))
        self._waiting = []


def rows_of(rows: Rows, fragments: Sequence[bytes], positions: Sequence[str]) -> list[list[Any]]:
    """Return the rows of events."""
    if not fragments:
        return []
    events = orjson.loads(b"[" + _BEGIN + (b"}," + _BEGIN).join(fragments) + b"}]")
    if not positions:
        return [rows.row(event) for event in events]
    return [rows.row(event, position) for event, position in zip(events, positions, strict=True)]


def sheet_of(format_: FileFormat, output: Output, columns: Mapping[str, str]) -> Sheet:
    """Return the sheet of a format."""
    if format_ is FileFormat.NDJSON:
        return NdjsonSheet(output)
    if format_ is FileFormat.CSV:
        return CsvSheet(output, columns)
    return ParquetSheet(output, columns)
