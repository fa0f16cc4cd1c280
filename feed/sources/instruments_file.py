"""A file of reference data: CSV with a header, or JSON, one instrument a row.

JSON is a list of objects, or what `/v1/symbols` answers. The fields are those of an instrument; all
but the symbol may be missing. A field that is not one of them is refused: a misspelt one would be
missing without a word.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from feed.errors import InvalidInput, shorten
from feed.sources.instrument_row import ACCEPTED, FIELDS, SYNONYMS, instrument_of_row
from feed.sources.source import Instrument

MAX_BYTES = 256 << 20
_Row = tuple[str, Mapping[Any, Any]]  # where it stands, and its values by field


def read_instruments(path: Path) -> list[Instrument]:
    """Read a file of instruments, in its order.

    Raises:
        InvalidInput: it cannot be read, or a row is not accepted; the message names the file, the
            row, the field, its value, and what is accepted.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InvalidInput(f"{path}: larger than {MAX_BYTES} bytes, which is the most")
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path}: not UTF-8 ({error}); accepted: CSV or JSON") from None
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read: {error.strerror}") from None
    rows = _json_rows(text, path) if text.lstrip()[:1] in {"[", "{"} else _csv_rows(text, path)
    instruments: dict[str, Instrument] = {}
    for where, row in rows:
        try:
            instrument = instrument_of_row(row)
        except InvalidInput as error:
            raise InvalidInput(f"{where}: {error}") from None
        if instrument.symbol in instruments:
            raise InvalidInput(f"{where}: symbol {instrument.symbol!r} stands there twice")
        instruments[instrument.symbol] = instrument
    if not instruments:
        raise InvalidInput(f"{path}: has no instruments; accepted: rows of {ACCEPTED}")
    return list(instruments.values())


def _csv_rows(text: str, path: Path) -> Iterator[_Row]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        _check_names(header, f"{path}: line 1")
        for values in reader:
            where = f"{path}: line {reader.line_num}"
            if not any(value.strip() for value in values):
                continue
            if len(values) != len(header):
                counts = f"has {len(values)} values, and the header {len(header)}"
                raise InvalidInput(f"{where}: {counts}")
            yield where, dict(zip(header, map(str.strip, values), strict=True))
    except csv.Error as error:
        raise InvalidInput(f"{path}: line {reader.line_num}: not CSV: {error}") from None


def _json_rows(text: str, path: Path) -> Iterator[_Row]:
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"{path}: not JSON: {error}") from None
    rows = document.get("symbols") if isinstance(document, dict) else document
    if not isinstance(rows, list):
        raise InvalidInput(f'{path}: accepted: a list of objects, or {{"symbols": [...]}}')
    for number, row in enumerate(rows, 1):
        where = f"{path}: row {number}"
        if not isinstance(row, dict):
            raise InvalidInput(f"{where}: {shorten(row)} is not an object with {ACCEPTED}")
        _check_names(row, where)
        yield where, row


def _check_names(names: Iterable[str], where: str) -> None:
    known = [SYNONYMS.get(name, name) for name in names]
    for name, field in zip(names, known, strict=True):
        if field not in FIELDS or known.count(field) > 1:
            what = "stands there twice" if field in FIELDS else "is not accepted"
            raise InvalidInput(f"{where}: {shorten(name)} {what}; accepted: {ACCEPTED}")
    if "symbol" not in known:
        raise InvalidInput(f"{where}: symbol is missing; accepted: {ACCEPTED}")
