"""What ccxt resolves its futures with, into the rows of our pipe.

ccxt tells whoever watches by resolving a future, and a symbol that was told twice before the
watcher's turn is told once. Here each telling is heard when it happens: lists of trades, tickers,
maps and lists of them, and order books, of any class of exchange. Knows no loop and no socket.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from feed.sources.exchanges.exchange_clock import ExchangeClock
from feed.sources.exchanges.rows import Row, quote_row, time_of, trade_row
from feed.sources.exchanges.trade_news import TradeNews

TRADES_LIMIT = 10_000  # trades of a symbol in one message, or in what ccxt reads at once
_LEVEL_LENGTH = 2  # price and size; some have more


class Hearing:
    """Hears what is told of some symbols.

    Attributes:
        books: best bids and asks are those of order books, and not those of tickers.
        clock: of the exchange.
        trades, quotes: how many were heard.
    """

    __slots__ = (
        *("_begun", "_exchange", "_lost", "_news", "_tops", "_wanted"),
        *("books", "clock", "quotes", "trades"),
    )

    def __init__(
        self,
        exchange: str,
        symbols: Collection[str],
        told: Mapping[str, str],
        lost: Callable[[str], None],
    ) -> None:
        """Begin.

        Args:
            exchange: as ccxt calls it.
            symbols: all others are left out.
            told: by symbol, the id of the last trade that was told before.
            lost: called with a symbol of which ccxt has dropped trades.
        """
        self.books = False
        self.clock = ExchangeClock()
        self.trades = 0
        self.quotes = 0
        self._exchange = exchange
        self._wanted = frozenset(symbols)
        self._news = TradeNews(told)
        self._tops: dict[str, tuple[object, ...]] = {}
        self._lost = lost
        self._begun: set[str] = set()  # symbols of which trades have come: the first may be old

    def hear(self, told: object, message_hash: object, wall_ns: int) -> list[Row]:
        """Return the rows of what a future is resolved with; none, where it is something else.

        A list of trades is emptied: ccxt would keep them.
        """
        if isinstance(told, Mapping):
            return self._hear_map(told, str(message_hash), wall_ns)
        if isinstance(told, Sequence) and not isinstance(told, str | bytes) and len(told):
            first = told[0]
            if isinstance(first, Mapping):
                if "price" in first and "amount" in first:
                    return self._hear_trades(told, str(message_hash), wall_ns)
                return [row for each in told for row in self.hear(each, "", wall_ns)]
        return []

    def _hear_map(self, told: Mapping[str, Any], message_hash: str, wall_ns: int) -> list[Row]:
        if "bids" in told and "asks" in told:
            return self._hear_book(told, message_hash, wall_ns) if self.books else []
        if "bid" in told and "ask" in told:
            return [] if self.books else self._hear_ticker(told, message_hash, wall_ns)
        return [
            row
            for symbol, each in told.items()
            if symbol in self._wanted and isinstance(each, Mapping)
            for row in self._hear_map(each, "", wall_ns)
        ]

    def _hear_trades(self, trades: Any, message_hash: str, wall_ns: int) -> list[Row]:  # noqa: ANN401 - ccxt's list
        symbol = self._symbol(trades[0].get("symbol"), message_hash)
        if symbol is None:
            return []
        if len(trades) >= TRADES_LIMIT:
            self._lost(symbol)
        came = list(trades)
        if hasattr(trades, "clear"):
            trades.clear()
        news = self._news.of(symbol, came)
        self.trades += len(news)
        if symbol in self._begun:
            for trade in news:
                self.clock.note_trade(trade.get("timestamp"), wall_ns)
        self._begun.add(symbol)
        return [trade_row(trade, symbol, self._exchange, wall_ns) for trade in news]

    def _hear_ticker(self, told: Mapping[str, Any], message_hash: str, wall_ns: int) -> list[Row]:
        symbol = self._symbol(told.get("symbol"), message_hash)
        top = (told["bid"], told.get("bidVolume"), told["ask"], told.get("askVolume"))
        return self._quote(symbol, top, told, wall_ns)

    def _hear_book(self, told: Mapping[str, Any], message_hash: str, wall_ns: int) -> list[Row]:
        symbol = self._symbol(told.get("symbol"), message_hash)
        bids, asks = told["bids"], told["asks"]
        if not (len(bids) and len(asks)):
            return []
        (bid, bid_size), (ask, ask_size) = bids[0][:_LEVEL_LENGTH], asks[0][:_LEVEL_LENGTH]
        return self._quote(symbol, (bid, bid_size, ask, ask_size), told, wall_ns)

    def _quote(
        self,
        symbol: str | None,
        top: tuple[object, object, object, object],
        told: Mapping[str, Any],
        wall_ns: int,
    ) -> list[Row]:
        """Return a quote, where both sides are told, and it is another one than the last."""
        if symbol is None or top[0] is None or top[2] is None or self._tops.get(symbol) == top:
            return []
        self._tops[symbol] = top
        self.quotes += 1
        return [quote_row(symbol, self._exchange, top, time_of(told, self.clock.now_ns(wall_ns)))]

    def _symbol(self, told: object, message_hash: str) -> str | None:
        """Return the symbol that is meant, if it is wanted.

        Coinbase tells BTC/USDC as BTC/USD, and resolves the futures of both.
        """
        if told in self._wanted and type(told) is str:
            return told
        return next((each for each in self._wanted if _is_of(message_hash, each)), None)


def _is_of(message_hash: str, symbol: str) -> bool:
    """Tell whether what a future waits for ends in a symbol, as in `ticker:BTC/USD`."""
    before = message_hash.removesuffix(symbol)
    return 0 < len(before) < len(message_hash) and not before[-1].isalnum()
