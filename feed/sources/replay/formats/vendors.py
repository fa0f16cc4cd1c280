"""The tables that vendors sell or give away, as columns: what is known of each stands here.

Sources: the vendors' documentation of their files, November 2026, and files of theirs. Names are in
small letters; those of headers are compared so.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from feed.errors import InvalidInput, shorten
from feed.market.ticks import Kind
from feed.sources.replay.formats.cells import billionths
from feed.sources.replay.formats.layout import Layout

TRADE_COLUMNS = ("symbol", "timestamp", "price", "amount")
QUOTE_COLUMNS = ("symbol", "timestamp", "bid_price", "bid_amount", "ask_price", "ask_amount")
CSV_SHAPE = (
    f"a header with the columns {', '.join(TRADE_COLUMNS)} for trades (optional: exchange, id, "
    f"side), or {', '.join(QUOTE_COLUMNS)} for quotes (optional: exchange), in any order; those of "
    "Tardis, Massive, Databento, Binance or Kraken; or others that --columns names"
)


def _columns(text: str) -> dict[str, str]:
    """Return columns by field, of words such as "size=amount"; one alone is both."""
    pairs = (pair.partition("=") for pair in text.split())
    return {field: column or field for field, _, column in pairs}


_TRADES = Layout(
    "trades",
    Kind.TRADE,
    _columns("symbol timestamp price size=amount exchange id side"),
    needed=frozenset(TRADE_COLUMNS),
)
_QUOTES = Layout(
    "quotes",
    Kind.QUOTE,
    _columns(
        "symbol timestamp bid_price bid_size=bid_amount ask_price ask_size=ask_amount exchange"
    ),
    needed=frozenset(QUOTE_COLUMNS),
)
_TARDIS = frozenset({"exchange", "local_timestamp"})

_MASSIVE_TAPES = {"1": "A", "2": "B", "3": "C", "0": ""}
_MASSIVE_TRADES = Layout(
    "trades of Massive (Polygon)",
    Kind.TRADE,
    _columns("symbol=ticker timestamp=sip_timestamp price size exchange id conditions tape"),
    needed=frozenset({"ticker", "conditions", "exchange", "participant_timestamp"}),
    tapes=_MASSIVE_TAPES,
    by_symbol=True,
)
_MASSIVE_QUOTES = Layout(
    "quotes of Massive (Polygon)",
    Kind.QUOTE,
    _columns(
        "symbol=ticker timestamp=sip_timestamp bid_price bid_size ask_price ask_size bid_exchange "
        "ask_exchange conditions tape"
    ),
    needed=frozenset({"ticker", "bid_exchange", "ask_exchange", "bid_size", "ask_size"}),
    tapes=_MASSIVE_TAPES,
    by_symbol=True,
)
_WITHOUT_SIP = frozenset({"sip_timestamp"})

_DATABENTO = frozenset({"ts_event", "rtype", "publisher_id", "instrument_id", "action"})
_DATABENTO_TRADES = Layout(
    "trades of Databento",
    Kind.TRADE,
    _columns("symbol timestamp=ts_event price size side exchange=publisher_id"),
    needed=_DATABENTO | {"side"},
    without=frozenset({"bid_px_00", "order_id"}),
    price=billionths,
)
_DATABENTO_BOOK = Layout(
    "best bid and ask of Databento (mbp-1), and the trades among them",
    Kind.QUOTE,
    _columns(
        "symbol timestamp=ts_event bid_price=bid_px_00 bid_size=bid_sz_00 ask_price=ask_px_00 "
        "ask_size=ask_sz_00 exchange=publisher_id"
    ),
    needed=_DATABENTO | {"bid_sz_00", "ask_sz_00"},
    without=frozenset({"bid_px_01"}),
    price=billionths,
    trades=replace(_DATABENTO_TRADES, without=frozenset()),
)

_BINANCE_NAME = re.compile(r"([A-Za-z0-9_]+)-(?:trades|aggTrades)(?:-|$)")
_BINANCE_TRADES = Layout(
    "trades of Binance",
    Kind.TRADE,
    _columns("timestamp=time price size=qty id side=is_buyer_maker"),
    needed=frozenset({"id", "is_buyer_maker"}),
    by_maker=True,
    exchange="binance",
    symbol_in_name=_BINANCE_NAME,
)
_BINANCE_AGGREGATES = replace(
    _BINANCE_TRADES,
    words="aggregated trades of Binance",
    columns=_columns(
        "timestamp=transact_time price size=quantity id=agg_trade_id side=is_buyer_maker"
    ),
    needed=frozenset({"agg_trade_id", "is_buyer_maker"}),
)
_KRAKEN = Layout(
    "time and sales of Kraken",
    Kind.TRADE,
    _columns("timestamp=time price size=volume"),
    exchange="kraken",
    symbol_in_name=re.compile(r"([A-Za-z0-9.]+)$"),
)

# The first group with a match decides; what matches the layouts of both trades and quotes of a
# group is neither's.
_GROUPS: tuple[tuple[Layout, ...], ...] = (
    (
        replace(_TRADES, words="trades of Tardis", needed=_TRADES.needed | _TARDIS),
        replace(_QUOTES, words="quotes of Tardis", needed=_QUOTES.needed | _TARDIS),
        _MASSIVE_TRADES,
        replace(
            _MASSIVE_TRADES,
            words="trades of Massive (Polygon), without a SIP",
            columns={**_MASSIVE_TRADES.columns, "timestamp": "participant_timestamp"},
            without=_WITHOUT_SIP,
        ),
        _MASSIVE_QUOTES,
        replace(
            _MASSIVE_QUOTES,
            words="quotes of Massive (Polygon) for currencies, without sizes",
            columns={**_MASSIVE_QUOTES.columns, "timestamp": "participant_timestamp"},
            needed=frozenset({"ticker", "bid_exchange", "ask_exchange"}),
            without=_WITHOUT_SIP,
        ),
        _DATABENTO_TRADES,
        _DATABENTO_BOOK,
        _BINANCE_TRADES,
        _BINANCE_AGGREGATES,
    ),
    (_TRADES, _QUOTES),
    (_KRAKEN,),
)
# What looks like trades, and is not.
_NOT_READ = {
    "changes of an order book (incremental_book_L2 of Tardis)": frozenset(
        {"is_snapshot", "side", "price", "amount"}
    ),
    "orders of a book (mbo of Databento)": frozenset({"order_id", "action", "side", "price"}),
    "ten levels of an order book (mbp-10 of Databento)": frozenset({"bid_px_00", "bid_px_01"}),
}

# The columns of files without a header, by the number of cells and of the booleans at the end.
_BINANCE_NAMES = {
    (7, 2): "id price qty quote_qty time is_buyer_maker is_best_match",
    (6, 1): "id price qty quote_qty time is_buyer_maker",
    (8, 2): "agg_trade_id price quantity first_trade_id last_trade_id transact_time "
    "is_buyer_maker is_best_match",
    (7, 1): "agg_trade_id price quantity first_trade_id last_trade_id transact_time is_buyer_maker",
}
_KRAKEN_NAMES = ("time", "price", "volume")
_BOOLEANS = frozenset({"true", "false"})


def layout_of(header: Sequence[str]) -> Layout:
    """Return the layout of a table with these columns, in small letters.

    Raises:
        InvalidInput: it is of none, or of several; or a column of it comes twice.
    """
    names = [name for name in header if name]
    for words, columns in _NOT_READ.items():
        if columns.issubset(names):
            raise InvalidInput(f"the columns are those of {words}; accepted: {CSV_SHAPE}")
    for group in _GROUPS:
        found = [layout for layout in group if layout.is_of(names)]
        if len({layout.kind for layout in found}) > 1:
            raise InvalidInput(_not_accepted(header, "both trades and quotes"))
        if found:
            found[0].check(names)
            return found[0]
    raise InvalidInput(_not_accepted(header, "neither trades nor quotes"))


def names_without_header(cells: Sequence[str]) -> tuple[str, ...] | None:
    """Return the columns of a file that begins with this record in place of a header, if known."""
    booleans = 0
    while booleans < len(cells) and cells[-1 - booleans].lower() in _BOOLEANS:
        booleans += 1
    if not all(map(is_number, cells[: len(cells) - booleans])):
        return None
    if booleans:
        names = _BINANCE_NAMES.get((len(cells), booleans))
        return None if names is None else tuple(names.split())
    return _KRAKEN_NAMES if len(cells) == len(_KRAKEN_NAMES) else None


def is_number(text: str) -> bool:
    """Tell whether a cell is a number, and so no name of a column."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def _not_accepted(header: Sequence[str], found: str) -> str:
    return f"the columns {shorten(','.join(header))} are those of {found}; accepted: {CSV_SHAPE}"
