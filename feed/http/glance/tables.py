"""Tables of the market, each shared by all that may read the same.

Theory of operation: a table costs a few microseconds a symbol. It is made when somebody asks, in
slices, at most once a second, and only if something has come since; meanwhile others wait for it,
and whoever asks for the same is told the same bytes. Symbols are those that are listed or had a
tick, and whose bars may be read: what is told of them are bars.

Whoever is granted ticks at intervals only is told prices as of the last end of one, and neither
volumes nor numbers of trades, which change with each trade.

Of a source that tells a past, what is of before its first tick is known for those symbols only that
somebody has looked at. Opens are known of all; volumes count since the first tick, so that they
compare, until all of the past is told, or the day is over.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field

import orjson

from feed.errors import NotGranted
from feed.http.told import Told
from feed.hub.hub import Hub
from feed.hub.steps import Step
from feed.ingest.runner import Ingest
from feed.market.bars import BarBuilder
from feed.market.day_bars import day_of
from feed.market.day_sums import DaySums
from feed.market.glance.glance import Glance, Overview, Terms, look
from feed.market.glance.row import Row, less, row_of
from feed.market.glance.table import Base, Table
from feed.market.ticks import SECOND_NS, Bar, Channel, Kind, Tick, Trade
from feed.sources.reference import Reference, class_by_form
from feed.sources.source import Instrument
from feed.wire.grants import Grants

SHARED_NS = SECOND_NS  # for which a table is shared
MOST_SHARED = 8  # readers who may read different things: 1 MB each, of 5,000 symbols
MOST_CLASSES = 8  # that are seen of one table, all of it among them
MOST_TOLD = 64  # documents of one table: 50 kB each
_CHANNELS = (Channel.BARS, Channel.TRADES)  # that a table is made of


@dataclass(slots=True)
class Made:
    """A table that was made.

    Attributes:
        table: all rows.
        position: as of which it is; bars are read while ticks go on, and may be newer.
        as_of_ns: when that was: the market's time where it is not ours.
        since_ns: the begin of the day.
        volumes_since_ns: since when volumes count.
        made_ns: when it was made, monotonic.
        overviews: what was seen of it, by asset class.
        told: documents of these.
    """

    table: Table
    position: str
    as_of_ns: int
    since_ns: int
    volumes_since_ns: int
    made_ns: int
    overviews: dict[str, Overview] = field(default_factory=dict)
    told: dict[object, Told] = field(default_factory=dict)


Tell = Callable[[Made, Glance], object]  # returns a document


class Tables:
    """Makes tables, and documents of them."""

    __slots__ = ("_hub", "_ingest", "_making", "_reference", "_shared")

    def __init__(self, hub: Hub, ingest: Ingest, reference: Reference) -> None:
        """Make them from the parts of a server."""
        self._hub = hub
        self._ingest = ingest
        self._reference = reference
        self._shared: OrderedDict[object, Made] = OrderedDict()
        self._making = asyncio.Lock()  # one is made at a time

    async def tell(self, grants: Grants, base: Base, terms: Terms, tell: Tell) -> Told:
        """Return a document of what stands out, for whoever has grants.

        Args:
            grants: of whoever asks.
            base: what changes are measured from.
            terms: what is asked for.
            tell: makes the document.

        Raises:
            NotGranted: bars of not one symbol are.
        """
        if all(channel != Channel.BARS for channel, _ in grants.read):
            raise NotGranted(f"{Channel.BARS} of any symbol", grants.words())
        async with self._making:
            made = await self._made((base, readers_of(grants)), grants, base)
            overview = await self._overview(made, terms.asset_class)
        async with self._hub.turns.turn(Step.ANSWER):
            told = made.told.get((tell, terms))
            if told is None:
                if len(made.told) >= MOST_TOLD:
                    made.told.clear()
                document = tell(made, overview.cut(terms))
                told = made.told[tell, terms] = Told(orjson.dumps(document))
            return told

    async def _overview(self, made: Made, asset_class: str) -> Overview:
        """Return what is seen of a table, or look at it."""
        overviews, table = made.overviews, made.table

        def looking() -> Iterator[None]:
            overviews[asset_class] = yield from look(table, asset_class)

        if asset_class not in overviews:
            if len(overviews) >= MOST_CLASSES:
                overviews.clear()
            await self._hub.turns.in_slices(looking(), Step.ANSWER)
        return overviews[asset_class]

    async def _made(self, key: object, grants: Grants, base: Base) -> Made:
        """Return the table that is shared, or make another one."""
        begun, mono_ns = self._begin(grants), self._hub.clock.mono_ns()
        shared = self._shared.get(key)
        if shared is not None and (mono_ns - shared.made_ns < SHARED_NS or _is_same(shared, begun)):
            return shared
        reader = _Reader(self._hub, self._ingest, grants, base)
        await self._hub.turns.in_slices(self._fill(begun.table, reader), Step.ANSWER)
        self._shared[key] = begun
        self._shared.move_to_end(key)
        if len(self._shared) > MOST_SHARED:
            self._shared.popitem(last=False)
        return begun

    def _begin(self, grants: Grants) -> Made:
        """Return a table without rows, as of now."""
        broadcast, clock = self._hub.broadcast, self._hub.clock
        position = broadcast.position
        if grants.conflate_ms:
            pace = broadcast.pace(grants.conflate_ms)
            position = broadcast.ring.position(pace.sequence)
        as_of_ns = broadcast.market_times.now_ns or clock.wall_ns()
        builders = [strand.bars for strand in self._ingest.strands]
        since_ns = max(bars.day_ns for bars in builders) or day_of(as_of_ns)
        began = [bars.recollection.began_ns(bars.day_ns) for bars in builders]
        volumes_since_ns = max(since_ns, *began)
        made_ns = clock.mono_ns()
        return Made(Table(), str(position), as_of_ns, since_ns, volumes_since_ns, made_ns)

    def _fill(self, table: Table, reader: "_Reader") -> Iterator[None]:
        """Put all symbols into a table, one by one."""
        for known in self._known():
            if reader.may_read(known.symbol):
                row = reader.row(known)
                if row is None:
                    table.untraded[known.asset_class] += 1
                else:
                    table.rows.append(row)
            yield

    def _known(self) -> Iterator[Instrument]:
        """Yield what is listed, and what had a tick."""
        listed = self._reference.instruments()
        yield from listed
        symbols = {known.symbol for known in listed}
        for symbol in self._hub.broadcast.snapshot.symbols:
            if symbol not in symbols:
                yield Instrument(symbol, symbol, class_by_form(symbol))


def readers_of(grants: Grants) -> Hashable:
    """Return what is equal for all that may read the same of a table."""
    return grants.conflate_ms, tuple(each for each in grants.read if each[0] in _CHANNELS)


def _is_same(shared: Made, begun: Made) -> bool:
    """Tell whether nothing has come since a table was made, and nothing counts otherwise."""
    return (shared.position, shared.since_ns, shared.volumes_since_ns) == (
        begun.position,
        begun.since_ns,
        begun.volumes_since_ns,
    )


class _Reader:
    """Reads rows as one reader may, symbol by symbol: 4 µs each."""

    __slots__ = ("_base", "_days", "_grants", "_ingest", "_minutes", "_only", "_trades")

    def __init__(self, hub: Hub, ingest: Ingest, grants: Grants, base: Base) -> None:
        self._grants = grants
        self._base = base
        self._ingest = ingest
        broadcast, paced_ms = hub.broadcast, grants.conflate_ms
        known = broadcast.pace(paced_ms).snapshot if paced_ms else broadcast.snapshot
        self._trades: Mapping[str, Tick] = known.latest(Kind.TRADE)
        self._minutes: Mapping[str, Tick] = known.latest(Kind.BAR)
        builders = [strand.bars for strand in ingest.strands]
        self._only = builders[0] if len(builders) == 1 else None
        # Of each: its day, and whether that is told in parts.
        self._days = {
            bars: (day_ns, bars.recollection.began_ns(day_ns) != day_ns)
            for bars in builders
            for day_ns in [bars.day_ns]
        }

    def may_read(self, symbol: str) -> bool:
        """Tell whether bars of a symbol may be read."""
        return self._grants.may_read(Channel.BARS, symbol)

    def row(self, known: Instrument) -> Row | None:
        """Return the row of a symbol; None: it was not traded yet."""
        symbol = known.symbol
        bars = self._only or self._ingest.bars_of(symbol)
        sums = bars.sums(symbol)
        if sums is None:
            return None
        day_ns, in_parts = self._days[bars]
        base = bars.recollection.opened(symbol, day_ns) if in_parts else None
        if self._base is Base.PREVIOUS_CLOSE:
            base = bars.previous_close(symbol) or base
        last = self._last(symbol, sums, bars)
        if last is None:
            return None
        traded = None if self._grants.conflate_ms else sums.traded
        if traded is not None and in_parts:
            traded = less(traded, bars.recollection.before(symbol, day_ns))
        return row_of(known, sums.open if base is None else base, last, traded)

    def _last(self, symbol: str, sums: DaySums, bars: BarBuilder) -> float | None:
        """Return the last price that may be told."""
        paced = self._grants.conflate_ms > 0
        if bars.builds and not paced:  # the last trade is in them
            return sums.close
        if self._grants.may_read(Channel.TRADES, symbol):
            trade = self._trades.get(symbol)
            if isinstance(trade, Trade):
                return trade.price
        if not paced:
            return sums.close
        minute = self._minutes.get(symbol)
        return minute.close if isinstance(minute, Bar) else None
