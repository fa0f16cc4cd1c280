"""Records of a CSV into ticks.

Knows the columns of a CSV and the values of each. Knows no file, no line number and no order of
rows, and does no I/O. A reader lives for one pass over a recording.
"""

from collections.abc import Callable, Sequence
from math import inf
from operator import itemgetter
from sys import intern

from feed.errors import InvalidInput, InvalidTick, shorten
from feed.market.ticks import Quote, Tick, Trade
from feed.sources.replay.event_time import csv_time_ns
from feed.sources.replay.listing import Listings
from feed.sources.replay.object_rows import at_least, taker_side_of

TRADE_COLUMNS = ("symbol", "timestamp", "price", "amount")
OPTIONAL_TRADE_COLUMNS = ("exchange", "id", "side")
QUOTE_COLUMNS = ("symbol", "timestamp", "bid_price", "bid_amount", "ask_price", "ask_amount")
OPTIONAL_QUOTE_COLUMNS = ("exchange",)
_NAMES = sorted(
    {*TRADE_COLUMNS, *OPTIONAL_TRADE_COLUMNS, *QUOTE_COLUMNS, *OPTIONAL_QUOTE_COLUMNS},
    key=len,
    reverse=True,
)
_BETWEEN_FILES = '" \t\r\0\ufeff'  # the end of a cell in quotes, padding, a byte order mark
CSV_SHAPE = (
    f"a header with the columns {', '.join(TRADE_COLUMNS)} for trades "
    f"(optional: {', '.join(OPTIONAL_TRADE_COLUMNS)}), or {', '.join(QUOTE_COLUMNS)} for quotes "
    f"(optional: {', '.join(OPTIONAL_QUOTE_COLUMNS)}), in any order"
)


class RecordReader:
    """Records of one CSV of trades or quotes into ticks; its header names the columns.

    Other columns are ignored, `local_timestamp` among them: a replay keeps event times, and the
    moment of capture is not one.
    """

    __slots__ = ("_first_names", "_pick", "_width", "listings", "read")

    bars_announced = False  # a CSV holds trades or quotes

    def __init__(self, header: Sequence[str], listings: Listings | None = None) -> None:
        """Find the columns; their names may be in capitals.

        Args:
            header: the names of the columns.
            listings: of the pass; None: it begins here.

        Raises:
            InvalidInput: a column is missing or comes twice, or the columns are those of both.
        """
        names = [name.strip().lower() for name in header]
        trades = set(names).issuperset(TRADE_COLUMNS)
        if trades == set(names).issuperset(QUOTE_COLUMNS):
            found = "both trades and quotes" if trades else "neither trades nor quotes"
            raise InvalidInput(
                f"the columns {shorten(','.join(header))} are those of {found}; "
                f"accepted: {CSV_SHAPE}"
            )
        columns = (
            (*TRADE_COLUMNS, *OPTIONAL_TRADE_COLUMNS)
            if trades
            else (*QUOTE_COLUMNS, *OPTIONAL_QUOTE_COLUMNS)
        )
        for name in columns:
            if names.count(name) > 1:
                raise InvalidInput(f"the column {name} comes twice; accepted: {CSV_SHAPE}")
        self.listings = Listings() if listings is None else listings
        self.read: Callable[[list[str]], Tick] = self._trade if trades else self._quote
        self._width = len(names)
        # The names that the header of another file may begin with; ours is the most likely one.
        self._first_names = [name for name in (names[0], *_NAMES) if name]
        # A column that is not there is read from the empty cell that `_cells` appends.
        places = [names.index(name) if name in names else self._width for name in columns]
        self._pick: Callable[[list[str]], tuple[str, ...]] = itemgetter(*places)

    def parted(self, record: list[str]) -> tuple[list[str], list[str]]:
        """Part a line that is not accepted into a record and a header; [] is for none.

        A file that ends without a line break runs into the header of the next one: its last cell
        into the name of a column. Numbers are no names.
        """
        if not any(map(_is_number, record)):
            return [], record
        *before, seam = record[: self._width]
        if len(record) > self._width:
            for name in self._first_names:
                if seam.lower().endswith(name):
                    last = seam[: -len(name)].rstrip(_BETWEEN_FILES)
                    return [*before, last], [name, *record[self._width :]]
        return [], []

    def _cells(self, record: list[str]) -> tuple[str, ...]:
        if len(record) != self._width:
            raise InvalidTick(f"{len(record)} cells where the header has {self._width}")
        return self._pick([*record, ""])

    def _trade(self, record: list[str]) -> Trade:
        symbol, timestamp, price_text, amount, exchange, trade_id, side = self._cells(record)
        price = _cell_number("price", price_text, -inf)
        size = _cell_number("amount", amount)
        event_ns = csv_time_ns(timestamp)
        taker_side = taker_side_of("side", side)
        listing = self.listings.find(symbol, exchange)
        number, exact_id = listing.trade_id(trade_id)
        venue = intern(exchange)
        return Trade(
            listing.symbol,
            number,
            venue,
            price,
            size,
            event_ns,
            taker_side=taker_side,
            exact_id=exact_id,
        )

    def _quote(self, record: list[str]) -> Quote:
        symbol, timestamp, bid, bid_amount, ask, ask_amount, exchange = self._cells(record)
        bid_price, bid_size = _side("bid", bid, bid_amount)
        ask_price, ask_size = _side("ask", ask, ask_amount)
        event_ns = csv_time_ns(timestamp)
        venue = intern(exchange)
        listed = self.listings.find(symbol, exchange).symbol
        return Quote(listed, venue, bid_price, bid_size, venue, ask_price, ask_size, event_ns)


def _side(name: str, price: str, amount: str) -> tuple[float, float]:
    """Return price and size of one side; an empty side, with both cells empty, is two zeros."""
    if not price and not amount:
        return 0.0, 0.0
    return _cell_number(f"{name}_price", price, -inf), _cell_number(f"{name}_amount", amount)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _cell_number(column: str, text: str, least: float = 0.0) -> float:
    """Return a cell's number exactly as `float` reads it: finite, and at least `least`."""
    try:
        value = float(text)
    except ValueError:
        value = inf
    # float() also reads nan, inf, 1_000 and the digits of other scripts.
    if not least <= value < inf or value == -inf or "_" in text or not text.isascii():
        raise InvalidTick(f"{column} {shorten(text)} is not accepted; accepted: {at_least(least)}")
    return value
