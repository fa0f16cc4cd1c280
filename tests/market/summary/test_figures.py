"""Changes, gaps and spreads: finite, or unknown."""

from math import inf, isfinite, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.market.summary.figures import Base, Figures

ANY_PRICES = st.none() | st.floats() | st.sampled_from([0.0, -0.0, 1e-320, 1e308, -1e308])


def test_a_change_is_against_the_previous_close_where_that_is_known() -> None:
    figures = Figures("AAPL", last=110.0, open=105.0, previous_close=100.0)
    assert figures.base is Base.PREVIOUS_CLOSE
    assert figures.change_pct == pytest.approx(10)
    assert figures.gap_pct == pytest.approx(5)


def test_a_change_is_against_the_open_where_no_previous_close_is_known() -> None:
    figures = Figures("AAPL", last=110.0, open=100.0)
    assert figures.base is Base.OPEN
    assert figures.change_pct == pytest.approx(10)
    assert figures.gap_pct is None


@pytest.mark.parametrize("price", [None, 0.0, -37.63, nan, inf])
def test_nothing_is_measured_against_a_price_that_is_no_base(price: float | None) -> None:
    figures = Figures("CL", last=1.0, open=price, previous_close=price)
    assert (figures.base, figures.change_pct, figures.gap_pct) == (None, None, None)


def test_a_price_that_fell_below_nothing_has_a_change() -> None:
    assert Figures("CL", last=-37.63, previous_close=18.27).change_pct == pytest.approx(-305.966)


def test_a_spread_is_told_in_basis_points_of_the_mean_and_below_0_where_it_is_crossed() -> None:
    assert Figures("AAPL", bid=99.0, ask=101.0).spread_bp == pytest.approx(200)
    assert Figures("AAPL", bid=101.0, ask=99.0).spread_bp == pytest.approx(-200)
    assert Figures("AAPL", bid=0.0, ask=101.0).spread_bp is None
    assert Figures("AAPL", bid=99.0).spread_bp is None


@given(last=ANY_PRICES, opened=ANY_PRICES, closed=ANY_PRICES, bid=ANY_PRICES, ask=ANY_PRICES)
def test_whatever_the_prices_are_what_follows_is_finite_or_unknown(
    last: float | None,
    opened: float | None,
    closed: float | None,
    bid: float | None,
    ask: float | None,
) -> None:
    figures = Figures("X", last, opened, closed, None, bid, ask)
    for value in (figures.change_pct, figures.gap_pct, figures.spread_bp):
        assert value is None or isfinite(value)
    assert figures.change_pct is None or figures.base is not None
