"""One symbol of the simulated market: its fair value, its best bid and ask, its trades.

Theory of operation: the logarithm of the fair value is the sum of three walks: the market's, the
sector's (each times the symbol's own beta) and its own. A quote puts bid and ask around the fair
value; a trade happens at one of them, or sometimes between, and at the ask the more likely the
nearer the fair value is to it. So trades lead quotes, and on average they are fair. Prices are
whole numbers of price steps until a tick is made, so no price is ever off the grid.

Knows no clock: it is told the time. Knows neither which symbol comes next (`market.py`) nor the
details of shares (`shares.py`) and pairs (`pairs.py`).
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import exp, floor
from random import Random
from typing import Any

from feed.market.ticks import SECOND_NS, Quote, Trade
from feed.sources.simulated.instruments import PricedInstrument
from feed.sources.simulated.walk import Walk

# Own volatility a day; the parts of the market and the sector are in market.py.
_OWN_VOLATILITY = {"Crypto": 0.026, "Funds": 0.003, "Utilities": 0.008, "Consumer Staples": 0.008}
_DEFAULT_OWN_VOLATILITY = 0.014

# How many trades follow a quote: 47 % of all ticks are trades in calm times, 56 % in busy ones.
_CALM_TRADES = (0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2, 4)
_BUSY_TRADES = (0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2, 3, 3, 4)
_BUSY_TURBULENCE = 2.0
CALM_TRADE_SHARE = sum(_CALM_TRADES) / (sum(_CALM_TRADES) + len(_CALM_TRADES))  # of ticks

_SPREAD = 0.5e-4  # of the price, for the busiest symbol; the 5,000th has 24 times as much


@dataclass(slots=True)
class Mood:
    """The agitation of a part of the market; shared by its books and changed in place.

    Attributes:
        heat: 0 when calm; 1 doubles volatility and spreads.
    """

    heat: float = 0.0


CALM = Mood()  # never changed


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The surroundings that a book shares with others.

    Attributes:
        market: the walk that all books follow.
        sector: the walk that the books of its sector follow.
        session: the mood of the exchanges' trading hours.
        random: the market's one generator.
        start_ns: event time of the first moment.
    """

    market: Walk
    sector: Walk
    session: Mood
    random: Random
    start_ns: int


@dataclass(frozen=True, slots=True)
class Nature:
    """What a book is, and will be: all of it that does not change with time.

    Attributes:
        symbol: its symbol.
        home: where its fair value begins, in price steps.
        steps: price steps in one unit of the price.
        width: of its spread, in price steps.
        beta: its share of the market's walk.
        sector_beta: its share of its sector's.
        deviation: of its own walk, in one second.
        sizes: of its trades, equally likely.
    """

    symbol: str
    home: float
    steps: int
    width: float
    beta: float
    sector_beta: float
    deviation: float
    sizes: tuple[float, ...]


class Book(ABC):
    """The worth of one symbol and its quotes; the base of shares and pairs."""

    __slots__ = (
        "_ask",
        "_beta",
        "_bid",
        "_bits",
        "_fair",
        "_home",
        "_market",
        "_moved_ns",
        "_sector",
        "_sector_beta",
        "_session",
        "_start_ns",
        "_steps",
        "_trade_id",
        "_uniform",
        "_width",
        "halted",
        "news",
        "own",
        "symbol",
    )

    def __init__(
        self,
        priced: PricedInstrument,
        *,
        rank: int,
        steps: int,
        session: Mood,
        around: Surroundings,
    ) -> None:
        """Begin near the instrument's price.

        Args:
            priced: symbol, sector and price.
            rank: the number of busier symbols; quiet ones have wider spreads.
            steps: price steps in one unit of the price.
            session: the mood of its trading hours.
            around: the surroundings that it shares with other books.
        """
        uniform = around.random.random
        volatility = _OWN_VOLATILITY.get(priced.instrument.sector, _DEFAULT_OWN_VOLATILITY)
        self.symbol = priced.instrument.symbol
        self.halted = False  # neither quoted nor traded
        self.news = CALM  # another mood while it is in the news
        self.own = Walk(volatility * (0.6 + 0.8 * uniform()), around.random)
        self._market = around.market
        self._sector = around.sector
        self._session = session
        self._beta = 0.6 + 0.8 * uniform()
        self._sector_beta = 0.7 + 0.6 * uniform()
        self._steps = steps
        self._home = priced.price * steps * (0.98 + 0.04 * uniform())
        self._width = self._home * _SPREAD * (1 + rank / 25) ** 0.6
        self._start_ns = self._moved_ns = around.start_ns
        self._fair = self._home  # in steps, as are bid and ask
        self._bid = 1
        self._ask = 2
        # Ids begin at the start time in µs: they go on growing when a server is started again, and
        # stay exact in JavaScript (below 2**53).
        self._trade_id = max(0, around.start_ns // 1000)
        self._bits = around.random.getrandbits
        self._uniform = uniform

    def state(self) -> list[Any]:
        """Return what has changed since it began, as plain data."""
        return [
            self.own.value,
            self._moved_ns - self._start_ns,
            self._fair,
            self._bid,
            self._ask,
            self._trade_id,
            self.halted,
        ]

    def restore(self, state: list[Any]) -> None:
        """Take up what a book of the same instrument and beginning knew."""
        (
            self.own.value,
            since_start_ns,
            self._fair,
            self._bid,
            self._ask,
            self._trade_id,
            self.halted,
        ) = state
        self._moved_ns = self._start_ns + since_start_ns

    def nature(self) -> Nature:
        """Return all of it that does not change with time."""
        return Nature(
            self.symbol,
            self._home,
            self._steps,
            self._width,
            self._beta,
            self._sector_beta,
            self.own.deviation,
            self._sizes_of_trades(),
        )

    @abstractmethod
    def _sizes_of_trades(self) -> tuple[float, ...]:
        """Return sizes of trades, equally likely."""

    def move(self, now_ns: int) -> int:
        """Bring the fair value to a time and lay bid and ask around it.

        Returns:
            the number of trades that shall follow the quote.
        """
        elapsed_s = (now_ns - self._moved_ns) / SECOND_NS
        self._moved_ns = now_ns
        turbulence = 1.0 + self._session.heat + self.news.heat
        uniform = self._uniform
        self._fair = fair = self._home * exp(
            self._beta * self._market.value
            + self._sector_beta * self._sector.value
            + self.own.step(elapsed_s, turbulence)
        )
        # The product of two draws is mostly small: tight most of the time, wide now and then.
        spread = 1 + int(self._width * turbulence * 4 * uniform() * uniform())
        self._bid = bid = max(1, floor(fair - (spread - 1) / 2))
        self._ask = bid + spread
        return (_BUSY_TRADES if turbulence > _BUSY_TURBULENCE else _CALM_TRADES)[self._bits(4)]

    @abstractmethod
    def quote(self, event_ns: int) -> Quote:
        """Make a tick of the present bid and ask."""

    @abstractmethod
    def trade(self, event_ns: int) -> Trade:
        """Make a trade at or between the present bid and ask."""

    def _strike(self) -> int:
        """Draw the price of a trade, in steps."""
        bid = self._bid
        spread = self._ask - bid
        place = self._uniform() * spread
        if spread > 1 and not self._bits(3):
            return bid + 1 + int(place) % (spread - 1)
        return self._ask if place < self._fair - bid else bid
