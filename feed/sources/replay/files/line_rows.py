"""A line of text into rows: objects of `.ndjson`, or the record of a CSV. Knows no tick.

A line is a row: a CSV's quoted cell cannot hold a line break. One line of `.ndjson` is an object
or, as `/v1/stream` sends it, an array of objects.
"""

import csv
import json

import orjson

from feed.errors import InvalidTick
from feed.sources.replay.files.lines import MAX_LINE_BYTES

_AROUND = b" \t\r\0"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # spreadsheets begin UTF-8 with it


def strip_line(line: bytes) -> bytes:
    """Return a line without what programs put around it: spaces, carriage returns, zeros, a BOM."""
    stripped = line.strip(_AROUND)
    return stripped[len(BYTE_ORDER_MARK) :] if stripped[:3] == BYTE_ORDER_MARK else stripped


def object_rows_of(line: bytes) -> list[object]:
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


def record_of(line: bytes) -> list[str]:
    """Return the cells of one line of CSV."""
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
    return [cell.strip() for cell in cells] if " " in text else cells


def record_rows_of(line: bytes) -> list[list[str]]:
    """Return the record of one line of CSV, as the only row of its line."""
    return [record_of(line)]


def _check_length(line: bytes) -> None:
    if len(line) > MAX_LINE_BYTES:
        raise InvalidTick(f"longer than a line may be; accepted: up to {MAX_LINE_BYTES} bytes")
