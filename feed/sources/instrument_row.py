"""What a row tells of an instrument: of a file of reference data, or among ticks in a pipe.

Knows the fields and the values that they accept. Knows neither where a row stands nor which fields
its author may leave out.
"""

import math
from collections.abc import Mapping
from typing import Any

from feed.errors import InvalidInput, InvalidTick, shorten
from feed.market.symbols import check_symbol
from feed.sources.source import Instrument

MAX_TEXT_LENGTH = 256
_TEXTS = ("name", "asset_class", "sector", "exchange", "currency")
_NUMBERS = ("price_step", "lot")
FIELDS = ("symbol", *_TEXTS, *_NUMBERS)
SYNONYMS = {"class": "asset_class", "tick_size": "price_step", "price step": "price_step"}
ACCEPTED = "symbol, name, class, sector, exchange, currency, price_step, lot"


def instrument_of_row(row: Mapping[Any, Any]) -> Instrument:
    """Return the instrument of a row; what it does not tell is "" or None.

    Keys that are not fields are left to whoever has read the row.

    Raises:
        InvalidInput: a value is not accepted; the message names the field.
    """
    values = {SYNONYMS.get(name, name): value for name, value in row.items()}
    try:
        symbol = check_symbol(values.get("symbol"))
    except InvalidTick as error:
        raise InvalidInput(str(error)) from None
    name, asset_class, sector, exchange, currency = (
        _text(values.get(field), field) for field in _TEXTS
    )
    step, lot = (_number(values.get(field), field) for field in _NUMBERS)
    return Instrument(symbol, name, asset_class, sector, exchange, currency, step, lot)


def _text(value: object, name: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > MAX_TEXT_LENGTH or not value.isprintable():
        accepted = f"printable text of at most {MAX_TEXT_LENGTH} characters"
        raise InvalidInput(f"{name} {shorten(value)} is not accepted; {accepted}")
    return value


def _number(value: object, name: str) -> float | None:
    if value is None or value == "":
        return None
    try:
        number = math.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]  # TypeError below
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not 0 < number < math.inf:
        raise InvalidInput(f"{name} {shorten(value)}; accepted: a number above 0, or none")
    return number
