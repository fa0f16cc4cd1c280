"""Which of the trades that an exchange tells are news.

Exchanges tell their last trades once more whenever somebody subscribes, which is after each
reconnect. Knows neither ccxt nor rows.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

REMEMBERED = 2_000  # ids of a symbol; exchanges repeat 1,000 trades at most

Row = Mapping[str, Any]  # a trade as ccxt has it


class TradeNews:
    """What was told of each symbol.

    Of the first trades of a symbol only the newest is news: those before it happened when nobody
    watched, and whoever watches begins somewhere. Where an earlier program has told some, all
    behind its last one are. From then on each trade is, once; those without an id always are.
    """

    __slots__ = ("_known", "_last_before")

    def __init__(self, told: Mapping[str, str]) -> None:
        """Begin; `told` has the id of the last trade of each symbol that was told before."""
        self._last_before = dict(told)
        self._known: dict[str, _Remembered] = {}

    def of(self, symbol: str, trades: Iterable[Row]) -> list[Row]:
        """Return those of some trades of one symbol, the oldest first, that are news."""
        known = self._known.get(symbol)
        if known is not None:
            return [trade for trade in trades if known.add(trade.get("id"))]
        remembered = self._known[symbol] = _Remembered()
        first = [trade for trade in trades if remembered.add(trade.get("id"))]
        if not first:
            del self._known[symbol]
            return first
        last = self._last_before.pop(symbol, None)
        if last is None:
            return first[-1:]
        remembered.add(last)
        ids = [str(trade.get("id")) for trade in first]
        return first[ids.index(last) + 1 :] if last in ids else first


class _Remembered:
    """The last ids of one symbol."""

    __slots__ = ("_ids", "_order")

    def __init__(self) -> None:
        self._ids: set[str] = set()
        self._order: deque[str] = deque()

    def add(self, value: object) -> bool:
        """Remember an id; tell whether it is new, as one that is missing always is."""
        if value is None or value == "":
            return True
        text = str(value)
        if text in self._ids:
            return False
        self._ids.add(text)
        self._order.append(text)
        if len(self._order) > REMEMBERED:
            self._ids.discard(self._order.popleft())
        return True
