"""The finished bars, kept by symbol for `/v1/bars` and for late corrections.

Theory of operation: the bars of one symbol and kind lie packed in one byte string, sorted by start:
84 bytes a bar, where a `Bar` object takes over 300 and the garbage collector's time. They are
bounded twice: by number per symbol, and by number in all. When there are so many symbols that the
second bound is reached, everybody's share shrinks, of the kind first that most are kept of. Knows
nothing of how bars come about.

Memory, measured: a symbol with 3,600 + 1,440 bars takes 460 kB and its year of days 35 kB, so that
100 of them take 50 MB (24 MB when 900 second bars were kept). All together are at most 3,000,000
bars (330 MB): of 1,000 symbols 1,518 second bars and all minute bars each are kept for sure, of
5,000 symbols 269 second bars and 255 minute bars. A past that nobody has asked for takes nothing.
"""

import struct
from bisect import bisect_left
from collections.abc import Iterator

from feed.market.ticks import SECOND_NS, Bar, Kind

SECOND_BARS_KEPT = 3_600  # an hour with a trade in each second
MINUTE_BARS_KEPT = 1_440  # a day
BARS_KEPT_IN_ALL = 3_000_000

# Start: seconds and nanoseconds, because 64 bits of nanoseconds end in the year 2262, and a broken
# clock does not. Then as doubles: open, high, low, close, volume, trade count, vwap, and how many
# nanoseconds after the start its first and its last trade were.
_ROW = struct.Struct("<qI9d")
_START = struct.Struct("<qI")
pack_row = _ROW.pack

Span = tuple[int, int]  # event times of a bar's first and last trade, in ns


class BarHistory:
    """The newest finished bars of every symbol, of the kinds SECOND_BAR and BAR."""

    __slots__ = (
        "_kept",
        "_kept_at_first",
        "_kept_in_all",
        "_rows",
        "_saved_early",
        "_unsaved",
        "bars",
    )

    def __init__(
        self,
        second_bars: int = SECOND_BARS_KEPT,
        minute_bars: int = MINUTE_BARS_KEPT,
        bars_in_all: int = BARS_KEPT_IN_ALL,
    ) -> None:
        """Make an empty history.

        Args:
            second_bars: how many are kept per symbol; fewer once there are too many in all.
            minute_bars: likewise.
            bars_in_all: how many are kept of all symbols and both kinds together.
        """
        self._kept_at_first = {Kind.SECOND_BAR: second_bars, Kind.BAR: minute_bars}
        self._kept_in_all = bars_in_all
        # Of a copy that is under way: rows that are still as they were, and those of before a
        # change.
        self._unsaved: dict[tuple[Kind, str], bytearray] = {}
        self._saved_early: list[tuple[str, str, bytes]] = []
        self.clear()

    def clear(self) -> None:
        """Forget all bars."""
        self._kept = dict(self._kept_at_first)  # per symbol
        self._rows: dict[Kind, dict[str, bytearray]] = {kind: {} for kind in self._kept}
        self.bars = 0  # how many are held now

    def rows(self) -> Iterator[tuple[str, str, bytes]]:
        """Return a copy of all bars as of this call: each kind and symbol, packed as they are kept.

        It may be iterated in slices, while bars come and go: all of them are up to 270 MB. Another
        call ends it.
        """
        self._unsaved = {
            (kind, symbol): rows
            for kind, rows_of in self._rows.items()
            for symbol, rows in rows_of.items()
        }
        early: list[tuple[str, str, bytes]] = []
        self._saved_early = early
        return self._save(self._unsaved, early)

    @staticmethod
    def _save(
        unsaved: dict[tuple[Kind, str], bytearray], early: list[tuple[str, str, bytes]]
    ) -> Iterator[tuple[str, str, bytes]]:
        while unsaved:
            (kind, symbol), rows = unsaved.popitem()
            yield kind.value, symbol, bytes(rows)
        yield from early

    def _save_before(self, kind: Kind, symbol: str) -> None:
        """Copy rows that are about to change, and are still to be copied."""
        rows = self._unsaved.pop((kind, symbol), None)
        if rows is not None:
            self._saved_early.append((kind.value, symbol, bytes(rows)))

    def restore(self, kind: str, symbol: str, rows: bytes) -> None:
        """Keep the bars of a kind and symbol that another history had kept.

        Raises:
            ValueError: there is no such kind, or they are no rows.
        """
        if len(rows) % _ROW.size:
            raise ValueError(f"{len(rows)} bytes of bars are not a multiple of {_ROW.size}")
        kept = self._rows[Kind(kind)][symbol] = bytearray(rows)
        self._bound(Kind(kind), kept, len(rows) // _ROW.size)

    def prepend(self, kind: Kind, symbol: str, rows: bytes) -> None:
        """Keep bars that are older than all that are kept of their symbol and kind.

        Args:
            kind: of the bars.
            symbol: of the bars.
            rows: packed by `pack_row`, oldest first; the oldest go where there are too many.
        """
        if self._unsaved:
            self._save_before(kind, symbol)
        kept = self._rows[kind].setdefault(symbol, bytearray())
        kept[:0] = rows
        self._bound(kind, kept, len(rows) // _ROW.size)

    def append(self, bar: Bar, span: Span) -> None:
        """Keep a bar that is newer than all that are kept of its symbol and kind. O(1)."""
        if self._unsaved:
            self._save_before(bar.kind, bar.symbol)
        rows = self._rows[bar.kind].get(bar.symbol)
        if rows is None:
            rows = self._rows[bar.kind][bar.symbol] = bytearray()
        rows += _pack(bar, span)
        self._bound(bar.kind, rows)

    def put(self, bar: Bar, span: Span) -> bool:
        """Keep a bar in its place, instead of the one with the same start if there is one. O(n).

        Returns:
            False where so many newer ones are kept that this one would be the first to go.
        """
        if self._unsaved:
            self._save_before(bar.kind, bar.symbol)
        rows = self._rows[bar.kind].setdefault(bar.symbol, bytearray())
        place, is_kept = _find(rows, bar.event_ns)
        if is_kept:
            rows[place : place + _ROW.size] = _pack(bar, span)
            return True
        if place == 0 and len(rows) >= self._kept[bar.kind] * _ROW.size:
            return False
        rows[place:place] = _pack(bar, span)
        self._bound(bar.kind, rows)
        return True

    def find(self, kind: Kind, symbol: str, start_ns: int) -> tuple[Bar, Span] | None:
        """Return the bar that starts at a time, and its span; None if it is not kept. O(log n)."""
        rows = self._rows[kind].get(symbol, _NO_ROWS)
        place, is_kept = _find(rows, start_ns)
        return _unpack(kind, symbol, rows, place) if is_kept else None

    def read(self, kind: Kind, symbol: str, limit: int) -> list[Bar]:
        """Return the newest bars of a symbol, at most `limit` of them, oldest first. O(limit)."""
        rows = self._rows[kind].get(symbol, _NO_ROWS)
        oldest = max(0, len(rows) - limit * _ROW.size)
        return [
            _unpack(kind, symbol, rows, place)[0] for place in range(oldest, len(rows), _ROW.size)
        ]

    def read_from(self, kind: Kind, symbol: str, start_ns: int, limit: int) -> list[Bar]:
        """Return the first bars of a symbol that start at a time or later. O(log n + limit)."""
        rows = self._rows[kind].get(symbol, _NO_ROWS)
        first, _ = _find(rows, start_ns)
        end = min(len(rows), first + limit * _ROW.size)
        return [_unpack(kind, symbol, rows, place)[0] for place in range(first, end, _ROW.size)]

    def _bound(self, kind: Kind, rows: bytearray, added: int = 1) -> None:
        """Count rows that were added, and let the oldest go where there are too many."""
        self.bars += added
        self._trim(kind, rows)
        while self.bars > self._kept_in_all and max(self._kept.values()) > 1:
            most = max(self._kept, key=self._kept.__getitem__)
            self._kept[most] = max(1, self._kept[most] * 3 // 4)
            for symbol, others in self._rows[most].items():
                self._save_before(most, symbol)
                self._trim(most, others)

    def _trim(self, kind: Kind, rows: bytearray) -> None:
        excess = len(rows) - self._kept[kind] * _ROW.size
        if excess > 0:
            del rows[:excess]  # a byte string lets go of its beginning without moving the rest
            self.bars -= excess // _ROW.size


_NO_ROWS = bytearray()


def _find(rows: bytearray, start_ns: int) -> tuple[int, bool]:
    """Return where in the rows a start is or belongs, in bytes, and whether it is there."""
    start = divmod(start_ns, SECOND_NS)
    index = bisect_left(
        range(len(rows) // _ROW.size),
        start,
        key=lambda index: _START.unpack_from(rows, index * _ROW.size),
    )
    place = index * _ROW.size
    return place, place < len(rows) and _START.unpack_from(rows, place) == start


def _pack(bar: Bar, span: Span) -> bytes:
    start_ns = bar.event_ns
    return pack_row(
        start_ns // SECOND_NS,
        start_ns % SECOND_NS,
        bar.open,
        bar.high,
        bar.low,
        bar.close,
        bar.volume,
        bar.trade_count,
        bar.vwap,
        span[0] - start_ns,
        span[1] - start_ns,
    )


def _unpack(kind: Kind, symbol: str, rows: bytearray, place: int) -> tuple[Bar, Span]:
    (
        seconds,
        nanoseconds,
        open_price,
        high,
        low,
        close,
        volume,
        trade_count,
        vwap,
        first_ns,
        last_ns,
    ) = _ROW.unpack_from(rows, place)
    start_ns = seconds * SECOND_NS + nanoseconds
    bar = Bar(kind, symbol, open_price, high, low, close, volume, int(trade_count), vwap, start_ns)
    return bar, (start_ns + int(first_ns), start_ns + int(last_ns))
