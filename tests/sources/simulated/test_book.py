from decimal import Decimal
from random import Random
from statistics import median

import pytest

from feed.market.ticks import SECOND_NS, Status
from feed.sources.simulated.book import Book, Mood, Surroundings
from feed.sources.simulated.instruments import find_instruments
from feed.sources.simulated.pairs import PairBook
from feed.sources.simulated.shares import HaltReason, ShareBook
from feed.sources.simulated.walk import Walk

START_NS = 1_700_000_000 * SECOND_NS
REASON = HaltReason("T1", "Halt News Pending", "T3", "News and Resumption Times")


def surroundings(start_ns: int = START_NS, session: Mood | None = None) -> Surroundings:
    random = Random(11)
    mood = session if session is not None else Mood()
    return Surroundings(Walk(0.01, random), Walk(0.01, random), mood, random, start_ns)


def share(symbol: str = "AAPL", *, rank: int = 0, around: Surroundings | None = None) -> ShareBook:
    found = find_instruments([symbol])[0]
    return ShareBook(found, rank=rank, around=around or surroundings())


def pair(symbol: str = "BTC/USD") -> PairBook:
    return PairBook(find_instruments([symbol])[0], rank=0, around=surroundings())


def median_spread(book: Book) -> float:
    spreads = []
    for second in range(301):
        book.move(START_NS + second * SECOND_NS)
        quote = book.quote(START_NS)
        spreads.append(quote.ask_price - quote.bid_price)
    return median(spreads)


@pytest.mark.parametrize(
    ("symbol", "step"),
    [
        ("AAPL", "0.01"),
        ("F", "0.01"),
        ("BTC/USD", "0.1"),
        ("ETH/USD", "0.01"),
        ("DOGE/USD", "0.000001"),
        ("SHIB/USD", "0.0000000001"),
        ("ETH/BTC", "0.0000001"),
    ],
)
def test_every_price_is_on_the_grid_and_near_where_it_began(symbol: str, step: str) -> None:
    book: Book = pair(symbol) if "/" in symbol else share(symbol)
    home = find_instruments([symbol])[0].price
    for second in range(300):
        now_ns = START_NS + second * SECOND_NS
        book.move(now_ns)
        quote, trade = book.quote(now_ns), book.trade(now_ns)
        assert 0 < quote.bid_price <= trade.price <= quote.ask_price
        assert quote.bid_price < quote.ask_price
        for price in (quote.bid_price, quote.ask_price, trade.price):
            # repr, not the binary value: what a reader of the JSON sees.
            assert Decimal(repr(price)) % Decimal(step) == 0
            assert price == pytest.approx(home, rel=0.1)


def test_trades_happen_at_the_bid_at_the_ask_and_between() -> None:
    book = share("AVGO", rank=2_000)  # wide enough to have a between
    places = set()
    for second in range(500):
        book.move(START_NS + second * SECOND_NS)
        quote, trade = book.quote(START_NS), book.trade(START_NS)
        places.add((trade.price > quote.bid_price) + (trade.price == quote.ask_price))
    assert places == {0, 1, 2}


def test_a_price_that_falls_to_nothing_stays_positive() -> None:
    book = share()
    book.own.value = -60.0
    book.move(START_NS)
    quote = book.quote(START_NS)
    assert quote.bid_price == 0.01
    assert quote.bid_price < quote.ask_price
    assert book.trade(START_NS).price > 0


def test_quiet_symbols_have_wider_spreads_than_busy_ones() -> None:
    assert median_spread(share(rank=4_000)) > 4 * median_spread(share(rank=0))


@pytest.mark.parametrize("where", ["session", "news"])
def test_heat_widens_spreads_and_brings_more_trades(where: str) -> None:
    session = Mood()
    calm, hot = share(), share(around=surroundings(session=session))
    if where == "session":
        session.heat = 4.0
    else:
        hot.news = Mood(4.0)
    assert median_spread(hot) > 2 * median_spread(calm)
    later_ns = START_NS + 600 * SECOND_NS
    calm_trades = sum(calm.move(later_ns) for _ in range(500))
    assert sum(hot.move(later_ns) for _ in range(500)) > 1.2 * calm_trades


def test_the_market_the_sector_and_its_own_walk_move_a_book() -> None:
    around = surroundings()
    book = share(around=around)
    book.move(START_NS)
    before = book.quote(START_NS).bid_price
    for walk in (around.market, around.sector, book.own):
        walk.value += 0.1
        book.move(START_NS)
        after = book.quote(START_NS).bid_price
        assert after > before * 1.05
        before = after


def test_trade_ids_go_on_growing_over_a_restart_and_are_exact_in_javascript() -> None:
    first, second = share(), share(around=surroundings(START_NS + SECOND_NS))
    ids = [first.trade(START_NS).trade_id for _ in range(1_000)]
    assert ids == list(range(ids[0], ids[0] + 1_000))
    assert ids[-1] < second.trade(START_NS).trade_id < 2**53


def test_trade_ids_are_positive_when_time_begins_before_1970() -> None:
    assert share(around=surroundings(-SECOND_NS)).trade(0).trade_id == 1


@pytest.mark.parametrize(
    ("symbol", "tape", "regular", "primary"),
    [("AAPL", "C", "@", "Q"), ("JPM", "A", " ", "N"), ("SPY", "B", " ", "P")],
)
def test_a_share_carries_the_letters_of_its_exchange(
    symbol: str, tape: str, regular: str, primary: str
) -> None:
    book = share(symbol)
    book.move(START_NS)
    opening = book.trade(START_NS)
    assert (opening.exchange, opening.conditions) == (primary, (regular, "O"))
    assert opening.size >= 1_000
    trades = [book.trade(START_NS) for _ in range(500)]
    quotes = [book.quote(START_NS) for _ in range(500)]
    assert {tick.tape for tick in trades} | {tick.tape for tick in quotes} == {tape}
    assert {trade.conditions[0] for trade in trades} == {regular}
    assert all(("I" in trade.conditions) == (trade.size < 100) for trade in trades)
    assert {"F" in trade.conditions for trade in trades} == {True, False}
    assert {trade.exchange for trade in trades} == set("DQNPKZVU")
    assert {quote.bid_exchange for quote in quotes} == set("QNPKZVU")  # D quotes nothing
    assert all(trade.taker_side == "" for trade in trades)
    assert all(quote.bid_size % 100 == 0 < quote.bid_size for quote in quotes)


def test_a_dear_share_trades_in_smaller_lots_than_a_cheap_one() -> None:
    def median_size(symbol: str) -> float:
        book = share(symbol)
        return median(book.trade(START_NS).size for _ in range(301))

    assert 1 <= median_size("BKNG") < median_size("AAPL") < median_size("F")


def test_a_pair_carries_the_takers_side_and_nothing_of_an_exchange() -> None:
    book = pair()
    sides = set()
    for second in range(200):
        book.move(START_NS + second * SECOND_NS)
        quote, trade = book.quote(START_NS), book.trade(START_NS)
        assert (trade.exchange, trade.conditions, trade.tape) == ("", (), "")
        assert (quote.bid_exchange, quote.ask_exchange, quote.conditions) == ("", "", ())
        if trade.price in (quote.bid_price, quote.ask_price):
            assert trade.taker_side == ("B" if trade.price == quote.ask_price else "S")
        sides.add(trade.taker_side)
    assert sides == {"B", "S"}


@pytest.mark.parametrize("symbol", ["BTC/USD", "SHIB/USD", "ETH/BTC", "FOO/BAR"])
def test_sizes_of_a_pair_are_positive_and_worth_a_plausible_amount(symbol: str) -> None:
    book = pair(symbol)
    book.move(START_NS)
    trades = [book.trade(START_NS) for _ in range(301)]
    dollars = 97_500 if symbol.endswith("/BTC") else 1
    assert all(trade.size > 0 for trade in trades)
    assert 500 < median(trade.price * trade.size * dollars for trade in trades) < 10_000


def test_a_halt_and_its_end_say_why_and_an_auction_reopens() -> None:
    book = share("JPM")
    book.trade(START_NS)
    assert book.halt(REASON, START_NS) == Status(
        *("JPM", "H", "Trading Halt", "T1", "Halt News Pending", START_NS, "A")
    )
    was_halted = book.halted
    assert book.resume(START_NS + 1) == Status(
        *("JPM", "T", "Trading Resumption", "T3", "News and Resumption Times", START_NS + 1, "A")
    )
    assert (was_halted, book.halted) == (True, False)
    assert book.trade(START_NS).conditions == (" ", "5")
    assert "5" not in book.trade(START_NS).conditions
