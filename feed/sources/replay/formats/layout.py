"""A layout: the columns of a table that give fields of ticks, and how its values are written."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from feed.errors import InvalidInput, SourceError, shorten
from feed.market.symbols import is_symbol
from feed.market.ticks import Kind
from feed.sources.replay.files.packed import stem_of
from feed.sources.replay.formats import cells

# The fields that a column may give, by the names that `--columns` has for them.
TRADE_FIELDS = ("timestamp", "price", "size")
OPTIONAL_TRADE_FIELDS = ("symbol", "id", "side", "exchange", "conditions", "tape")
QUOTE_FIELDS = ("timestamp", "bid_price", "ask_price")
OPTIONAL_QUOTE_FIELDS = (
    *("symbol", "bid_size", "ask_size", "exchange", "bid_exchange", "ask_exchange"),
    *("conditions", "tape"),
)
ACTION = "action"  # the column that says whether a row is a trade, where a table has both
FIELDS_OF = {
    Kind.TRADE: (TRADE_FIELDS, OPTIONAL_TRADE_FIELDS),
    Kind.QUOTE: (QUOTE_FIELDS, OPTIONAL_QUOTE_FIELDS),
}


@dataclass(frozen=True, slots=True)
class Layout:
    """One kind of table.

    Attributes:
        words: what it holds and whose it is: "trades of Tardis".
        kind: of its ticks: trades or quotes.
        columns: the column of each field; those of `needed` and of fields that a tick cannot be
            without have to be there.
        needed: columns by which it is recognised, besides.
        without: columns that it does not have, where another layout has all of its columns.
        unit_ns: the unit of times that are numbers; None: told by their magnitude.
        price: reads prices.
        by_maker: its side says whether the buyer was the maker.
        tapes: the letters of its tapes, where it has others.
        exchange: of all rows, where no column has one.
        symbol_in_name: the symbol in the name of the file, as the group of an expression.
        trades: the layout of those rows whose action is a trade, where a table has both.
        by_symbol: its rows are in the order of their symbols, and only then of their times.
        chosen: by a user, so that whatever it names has to be there.
    """

    words: str
    kind: Kind
    columns: Mapping[str, str]
    needed: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()
    unit_ns: int | None = None
    price: cells.Number = cells.decimal
    by_maker: bool = False
    tapes: Mapping[str, str] = field(default_factory=dict)
    exchange: str = ""
    symbol_in_name: re.Pattern[str] | None = None
    trades: Self | None = None
    by_symbol: bool = False
    chosen: bool = False

    def is_of(self, names: Sequence[str]) -> bool:
        """Tell whether a table with these columns is of this layout."""
        known = set(names)
        return (
            all(self.columns.get(each) in known for each in FIELDS_OF[self.kind][0])
            and known.issuperset(self.columns.values() if self.chosen else self.needed)
            and known.isdisjoint(self.without)
        )

    def used_columns(self) -> set[str]:
        """Return the columns that its ticks are made of, as far as they are there."""
        used = set(self.columns.values())
        if self.trades is not None:
            used |= {ACTION, *self.trades.columns.values()}
        return used

    def check(self, names: Sequence[str]) -> None:
        """See that each of its columns is there once.

        Raises:
            InvalidInput: one comes twice.
        """
        for column in self.columns.values():
            if names.count(column) > 1:
                raise InvalidInput(f"the column {shorten(column)} comes twice; accepted: once")

    def symbol_of(self, names: Sequence[str], given: str, place: str, name: str) -> str | None:
        """Return the symbol of all rows; None: each row names its own.

        Args:
            names: of the table's columns.
            given: that the user has said, or "".
            place: the file, for the complaint.
            name: of the file.

        Raises:
            SourceError: nobody names it, or both the user and the rows do.
        """
        if self.columns.get("symbol") in names:
            if given:
                raise SourceError(
                    f"{place}: its column {self.columns['symbol']} names the symbols; accepted: "
                    "--symbol only for files that name none"
                )
            return None
        if given:
            return given
        if self.symbol_in_name is not None:
            found = self.symbol_in_name.match(stem_of(name))
            if found is not None and is_symbol(found[1]):
                return found[1]
        raise SourceError(
            f"{place}: neither its columns nor its name tell a symbol; accepted: --symbol"
        )
