"""What stands out of a table: movers, breadth, the most active, and sectors."""

from collections import Counter
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.market.day_sums import Traded
from feed.market.glance.glance import RUN, By, Glance, Overview, Terms, look
from feed.market.glance.row import Row, less, row_of
from feed.market.glance.table import Table
from feed.sources.source import Instrument


def made(
    symbol: str, base: float, last: float, traded: Traded | None = None, *, of: str = "Technology"
) -> Row:
    asset_class = "crypto" if of == "Crypto" else "us_equity"
    row = row_of(Instrument(symbol, symbol, asset_class, of), base, last, traded)
    assert row is not None
    return row


def glanced(rows: Iterable[Row], terms: Terms | None = None, **untraded: int) -> Glance:
    """Return the glance, without a turn for others."""
    terms = terms or Terms()
    work = look(Table(list(rows), Counter(untraded)), terms.asset_class)
    while True:
        try:
            next(work)
        except StopIteration as ended:
            overview: Overview = ended.value
            return overview.cut(terms)


def symbols(rows: Iterable[Row]) -> list[str]:
    return [row.known.symbol for row in rows]


def sectors(glance: Glance) -> list[tuple[str, list[str], int]]:
    """Return of each sector its name, the symbols that are given, and how many are not."""
    return [(each.name, symbols(rows), each.symbols - len(rows)) for each, rows in glance.sectors]


MARKET = [
    made("AAPL", 200.0, 202.0, Traded(1_000.0, 202_000.0, 50)),
    made("GME", 25.0, 20.0, Traded(3_000.0, 60_000.0, 70)),
    made("MSFT", 50.0, 50.0, Traded(100.0, 5_000.0, 90)),
    made("XOM", 100.0, 101.0, Traded(10.0, 1_010.0, 1), of="Energy"),
    made("BTC/USD", 60_000.0, 63_000.0, Traded(2.0, 126_000.0, 4), of="Crypto"),
    made("ODD", 10.0, 9.0, Traded(0.0, 0.0, 0), of=""),
]


def test_a_market_is_glanced_at() -> None:
    glance = glanced(MARKET, us_equity=2, crypto=1)
    assert (glance.breadth.up, glance.breadth.down, glance.breadth.unchanged) == (3, 2, 1)
    assert glance.untraded == 3
    assert symbols(glance.gainers) == ["BTC/USD", "AAPL", "XOM"]
    assert symbols(glance.losers) == ["GME", "ODD"]
    assert symbols(glance.most_active) == ["GME", "AAPL", "MSFT", "XOM", "BTC/USD"]
    told = sectors(glance)
    assert told == [
        ("Technology", ["AAPL", "GME", "MSFT"], 0),
        ("Crypto", ["BTC/USD"], 0),
        ("Energy", ["XOM"], 0),
        ("", ["ODD"], 0),
    ]
    technology, _ = glance.sectors[0]
    assert technology.volume == 4_100.0
    assert technology.change_pct == pytest.approx((1 * 1_000 - 20 * 3_000) / 4_100)
    assert glance.sectors[3][0].change_pct == -10.0, "nothing of it has a volume"


@pytest.mark.parametrize(
    ("by", "first"),
    [
        (By.VOLUME, ["GME", "AAPL"]),
        (By.TRADES, ["MSFT", "GME"]),
        (By.TURNOVER, ["AAPL", "BTC/USD"]),
    ],
)
def test_active_is_what_is_asked_for(by: By, first: list[str]) -> None:
    assert symbols(glanced(MARKET, Terms(top=2, by=by)).most_active) == first


def test_sectors_say_how_many_they_do_not_give() -> None:
    glance = glanced(MARKET, Terms(heat=2))
    assert sectors(glance) == [
        ("Technology", ["AAPL"], 2),
        ("Crypto", ["BTC/USD"], 0),
        ("Energy", [], 1),
        ("", [], 1),
    ]
    nothing = sectors(glanced(MARKET, Terms(heat=0)))
    assert [omitted for _, rows, omitted in nothing if not rows] == [3, 1, 1, 1]


def test_one_class_may_be_asked_for() -> None:
    glance = glanced(MARKET, Terms(asset_class="crypto"), us_equity=2, crypto=1)
    assert (glance.breadth.known, glance.untraded) == (1, 1)
    assert symbols(glance.gainers) == symbols(glance.most_active) == ["BTC/USD"]
    assert sectors(glance) == [("Crypto", ["BTC/USD"], 0)]
    nothing = glanced(MARKET, Terms(asset_class="bond"), us_equity=2)
    assert (nothing.breadth.known, nothing.untraded, nothing.sectors) == (0, 0, ())


def test_where_volumes_are_not_told_sectors_are_plain_means_and_nothing_is_active() -> None:
    rows = [made("A", 100.0, 110.0), made("B", 100.0, 120.0), made("C", 1.0, 1.0, of="Energy")]
    glance = glanced(rows)
    assert glance.most_active == ()
    assert [(each.name, each.change_pct) for each, _ in glance.sectors] == [
        ("Energy", 0.0),
        ("Technology", 15.0),
    ]
    assert symbols(glance.sectors[1][1]) == ["A", "B"]


def test_nothing_is_glanced_at_as_nothing() -> None:
    glance = glanced(())
    assert (glance.breadth.known, glance.untraded, glance.gainers, glance.sectors) == (0, 0, (), ())


@pytest.mark.parametrize(("base", "last"), [(0.0, 1.0), (-37.6, 1.0), (1e-300, 1e300)])
def test_a_change_that_cannot_be_told_makes_no_row(base: float, last: float) -> None:
    assert row_of(Instrument("CL", "Oil", "future"), base, last, None) is None


def test_what_was_before_is_taken_off() -> None:
    assert less(Traded(10.0, 300.0, 7), Traded(4.0, 100.0, 3)) == Traded(6.0, 200.0, 4)


_PRICES = st.sampled_from([1.0, 2.0, 3.0])
_ROWS = st.lists(
    st.tuples(_PRICES, _PRICES, st.integers(0, 3), st.sampled_from("xyz")), max_size=99
)


@given(_ROWS, st.integers(1, 50), st.integers(0, 99))
def test_lists_are_those_of_a_sort(
    drawn: list[tuple[float, float, int, str]], top: int, heat: int
) -> None:
    rows = [
        made(f"S{at:03}", base, last, Traded(size, size * last, size), of=sector)
        for at, (base, last, size, sector) in enumerate(drawn)
    ]
    glance = glanced(rows, Terms(top, By.VOLUME, heat))
    risen = sorted((-row.change_pct, row.known.symbol) for row in rows if row.change_pct > 0)
    active = sorted((-(row.volume or 0), row.known.symbol) for row in rows if row.volume)
    largest = sorted((-(row.turnover or 0), row.known.symbol) for row in rows)
    assert symbols(glance.gainers) == [symbol for _, symbol in risen[:top]]
    assert symbols(glance.most_active) == [symbol for _, symbol in active[:top]]
    given_ = {symbol for _, given, _ in sectors(glance) for symbol in given}
    assert given_ == {symbol for _, symbol in largest[:heat]}
    assert sum(omitted for _, _, omitted in sectors(glance)) == len(rows) - len(given_)
    assert glance.breadth.known == len(rows)


def test_five_thousand_rows_are_glanced_at_in_runs() -> None:
    rows = [made(f"S{at}", 100.0, 100.0 + at % 7) for at in range(5_000)]
    assert sum(1 for _ in look(Table(rows))) >= 5_000 // RUN
