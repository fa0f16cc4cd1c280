"""A view: what one asker may read of the market, as of one position.

What is not granted is unknown: of a symbol whose trades alone are granted, quotes and bars are as
if there were none. Whoever is granted ticks at intervals only sees the state as of the last end of
one, without volumes, which change with each trade.

The last ticks are those of the position; bars are read while ticks go on, and may be newer by what
that takes. The day of a symbol whose past was not told yet lacks its beginning: its open is
unknown.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from feed.hub.hub import Hub
from feed.ingest.runner import Ingest
from feed.market.snapshot import Snapshot
from feed.market.summary.figures import Figures
from feed.market.summary.sentences import AsOf
from feed.market.symbol_health import HALTED_CODES, RESUMED_CODES, Health
from feed.market.ticks import (
    CHANNEL_OF_KIND,
    SECOND_NS,
    Bar,
    Channel,
    Kind,
    Quote,
    Status,
    Tick,
    Trade,
)
from feed.sources.reference import Reference
from feed.wire.grants import Grants
from feed.wire.rfc3339 import second_prefix


@dataclass(frozen=True, slots=True)
class View:
    """What somebody may read, as of a position; the last ticks in it change no more.

    Attributes:
        grants: of whoever asks.
        as_of: the position, and its time.
        wall_ns: the same time.
        known: the last ticks.
        symbols: of the view, sorted.
    """

    grants: Grants
    as_of: AsOf
    wall_ns: int
    known: Snapshot
    symbols: list[str]


class Market:
    """The parts of a server that know the market: snapshot, bars, health and instruments."""

    __slots__ = ("_ingest", "_reference", "hub")

    def __init__(self, hub: Hub, ingest: Ingest, reference: Reference) -> None:
        """Read from the parts of a server."""
        self.hub = hub
        self._ingest = ingest
        self._reference = reference

    def unknown(self, symbols: Iterable[str]) -> list[str]:
        """Return those symbols that are neither listed nor had a tick, sorted."""
        strange = self.hub.broadcast.snapshot.without_state(frozenset(symbols))
        return sorted(name for name in strange if self._reference.instrument(name) is None)

    def view(self, symbols: Iterable[str], grants: Grants) -> tuple[View, Iterator[None]]:
        """Return a view of some symbols, or of all where none are named.

        Args:
            symbols: that are granted.
            grants: of whoever asks.

        Returns:
            The view, and work that is to be done before it is complete, piece by piece.
        """
        broadcast, wall_ns = self.hub.broadcast, self.hub.clock.wall_ns()
        position, known = broadcast.position, broadcast.snapshot
        if grants.conflate_ms:
            pace = broadcast.pace(grants.conflate_ms)
            position, known = broadcast.ring.position(pace.sequence), pace.snapshot
        time, market_ns = _time(wall_ns), broadcast.market_times.now_ns
        if market_ns is not None:
            time += f" (market time {_time(market_ns)})"
        feed = self._ingest.feed
        down = feed.reason if feed.state is Health.SOURCE_DOWN else ""
        as_of = AsOf(str(position), time, down)
        view = View(grants, as_of, wall_ns, known.copy(), sorted(set(symbols)))
        return view, iter(()) if view.symbols else _complete(view, known.symbols)

    def recall(self, symbols: Iterable[str], grants: Grants) -> Iterator[None]:
        """Have the past of symbols told, so that their day is whole: 25 ms each, once."""
        for symbol in symbols:
            if grants.may_read(Channel.BARS, symbol):
                yield from self._ingest.bars_of(symbol).recollection.recall(symbol)

    def fill(
        self, figures: list[Figures], symbols: Iterable[str], view: View, *, whole: bool
    ) -> Iterator[None]:
        """Append the figures of symbols, one by one: 20 µs each.

        Args:
            figures: they are appended here.
            symbols: of the view.
            view: what may be read.
            whole: volumes are of the day, whatever was told of it; else `volumes_since` a time, so
                that they compare.
        """
        for symbol in symbols:
            figures.append(self._figures(symbol, view, whole=whole))
            yield

    def volumes_since(self) -> str:
        """Return since when volumes are known of all symbols, told or not; "": of the day."""
        days = [(strand.bars, strand.bars.day_ns) for strand in self._ingest.strands]
        began = [(bars.recollection.began_ns(day_ns), day_ns) for bars, day_ns in days]
        partial = [began_ns for began_ns, day_ns in began if began_ns != day_ns]
        return _time(max(partial)) if partial else ""

    def _figures(self, symbol: str, view: View, *, whole: bool) -> Figures:
        """Return what is known of a symbol and granted."""
        grants = view.grants
        ticks = {tick.kind: tick for tick in view.known.get(symbol) if _is_granted(tick, grants)}
        trade, quote = ticks.get(Kind.TRADE), ticks.get(Kind.QUOTE)
        minute, status = ticks.get(Kind.BAR), ticks.get(Kind.STATUS)
        last = minute.close if isinstance(minute, Bar) else None
        opened = previous_close = volume = None
        if grants.may_read(Channel.BARS, symbol):
            builder = self._ingest.bars_of(symbol)
            previous_close, day = builder.previous_close(symbol), builder.day(symbol)
            past = builder.recollection
            if day is not None and not grants.conflate_ms:
                before = 0.0 if whole else past.before(symbol, day.event_ns).volume
                volume, last = day.volume - before, day.close
            if day is not None and (ticks or not grants.conflate_ms):
                opened = None if past.is_partial(symbol, day.event_ns) else day.open
        known = self._reference.instrument(symbol)
        return Figures(
            symbol,
            trade.price if isinstance(trade, Trade) else last,
            opened,
            previous_close,
            volume,
            quote.bid_price if isinstance(quote, Quote) else None,
            quote.ask_price if isinstance(quote, Quote) else None,
            self._halt(status) if isinstance(status, Status) else None,
            None if known is None else known.price_step,
        )

    def _halt(self, status: Status) -> str | None:
        """Return why a symbol is halted; None: it is not.

        A status of its health may have come since: then it is the watch that knows.
        """
        code = status.status_code
        if code in HALTED_CODES:
            return status.reason_message or status.status_message
        strand = self._ingest.strand_of(status.symbol)
        is_halted = strand is not None and strand.health.is_halted(status.symbol)
        return "" if is_halted and code not in RESUMED_CODES else None


def _complete(view: View, known: Iterable[str]) -> Iterator[None]:
    """Append the known symbols that may be read, one by one."""
    for symbol in known:
        if view.grants.may_read_any(symbol):
            view.symbols.append(symbol)
        yield


def _is_granted(tick: Tick, grants: Grants) -> bool:
    return grants.may_read(CHANNEL_OF_KIND[tick.kind], tick.symbol)


def _time(unix_ns: int) -> str:
    return f"{second_prefix(unix_ns // SECOND_NS)[:-1]}Z"
