"""Ticks: the market events that everything else carries.

Fields have plain names here; `feed.wire.letters` gives them the dialect's letters on the wire. A
tick is never changed after it was published. The classes are slotted and not frozen: freezing costs
550 ns a tick (measured), which is more than encoding it.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, cast

SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
MAX_EVENT_NS = (1 << 63) - 1  # 2262-04-11, where 64-bit nanoseconds end


class Kind(StrEnum):
    """The kind of a tick: the dialect's `T`."""

    TRADE = "t"
    QUOTE = "q"
    BAR = "b"
    UPDATED_BAR = "u"
    SECOND_BAR = "b1s"
    STATUS = "s"


class Channel(StrEnum):
    """The channels of subscriptions; each carries one kind of tick."""

    TRADES = "trades"
    QUOTES = "quotes"
    BARS = "bars"
    UPDATED_BARS = "updatedBars"
    SECOND_BARS = "secondBars"
    STATUSES = "statuses"


CHANNELS = tuple(Channel)  # walking over an Enum costs four times as much
KIND_OF_CHANNEL: dict[Channel, Kind] = {
    Channel.TRADES: Kind.TRADE,
    Channel.QUOTES: Kind.QUOTE,
    Channel.BARS: Kind.BAR,
    Channel.UPDATED_BARS: Kind.UPDATED_BAR,
    Channel.SECOND_BARS: Kind.SECOND_BAR,
    Channel.STATUSES: Kind.STATUS,
}
CHANNEL_OF_KIND: dict[Kind, Channel] = {kind: channel for channel, kind in KIND_OF_CHANNEL.items()}


@dataclass(slots=True)
class Trade:
    """One execution.

    Attributes:
        trade_id: its exchange's number, or our own where that is no integer of 63 bits.
        taker_side: "B", "S" or unknown ("").
        exact_id: its exchange's id as text, where `trade_id` is not that or exceeds 2^53 − 1, which
            not every JSON parser keeps; else "".
    """

    kind: ClassVar[Kind] = Kind.TRADE
    symbol: str
    trade_id: int
    exchange: str
    price: float
    size: float
    event_ns: int
    conditions: tuple[str, ...] = ()
    tape: str = ""
    taker_side: str = ""
    exact_id: str = ""


@dataclass(slots=True)
class ConflatedTrade(Trade):
    """The newest trade of a symbol within an interval, and the range that it stands for.

    Attributes:
        trade_count, high, low, volume, vwap: over all trades of the interval, its own included.
        first_trade_id, first_exact_id: of the oldest of them; its own ids are the newest.
    """

    trade_count: int = 1
    high: float = 0.0
    low: float = 0.0
    volume: float = 0.0
    vwap: float = 0.0
    first_trade_id: int = 0
    first_exact_id: str = ""


@dataclass(slots=True)
class Quote:
    """The best bid and ask of one symbol at one moment."""

    kind: ClassVar[Kind] = Kind.QUOTE
    symbol: str
    bid_exchange: str
    bid_price: float
    bid_size: float
    ask_exchange: str
    ask_price: float
    ask_size: float
    event_ns: int
    conditions: tuple[str, ...] = ()
    tape: str = ""


@dataclass(slots=True)
class Bar:
    """Trades of one symbol in one interval, or its late correction. `event_ns` is its start."""

    kind: Kind
    symbol: str
    open: float
    high: float
    low: float
    close: float
    volume: float
    trade_count: int
    vwap: float
    event_ns: int


@dataclass(slots=True)
class Status:
    """A trading status of one symbol, such as a halt ("H") or a resumption ("T")."""

    kind: ClassVar[Kind] = Kind.STATUS
    symbol: str
    status_code: str
    status_message: str
    reason_code: str
    reason_message: str
    event_ns: int
    tape: str = ""


@dataclass(slots=True)
class Opaque:
    """An event of a kind that this server does not know: it has a sequence, and goes to followers.

    Attributes:
        fragment: all of it, as the JSON codec joins it.
    """

    # None of `Kind`: it is in no channel, and whoever looks it up finds nothing.
    kind: ClassVar[Kind] = cast("Kind", "opaque")
    symbol: ClassVar[str] = ""
    event_ns: ClassVar[int] = 0
    fragment: bytes


Tick = Trade | Quote | Bar | Status


def is_opaque(event: object) -> bool:
    """Tell whether something among ticks is an event of an unknown kind.

    `Opaque` is no `Tick`, since nothing that is made of ticks is made of it; but it goes through
    the ring with them.
    """
    return type(event) is Opaque


def opaque_fragment(event: object) -> bytes | None:
    """Return all of an event of an unknown kind, as it came in JSON; None: it is of a known one."""
    return event.fragment if isinstance(event, Opaque) else None
