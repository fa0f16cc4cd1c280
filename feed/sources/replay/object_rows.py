"""Objects of the dialect into ticks.

Knows the dialect's letters and the values that each field accepts. Knows no file, no line number
and no order of rows, and does no I/O. A reader lives for one pass over a recording.
"""

from collections.abc import Callable
from math import inf
from sys import intern

from feed.errors import InvalidInput, InvalidTick, shorten
from feed.market.ticks import Bar, Channel, Kind, Quote, Status, Tick, Trade
from feed.sources.instrument_row import instrument_of_row
from feed.sources.replay.event_time import time_ns
from feed.sources.replay.listing import Listings
from feed.wire.word_fields import WORD_TYPES

Row = dict[str, object]
INSTRUMENT = "instrument"  # T of what tells of an instrument, in words and steps
# The messages that a server sends besides ticks; a recording may hold them.
BESIDE_TICKS = frozenset(
    {
        *("mark", "gap", "snapshot", "success", "subscription", "error", "bye", "feed", "warning"),
        *("expiring", "leaving"),
        *WORD_TYPES,  # of answers that were recorded beside
    }
)
# The side that took liquidity, as files name it, in small letters. Some say on which side of the
# book it was (Databento: A, an aggressor that sells; N, nobody knows).
_TAKER_SIDES = {
    **dict.fromkeys(("b", "buy", "bid", "buyer"), "B"),
    **dict.fromkeys(("s", "sell", "a", "ask", "seller"), "S"),
    **dict.fromkeys(("", "n", "none", "u", "unknown"), ""),
}
_NOT_IN_SNAPSHOTS = frozenset({"mark", "gap", "success", "bye"})
BAR_KINDS = frozenset({Kind.BAR, Kind.UPDATED_BAR, Kind.SECOND_BAR})
_BAR_CHANNELS = (Channel.BARS, Channel.UPDATED_BARS, Channel.SECOND_BARS)


class ObjectReader:
    """Objects of the dialect into ticks; tells ticks from messages that accompany them.

    Between the two ends of a snapshot ticks restate earlier ones, so they are not events and are
    left out: replayed, they would come twice. A capture may be cut off between the two and go on
    with other ticks: a snapshot restates each kind and symbol once, so that a later one is news,
    and holds neither marks nor gaps.
    """

    __slots__ = ("_read_kind", "_restated", "_restating", "bars_announced", "listings")

    def __init__(self, listings: Listings | None = None) -> None:
        self.listings = Listings() if listings is None else listings
        self.bars_announced = False  # a subscription in the recording names bars
        self._restating = False  # inside a snapshot
        self._restated: dict[tuple[str, str], str] = {}  # times by the kinds and symbols in it
        self._read_kind: dict[str, Callable[[Row], Tick]] = {
            Kind.TRADE: self._trade,
            Kind.QUOTE: self._quote,
            Kind.BAR: self._bar,
            Kind.UPDATED_BAR: self._bar,
            Kind.SECOND_BAR: self._bar,
            Kind.STATUS: self._status,
        }

    def read(self, row: object) -> Tick | None:
        """Read one object, as `orjson.loads` gives it; None where it is not an event.

        Extra keys, such as those of conflated trades, are ignored.

        Raises:
            InvalidTick: the object is neither a tick nor a message that accompanies ticks.
        """
        if type(row) is not dict:
            raise InvalidTick(f"{shorten(row)} is no tick; accepted: a JSON object with T")
        kind = row.get("T")
        read = self._read_kind.get(kind) if type(kind) is str else None
        if read is None:
            self._read_beside(kind, row)
            return None
        if self._restating and self._restates(row):
            return None
        try:
            return read(row)
        except KeyError as missing:
            raise InvalidTick(f"field {missing} of T {kind!r} is missing") from None

    def begin_line(self, rows: list[object]) -> None:
        """Learn from the objects of one line together, before they are read.

        A mark stands after the ticks of its line: if there is one, they are no snapshot's.
        """
        if self._restating and len(rows) > 1:
            kinds = {row.get("T") for row in rows if type(row) is dict}
            self._restating = "snapshot" in kinds or kinds.isdisjoint(_NOT_IN_SNAPSHOTS)

    def _restates(self, row: Row) -> bool:
        """Tell whether a tick inside a snapshot is of it."""
        key, time = (str(row["T"]), str(row.get("S"))), str(row.get("t"))
        self._restating = time <= self._restated.setdefault(key, time)
        return self._restating

    def _read_beside(self, kind: object, row: Row) -> None:
        if kind == INSTRUMENT:
            self._describe(row)
            return
        if type(kind) is not str or kind not in BESIDE_TICKS:
            accepted = ", ".join((*Kind, *sorted(BESIDE_TICKS | {INSTRUMENT})))
            raise InvalidTick(f"T {shorten(kind)} is not accepted; accepted: {accepted}")
        if kind == "snapshot":
            self._restating = row.get("state") == "begin"
            self._restated.clear()
        elif kind in _NOT_IN_SNAPSHOTS:
            self._restating = False  # it was cut off
        elif kind == "subscription":
            self.bars_announced |= any(row.get(channel) for channel in _BAR_CHANNELS)

    def _describe(self, row: Row) -> None:
        try:
            told = instrument_of_row({**row, "symbol": row.get("S")})
        except InvalidInput as error:
            raise InvalidTick(str(error)) from None
        self.listings.describe(told)

    def _trade(self, row: Row) -> Trade:
        exchange = _text(row, "x")
        price = _number(row, "p", -inf)
        size = _number(row, "s")
        event_ns = time_ns(row["t"])
        conditions = _conditions(row)
        tape = _text(row, "z")
        taker_side = _text(row, "tks")
        if taker_side not in ("", "B", "S"):
            taker_side = taker_side_of("tks", taker_side)
        # Last, so that a row that is refused above leaves no trace.
        listing = self.listings.find(row["S"], exchange)
        trade_id, exact_id = listing.trade_id(row.get("i"), row.get("xi"))
        return Trade(
            listing.symbol,
            trade_id,
            exchange,
            price,
            size,
            event_ns,
            conditions,
            tape,
            taker_side,
            exact_id,
        )

    def _quote(self, row: Row) -> Quote:
        bid_exchange = _text(row, "bx")
        bid_price = _number(row, "bp", -inf)
        bid_size = _number(row, "bs")
        ask_exchange = _text(row, "ax")
        ask_price = _number(row, "ap", -inf)
        ask_size = _number(row, "as")
        event_ns = time_ns(row["t"])
        conditions = _conditions(row)
        tape = _text(row, "z")
        return Quote(
            self.listings.find(row["S"], bid_exchange).symbol,
            bid_exchange,
            bid_price,
            bid_size,
            ask_exchange,
            ask_price,
            ask_size,
            event_ns,
            conditions,
            tape,
        )

    def _bar(self, row: Row) -> Bar:
        numbers = {
            "open": _number(row, "o", -inf),
            "high": _number(row, "h", -inf),
            "low": _number(row, "l", -inf),
            "close": _number(row, "c", -inf),
            "volume": _number(row, "v"),
            "vwap": _number(row, "vw", -inf),
        }
        return Bar(
            kind=Kind(_text(row, "T")),
            trade_count=_count(row, "n"),
            event_ns=time_ns(row["t"]),
            symbol=self.listings.find(row["S"]).symbol,
            **numbers,
        )

    def _status(self, row: Row) -> Status:
        if not row["sc"]:
            raise InvalidTick("sc is empty; accepted: a status code such as H or T")
        return Status(
            status_code=_text(row, "sc"),
            status_message=_text(row, "sm"),
            reason_code=_text(row, "rc"),
            reason_message=_text(row, "rm"),
            event_ns=time_ns(row["t"]),
            tape=_text(row, "z"),
            symbol=self.listings.find(row["S"]).symbol,
        )


def _number(row: Row, key: str, least: float = 0.0) -> float:
    """Return a finite number of at least `least`; MessagePack has others, and JSON does not."""
    value = row[key]
    if type(value) is int:
        value = float(value)
    if type(value) is not float or not (least <= value < inf) or value == -inf:
        raise InvalidTick(f"{key} {shorten(value)} is not accepted; accepted: {at_least(least)}")
    return value


def taker_side_of(name: str, text: str) -> str:
    """Return a taker's side as ticks have it: "B", "S", or "" where it is not known.

    Raises:
        InvalidTick: it is none; the message names the field or column.
    """
    side = _TAKER_SIDES.get(text.lower())
    if side is None:
        accepted = "buy, sell, unknown or nothing, whole or as one letter"
        raise InvalidTick(f"{name} {shorten(text)} is not accepted; accepted: {accepted}")
    return side


def at_least(least: float) -> str:
    """Return in words which numbers are accepted."""
    return "a number" if least == -inf else f"a number of at least {least:g}"


def _count(row: Row, key: str) -> int:
    value = row[key]
    if type(value) is not int or value < 0:
        raise InvalidTick(f"{key} {shorten(value)} is not accepted; accepted: a count")
    return value


def _text(row: Row, key: str) -> str:
    """Return an optional text. The same few come all the time, so equal ones are one object."""
    value = row.get(key)
    if value is None:
        return ""
    if type(value) is not str:
        raise InvalidTick(f"{key} {shorten(value)} is not accepted; accepted: a text or null")
    return intern(value)


def _conditions(row: Row) -> tuple[str, ...]:
    value = row.get("c")
    if value is None or value == []:
        return ()
    if type(value) is str:
        return (intern(value),) if value else ()
    if type(value) is list and all(type(condition) is str for condition in value):
        return tuple(map(intern, value))
    raise InvalidTick(
        f"c {shorten(value)} is not accepted; accepted: a list of texts, a text or null"
    )
