"""What ccxt calls a trade, a best bid and ask, and a market, as rows of our pipe.

Values that are no numbers, times or symbols are passed on as they are, or as null: the reader at
the other end refuses them with their line, and counts them. Knows neither ccxt nor a clock.
"""

import math
from collections.abc import Mapping
from typing import Any

from feed.wire.rfc3339 import rfc3339

CRYPTO = "crypto"
# How ccxt tells the precision of prices (`precisionMode`).
DECIMAL_PLACES = 2
TICK_SIZE = 4
_SIDES = {"buy": "B", "sell": "S"}
_MS_NS = 1_000_000
_MOST_OF_ID = 256  # characters: more than the reader takes, so that it refuses what is longer
_MAX_MS = 9_214_646_400_000  # the year 2262, where 63 bits of nanoseconds end

Row = dict[str, Any]


def trade_row(trade: Mapping[str, Any], symbol: str, exchange: str, wall_ns: int) -> Row:
    """Return a trade; where the exchange tells no time, it is now."""
    row: Row = {
        "T": "t",
        "S": symbol,
        "x": exchange,
        "p": trade.get("price"),
        "s": trade.get("amount"),
        "t": _time(trade.get("timestamp"), wall_ns),
    }
    if trade.get("id") not in {None, ""}:
        row["i"] = str(trade["id"])[:_MOST_OF_ID]
    if side := _SIDES.get(str(trade.get("side")).lower()):
        row["tks"] = side
    return row


def quote_row(
    symbol: str, exchange: str, top: tuple[object, object, object, object], time: object
) -> Row:
    """Return a best bid and ask.

    Args:
        symbol: of the market.
        exchange: as ccxt calls it.
        top: the bid's price and size, and the ask's; a size that nobody has told is 0.
        time: as `time_of` tells it.
    """
    bid, bid_size, ask, ask_size = top
    return {
        "T": "q",
        "S": symbol,
        "bx": exchange,
        "bp": bid,
        "bs": 0 if bid_size is None else bid_size,
        "ax": exchange,
        "ap": ask,
        "as": 0 if ask_size is None else ask_size,
        "t": time,
    }


def time_of(told: Mapping[str, Any], now_ns: int) -> object:
    """Return the time of a ticker or a book; where the exchange tells none, it is now there."""
    return _time(told.get("timestamp"), now_ns)


def instrument_row(
    market: Mapping[str, Any],
    currencies: Mapping[str, Any],
    exchange: str,
    precision_mode: int,
) -> Row:
    """Return what an exchange tells of one of its markets."""
    base, quote = (str(market.get(side) or "") for side in ("base", "quote"))
    names = [_name(currencies.get(code), code) for code in (base, quote)]
    row: Row = {
        "T": "instrument",
        "S": market["symbol"],
        "name": _named(" / ".join(filter(None, names)), market),
        "asset_class": CRYPTO,
        "exchange": exchange,
        "currency": quote,
    }
    precision = market.get("precision") or {}
    least = ((market.get("limits") or {}).get("amount") or {}).get("min")
    row["price_step"] = _step(precision.get("price"), precision_mode)
    row["lot"] = _positive(least) or _step(precision.get("amount"), precision_mode)
    return row


def _named(name: str, market: Mapping[str, Any]) -> str:
    """Say what it is, where it is not the pair itself."""
    kind = market.get("type")
    return name if kind in {None, "", "spot"} else f"{name} {kind}".strip()


def _name(currency: object, code: str) -> str:
    name = currency.get("name") if isinstance(currency, Mapping) else None
    text = name if isinstance(name, str) and name else code
    return "".join(filter(str.isprintable, text))[:100]


def _step(precision: object, mode: int) -> float | None:
    """Return the grid that a precision means; None where it means significant digits."""
    if mode == TICK_SIZE:
        return _positive(precision)
    if mode == DECIMAL_PLACES and isinstance(precision, int | float):
        return _positive(float(f"1e{-int(precision)}")) if abs(precision) < 100 else None  # noqa: PLR2004
    return None


def _positive(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if 0 < value < math.inf else None


def _time(timestamp: object, wall_ns: int) -> object:
    """Return milliseconds since 1970 as text, since small numbers could be of another unit."""
    if timestamp is None:
        return rfc3339(wall_ns)
    if type(timestamp) is int and 0 <= timestamp <= _MAX_MS:
        return rfc3339(timestamp * _MS_NS)
    return f"{str(timestamp)[:40]} ms"  # no time: the reader refuses it
