"""Submissions: ticks as a program writes them, of which most fields have defaults.

`feed.Trade(symbol="OWN", price=1.0, size=1)` says what its author knows. The one that publishes it
adds the time and a number of its own, and refuses what would not be a tick. A submission is a plain
value, and may be published as often as one likes. Knows no clock.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from feed.errors import InvalidTick, shorten
from feed.market import ticks
from feed.market.symbols import check_symbol
from feed.market.tick_rules import (
    check_conditions,
    check_event_ns,
    check_number,
    check_taker_side,
    check_text,
    check_trade_id,
)
from feed.market.ticks import Kind


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
        check_trade_id("trade_id", self.trade_id)
        return ticks.Trade(
            check_symbol(self.symbol),
            0,
            check_text("exchange", self.exchange),
            check_number("price", self.price),
            check_number("size", self.size, 0.0),
            _time(self.event_ns, wall_ns),
            check_conditions("conditions", self.conditions),
            check_text("tape", self.tape),
            check_taker_side("taker_side", self.taker_side),
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
            check_text("bid_exchange", self.bid_exchange),
            check_number("bid_price", self.bid_price),
            check_number("bid_size", self.bid_size, 0.0),
            check_text("ask_exchange", self.ask_exchange),
            check_number("ask_price", self.ask_price),
            check_number("ask_size", self.ask_size, 0.0),
            _time(self.event_ns, wall_ns),
            check_conditions("conditions", self.conditions),
            check_text("tape", self.tape),
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
            check_text("status_code", self.status_code),
            check_text("status_message", self.status_message),
            check_text("reason_code", self.reason_code),
            check_text("reason_message", self.reason_message),
            _time(self.event_ns, wall_ns),
            check_text("tape", self.tape),
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


def _time(event_ns: int | None, wall_ns: int) -> int:
    return wall_ns if event_ns is None else check_event_ns("event_ns", event_ns)
