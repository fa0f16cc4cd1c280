import hashlib
import os
import subprocess
import sys
from collections import Counter
from itertools import combinations, pairwise
from random import Random
from statistics import fmean, median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feed.errors import InvalidParameter
from feed.market.ticks import SECOND_NS, Quote, Status, Tick, Trade
from feed.sources.simulated.instruments import find_instruments
from feed.sources.simulated.market import MAX_RATE, MIN_RATE, EventTimes, Market
from tests.fakes.strategies import examples

START_NS = 1_700_000_000 * SECOND_NS


def market(
    symbols: int | list[str] = 20, *, rate: float = 1_000, seed: int = 1, start_ns: int = START_NS
) -> Market:
    return Market(find_instruments(symbols), rate=rate, seed=seed, start_ns=start_ns)


def digest(ticks: list[Tick]) -> str:
    return hashlib.sha256(repr(ticks).encode()).hexdigest()


WHOLE = market().ticks(6_000)


@given(chunks=st.lists(st.integers(0, 700), max_size=12))
@settings(deadline=None, max_examples=examples(25))
def test_ticks_are_the_same_however_they_are_counted_off(chunks: list[int]) -> None:
    source = market()
    taken = [tick for count in chunks for tick in source.ticks(count)]
    assert taken == WHOLE[: sum(chunks)] if sum(chunks) <= len(WHOLE) else taken[:6_000] == WHOLE


@given(
    takes=st.lists(
        st.one_of(
            st.integers(0, 300),  # so many
            st.tuples(st.integers(0, 10**9), st.integers(1, 600)),  # what is due, at most so many
        ),
        max_size=12,
    )
)
@settings(deadline=None, max_examples=examples(50))
def test_ticks_are_the_same_when_taken_as_they_fall_due(
    takes: list[int | tuple[int, int]],
) -> None:
    source = market()
    taken: list[Tick] = []
    until_ns = START_NS
    for take in takes:
        if isinstance(take, int):
            taken += source.ticks(take)
            continue
        until_ns += take[0]
        next_ns = source.next_event_ns
        due = source.due(until_ns, take[1])
        taken += due
        assert len(due) <= take[1]
        assert all(tick.event_ns <= until_ns for tick in due)
        assert bool(due) == (next_ns <= until_ns)
        assert len(due) == take[1] or source.next_event_ns > until_ns
    compared = min(len(taken), len(WHOLE))
    assert taken[:compared] == WHOLE[:compared]


def test_another_seed_is_another_market() -> None:
    assert market(seed=2).ticks(100) != market(seed=3).ticks(100)


def test_another_start_moves_every_event_time_and_nothing_else() -> None:
    moved = market(start_ns=START_NS + 1_000_000).ticks(len(WHOLE))
    for tick, later in zip(WHOLE, moved, strict=True):
        assert later.event_ns - tick.event_ns == 1_000_000
        assert later.symbol == tick.symbol
        if isinstance(tick, Quote):
            assert isinstance(later, Quote)
            assert later.bid_price == tick.bid_price


@pytest.mark.programs
def test_ticks_do_not_depend_on_the_process_that_makes_them() -> None:
    program = (
        "from tests.sources.simulated.test_market import digest, market\n"
        "print(digest(market(300).ticks(3_000)))"
    )
    for hash_seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == digest(market(300).ticks(3_000))


@given(
    rate=st.one_of(st.integers(1, 1_000_000), st.floats(MIN_RATE, MAX_RATE)),
    start_ns=st.integers(-(10**18), 4 * 10**18),
    seed=st.integers(),
)
def test_event_times_keep_order_and_every_interval_has_one(
    rate: float, start_ns: int, seed: int
) -> None:
    times = EventTimes(start_ns, rate, Random(seed))
    taken = [times.next() for _ in range(300)]
    assert times.taken == 300
    assert all(earlier <= later for earlier, later in pairwise(taken))
    for number, event_ns in enumerate(taken):
        since = event_ns - start_ns
        assert number * SECOND_NS / rate - 2 <= since < (number + 1) * SECOND_NS / rate + 1


@pytest.mark.parametrize("rate", [0.5, 7, 33.3, 1_000, 12_345])
def test_the_rate_is_exact_and_statuses_come_on_top(rate: float) -> None:
    seconds = 10
    ticks = market(rate=rate).due(START_NS + seconds * SECOND_NS - 1, 1_000_000)
    assert sum(not isinstance(tick, Status) for tick in ticks) == rate * seconds


def test_event_times_of_all_ticks_never_fall() -> None:
    ticks = market(rate=300).ticks(60_000)
    assert any(isinstance(tick, Status) for tick in ticks)
    assert ticks[0].event_ns >= START_NS
    assert all(tick.event_ns <= following.event_ns for tick, following in pairwise(ticks))


@pytest.mark.parametrize("rate", [0, -1, 0.0009, 1_000_001, float("nan"), float("inf")])
def test_a_rate_out_of_range_is_refused_by_name(rate: float) -> None:
    with pytest.raises(InvalidParameter, match=r"^rate: .* from 0\.001 to 1,000,000") as caught:
        market(rate=rate)
    assert caught.value.parameter == "rate"


@given(
    symbols=st.one_of(
        st.integers(5, 60),
        st.lists(
            st.sampled_from(["AAPL", "BRK.B", "LCID", "SHIB/USD", "BTC/USD", "NEW", "A/B"]),
            min_size=1,
            unique=True,
        ),
    ),
    rate=st.floats(0.01, 100_000),
    seed=st.integers(),
)
@settings(deadline=None, max_examples=examples(40))
def test_every_tick_of_any_market_makes_sense(
    symbols: int | list[str], rate: float, seed: int
) -> None:
    quotes: dict[str, Quote] = {}
    trade_ids: dict[str, int] = {}
    halted: set[str] = set()
    for tick in market(symbols, rate=rate, seed=seed).ticks(1_000):
        if isinstance(tick, Status):
            assert (tick.symbol in halted) == (tick.status_code == "T")
            halted ^= {tick.symbol}
            continue
        assert tick.symbol not in halted
        if isinstance(tick, Quote):
            assert 0 < tick.bid_price < tick.ask_price
            assert tick.bid_size > 0 < tick.ask_size
            quotes[tick.symbol] = tick
        else:
            assert isinstance(tick, Trade)
            assert tick.size > 0
            assert tick.trade_id > trade_ids.get(tick.symbol, 0)
            assert quotes[tick.symbol].bid_price <= tick.price <= quotes[tick.symbol].ask_price
            trade_ids[tick.symbol] = tick.trade_id


def test_halts_silence_a_symbol_that_trades_again_later() -> None:
    ticks = market(30, rate=300).ticks(90_000)
    halted_for: dict[str, int] = {}
    resumed: set[str] = set()
    reopened: set[str] = set()
    for tick in ticks:
        if isinstance(tick, Status):
            if tick.status_code == "H":
                halted_for[tick.symbol] = tick.event_ns
            else:
                assert tick.event_ns - halted_for.pop(tick.symbol) > 5 * SECOND_NS
                resumed.add(tick.symbol)
            continue
        assert tick.symbol not in halted_for
        if isinstance(tick, Trade) and "5" in tick.conditions:
            assert tick.symbol in resumed
            reopened.add(tick.symbol)
    assert len(reopened) >= 2


def test_a_few_symbols_are_busy_and_many_are_quiet() -> None:
    ticks = market(500).ticks(200_000)
    counts = sorted(Counter(tick.symbol for tick in ticks).values(), reverse=True)
    assert len(counts) == 500
    assert sum(counts[:50]) > 0.45 * len(ticks)
    assert counts[0] > 15 * counts[250]


def test_news_draws_activity_to_its_symbol() -> None:
    source = market(200)
    source.ticks(200_000)  # past the opening
    shares: list[float] = []
    while len(shares) < 4:
        crowd = source._incidents.crowd
        share = source._incidents.share
        ticks = source.ticks(500)
        if len(crowd) == 1 and share > 0.15:
            shares.append(sum(tick.symbol == crowd[0].symbol for tick in ticks) / len(ticks))
    assert fmean(shares) > 0.12  # the busiest of 200 has 7 % without news


def test_trades_and_quotes_both_have_a_good_share() -> None:
    trades = sum(isinstance(tick, Trade) for tick in WHOLE)
    assert 0.35 < trades / len(WHOLE) < 0.65


def test_the_opening_reaches_every_symbol_soon() -> None:
    ticks = market(1_000).ticks(6_000)
    assert len({tick.symbol for tick in ticks}) == 1_000
    first_trades: dict[str, Trade] = {}
    for tick in ticks:
        if isinstance(tick, Trade):
            first_trades.setdefault(tick.symbol, tick)
    shares = [trade for symbol, trade in first_trades.items() if "/" not in symbol]
    assert all("O" in trade.conditions for trade in shares)


Moves = dict[int, float]  # by interval


def moves_of(ticks: list[Tick], seconds: int) -> dict[str, Moves]:
    """Relative changes of each symbol's mid price over intervals of so many seconds."""
    mids: dict[str, Moves] = {}
    for tick in ticks:
        if isinstance(tick, Quote):
            interval = (tick.event_ns - START_NS) // (seconds * SECOND_NS)
            mids.setdefault(tick.symbol, {})[interval] = (tick.bid_price + tick.ask_price) / 2
    return {
        symbol: {
            interval: mid / series[interval - 1] - 1
            for interval, mid in series.items()
            if interval - 1 in series  # a halt leaves intervals out
        }
        for symbol, series in mids.items()
    }


def agreement(one: Moves, other: Moves) -> float:
    """How often two symbols moved the same way: 0.5 when unrelated. Deaf to jumps of one."""
    products = [one[interval] * other[interval] for interval in one.keys() & other.keys()]
    moved = [product for product in products if product]
    return sum(product > 0 for product in moved) / len(moved)


def test_symbols_of_a_sector_move_together_more_than_others() -> None:
    technology = ["AAPL", "MSFT", "NVDA"]
    energy = ["XOM", "CVX", "COP"]
    within: list[float] = []
    across: list[float] = []
    for seed in range(4):
        source = market([*technology, *energy, "KO", "F"], rate=200, seed=seed)
        moves = moves_of(source.ticks(100_000), 10)
        for one, other in combinations(technology + energy, 2):
            related = (one in technology) == (other in technology)
            (within if related else across).append(agreement(moves[one], moves[other]))
    assert fmean(within) > fmean(across) + 0.05
    assert fmean(across) > 0.55


def test_prices_move_more_at_the_opening_than_later() -> None:
    symbols = ["SPY", "VOO", "VTI", "DIA"]
    ticks = market(symbols, rate=400).ticks(400 * 300)
    for moves in moves_of(ticks, 1).values():
        sizes = [abs(move) for move in moves.values()]
        assert median(sizes[:30]) > 1.7 * median(sizes[200:])
