"""Shares and funds of the simulated market: exchanges, lots, sale conditions, tapes and halts.

The letters are those of the SIP as the dialect passes them on: exchanges (Q Nasdaq, N NYSE, P Arca,
D off exchange …), conditions (@ regular, I odd lot, F intermarket sweep, O opening, 5 reopening),
tapes (A NYSE, B Arca, C Nasdaq). Statuses use the UTP plan's codes on every tape, so that one code
means one thing.
"""

from dataclasses import astuple, dataclass
from functools import cache
from math import exp, log2
from typing import Any

from feed.market.ticks import Quote, Status, Trade
from feed.sources.simulated.book import Book, Surroundings
from feed.sources.simulated.instruments import PricedInstrument
from feed.sources.simulated.walk import NORMALS

PRICE_STEPS = 100  # one cent

_ROUND_LOT = 100
_TYPICAL_TRADE_VALUE = 12_000  # dollars: an odd lot of a dear share, hundreds of a cheap one
_SIZE_SPREAD = 1.1  # of the logarithm of sizes

_REGULAR_QUOTE = ("R",)
_OPENING = "O"
_REOPENING = "5"


@dataclass(frozen=True, slots=True)
class Exchange:
    """The listing of a share, in letters: exchange, tape, and condition of an ordinary sale."""

    letter: str
    tape: str
    regular: str


_EXCHANGES = {
    "NASDAQ": Exchange("Q", "C", "@"),
    "NYSE": Exchange("N", "A", " "),
    "ARCA": Exchange("P", "B", " "),
}
# Shares of 64 besides the primary exchange's own; D is off exchange, and without quotes.
_TRADE_VENUES = "D" * 24 + "Q" * 5 + "N" * 5 + "P" * 5 + "K" * 5 + "Z" * 4 + "V" * 3 + "U" * 2
_QUOTE_VENUES = "Q" * 10 + "N" * 10 + "P" * 10 + "K" * 8 + "Z" * 6 + "V" * 3 + "U" * 3


@dataclass(frozen=True, slots=True)
class HaltReason:
    """A reason for which trading stops, and the words of its end, as the UTP plan has them."""

    code: str
    message: str
    resume_code: str
    resume_message: str


class ShareBook(Book):
    """The book of a share or a fund. It opens and reopens with one large trade."""

    __slots__ = (
        "_conditions",
        "_cross",
        "_exchange",
        "_quote_sizes",
        "_quote_venues",
        "_reason",
        "_tape",
        "_trade_sizes",
        "_trade_venues",
    )

    def __init__(self, priced: PricedInstrument, *, rank: int, around: Surroundings) -> None:
        super().__init__(
            priced, rank=rank, steps=PRICE_STEPS, session=around.session, around=around
        )
        self._exchange = exchange = _EXCHANGES[priced.instrument.exchange]
        self._tape = exchange.tape
        self._trade_venues = _TRADE_VENUES.ljust(64, exchange.letter)
        self._quote_venues = _QUOTE_VENUES.ljust(64, exchange.letter)
        magnitude = round(log2(priced.price))
        self._trade_sizes = _trade_sizes(magnitude)
        self._quote_sizes = _quote_sizes(magnitude)
        regular = exchange.regular
        # By whether it is an odd lot (1) and whether it swept several exchanges (2).
        self._conditions = ((regular,), (regular, "I"), (regular, "F"), (regular, "F", "I"))
        self._cross = _OPENING  # condition of the next trade where that is an auction's, or ""
        self._reason: HaltReason | None = None  # while halted

    def state(self) -> list[Any]:
        """Return what has changed since it began, as plain data."""
        reason = None if self._reason is None else astuple(self._reason)
        return [super().state(), self._cross, reason]

    def restore(self, state: list[Any]) -> None:
        """Take up what a book of the same instrument and beginning knew."""
        book, self._cross, reason = state
        self._reason = None if reason is None else HaltReason(*reason)
        super().restore(book)

    def _sizes_of_trades(self) -> tuple[float, ...]:
        return self._trade_sizes

    def quote(self, event_ns: int) -> Quote:
        """Make a tick of the present bid and ask."""
        bits = self._bits
        return Quote(
            self.symbol,
            self._quote_venues[bits(6)],
            self._bid / PRICE_STEPS,
            self._quote_sizes[bits(8)],
            self._quote_venues[bits(6)],
            self._ask / PRICE_STEPS,
            self._quote_sizes[bits(8)],
            event_ns,
            _REGULAR_QUOTE,
            self._tape,
        )

    def trade(self, event_ns: int) -> Trade:
        """Make a trade at or between the present bid and ask, or the auction that is due."""
        if self._cross:
            return self._auction(event_ns)
        bits = self._bits
        self._trade_id += 1
        size = self._trade_sizes[bits(8)]
        return Trade(
            self.symbol,
            self._trade_id,
            self._trade_venues[bits(6)],
            self._strike() / PRICE_STEPS,
            size,
            event_ns,
            self._conditions[(size < _ROUND_LOT) + (0 if bits(2) else 2)],
            self._tape,
        )

    def halt(self, reason: HaltReason, event_ns: int) -> Status:
        """Stop trading, and say why."""
        self.halted = True
        self._reason = reason
        return Status(
            self.symbol, "H", "Trading Halt", reason.code, reason.message, event_ns, self._tape
        )

    def resume(self, event_ns: int) -> Status:
        """Let trading go on; the next trade is the auction that reopens it."""
        reason = self._reason
        assert reason is not None, "only a halted book resumes"
        self.halted = False
        self._reason = None
        self._cross = _REOPENING
        return Status(
            self.symbol,
            "T",
            "Trading Resumption",
            reason.resume_code,
            reason.resume_message,
            event_ns,
            self._tape,
        )

    def _auction(self, event_ns: int) -> Trade:
        self._trade_id += 1
        conditions = (self._exchange.regular, self._cross)
        self._cross = ""
        return Trade(
            self.symbol,
            self._trade_id,
            self._exchange.letter,
            self._strike() / PRICE_STEPS,
            _ROUND_LOT * (10 + self._bits(6)),
            event_ns,
            conditions,
            self._tape,
        )


@cache
def _trade_sizes(magnitude: int) -> tuple[int, ...]:
    """Return 256 sizes, equally likely, for a price of about 2**magnitude: odd and round lots."""
    typical = _TYPICAL_TRADE_VALUE / 2**magnitude
    sizes = (typical * exp(_SIZE_SPREAD * normal) for normal in NORMALS[2::4])
    return tuple(
        max(1, round(size)) if size < _ROUND_LOT else _ROUND_LOT * round(size / _ROUND_LOT)
        for size in sizes
    )


@cache
def _quote_sizes(magnitude: int) -> tuple[int, ...]:
    """Return 256 sizes, equally likely: round lots, several times the size of a trade."""
    return tuple(_ROUND_LOT * (1 + 4 * size // _ROUND_LOT) for size in _trade_sizes(magnitude))
