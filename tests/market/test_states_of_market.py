"""Bars, snapshot and health that another process takes up are as if there had been one."""

from collections.abc import Sequence
from typing import Any

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feed.market.bar_store import BarHistory
from feed.market.bars import BarBuilder
from feed.market.snapshot import Snapshot
from feed.market.symbol_health import SymbolHealth
from feed.market.ticks import SECOND_NS, Bar, Kind, Quote, Status, Tick, Trade
from tests.fakes import strategies
from tests.fakes.strategies import examples

START_NS = 1_700_000_000 * SECOND_NS
SYMBOLS = ("AAPL", "MSFT")

_steps = st.tuples(
    st.sampled_from(SYMBOLS),
    st.one_of(st.integers(-3 * SECOND_NS, 40 * SECOND_NS), st.just(90 * 24 * 3_600 * SECOND_NS)),
    st.floats(1, 100),
    st.booleans(),
)


def packed(state: Any) -> Any:
    """Return plain data as another process gets it."""
    return msgpack.unpackb(msgpack.packb(state))


def ticks_of(steps: Sequence[tuple[str, int, float, bool]]) -> list[Tick]:
    """Return trades and quotes, each a while after the one before, or a bit earlier."""
    ticks: list[Tick] = []
    now_ns = START_NS
    for number, (symbol, step_ns, price, is_trade) in enumerate(steps):
        at_ns = max(START_NS, now_ns + step_ns)
        now_ns = max(now_ns, at_ns) if step_ns < 3_600 * SECOND_NS else now_ns
        ticks.append(
            Trade(symbol, number, "V", price, 1.0, at_ns)
            if is_trade
            else Quote(symbol, "V", price, 1.0, "V", price, 1.0, at_ns)
        )
    return ticks


def finished(builder: BarBuilder) -> list[list[Bar]]:
    kinds = (Kind.SECOND_BAR, Kind.BAR)
    return [builder.history(symbol, kind, 1_000) for symbol in SYMBOLS for kind in kinds]


@settings(max_examples=examples(150))
@given(before=st.lists(_steps), after=st.lists(_steps))
def test_bars_that_are_taken_up_are_woven_as_if_nothing_had_happened(
    before: list[tuple[str, int, float, bool]], after: list[tuple[str, int, float, bool]]
) -> None:
    ticks = ticks_of([*before, *after])
    whole, saved, resumed = BarBuilder(), BarBuilder(), BarBuilder()
    for builder in (whole, saved):
        builder.weave(ticks[: len(before)])
    resumed.restore(packed(saved.state()))
    for kind, symbol, rows in packed(list(saved.finished.rows())):
        resumed.finished.restore(kind, symbol, rows)
    woven = whole.weave(ticks[len(before) :])
    assert resumed.weave(ticks[len(before) :]) == woven
    assert resumed.finish() == whole.finish()
    assert finished(resumed) == finished(whole)
    assert resumed.finished.bars == whole.finished.bars


def test_more_bars_than_are_kept_are_taken_up_in_part() -> None:
    many = BarHistory()
    for second in range(100):
        bar = Bar(Kind.SECOND_BAR, "AAPL", 1, 1, 1, 1, 1, 1, 1, START_NS + second * SECOND_NS)
        many.append(bar, (bar.event_ns, bar.event_ns))
    few = BarHistory(second_bars=10)
    for kind, symbol, rows in many.rows():
        few.restore(kind, symbol, rows)
    assert few.read(Kind.SECOND_BAR, "AAPL", 100) == many.read(Kind.SECOND_BAR, "AAPL", 10)
    assert few.bars == 10
    with pytest.raises(ValueError, match="not a multiple"):
        few.restore(Kind.BAR.value, "AAPL", b"x")


@settings(max_examples=examples(100))
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["append", "put", "clear", "slice"]),
            st.sampled_from(SYMBOLS),
            st.sampled_from([Kind.SECOND_BAR, Kind.BAR]),
        ),
        max_size=60,
    ),
    st.integers(1, 40),
)
def test_a_copy_of_bars_is_of_one_moment_whatever_comes_while_it_is_taken(
    steps: list[tuple[str, str, Kind]], kept: int
) -> None:
    history = BarHistory(second_bars=5, minute_bars=5, bars_in_all=kept)
    start_ns = START_NS

    def change(what: str, symbol: str, kind: Kind) -> None:
        nonlocal start_ns
        start_ns += SECOND_NS
        bar = Bar(kind, symbol, 1, 1, 1, 1, 1, 1, 1, start_ns)
        if what == "clear":
            history.clear()
        elif what == "append":
            history.append(bar, (start_ns, start_ns))
        else:
            history.put(bar, (start_ns, start_ns))

    for what, symbol, kind in steps[::2]:
        change(what, symbol, kind)
    before = sorted(history.rows())
    copy, copied = history.rows(), []
    for what, symbol, kind in steps[1::2]:
        if what == "slice":
            copied += [row for row in [next(copy, None)] if row is not None]
        else:
            change(what, symbol, kind)
    assert sorted([*copied, *copy]) == before


@given(st.lists(strategies.ticks))
def test_the_ticks_of_a_snapshot_make_an_equal_one(ticks: list[Tick]) -> None:
    snapshot, again = Snapshot(), Snapshot()
    snapshot.update(ticks)
    again.update(snapshot.ticks())
    assert again.symbols == snapshot.symbols
    assert all(again.get(each) == snapshot.get(each) for each in snapshot.symbols)


@pytest.mark.parametrize("later_ns", [0, -7_000 * SECOND_NS])
def test_the_health_of_symbols_is_taken_up_by_another_clock(later_ns: int) -> None:
    def heard(health: SymbolHealth, number: int, at_ns: int) -> None:
        tick = Trade("AAPL", number, "V", 1.0, 1.0, 0)
        health.note([tick, Status("MSFT", "H", "", "", "", 0)], [at_ns, at_ns])

    def made() -> SymbolHealth:
        return SymbolHealth(gaps=10, floor_ns=SECOND_NS)

    saved = made()
    for number in range(100):
        heard(saved, number, 8_000 * SECOND_NS + number * SECOND_NS)
        saved.learn(100, 0)
    heard(saved, 100, 8_100 * SECOND_NS)  # not learnt yet
    resumed = made()
    resumed.restore(packed(saved.state()), later_ns)
    for health, later in ((saved, 0), (resumed, later_ns)):
        health.learn(100, 0)
        # As if an hour without anybody had not been.
        health.stop(8_100 * SECOND_NS + later)
        heard(health, 101, 8_100 * SECOND_NS + later + 3_600 * SECOND_NS)
        health.learn(100, 0)
    assert resumed.counts() == saved.counts()
    assert resumed.silence_limit_ns == saved.silence_limit_ns
    at_ns = 8_100 * SECOND_NS + 3_600 * SECOND_NS
    assert saved.find_stale(at_ns + SECOND_NS, 0) == []
    stale = saved.find_stale(at_ns + 30 * SECOND_NS, 0)
    assert resumed.find_stale(at_ns + later_ns + 30 * SECOND_NS, 0) == stale
