from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.market.asset_classes import WILDCARDS
from feed.market.snapshot import Snapshot
from feed.market.symbols import ALL
from feed.market.ticks import CHANNEL_OF_KIND, Bar, Channel, Kind, Quote, Status, Tick, Trade
from tests.fakes.selections import class_of

SYMBOLS = ["AAPL", "BTC/USD", "MSFT", "TSLA"]


def trade(symbol: str, number: int = 0) -> Trade:
    return Trade(symbol, number, "V", 1.0, 1.0, number)


def quote(symbol: str, number: int = 0) -> Quote:
    return Quote(symbol, "V", 1.0, 1.0, "V", 2.0, 1.0, number)


def status(symbol: str, number: int = 0) -> Status:
    return Status(symbol, "H", "Halted", "", "", number)


def bar(kind: Kind, symbol: str, start_ns: int = 0, close: float = 1.0) -> Bar:
    return Bar(kind, symbol, 1.0, 2.0, 0.5, close, 3.0, 4, 1.5, start_ns)


MAKERS = [
    trade,
    quote,
    status,
    lambda symbol, number: bar(Kind.BAR, symbol, number),
    lambda symbol, number: bar(Kind.SECOND_BAR, symbol, number),
]
STREAMS = st.lists(
    st.builds(
        lambda make, symbol, number: make(symbol, number),
        st.sampled_from(MAKERS),
        st.sampled_from(SYMBOLS),
        st.integers(0, 100),
    )
)
WANTS = st.dictionaries(
    st.sampled_from(list(Channel)), st.frozensets(st.sampled_from([*SYMBOLS, "NONE", *WILDCARDS]))
)


@given(STREAMS, WANTS, st.integers(0, 50))
def test_state_is_the_last_of_each_kind_and_symbol_that_is_wanted(
    ticks: list[Tick], wanted: Mapping[Channel, frozenset[str]], cut: int
) -> None:
    snapshot = Snapshot()
    snapshot.update(ticks[:cut])
    snapshot.update(ticks[cut:])
    channels = list(Channel)
    last = {(tick.symbol, channels.index(CHANNEL_OF_KIND[tick.kind])): tick for tick in ticks}
    expected = [
        last[symbol, channel]
        for symbol, channel in sorted(last)
        if {symbol, ALL, class_of(symbol)} & wanted.get(channels[channel], frozenset())
    ]
    assert list(map(id, snapshot.state(wanted))) == list(map(id, expected))
    assert snapshot.symbols == sorted({tick.symbol for tick in ticks})
    for each in SYMBOLS:
        assert snapshot.get(each) == [last[key] for key in sorted(last) if key[0] == each]


def test_state_is_ordered_by_symbol_then_by_channel() -> None:
    snapshot = Snapshot()
    newest: list[Tick] = [
        bar(Kind.SECOND_BAR, "MSFT"),
        status("AAPL"),
        quote("MSFT"),
        bar(Kind.BAR, "AAPL"),
        trade("MSFT"),
        quote("AAPL"),
        trade("AAPL"),
    ]
    snapshot.update(newest)
    state = snapshot.state(dict.fromkeys(Channel, frozenset({ALL})))
    assert [(tick.symbol, tick.kind) for tick in state] == [
        ("AAPL", Kind.TRADE),
        ("AAPL", Kind.QUOTE),
        ("AAPL", Kind.BAR),
        ("AAPL", Kind.STATUS),
        ("MSFT", Kind.TRADE),
        ("MSFT", Kind.QUOTE),
        ("MSFT", Kind.SECOND_BAR),
    ]


def test_the_last_is_the_last_that_arrived_not_the_latest_event() -> None:
    snapshot = Snapshot()
    snapshot.update([trade("AAPL", 9), trade("AAPL", 5)])
    assert snapshot.get("AAPL") == [trade("AAPL", 5)]


def test_a_correction_replaces_the_bar_that_it_corrects_and_has_no_state_itself() -> None:
    snapshot = Snapshot()
    snapshot.update([bar(Kind.BAR, "AAPL", 60, 1.0)])
    snapshot.update([bar(Kind.UPDATED_BAR, "AAPL", 60, 7.0)])
    assert snapshot.get("AAPL") == [bar(Kind.BAR, "AAPL", 60, 7.0)]
    assert snapshot.state({Channel.UPDATED_BARS: frozenset({ALL})}) == []


@pytest.mark.parametrize("start_ns", [0, 120])
def test_a_correction_of_another_bar_changes_nothing(start_ns: int) -> None:
    snapshot = Snapshot()
    snapshot.update([bar(Kind.BAR, "AAPL", 60, 1.0)])
    snapshot.update([bar(Kind.UPDATED_BAR, "AAPL", start_ns, 7.0)])
    snapshot.update([bar(Kind.UPDATED_BAR, "MSFT", 60, 7.0)])
    assert snapshot.get("AAPL") == [bar(Kind.BAR, "AAPL", 60, 1.0)]
    assert snapshot.get("MSFT") == []
    assert snapshot.symbols == ["AAPL"]


def test_a_correction_leaves_the_published_bar_as_it_was() -> None:
    snapshot = Snapshot()
    published = bar(Kind.BAR, "AAPL", 60, 1.0)
    update = bar(Kind.UPDATED_BAR, "AAPL", 60, 7.0)
    snapshot.update([published, update])
    assert published == bar(Kind.BAR, "AAPL", 60, 1.0)
    assert update.kind is Kind.UPDATED_BAR


def test_symbols_are_sorted_again_only_when_there_are_more() -> None:
    snapshot = Snapshot()
    snapshot.update([trade("MSFT"), trade("AAPL")])
    before = snapshot.symbols
    snapshot.update([trade("AAPL", 1)])
    assert snapshot.symbols is before
    snapshot.update([quote("BTC/USD")])
    assert snapshot.symbols == ["AAPL", "BTC/USD", "MSFT"]


def test_an_empty_snapshot_answers_with_nothing() -> None:
    snapshot = Snapshot()
    assert snapshot.symbols == []
    assert snapshot.get("AAPL") == []
    assert snapshot.state({Channel.TRADES: frozenset({ALL}), Channel.QUOTES: frozenset()}) == []


def test_memory_goes_with_symbols_not_with_ticks() -> None:
    snapshot = Snapshot()
    for number in range(1000):
        snapshot.update([trade("AAPL", number), quote("MSFT", number)])
    state = snapshot.state(dict.fromkeys(Channel, frozenset({ALL})))
    assert state == [trade("AAPL", 999), quote("MSFT", 999)]
