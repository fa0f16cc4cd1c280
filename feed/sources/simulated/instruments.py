"""The listing of the simulated market: symbols with names, sectors and a price to begin at.

The familiar ones come from `instruments.csv`, best known first, pairs among them; the rest up to
5,000 are invented companies whose symbols are made of the letters of their names. The list is the
same in every run: `--symbols n` trades its first `n` entries. Knows nothing of how prices move.
"""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from importlib.resources import files
from itertools import chain, combinations, islice
from math import exp2, floor, log10
from threading import Lock
from zlib import crc32

from feed.errors import InvalidParameter, InvalidTick
from feed.market.symbols import SYMBOL_SHAPE, check_symbol
from feed.sources.source import Instrument

MIN_SYMBOLS = 5  # as a number: fewer show neither sectors nor a pair beside shares
MAX_SYMBOLS = 5_000

_CENTS = 2  # decimal places of the price step of shares
_FINENESS = 5  # of that of pairs, below the price's leading digit
EQUITY = "us_equity"
CRYPTO = "crypto"
CRYPTO_SECTOR = "Crypto"

_ACCEPTED = (
    f"a whole number from {MIN_SYMBOLS} to {MAX_SYMBOLS}, or 1 to {MAX_SYMBOLS} different symbols "
    "such as AAPL,MSFT,BTC/USD"
)

# Invented companies: a first word and a line of business. 80 × 80 names, of which 4,669 are used.
_WORDS = """
    Alder Amber Anchor Arbor Atlas Aurora Beacon Birch Blue Bright Canyon Cardinal Cascade Cedar
    Cobalt Compass Copper Coral Crescent Crown Crystal Delta Dover Eagle Echo Elm Ember Everest
    Falcon Fern Flint Frontier Garnet Glacier Granite Grove Gulf Harbor Haven Hawthorn Heron
    Highland Horizon Indigo Iron Ivory Jasper Juniper Keystone Lake Laurel Liberty Lunar Maple
    Meadow Meridian Mesa Mill North Nova Oak Ocean Onyx Orchard Palisade Pearl Pine Prairie
    Quarry Raven Ridge River Sable Sierra Silver Sterling Summit Tidal Vista Willow
"""
_BUSINESSES = {
    "Technology": "Systems Software Devices Networks Semiconductor Analytics Robotics Photonics",
    "Health Care": "Therapeutics Biosciences Medical Genomics Pharma Diagnostics Oncology Care",
    "Financials": "Bancorp Capital Insurance Trust Payments Lending Holdings Partners",
    "Industrials": "Aerospace Logistics Machinery Freight Tools Controls Marine Packaging",
    "Consumer Discretionary": "Apparel Hotels Motors Outfitters Leisure Homes Restaurants Toys",
    "Communication Services": "Media Broadcasting Wireless Studios Games Cable Publishing Radio",
    "Consumer Staples": "Foods Beverages Brands Farms Grocers Household Bakeries Dairy",
    "Energy": "Petroleum Resources Drilling Pipelines Solar Midstream Exploration Refining",
    "Materials": "Mining Chemicals Steel Lumber Minerals Paper Cement Coatings",
    "Real Estate": "Properties Realty Residential Offices Storage Towers Land Lodging",
}
_FIRST_WORDS = _WORDS.split()
_LINES = [(sector, word) for sector, words in _BUSINESSES.items() for word in words.split()]
_STRIDE = 2_837  # coprime to the number of names: neighbours in the list share nothing
_AVOIDED = ("COON", "CRAP", "DOPE", "FART", "HOMO", "RAPE")  # would read as a word, and a rude one


@dataclass(frozen=True, slots=True)
class PricedInstrument:
    """An instrument of the simulated market and the price it begins at.

    Attributes:
        instrument: all but its lot.
        price: in dollars, or in the pair's second currency.
    """

    instrument: Instrument
    price: float

    @property
    def steps(self) -> int:
        """The price steps in one unit of the price."""
        assert self.instrument.price_step is not None
        return round(1 / self.instrument.price_step)


def find_instruments(symbols: int | list[str]) -> list[PricedInstrument]:
    """Return the first instruments, by number, or those with the given symbols in the given order.

    A symbol that is not listed gets a price and a name of its own, always the same.

    Raises:
        InvalidParameter: too few, too many, given twice, or not symbols; names "symbols".
    """
    if isinstance(symbols, int):
        if not MIN_SYMBOLS <= symbols <= MAX_SYMBOLS:
            raise InvalidParameter("symbols", symbols, _ACCEPTED)
        return _LISTING.first(symbols)
    if not 1 <= len(symbols) <= MAX_SYMBOLS:
        raise InvalidParameter("symbols", symbols, _ACCEPTED)
    known = _LISTING.find(symbols)
    found: dict[str, PricedInstrument] = {}
    for symbol in symbols:
        try:
            check_symbol(symbol)
        except InvalidTick:
            raise InvalidParameter("symbols", symbol, SYMBOL_SHAPE) from None
        if symbol in found:
            raise InvalidParameter("symbols", symbol, "every symbol once")
        found[symbol] = known.get(symbol) or _unlisted(symbol)
    return list(found.values())


class _Listing:
    """The whole list, of which as much is made as somebody has asked for.

    To invent all of it takes a tenth of the time in which a server begins.
    """

    __slots__ = ("_lock", "_made", "_rest")

    def __init__(self, entries: Iterator[PricedInstrument]) -> None:
        self._lock = Lock()  # a process may make markets in several threads
        self._made: list[PricedInstrument] = []
        self._rest = entries

    def first(self, count: int) -> list[PricedInstrument]:
        """Return the first entries."""
        with self._lock:
            self._made += islice(self._rest, max(0, count - len(self._made)))
            return self._made[:count]

    def find(self, symbols: Iterable[str]) -> dict[str, PricedInstrument]:
        """Return the entries of those symbols that are listed."""
        missing, found = set(symbols), {}
        with self._lock:
            for priced in chain(list(self._made), self._more()):
                symbol = priced.instrument.symbol
                if symbol in missing:
                    missing.remove(symbol)
                    found[symbol] = priced
                if not missing:
                    break
        return found

    def _more(self) -> Iterator[PricedInstrument]:
        """Make the next ones, for as long as somebody asks."""
        for priced in self._rest:
            self._made.append(priced)
            yield priced


def _entries() -> Iterator[PricedInstrument]:
    """Read the familiar instruments and invent the rest, up to `MAX_SYMBOLS`."""
    familiar = list(_familiar())
    yield from familiar
    taken = {priced.instrument.symbol for priced in familiar} | set(_AVOIDED)
    names = len(_FIRST_WORDS) * len(_LINES)
    for number in range(MAX_SYMBOLS - len(familiar)):
        line, word = divmod(number * _STRIDE % names, len(_FIRST_WORDS))
        sector, business = _LINES[line]
        symbol = next(s for s in _abbreviations(_FIRST_WORDS[word], business) if s not in taken)
        taken.add(symbol)
        draw = crc32(symbol.encode())
        instrument = Instrument(
            symbol=symbol,
            name=f"{_FIRST_WORDS[word]} {business}",
            asset_class=EQUITY,
            sector=sector,
            exchange=("NASDAQ", "NYSE")[draw >> 8 & 1],
        )
        yield _priced(instrument, _invent_price(symbol))


def _familiar() -> Iterator[PricedInstrument]:
    text = (files("feed.sources.simulated") / "instruments.csv").read_text("utf-8")
    for row in csv.DictReader(text.splitlines()):
        pair = "/" in row["symbol"]
        instrument = Instrument(
            symbol=row["symbol"],
            name=row["name"],
            asset_class=CRYPTO if pair else EQUITY,
            sector=row["sector"],
            exchange=row["exchange"],
        )
        yield _priced(instrument, float(row["price"]))


def _abbreviations(first: str, business: str) -> Iterator[str]:
    """Yield four-letter symbols: initial and one more of the first word, two of the business."""
    for head in first[1:]:
        for tail in combinations(business, 2):
            yield f"{first[0]}{head}{tail[0]}{tail[1]}".upper()


def _unlisted(symbol: str) -> PricedInstrument:
    """Make an instrument for a symbol that is not listed."""
    pair = "/" in symbol
    instrument = Instrument(
        symbol=symbol,
        name=symbol.replace("/", " / ") if pair else symbol,
        asset_class=CRYPTO if pair else EQUITY,
        sector=CRYPTO_SECTOR if pair else "",
        exchange="CRYPTO" if pair else "NASDAQ",
    )
    return _priced(instrument, _invent_price(symbol))


def _priced(instrument: Instrument, price: float) -> PricedInstrument:
    """Add the price, and all that follows from it."""
    _, pair, currency = instrument.symbol.rpartition("/")
    decimals = max(0, _FINENESS - floor(log10(price))) if pair else _CENTS
    known = replace(
        instrument, currency=currency if pair else "USD", price_step=float(f"1e-{decimals}")
    )
    return PricedInstrument(known, price)


def _invent_price(symbol: str) -> float:
    """Draw a price between 4 and 256 from the symbol itself, every doubling equally likely."""
    doublings = 6 * crc32(symbol.encode()) / 2**32
    return round(4 * exp2(doublings), 2)


_LISTING = _Listing(_entries())
