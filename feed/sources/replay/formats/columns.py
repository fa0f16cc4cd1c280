"""`--columns`: the layout of a table that nobody has described, in its owner's words."""

from collections.abc import Mapping

from feed.errors import InvalidInput, shorten
from feed.market.ticks import Kind
from feed.sources.replay.formats.layout import FIELDS_OF, Layout

COLUMNS_SHAPE = (
    "FIELD=COLUMN,… with timestamp, price and size of trades (optional: symbol, id, side, "
    "exchange, conditions, tape), or timestamp, bid_price and ask_price of quotes (optional: "
    "symbol, bid_size, ask_size, exchange, bid_exchange, ask_exchange, conditions, tape); a COLUMN "
    "is a name of the header, or a number from 1"
)


def chosen_layout(text: str) -> Layout:
    """Return the layout that a text such as `symbol=ticker,price=last` says.

    Raises:
        InvalidInput: it does not say one; the message says what is wrong with it.
    """
    columns: dict[str, str] = {}
    for pair in text.split(","):
        name, equals, column = (part.strip() for part in pair.partition("="))
        if not (name and equals and column):
            raise InvalidInput(f"{shorten(pair)} is not FIELD=COLUMN")
        if name in columns:
            raise InvalidInput(f"{name} comes twice")
        columns[name] = column.lower()
    kind = Kind.QUOTE if {"bid_price", "ask_price"} & columns.keys() else Kind.TRADE
    needed, optional = FIELDS_OF[kind]
    noun = "quotes" if kind is Kind.QUOTE else "trades"
    for name in columns:
        if name not in {*needed, *optional}:
            raise InvalidInput(f"{shorten(name)} is no field of {noun}")
    missing = [name for name in needed if name not in columns]
    if missing:
        raise InvalidInput(f"{', '.join(missing)} of {noun} is not named")
    return Layout(f"{noun} by --columns", kind, columns, chosen=True)


def shown(columns: Mapping[str, str]) -> str:
    """Return columns by field as `--columns` has them."""
    return ",".join(f"{name}={column}" for name, column in columns.items())
