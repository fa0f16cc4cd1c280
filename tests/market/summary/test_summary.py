"""What stands out: lists, counts and the median, in slices."""

from statistics import median_low

from hypothesis import given
from hypothesis import strategies as st

from feed.market.summary.figures import Figures
from feed.market.summary.movers import Breadth
from feed.market.summary.summary import MOST_LISTED, RUN, summarize
from tests.market.summary.markets import MARKET, summed


def symbols(figures: tuple[Figures, ...]) -> list[str]:
    return [each.symbol for each in figures]


def test_a_market_is_summed_up() -> None:
    summary = summed(MARKET)
    assert summary.breadth == Breadth(up=2, down=2, unchanged=1, unknown=1, against_open=1)
    assert symbols(summary.risen) == ["IPO", "AAPL"]
    assert symbols(summary.fallen) == ["GME", "BTC/USD"]
    assert symbols(summary.active) == ["AAPL", "GME", "BTC/USD", "IPO"]
    assert (symbols(summary.gapped), summary.gaps) == (["GME", "AAPL"], 4)
    assert symbols(summary.widest) == ["IPO", "BTC/USD", "KO", "AAPL"]
    assert (symbols(summary.halted), summary.halts) == (["GME"], 1)
    assert summary.spreads == 4


def test_nothing_is_summed_up_to_nothing() -> None:
    summary = summed(())
    assert summary.breadth == Breadth()
    assert summary.median_spread_bp is None
    assert summary.is_empty
    assert summed([Figures("AAPL")]).is_empty


def test_equal_ones_are_listed_by_symbol_whatever_their_order() -> None:
    equal = [Figures(f"S{number:02}", 2.0, None, 1.0) for number in range(30)]
    assert summed(equal) == summed(equal[::-1])
    assert symbols(summed(equal[::-1]).risen) == [f"S{number:02}" for number in range(MOST_LISTED)]


def test_five_thousand_symbols_are_summed_up_in_slices_with_an_exact_median() -> None:
    many = [
        Figures(f"S{number}", 100.0, bid=100.0, ask=100.0 + (number * 7_919 % 5_003) / 1_000)
        for number in range(5_000)
    ]
    assert sum(1 for _ in summarize(many)) >= 5_000 // RUN
    spreads = [bp for each in many if (bp := each.spread_bp) is not None]
    summary = summed(many)
    assert summary.median_spread_bp == median_low(spreads)
    assert [each.spread_bp for each in summary.widest] == sorted(spreads)[: -MOST_LISTED - 1 : -1]


@given(
    st.lists(
        st.tuples(st.sampled_from([0.0, 1.0, 2.0, 3.0]), st.sampled_from([None, 0.0, 1.0, 2.0])),
        max_size=100,
    )
)
def test_the_lists_are_those_of_a_sort(prices: list[tuple[float, float | None]]) -> None:
    figures = [Figures(f"S{at:03}", *price, volume=price[0]) for at, price in enumerate(prices)]
    summary = summed(figures)
    changes = [(change, each) for each in figures if (change := each.change_pct) is not None]
    risen = sorted((-change, each.symbol) for change, each in changes if change > 0)
    fallen = sorted((change, each.symbol) for change, each in changes if change < 0)
    active = sorted((-value, each.symbol) for each in figures if (value := each.value))
    assert symbols(summary.risen) == [symbol for _, symbol in risen[:MOST_LISTED]]
    assert symbols(summary.fallen) == [symbol for _, symbol in fallen[:MOST_LISTED]]
    assert symbols(summary.active) == [symbol for _, symbol in active[:MOST_LISTED]]
    breadth = summary.breadth
    assert (breadth.up, breadth.down) == (len(risen), len(fallen))
    assert breadth.known == len(changes)
    assert breadth.known + breadth.unknown == len(figures)
