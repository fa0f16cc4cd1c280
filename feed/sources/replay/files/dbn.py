"""One pass over a file of DBN, Databento's binary form: its trades, and its best bids and asks.

Read by `databento-dbn`, an extra. Records name an instrument by a number; which symbol it stood for
is told by the day: by the mappings at the head of a file, and by messages in a recorded stream.
Reading blocks its thread.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from feed.errors import InvalidTick, SourceError
from feed.market.ticks import MAX_EVENT_NS, SECOND_NS, Quote, Tick, Trade
from feed.sources.replay.files.blocks import Block
from feed.sources.replay.files.lines import Lines
from feed.sources.replay.files.packed import BROKEN
from feed.sources.replay.files.row_blocks import RowBlocks
from feed.sources.replay.formats.cells import NUMBER, billionths, is_no_price
from feed.sources.replay.listing import Listing, Listings
from feed.sources.replay.object_rows import taker_side_of
from feed.sources.replay.reading import Reading

_EXTRA = "reading DBN needs databento-dbn: pip install 'feed-broadcaster[databento]'"
_DAY_NS = 86_400 * SECOND_NS
_EPOCH = date(1970, 1, 1).toordinal()
_TRADE = "T"  # the action of a trade


class DbnRecording:
    """One pass over a file of DBN.

    Attributes:
        words: what it was taken for.
        by_symbol: never.
        columns: it has none.
    """

    __slots__ = ("_blocks", "_lines", "words")

    by_symbol = False
    columns: Mapping[str, str] = {}

    def __init__(self, lines: Lines, reading: Reading, listings: Listings, packing: str) -> None:
        """Read the head of the file.

        Raises:
            SourceError: it is broken, of a schema without trades and quotes, or databento-dbn is
                not installed.
        """
        try:
            import databento_dbn as dbn  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise SourceError(f"{lines.path}: is DBN; {_EXTRA}") from error
        self._lines = lines
        records = _records(dbn, lines)
        metadata = next(records, None)
        if not isinstance(metadata, dbn.Metadata):
            raise SourceError(f"{lines.path}: is DBN without a head; accepted: a whole file")
        schema = "several schemas" if metadata.schema is None else str(metadata.schema)
        if schema not in _SCHEMAS:
            raise SourceError(
                f"{lines.path}: is DBN of {schema}; accepted: that of {', '.join(_SCHEMAS)}"
            )
        self.words = f"{schema} of Databento, DBN{packing}"
        reader = _Reader(dbn, metadata, listings, reading.symbol)
        self._blocks = RowBlocks(lines.path, records, reader.read, listings, reading)

    @property
    def share(self) -> float:
        """Return how much of the file was read."""
        return self._lines.share

    def read_block(self) -> Block:
        """Read the next rows."""
        return self._blocks.read_block()

    def abandon(self) -> None:
        """Do nothing: each read is short."""

    def close(self) -> None:
        """Close the file; harmless when called twice."""
        self._lines.close()


_SCHEMAS = ("trades", "mbp-1", "tbbo", "bbo-1s", "bbo-1m", "several schemas")


def _records(dbn: Any, lines: Lines) -> Iterator[Any]:  # noqa: ANN401 - a module
    """Yield what a file holds, its metadata first."""
    decoder = dbn.DBNDecoder()
    try:
        for chunk in lines.chunks():
            decoder.write(chunk)
            yield from decoder.decode()
        rest = len(decoder.buffer())
    except (*BROKEN, dbn.DBNError) as error:
        raise SourceError(f"{lines.path}: cannot be read any further: {error}") from error
    if rest:
        raise SourceError(f"{lines.path}: cannot be read any further: it is cut off in a record")


class _Reader:
    """Records into ticks."""

    def __init__(self, dbn: Any, metadata: Any, listings: Listings, symbol: str) -> None:  # noqa: ANN401
        self._trades = (dbn.TradeMsg, dbn.MBP1Msg)
        self._quotes = (dbn.MBP1Msg, dbn.BBOMsg)
        self._mapping = dbn.SymbolMappingMsg
        self._listings = listings
        self._symbol = symbol
        self._streamed: dict[int, str] = {}
        # By instrument: the days, from the first to before the last, and the symbol on them.
        self._dated: dict[int, list[tuple[int, int, str]]] = {}
        for name, intervals in metadata.mappings.items():
            for interval in intervals:
                self._add_interval(name, interval)

    def read(self, record: Any) -> Tick | None:  # noqa: ANN401 - of a library
        """Return the tick of a record; None: it is of another kind.

        Raises:
            InvalidTick: its instrument has no symbol, or its price is none.
        """
        if isinstance(record, self._trades) and _word(record.action) == _TRADE:
            return self._trade(record)
        if isinstance(record, self._quotes):
            return self._quote(record)
        if isinstance(record, self._mapping):
            self._streamed[record.instrument_id] = record.stype_out_symbol
        return None

    def _trade(self, record: Any) -> Trade:  # noqa: ANN401
        price = billionths("price", record.price, NUMBER)
        side = taker_side_of("side", _word(record.side))
        listing, event_ns = self._listing(record)
        venue = str(record.publisher_id)
        number, exact_id = listing.trade_id(None)
        size = float(record.size)
        return Trade(listing.symbol, number, venue, price, size, event_ns, (), "", side, exact_id)

    def _quote(self, record: Any) -> Quote:  # noqa: ANN401
        level = record.levels[0]
        bid, bid_size = _side(level.bid_px, level.bid_sz)
        ask, ask_size = _side(level.ask_px, level.ask_sz)
        listing, event_ns = self._listing(record)
        venue = str(record.publisher_id)
        return Quote(listing.symbol, venue, bid, bid_size, venue, ask, ask_size, event_ns)

    def _listing(self, record: Any) -> tuple[Listing, int]:  # noqa: ANN401
        event_ns: int = record.ts_event
        if event_ns > MAX_EVENT_NS:  # undefined
            event_ns = record.ts_recv
        if not 0 <= event_ns <= MAX_EVENT_NS:
            raise InvalidTick("ts_event is undefined; accepted: a time")
        symbol = self._symbol or self._symbol_of(record.instrument_id, record.ts_recv)
        return self._listings.find(symbol, str(record.publisher_id)), event_ns

    def _symbol_of(self, instrument_id: int, at_ns: int) -> str:
        """Return the symbol that an instrument had on the day on which a record was received."""
        day = at_ns // _DAY_NS
        for first, end, symbol in self._dated.get(instrument_id, ()):
            if first <= day < end:
                return symbol
        symbol = self._streamed.get(instrument_id, "")
        if not symbol:
            raise InvalidTick(
                f"instrument {instrument_id} has no symbol on its day; accepted: those that the "
                "file maps"
            )
        return symbol

    def _add_interval(self, name: str, interval: Any) -> None:  # noqa: ANN401 - a map, or an object
        """Note what the file says of some days; either side may be the number."""
        first, end, other = (
            interval[key] if isinstance(interval, dict) else getattr(interval, key)
            for key in ("start_date", "end_date", "symbol")
        )
        number, symbol = (other, name) if other.isdecimal() else (name, other)
        if number.isdecimal():
            days = (_day(str(first)), _day(str(end)), symbol)
            self._dated.setdefault(int(number), []).append(days)


def _side(price: int, size: int) -> tuple[float, float]:
    if is_no_price(price):
        return 0.0, 0.0
    return billionths("price", price, NUMBER), float(size)


def _word(value: Any) -> str:  # noqa: ANN401 - an enumeration, or a letter
    return str(getattr(value, "value", value))


@lru_cache(maxsize=1024)
def _day(text: str) -> int:
    """Return a date as days since 1970."""
    return date.fromisoformat(text[:10]).toordinal() - _EPOCH
