"""Hypothesis strategies for ticks, selections, and what clients send."""

from hypothesis import settings
from hypothesis import strategies as st

from feed.market.asset_classes import WILDCARDS
from feed.market.symbols import ALL
from feed.market.ticks import Bar, Channel, ConflatedTrade, Kind, Quote, Status, Tick, Trade
from feed.market.wildcards import both, marked
from feed.wire.selection import Selection

SYMBOLS = ("AAPL", "BRK.B", "BTC/USD", "MSFT")
LAST_EVENT_NS = (1 << 63) - 1  # 2262-04-11, the latest time that a source lets in
LARGEST_ID = (1 << 63) - 1


def examples(thorough: int) -> int:
    """Return how many examples a test looks at, which looks at a number of them where CI does."""
    profile = settings.default
    assert profile is not None, "tests/conftest.py loads one"
    return max(1, thorough * profile.max_examples // 100)


# Pieces of texts that a careless encoder, joiner or splitter trips over.
_AWKWARD = st.sampled_from(
    [
        '"',
        "\\",
        '\\"',
        "{",
        "}",
        "},{",
        '},{"',
        '},{"T":',
        '},{"T":"t"',
        "}]",
        "[{",
        '":',
        ",",
        "T",
        "\n",
        "\r\n",
        "\n\n",
        "data: ",
        "\0",
        "\x7f",
        "é",
        "€",
        "\u2028",
        "🐎",
        "\ufeff",
    ]
)


def texts(max_pieces: int = 6) -> st.SearchStrategy[str]:
    """Texts of any characters, and of pieces that look like the wire's own syntax."""
    return st.one_of(
        st.text(max_size=20), st.lists(_AWKWARD, max_size=max_pieces).map("".join), _AWKWARD
    )


def symbols() -> st.SearchStrategy[str]:
    """A few symbols, so that selections and ticks meet."""
    return st.sampled_from(SYMBOLS)


_numbers = st.floats(allow_nan=False, allow_infinity=False)
_event_ns = st.one_of(
    st.integers(0, LAST_EVENT_NS),
    st.integers(0, 3).map(lambda second: second * 1_000_000_000),
    st.sampled_from([0, 1, 999_999_999, 1_000_000_000, LAST_EVENT_NS]),
)
_conditions = st.lists(texts(), max_size=3).map(tuple)

_exact_ids = st.one_of(st.just(""), st.integers(1 << 53, 1 << 130).map(str), texts())

trades = st.builds(
    Trade,
    symbol=symbols(),
    trade_id=st.integers(0, LARGEST_ID),
    exchange=texts(),
    price=_numbers,
    size=_numbers,
    event_ns=_event_ns,
    conditions=_conditions,
    tape=texts(),
    taker_side=st.sampled_from(["", "B", "S"]),
    exact_id=_exact_ids,
)
conflated_trades = st.builds(
    ConflatedTrade,
    symbol=symbols(),
    trade_id=st.integers(0, LARGEST_ID),
    exchange=texts(),
    price=_numbers,
    size=_numbers,
    event_ns=_event_ns,
    conditions=_conditions,
    tape=texts(),
    trade_count=st.integers(1, LARGEST_ID),
    high=_numbers,
    low=_numbers,
    volume=_numbers,
    vwap=_numbers,
    first_trade_id=st.integers(0, LARGEST_ID),
    exact_id=_exact_ids,
    first_exact_id=_exact_ids,
)
quotes = st.builds(
    Quote,
    symbol=symbols(),
    bid_exchange=texts(),
    bid_price=_numbers,
    bid_size=_numbers,
    ask_exchange=texts(),
    ask_price=_numbers,
    ask_size=_numbers,
    event_ns=_event_ns,
    conditions=_conditions,
    tape=texts(),
)
bars = st.builds(
    Bar,
    kind=st.sampled_from([Kind.BAR, Kind.UPDATED_BAR, Kind.SECOND_BAR]),
    symbol=symbols(),
    open=_numbers,
    high=_numbers,
    low=_numbers,
    close=_numbers,
    volume=_numbers,
    trade_count=st.integers(0, LARGEST_ID),
    vwap=_numbers,
    event_ns=_event_ns,
)
statuses = st.builds(
    Status,
    symbol=symbols(),
    status_code=texts(),
    status_message=texts(),
    reason_code=texts(),
    reason_message=texts(),
    event_ns=_event_ns,
    tape=texts(),
)
ticks: st.SearchStrategy[Tick] = st.one_of(trades, conflated_trades, quotes, bars, statuses)

# Which ticks there are in models that look at sequences only.
keys: st.SearchStrategy[tuple[Kind, str]] = st.tuples(st.sampled_from(Kind), symbols())

_wanted = st.one_of(
    st.just({ALL}), st.sets(symbols()), st.sets(st.one_of(symbols(), st.just(ALL)), max_size=2)
)
wishes = st.dictionaries(st.sampled_from(Channel), _wanted)
# A client names a class by the path that it connects to.
_of_classes = st.dictionaries(
    st.sampled_from(Channel),
    st.sets(st.one_of(symbols(), st.sampled_from(sorted(WILDCARDS))), max_size=3),
)
selections = wishes.map(Selection.of)
# A grant has globs, of which some, or all of a class, may be asked for.
GLOBS = ("A*", "*/USD", "B*", "*B*S*", "M*T")
_values = st.one_of(
    st.sampled_from([*SYMBOLS, *GLOBS, *sorted(WILDCARDS)]),
    st.tuples(
        st.sampled_from([*GLOBS, *SYMBOLS]), st.sampled_from([*sorted(WILDCARDS), *GLOBS])
    ).map(lambda values: both(*values) or ALL),
)
_of_globs = st.dictionaries(st.sampled_from(Channel), st.sets(_values, max_size=3).map(marked))
selections_of_wildcards = st.one_of(wishes, _of_classes, _of_globs).map(Selection.of)

# What JSON and MessagePack can carry to a server, and a little more.
_keys = st.one_of(
    st.sampled_from(["action", "trades", "quotes", "after", "snapshot", "on_lag", "marks", "key"]),
    texts(),
)
_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(1 << 63), (1 << 64) - 1),
    st.floats(),
    st.binary(max_size=8),
    texts(),
    st.sampled_from(["*", "AAPL", "0", "abc-1", "gap", "disconnect", "auth", "subscribe"]),
)
json_values = st.recursive(
    _scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_keys, inner, max_size=4)),
    max_leaves=12,
)
control_messages = st.dictionaries(_keys, json_values, max_size=5).flatmap(
    lambda message: st.sampled_from(["auth", "subscribe", "unsubscribe"]).map(
        lambda action: message | {"action": action}
    )
)
