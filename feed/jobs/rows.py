"""Rows: events as tables have them, with names of fields in place of the letters of the wire."""

from collections.abc import Collection, Mapping
from typing import Any

from feed.market.ticks import CHANNEL_OF_KIND, KIND_OF_CHANNEL, Channel, Kind
from feed.wire.letters import names_by_letter

POSITION, CHANNEL, SYMBOL, TIME = "pos", "channel", "symbol", "time"
DAY_BARS = "dailyBars"  # the channel that bars of days have in rows
_LISTS = "conditions"
_WHOLE = frozenset({"trade_id", "trade_count"})
_NUMBERS = frozenset(
    (
        *("price", "size", "bid_price", "bid_size", "ask_price", "ask_size"),
        *("open", "high", "low", "close", "volume", "vwap"),
    )
)
# Of conflated trades, which neither the ring nor a recording has.
_CONFLATED = frozenset({"first_trade_id", "first_exact_id", "high", "low", "volume", "vwap"})
_T, _S, _TIME = "T", "S", "t"
_DAY = "d"


def columns_of(channels: Collection[Channel], *, positions: bool) -> dict[str, str]:
    """Return the columns of rows of some channels, with their types, in order.

    A type is `text`, `whole`, `number`, `time` or `texts`.

    Args:
        channels: whose fields there are.
        positions: whether events have positions.
    """
    columns = {POSITION: "text"} if positions else {}
    columns |= {CHANNEL: "text", SYMBOL: "text", TIME: "time"}
    for channel in channels:
        for name in _names(KIND_OF_CHANNEL[channel]).values():
            columns[name] = _type_of(name)
    return columns


class Rows:
    """Makes rows of events in JSON; a row has a value for each column, None where there is none."""

    def __init__(self, columns: Collection[str]) -> None:
        self._places = {name: place for place, name in enumerate(columns)}
        self._kinds: dict[str, tuple[str, list[tuple[str, int]]]] = {}
        for kind in Kind:
            placed = self._placed(_names(kind))
            self._kinds[kind.value] = CHANNEL_OF_KIND[kind].value, placed
        self._kinds[_DAY] = DAY_BARS, self._kinds[Kind.BAR.value][1]

    def row(self, fields: Mapping[str, Any], position: str = "") -> list[Any]:
        """Return the row of an event, by its fields on the wire."""
        channel, letters = self._kinds[fields[_T]]
        places = self._places
        row: list[Any] = [None] * len(places)
        if position:
            row[places[POSITION]] = position
        row[places[CHANNEL]] = channel
        row[places[SYMBOL]] = fields[_S]
        row[places[TIME]] = fields[_TIME]
        for letter, place in letters:
            row[place] = fields.get(letter)
        return row

    def _placed(self, names: Mapping[str, str]) -> list[tuple[str, int]]:
        places = self._places
        return [(letter, places[name]) for letter, name in names.items() if name in places]


def _names(kind: Kind) -> dict[str, str]:
    """Return the fields of a kind by their letters, but for those that all kinds have."""
    left_out = _CONFLATED | {"trade_count"} if kind is Kind.TRADE else frozenset()
    return {
        letter: name
        for letter, name in names_by_letter(kind).items()
        if letter not in {_S, _TIME} and name not in left_out
    }


def _type_of(name: str) -> str:
    if name == _LISTS:
        return "texts"
    if name in _WHOLE:
        return "whole"
    return "number" if name in _NUMBERS else "text"
