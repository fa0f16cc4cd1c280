"""Submissions: ticks as a program writes them, of which most fields have defaults.

`feed.Trade(symbol="OWN", price=1.0, size=1)` says what its author knows. The one that publishes it
adds the time and a number of its own, and refuses what would not be a tick. A submission is a plain
value, and may be published as often as one likes. Knows no clock.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from math import inf, nan
from numbers import Real
from typing import ClassVar

from feed.errors import InvalidTick, shorten
from feed.market import ticks
from feed.market.symbols import check_symbol
from feed.market.ticks import MAX_EVENT_NS, Kind

MAX_TRADE_ID_LENGTH = 128  # of its text: a UUID has 36, and messages stay below 32,000 bytes
MAX_TEXT_LENGTH = 256  # characters of an exchange, a condition, a tape or a status
MAX_CONDITIONS = 16
_SIDES = ("", "B", "S")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """One execution.

    Attributes:
        symbol: 1 to 64 printable characters, compared as they are: "OWN", "BTC/USD".
        price: any finite number, in the currency of the symbol; spreads may be below zero.
        size: at least 0, in shares, coins or contracts.
        event_ns: when it happened, in nanoseconds since 1970 UTC; None: when it is published.
        trade_id: its exchange's number or text; None: one more than the largest of the symbol.
        exchange: its code or name.
        conditions: codes, such as ("@", "I").
        tape: "A", "B", "C", or anything else that tells the tape.
        taker_side: "B" where the buyer took, "S" where the seller did, "" where nobody knows.
    """

    kind: ClassVar[Kind] = Kind.TRADE
    symbol: str
    price: float
    size: float
    event_ns: int | None = None
    trade_id: int | str | None = None
    exchange: str = ""
    conditions: tuple[str, ...] = ()
    tape: str = ""
    taker_side: str = ""

    def tick(self, wall_ns: int) -> ticks.Trade:
        """Return the tick, without its number; see `ticks_of`."""
        _check_id(self.trade_id)
        return ticks.Trade(
            check_symbol(self.symbol),
            0,
            _text("exchange", self.exchange),
            _number("price", self.price),
            _number("size", self.size, 0.0),
            _event_ns(self.event_ns, wall_ns),
            _conditions(self.conditions),
            _text("tape", self.tape),
            _side(self.taker_side),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The best bid and ask of one symbol at one moment.

    Attributes:
        symbol, event_ns, conditions, tape: as `Trade` has them.
        bid_price, ask_price: any finite numbers; 0 with a size of 0 where nobody bids, or asks.
        bid_size, ask_size: at least 0.
        bid_exchange, ask_exchange: codes or names.
    """

    kind: ClassVar[Kind] = Kind.QUOTE
    symbol: str
    bid_price: float
    ask_price: float
    bid_size: float = 0.0
    ask_size: float = 0.0
    event_ns: int | None = None
    bid_exchange: str = ""
    ask_exchange: str = ""
    conditions: tuple[str, ...] = ()
    tape: str = ""

    def tick(self, wall_ns: int) -> ticks.Quote:
        """Return the tick; see `ticks_of`."""
        return ticks.Quote(
            check_symbol(self.symbol),
            _text("bid_exchange", self.bid_exchange),
            _number("bid_price", self.bid_price),
            _number("bid_size", self.bid_size, 0.0),
            _text("ask_exchange", self.ask_exchange),
            _number("ask_price", self.ask_price),
            _number("ask_size", self.ask_size, 0.0),
            _event_ns(self.event_ns, wall_ns),
            _conditions(self.conditions),
            _text("tape", self.tape),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A trading status of one symbol.

    Attributes:
        symbol, event_ns, tape: as `Trade` has them.
        status_code: "H" for a halt, "T" for a resumption, or what else the market has.
        status_message, reason_code, reason_message: in the market's words.
    """

    kind: ClassVar[Kind] = Kind.STATUS
    symbol: str
    status_code: str
    status_message: str = ""
    reason_code: str = ""
    reason_message: str = ""
    event_ns: int | None = None
    tape: str = ""

    def tick(self, wall_ns: int) -> ticks.Status:
        """Return the tick; see `ticks_of`."""
        if not self.status_code:
            raise InvalidTick("status_code is empty; accepted: a code such as H or T")
        return ticks.Status(
            check_symbol(self.symbol),
            _text("status_code", self.status_code),
            _text("status_message", self.status_message),
            _text("reason_code", self.reason_code),
            _text("reason_message", self.reason_message),
            _event_ns(self.event_ns, wall_ns),
            _text("tape", self.tape),
        )


Submission = Trade | Quote | Status


def ticks_of(submissions: Iterable[object], wall_ns: int, first: int = 0) -> list[ticks.Tick]:
    """Return the ticks of submissions, all or none; trades are numbered by whoever gives them out.

    Args:
        submissions: in order.
        wall_ns: the time of those that tell none.
        first: the index that errors give to the first of them.

    Raises:
        InvalidTick: one of them is not accepted; the message says which, its field, the value and
            what is accepted.
    """
    made: list[ticks.Tick] = []
    for index, submission in enumerate(submissions, first):
        if not isinstance(submission, Submission):
            accepted = "feed.Trade, feed.Quote or feed.Status"
            raise InvalidTick(
                f"ticks[{index}]: {shorten(submission)} is no tick; accepted: {accepted}"
            )
        try:
            made.append(submission.tick(wall_ns))
        except InvalidTick as error:
            raise InvalidTick(f"ticks[{index}]: {error}") from None
    return made


def _refused(name: str, value: object, accepted: str) -> InvalidTick:
    return InvalidTick(f"{name} {shorten(value)} is not accepted; accepted: {accepted}")


def _number(name: str, value: object, least: float = -inf) -> float:
    """Return a finite number; of numpy and decimals too, of which quants have theirs."""
    number = nan
    if type(value) is float:
        number = value
    elif type(value) is not bool and isinstance(value, Real | Decimal):
        with suppress(OverflowError, ValueError):  # too large; a decimal that signals
            number = float(value)
    if not (least <= number < inf and number != -inf):
        bound = "" if least == -inf else f" of at least {least:g}"
        raise _refused(name, value, f"a finite number{bound}")
    return number


def _check_id(value: object) -> None:
    is_number = type(value) is int and value >= 0
    is_text = isinstance(value, str) and len(value) <= MAX_TRADE_ID_LENGTH
    if not (value is None or is_number or is_text):
        accepted = f"a number from 0, a text of at most {MAX_TRADE_ID_LENGTH} characters, or None"
        raise _refused("trade_id", value, accepted)


def _event_ns(value: object, wall_ns: int) -> int:
    if value is None:
        return wall_ns
    if type(value) is not int or not 0 <= value <= MAX_EVENT_NS:
        accepted = f"whole nanoseconds since 1970, from 0 to {MAX_EVENT_NS}, or None"
        raise _refused("event_ns", value, accepted)
    return value


def _text(name: str, value: object) -> str:
    if type(value) is not str or len(value) > MAX_TEXT_LENGTH or not value.isprintable():
        raise _refused(name, value, f"printable text of at most {MAX_TEXT_LENGTH} characters")
    return value


def _conditions(value: object) -> tuple[str, ...]:
    if not isinstance(value, tuple | list) or len(value) > MAX_CONDITIONS:
        raise _refused("conditions", value, f"a tuple of at most {MAX_CONDITIONS} texts")
    return tuple(_text("conditions", each) for each in value)


def _side(value: object) -> str:
    if not isinstance(value, str) or value not in _SIDES:
        raise _refused("taker_side", value, '"B", "S" or ""')
    return value
