"""Records of a table into ticks, by its layout: of a CSV as texts, of Parquet as values.

Knows no file, no line number and no order of rows, and does no I/O. A reader lives for one pass
over a recording.
"""

from collections.abc import Callable, Sequence
from functools import partial
from operator import itemgetter

from feed.errors import InvalidTick
from feed.market.ticks import Kind, Quote, Tick, Trade
from feed.sources.replay.formats.cells import (
    NUMBER,
    Cell,
    conditions,
    decimal,
    event_time,
    is_no_price,
    side_of_maker,
    taker_side,
    text,
)
from feed.sources.replay.formats.layout import ACTION, Layout
from feed.sources.replay.formats.vendors import (
    QUOTE_COLUMNS,
    TRADE_COLUMNS,
    is_number,
    layout_of,
)
from feed.sources.replay.listing import Listings

Record = Sequence[Cell]
_BETWEEN_FILES = '" \t\r\0\ufeff'  # the end of a cell in quotes, padding, a byte order mark
_NAMES = sorted({*TRADE_COLUMNS, *QUOTE_COLUMNS, "exchange", "id", "side"}, key=len, reverse=True)
_TRADE_FIELDS = ("symbol", "timestamp", "price", "size")
_MORE_TRADE_FIELDS = ("exchange", "id", "side", "conditions", "tape")
_QUOTE_FIELDS = ("symbol", "timestamp", "bid_price", "bid_size", "ask_price", "ask_size")
_MORE_QUOTE_FIELDS = ("exchange", "bid_exchange", "ask_exchange", "conditions", "tape")


def column_names(header: Sequence[str]) -> list[str]:
    """Return the names of a header as layouts have them: in small letters."""
    return [name.strip().lower() for name in header]


class RecordReader:
    """Records of one table of trades or quotes into ticks.

    Other columns are ignored, the moment of capture among them: a replay keeps event times.

    Attributes:
        layout: of the table.
        listings: of the pass.
        read: makes a tick of a record.

    Raises:
                InvalidTick: it has another number of cells, or one that is not accepted.
    """

    __slots__ = (
        "_beyond",
        "_first_names",
        "_names",
        "_pick",
        "_sides",
        "_tapes",
        "_width",
        "layout",
        "listings",
        "read",
    )

    bars_announced = False  # a table holds trades or quotes

    def __init__(
        self,
        header: Sequence[str],
        listings: Listings | None = None,
        *,
        layout: Layout | None = None,
        symbol: str | None = None,
    ) -> None:
        """Find the columns; their names may be in capitals.

        Args:
            header: the names of the columns.
            listings: of the pass; None: it begins here.
            layout: of the table; None: it is told by the names.
            symbol: of all rows, where no column names one.

        Raises:
            InvalidInput: the columns are of no known layout, or a column comes twice.
        """
        names = column_names(header)
        self.layout = layout = layout_of(names) if layout is None else layout
        layout.check(names)
        self.listings = Listings() if listings is None else listings
        self._names = names
        self._width = len(names)
        self._tapes = layout.tapes
        self._sides = {"": ""}  # those that came, as ticks have them
        # The names that the header of another file may begin with; ours is the most likely one.
        self._first_names = [name for name in (names[0] if names else "", *_NAMES) if name]
        # Behind the cells of a record stand the values that no column gives.
        self._beyond: list[Cell] = ["", layout.exchange, symbol or ""]
        read = self._trade if layout.kind is Kind.TRADE else self._quote
        self.read: Callable[[Record], Tick] = read
        fields = [field for _, field in self._fields(layout)]
        self._pick: Callable[[list[Cell]], tuple[Cell, ...]] = itemgetter(*fields)
        if layout.trades is not None:
            trades = RecordReader(header, self.listings, layout=layout.trades, symbol=symbol)
            self.read = partial(self._either, trades.read, names.index(ACTION))

    def time_of(self, record: Record) -> int:
        """Return the time of a record.

        Raises:
            InvalidTick: it has none.
        """
        layout = self.layout
        time = self._cells(record)[_TRADE_FIELDS.index("timestamp")]
        return event_time(layout.columns["timestamp"], time, layout.unit_ns)

    def parted(self, record: list[str]) -> tuple[list[str], list[str]]:
        """Part a line that is not accepted into a record and a header; [] is for none.

        A file that ends without a line break runs into the header of the next one: its last cell
        into the name of a column. Numbers are no names.
        """
        if not any(map(is_number, record)):
            return [], record
        *before, seam = record[: self._width]
        if len(record) > self._width:
            for name in self._first_names:
                if seam.lower().endswith(name):
                    last = seam[: -len(name)].rstrip(_BETWEEN_FILES)
                    return [*before, last], [name, *record[self._width :]]
        return [], []

    def columns(self) -> dict[str, str]:
        """Return the columns that are read, by field, in the order of a tick's fields."""
        return {
            name: self._names[place]
            for name, place in self._fields(self.layout)
            if place < self._width
        }

    def _fields(self, layout: Layout) -> list[tuple[str, int]]:
        """Return each field with the place of its cell; one that is not there is an empty cell."""
        fields = (
            (*_TRADE_FIELDS, *_MORE_TRADE_FIELDS)
            if layout.kind is Kind.TRADE
            else (*_QUOTE_FIELDS, *_MORE_QUOTE_FIELDS)
        )
        usual = {"exchange": self._width + 1, "symbol": self._width + 2}
        names, columns = self._names, layout.columns
        return [
            (
                name,
                names.index(columns[name])
                if columns.get(name) in names
                else usual.get(name, self._width),
            )
            for name in fields
        ]

    def _cells(self, record: Record) -> tuple[Cell, ...]:
        if len(record) != self._width:
            raise InvalidTick(f"{len(record)} cells where the header has {self._width}")
        return self._pick([*record, *self._beyond])

    def _either(self, trade: Callable[[Record], Tick], action: int, record: Record) -> Tick:
        if len(record) > action and record[action] == "T":
            return trade(record)
        return self._quote(record)

    def _trade(self, record: Record) -> Trade:
        symbol, time, price_cell, amount, exchange, trade_id, side, words, tape = self._cells(
            record
        )
        layout, columns = self.layout, self.layout.columns
        price = layout.price(columns["price"], price_cell, NUMBER)
        size = decimal(columns["size"], amount, 0.0)
        event_ns = event_time(columns["timestamp"], time, layout.unit_ns)
        word = side if type(side) is str else text(side)
        taker = self._sides.get(word)
        if taker is None:
            taker = (side_of_maker if layout.by_maker else taker_side)(columns["side"], word)
            self._sides[word] = taker
        venue = text(exchange)
        listing = self.listings.find(symbol if type(symbol) is str else text(symbol), venue)
        number, exact_id = listing.trade_id(trade_id)
        return Trade(
            listing.symbol,
            number,
            venue,
            price,
            size,
            event_ns,
            conditions(words) if words else (),
            self._tape(tape) if tape != "" else "",
            taker,
            exact_id,
        )

    def _quote(self, record: Record) -> Quote:
        symbol, time, bid, bid_size, ask, ask_size, exchange, bidder, asker, words, tape = (
            self._cells(record)
        )
        bid_price, bid_amount = self._side("bid", bid, bid_size)
        ask_price, ask_amount = self._side("ask", ask, ask_size)
        event_ns = event_time(self.layout.columns["timestamp"], time, self.layout.unit_ns)
        bid_venue, ask_venue = text(bidder or exchange), text(asker or exchange)
        listed = self.listings.find(symbol if type(symbol) is str else text(symbol), bid_venue)
        return Quote(
            listed.symbol,
            bid_venue,
            bid_price,
            bid_amount,
            ask_venue,
            ask_price,
            ask_amount,
            event_ns,
            conditions(words) if words else (),
            self._tape(tape) if tape != "" else "",
        )

    def _side(self, name: str, price: Cell, amount: Cell) -> tuple[float, float]:
        """Return price and size of one side; an empty side is two zeros."""
        layout = self.layout
        size_column = layout.columns.get(f"{name}_size")
        if is_no_price(price) and (size_column is None or not amount or amount == "0"):
            return 0.0, 0.0
        number = layout.price(layout.columns[f"{name}_price"], price, NUMBER)
        if size_column is None or size_column not in self._names:
            return number, 0.0
        return number, decimal(size_column, amount, 0.0)

    def _tape(self, cell: Cell) -> str:
        word = text(cell)
        return self._tapes.get(word, word)
