"""The symbols of one pass over a recording: each checked once and kept once.

So equal symbols of a recording are one object in the ring, and instruments are known as they come.
Knows nothing of rows, files or prices.
"""

from dataclasses import dataclass, replace

from feed.errors import InvalidTick, shorten
from feed.market.symbols import check_symbol
from feed.market.tick_rules import MAX_TRADE_ID_LENGTH
from feed.sources.source import Instrument

MAX_TRADE_ID = (1 << 63) - 1  # the largest signed 64-bit integer, for every codec
_EXACT_DIGITS = 16  # a number of fewer digits is exact
MAX_EXACT_ID = (1 << 53) - 1  # the largest that every JSON parser keeps

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

    A single letter is where one trade happened (a tape's code), and so is a number (a vendor's);
    that is not where the symbol is listed. Massive writes pairs of coins as X:BTCUSD.
    """
    pair = "/" in symbol or symbol.startswith("X:")
    crypto = pair or exchange.lower().partition("-")[0] in _CRYPTO_VENUES
    return Instrument(
        symbol=symbol,
        name=symbol,
        asset_class="crypto" if crypto else "us_equity",
        exchange=exchange if len(exchange) > 1 and not exchange.isdigit() else "",
    )


@dataclass(slots=True)
class Listing:
    """One symbol, and the largest trade id that it had so far."""

    symbol: str
    largest_trade_id: int = 0

    def trade_id(self, value: object, exact: object = None) -> tuple[int, str]:
        """Return a trade's id as an integer, and as text where that does not say it exactly.

        An id may be any text or number. Where it is no integer of 63 bits, or there is none, the
        integer is a number of our own: the largest so far plus one. A recording without ids so
        numbers the trades of each symbol 1, 2, 3 … An id that does not grow is kept: feeds repeat
        and correct trades, and exchanges that share a symbol number theirs apart.

        Args:
            value: the id as the recording has it, or None.
            exact: its exact text, if the recording has that beside it.

        Raises:
            InvalidTick: the value is neither a number nor a text, or too long.
        """
        if type(value) is int and 0 <= value <= MAX_EXACT_ID:
            number, text = value, ""
        elif type(value) is str and len(value) < _EXACT_DIGITS and _is_number(value):
            number, text = int(value), ""
        else:
            number, text = self._number(value)
        if type(exact) is str and exact:
            text = _checked(exact)
        self.note_id(number)
        return number, text

    def note_id(self, number: int) -> None:
        """Note that a trade has an id, so that numbers of our own go on behind it."""
        self.largest_trade_id = max(self.largest_trade_id, number)

    def _number(self, value: object) -> tuple[int, str]:
        """Return the two for any value but a small integer."""
        own = min(self.largest_trade_id + 1, MAX_TRADE_ID)
        if value is None or value == "":
            return own, ""
        if type(value) is int or type(value) is float:
            value = str(value)
        text = _checked(value)
        digits = text.removeprefix("-")
        if not (digits.isdigit() and digits.isascii()):
            return own, text
        number = int(text)
        if not -MAX_TRADE_ID <= number <= MAX_TRADE_ID:
            return own, text
        is_exact = abs(number) <= MAX_EXACT_ID and str(number) == text
        return number, "" if is_exact else text


def _is_number(text: str) -> bool:
    """Tell whether a text is a number as Python writes one, but for zero."""
    return text.isdigit() and text.isascii() and text[0] != "0"


def _checked(value: object) -> str:
    if type(value) is not str or len(value) > MAX_TRADE_ID_LENGTH:
        raise InvalidTick(
            f"trade id {shorten(value)} is not accepted; accepted: a number, a text of at most "
            f"{MAX_TRADE_ID_LENGTH} characters, or none"
        )
    return value


class Listings:
    """The symbols of one pass, in the order of their first rows."""

    __slots__ = ("_by_symbol", "instruments")

    def __init__(self) -> None:
        self._by_symbol: dict[str, Listing] = {}
        self.instruments: list[Instrument] = []  # only grows; what is told last of one holds

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

    def recall(self, symbol: str, exchange: str, largest_trade_id: int) -> Instrument:
        """List a symbol that an earlier process told of; numbers of our own go on behind its ids.

        Args:
            symbol: that was told.
            exchange: of its newest trade, if any.
            largest_trade_id: that it had.
        """
        known = len(self.instruments)
        listing = self.find(symbol, exchange)
        listing.largest_trade_id = max(listing.largest_trade_id, largest_trade_id)
        assert len(self.instruments) > known, "it is recalled before anything is listed"
        return self.instruments[-1]

    def describe(self, told: Instrument) -> None:
        """Take what somebody tells of a symbol; of the rest goes what its form shows."""
        known = instrument_of(told.symbol, told.exchange)
        self._by_symbol.setdefault(told.symbol, Listing(told.symbol))
        self.instruments.append(
            replace(
                told,
                name=told.name or known.name,
                asset_class=told.asset_class or known.asset_class,
            )
        )
