"""Sums of any floats, in bars and in conflated trades, are told as finite numbers by any codec."""

from collections.abc import Sequence
from math import inf, isfinite, nan
from sys import float_info

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.market.bars import BarBuilder
from feed.market.ticks import Bar, ConflatedTrade, Kind, Tick, Trade
from feed.market.vwap import volume_of, vwap_of
from feed.wire.codec import CODECS, Codec
from tests.fakes.conflation import conflate
from tests.fakes.frame_reader import decode_ticks

MS = 1_000_000
MAX = float_info.max

EXTREMES = st.sampled_from([0.0, -0.0, 5e-324, 1e-300, 0.1, 1.0, 1e300, 1e308, MAX])
SIZES = EXTREMES | st.floats(0, MAX)
PRICES = EXTREMES | EXTREMES.map(lambda price: -price) | st.floats(-MAX, MAX)
ROWS = st.lists(st.tuples(PRICES, SIZES, st.integers(0, 150_000)), min_size=1, max_size=12)
Row = tuple[float, float, int]


def trades_of(rows: Sequence[Row]) -> list[Tick]:
    return [
        Trade("A", number, "V", price, size, at_ms * MS)
        for number, (price, size, at_ms) in enumerate(rows, 1)
    ]


def told(rows: Sequence[Row]) -> list[Bar | ConflatedTrade]:
    """Return all that is told of these trades: bars, their corrections, and a conflated trade."""
    builder = BarBuilder()
    woven = builder.weave(trades_of(rows))
    open_bars = [builder.current("A", kind) for kind in (Kind.SECOND_BAR, Kind.BAR)]
    ticks = [*woven, *open_bars, *builder.finish(), *conflate(trades_of(rows))]
    ticks += [
        bar for kind in (Kind.SECOND_BAR, Kind.BAR) for bar in builder.history("A", kind, 100)
    ]
    return [tick for tick in ticks if isinstance(tick, Bar | ConflatedTrade)]


@given(ROWS)
def test_whatever_is_summed_is_told_as_finite_numbers(rows: list[Row]) -> None:
    for tick in told(rows):
        assert isfinite(tick.volume)
        assert tick.low <= tick.vwap <= tick.high


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
@given(rows=ROWS)
def test_every_codec_carries_these_numbers(codec: Codec, rows: list[Row]) -> None:
    ticks = told(rows)
    decoded = decode_ticks(codec, codec.join(codec.encode(ticks)))
    assert [(one["v"], one["vw"]) for one in decoded] == [(one.volume, one.vwap) for one in ticks]


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([(10.0, 0.0, 0), (20.0, 0.0, 1)], id="nothing has a size"),
        pytest.param([(10.0, MAX, 0), (20.0, MAX, 1)], id="the volume overflows"),
        pytest.param([(10.0, MAX, 0), (20.0, 1.0, 1)], id="the notional overflows"),
        pytest.param([(-10.0, MAX, 0), (20.0, MAX / 4, 1)], id="the notional is no number"),
    ],
)
def test_where_the_sums_say_nothing_the_vwap_is_the_close(rows: list[Row]) -> None:
    assert {tick.vwap for tick in told(rows)} == {20.0}


def test_a_correction_does_not_make_an_average_of_a_volume_that_overflowed() -> None:
    rows = [(10.0, MAX, 0), (20.0, MAX, 1), (30.0, 1.0, 61_000), (20.0, 1.0, 2)]
    (update,) = [tick for tick in told(rows) if tick.kind is Kind.UPDATED_BAR]
    assert (update.volume, update.vwap) == (MAX, 20.0)


def test_rounding_does_not_lead_out_of_the_range_of_prices() -> None:
    assert vwap_of(0.3 * 5e-324, 5e-324, low=0.3, high=0.3, close=0.3) == 0.3
    assert vwap_of(30.0, 2.0, low=10.0, high=20.0, close=20.0) == 15.0


@pytest.mark.parametrize(("summed", "volume"), [(inf, MAX), (nan, MAX), (0.0, 0.0), (2.5, 2.5)])
def test_a_volume_is_finite(summed: float, volume: float) -> None:
    assert volume_of(summed) == volume
