import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.market.bar_store import BarHistory
from feed.market.ticks import MINUTE_NS, SECOND_NS, Bar, Kind

KINDS = st.sampled_from([Kind.SECOND_BAR, Kind.BAR])
SYMBOLS = st.sampled_from(["AAPL", "MSFT"])
FLOATS = st.floats(allow_nan=False, allow_infinity=False)


def bar(start_ns: int, close: float = 1.0, kind: Kind = Kind.BAR, symbol: str = "AAPL") -> Bar:
    return Bar(kind, symbol, 1.0, 2.0, 0.5, close, 3.0, 4, 1.5, start_ns)


def span(start_ns: int) -> tuple[int, int]:
    return start_ns, start_ns + 1


@given(
    st.builds(
        Bar,
        KINDS,
        SYMBOLS,
        *[FLOATS] * 5,
        st.integers(0, 2**53),
        FLOATS,
        st.integers(-(10**22), 10**22),
    ),
    st.integers(0, MINUTE_NS),
    st.integers(0, MINUTE_NS),
)
def test_what_is_kept_comes_back_equal(kept: Bar, first_ns: int, last_ns: int) -> None:
    history = BarHistory()
    times = (kept.event_ns + first_ns, kept.event_ns + last_ns)
    history.append(kept, times)
    assert history.find(kept.kind, kept.symbol, kept.event_ns) == (kept, times)
    assert history.read(kept.kind, kept.symbol, 1) == [kept]


@given(
    st.lists(st.tuples(KINDS, SYMBOLS, st.integers(0, 12), st.integers(0, 5))),
    st.integers(1, 5),
    st.integers(-1, 14),
)
def test_put_keeps_the_newest_in_order_of_start(
    puts: list[tuple[Kind, str, int, int]], kept: int, limit: int
) -> None:
    history = BarHistory(second_bars=kept, minute_bars=kept)
    model: dict[tuple[Kind, str], dict[int, Bar]] = {}
    for kind, symbol, number, close in puts:
        added = bar(number * SECOND_NS, close, kind, symbol)
        bars = model.setdefault((kind, symbol), {})
        would_go = len(bars) == kept and number < min(bars)
        assert history.put(added, span(added.event_ns)) is not would_go
        bars[number] = added
        if len(bars) > kept:
            del bars[min(bars)]
    for (kind, symbol), bars in model.items():
        wanted = [bars[number] for number in sorted(bars)]
        assert history.read(kind, symbol, 100) == wanted
        assert history.read(kind, symbol, limit) == (wanted[-limit:] if limit > 0 else [])
    assert history.bars == sum(map(len, model.values()))


def test_append_lets_the_oldest_go() -> None:
    history = BarHistory(second_bars=3, minute_bars=2)
    for number in range(10):
        history.append(bar(number * MINUTE_NS), span(0))
        history.append(bar(number * SECOND_NS, kind=Kind.SECOND_BAR), span(0))
    starts = [kept.event_ns // MINUTE_NS for kept in history.read(Kind.BAR, "AAPL", 100)]
    assert starts == [8, 9]
    assert len(history.read(Kind.SECOND_BAR, "AAPL", 100)) == 3
    assert history.bars == 5


def test_many_symbols_share_what_is_kept_in_all() -> None:
    history = BarHistory(second_bars=16, minute_bars=32, bars_in_all=1000)
    symbols = [f"S{number}" for number in range(100)]
    for number in range(64):
        for symbol in symbols:
            for kind in (Kind.SECOND_BAR, Kind.BAR):
                history.append(bar(number * MINUTE_NS, kind=kind, symbol=symbol), span(0))
                assert history.bars <= 1000
    counts = {
        kind: {len(history.read(kind, symbol, 100)) for symbol in symbols}
        for kind in (Kind.SECOND_BAR, Kind.BAR)
    }
    (seconds,), (minutes,) = counts.values()
    assert history.bars == 100 * (seconds + minutes)
    assert history.bars > 500
    assert minutes > seconds > 1
    newest = history.read(Kind.BAR, "S0", 100)[-1]
    assert newest.event_ns == 63 * MINUTE_NS


def test_one_bar_of_each_symbol_is_kept_whatever_their_number() -> None:
    history = BarHistory(bars_in_all=4)
    for number in range(20):
        history.append(bar(0, symbol=f"S{number}"), span(0))
    assert history.bars == 20
    assert len(history.read(Kind.BAR, "S0", 10)) == 1


def test_clear_forgets_all_and_shares_anew() -> None:
    history = BarHistory(minute_bars=8, bars_in_all=10)
    for symbol in ("AAPL", "MSFT", "TSLA"):
        for number in range(8):
            history.append(bar(number * MINUTE_NS, symbol=symbol), span(0))
    assert len(history.read(Kind.BAR, "AAPL", 10)) < 8
    history.clear()
    assert history.bars == 0
    assert history.read(Kind.BAR, "AAPL", 10) == []
    for number in range(8):
        history.append(bar(number * MINUTE_NS), span(0))
    assert len(history.read(Kind.BAR, "AAPL", 10)) == 8


@pytest.mark.parametrize("start_ns", [-1, 1, MINUTE_NS - 1, MINUTE_NS + 1, 3 * MINUTE_NS])
def test_find_wants_the_exact_start(start_ns: int) -> None:
    history = BarHistory()
    for number in range(3):
        history.append(bar(number * MINUTE_NS, number), span(0))
    assert history.find(Kind.BAR, "AAPL", start_ns) is None
    assert history.find(Kind.BAR, "MSFT", 0) is None
    assert history.find(Kind.SECOND_BAR, "AAPL", 0) is None
    found = history.find(Kind.BAR, "AAPL", MINUTE_NS)
    assert found is not None
    assert found[0].close == 1
