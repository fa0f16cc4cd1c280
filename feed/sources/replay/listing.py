"""The symbols of one pass over a recording: each checked once and kept once.

So equal symbols of a recording are one object in the ring, and instruments are known as they come.
Knows nothing of rows, files or prices.
"""

from dataclasses import dataclass

from feed.errors import InvalidTick, shorten
from feed.market.symbols import check_symbol
from feed.sources.source import Instrument

MAX_TRADE_ID = (1 << 63) - 1  # the largest signed 64-bit integer, for every codec
_MAX_TRADE_ID_DIGITS = 19

# The first word of the names that crypto exchanges have in recordings ("binance-futures"); CBSE is
# Coinbase in the dialect. A pair with a slash differs from a share by that.
_CRYPTO_VENUES = frozenset(
    (
        *("ascendex", "binance", "bitfinex", "bitflyer", "bitget", "bithumb", "bitmex"),
        *("bitnomial", "bitstamp", "blockchain", "bybit", "cbse", "coinbase", "coinflex"),
        *("crypto", "cryptofacilities", "delta", "deribit", "dydx", "ftx", "gate", "gateio"),
        *("gemini", "hitbtc", "huobi", "hyperliquid", "kraken", "kucoin", "mexc", "okcoin"),
        *("okex", "okx", "phemex", "poloniex", "serum", "upbit", "woo"),
    )
)


def instrument_of(symbol: str, exchange: str) -> Instrument:
    """Make an instrument of a symbol and an exchange of a recording.

    A single letter is where one trade happened (a tape's code), not where the symbol is listed.
    """
    crypto = "/" in symbol or exchange.lower().partition("-")[0] in _CRYPTO_VENUES
    return Instrument(
        symbol=symbol,
        name=symbol,
        asset_class="crypto" if crypto else "us_equity",
        exchange=exchange if len(exchange) > 1 else "",
    )


@dataclass(slots=True)
class Listing:
    """One symbol, and the largest trade id that it had so far."""

    symbol: str
    largest_trade_id: int = 0

    def trade_id(self, value: object) -> int:
        """Return a trade's id as an integer; where there is none, the largest so far plus one.

        A recording without ids so numbers the trades of each symbol 1, 2, 3 … An id that does not
        grow is kept: feeds repeat and correct trades, and exchanges that share a symbol number
        theirs apart; the event time alone decides about order.

        Raises:
            InvalidTick: the value is neither an integer of 0 or more nor a text of one.
        """
        if value is None or value == "":
            value = self.largest_trade_id + 1
        elif (
            type(value) is str
            and value.isdigit()
            and value.isascii()
            and len(value) <= _MAX_TRADE_ID_DIGITS  # int() of millions of digits would take long
        ):
            value = int(value)
        if type(value) is not int or not 0 <= value <= MAX_TRADE_ID:
            raise InvalidTick(
                f"trade id {shorten(value)} is not accepted; accepted: an integer from 0 to "
                f"{MAX_TRADE_ID}, or none"
            )
        self.largest_trade_id = max(self.largest_trade_id, value)
        return value


class Listings:
    """The symbols of one pass, in the order of their first rows."""

    __slots__ = ("_by_symbol", "instruments")

    def __init__(self) -> None:
        self._by_symbol: dict[str, Listing] = {}
        self.instruments: list[Instrument] = []  # only grows

    def find(self, symbol: object, exchange: str = "") -> Listing:
        """Return the listing of a symbol; its first row makes it.

        Raises:
            InvalidTick: the value is not a symbol.
        """
        if type(symbol) is str and (listing := self._by_symbol.get(symbol)) is not None:
            return listing
        checked = check_symbol(symbol)
        self.instruments.append(instrument_of(checked, exchange))
        listing = self._by_symbol[checked] = Listing(checked)
        return listing
