"""Bars against a model that adds up all trades; by example in test_bars.py."""

from collections import defaultdict
from math import isclose

from hypothesis import given
from hypothesis import strategies as st

from feed.market.bars import BarBuilder
from feed.market.ticks import Bar, Kind, Tick, Trade
from tests.fakes.bars import LENGTH_NS, quote, trade, weave_in_parts

# Prices and sizes are small multiples of a power of two, so that float sums are exact and the
# model may add in any order. Times crowd around the ends of seconds and minutes, mostly forward.
STEPS_MS = st.sampled_from([0, 0, 1, 200, 500, 999, 1000, 1001, 20_000, 59_000, 60_000, 125_000])
LATENESS_MS = st.sampled_from([0, 0, 0, 0, 1, 700, 1000, 2500, 61_000, 130_000])
SYMBOLS = st.sampled_from(["AAPL", "BTC/USD", "MSFT"])


@st.composite
def streams(draw: st.DrawFn) -> list[Tick]:
    now_ms = 0
    ticks: list[Tick] = []
    for step_ms, late_ms, symbol, price, size, is_trade in draw(
        st.lists(
            st.tuples(
                STEPS_MS,
                LATENESS_MS,
                SYMBOLS,
                st.integers(1, 40),
                st.integers(0, 8),
                st.integers(0, 3),
            ),
            max_size=60,
        )
    ):
        now_ms += step_ms
        at_ms = now_ms - late_ms
        ticks.append(
            trade(at_ms, price / 4, size / 2, symbol) if is_trade else quote(at_ms, symbol)
        )
    return ticks


class Model:
    """Knows nothing of chunks, folding and packing.

    It has all trades of every interval, and makes a bar of them whenever one is due.
    """

    def __init__(self) -> None:
        self.trades: dict[tuple[Kind, str, int], list[Trade]] = defaultdict(list)
        self.open: set[tuple[Kind, str, int]] = set()
        self.watermark_ns: int | None = None

    def is_over(self, kind: Kind, start_ns: int) -> bool:
        return self.watermark_ns is not None and start_ns + LENGTH_NS[kind] <= self.watermark_ns

    def bar(self, key: tuple[Kind, str, int], kind: Kind | None = None) -> Bar:
        trades = sorted(self.trades[key], key=lambda trade: trade.event_ns)  # equal: by arrival
        prices = [trade.price for trade in trades]
        volume = sum(trade.size for trade in trades)
        notional = sum(trade.price * trade.size for trade in trades)
        return Bar(
            kind or key[0],
            key[1],
            prices[0],
            max(prices),
            min(prices),
            prices[-1],
            volume,
            len(trades),
            notional / volume if volume else prices[-1],
            key[2],
        )

    def weave(self, ticks: list[Tick]) -> list[Tick]:
        woven: list[Tick] = []
        for tick in ticks:
            self.watermark_ns = max(self.watermark_ns or 0, tick.event_ns)
            over = [key for key in self.open if self.is_over(key[0], key[2])]
            over.sort(key=lambda key: (key[2] + LENGTH_NS[key[0]], LENGTH_NS[key[0]], key[1]))
            self.open.difference_update(over)
            woven += map(self.bar, over)
            woven.append(tick)
            if isinstance(tick, Trade):
                for kind, length_ns in LENGTH_NS.items():
                    key = (kind, tick.symbol, tick.event_ns - tick.event_ns % length_ns)
                    self.trades[key].append(tick)
                    if not self.is_over(kind, key[2]):
                        self.open.add(key)
                    elif kind is Kind.BAR:
                        woven.append(self.bar(key, Kind.UPDATED_BAR))
        return woven

    def finished(self, symbol: str, kind: Kind) -> list[Bar]:
        keys = [key for key in self.trades if key[:2] == (kind, symbol) and key not in self.open]
        return [self.bar(key) for key in sorted(keys, key=lambda key: key[2])]

    def current(self, symbol: str, kind: Kind) -> Bar | None:
        keys = [key for key in self.open if key[:2] == (kind, symbol)]
        return self.bar(keys[0]) if keys else None


def assert_same(got: list[Tick], wanted: list[Tick]) -> None:
    """Compare, with a little tolerance for the vwap, which corrections multiply back and forth."""
    assert len(got) == len(wanted)
    for one, other in zip(got, wanted, strict=True):
        if isinstance(one, Bar) and isinstance(other, Bar):
            assert isclose(one.vwap, other.vwap, rel_tol=1e-12)
            one.vwap = other.vwap
        assert one == other


@given(streams())
def test_bars_are_woven_kept_and_open_as_the_model_has_them(ticks: list[Tick]) -> None:
    builder, model = BarBuilder(), Model()
    assert_same(builder.weave(ticks), model.weave(ticks))
    for symbol in ("AAPL", "BTC/USD", "MSFT"):
        for kind in LENGTH_NS:
            assert_same([*builder.history(symbol, kind, 1000)], [*model.finished(symbol, kind)])
            assert builder.current(symbol, kind) == model.current(symbol, kind)


@given(streams(), st.lists(st.integers(0, 60)))
def test_chunking_changes_nothing(ticks: list[Tick], cuts: list[int]) -> None:
    whole, chunked = BarBuilder(), BarBuilder()
    assert weave_in_parts(chunked, ticks, cuts) == whole.weave(ticks)
    assert chunked.late_trades == whole.late_trades
    for symbol in ("AAPL", "BTC/USD", "MSFT"):
        for kind in LENGTH_NS:
            assert chunked.history(symbol, kind, 1000) == whole.history(symbol, kind, 1000)


@given(st.lists(st.tuples(st.floats(0.01, 1e6), st.floats(0, 1e6)), min_size=1, max_size=50))
def test_chunking_does_not_change_sums_of_any_floats(trades: list[tuple[float, float]]) -> None:
    ticks: list[Tick] = [trade(n * 300, price, size) for n, (price, size) in enumerate(trades)]
    one_by_one, whole = BarBuilder(), BarBuilder()
    singly = weave_in_parts(one_by_one, ticks, range(len(ticks)))
    assert singly + one_by_one.finish() == whole.weave(ticks) + whole.finish()
