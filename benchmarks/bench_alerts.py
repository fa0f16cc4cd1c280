"""What do rules of alerts cost a tick, and how much memory does one take?

`python -m benchmarks.bench_alerts` tells both as a table; pytest times batches.
"""

import sys
import tracemalloc
from random import Random
from statistics import median
from time import perf_counter, process_time

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from feed.market.alert_rules.condition import Condition, Field, Op
from feed.market.alert_rules.index import AlertIndex
from feed.market.ticks import MINUTE_NS, SECOND_NS, Tick, Trade

from .material import NOW_NS, make_ticks

BATCH = 512
_SYMBOLS = 500
_RATE = 5_000
_PRICE_OPS = (Op.AT_LEAST, Op.AT_MOST, Op.CROSSES_ABOVE, Op.CROSSES_BELOW)


def make_index(rules: int, ticks: list[Tick]) -> AlertIndex:
    """Return an index of rules of every kind on the symbols of ticks, most of them near."""
    prices = {tick.symbol: tick.price for tick in ticks if isinstance(tick, Trade)}
    symbols = sorted(prices)
    random, index = Random(1), AlertIndex()
    for number in range(rules):
        symbol = symbols[number % len(symbols)]
        price = prices[symbol] * (1 + random.gauss(0, 0.01))
        kind = random.random()
        if kind < 0.7:
            condition = Condition(Field.PRICE, random.choice(_PRICE_OPS), price)
        elif kind < 0.8:
            window_ns = random.choice((1, 5, 60)) * MINUTE_NS
            condition = Condition(Field.PRICE, Op.MOVES_PCT, random.uniform(0.5, 5), window_ns)
        elif kind < 0.9:
            window_ns = random.choice((1, 5, 60)) * MINUTE_NS
            condition = Condition(Field.VOLUME, Op.AT_LEAST, random.uniform(1e3, 1e5), window_ns)
        else:
            condition = Condition(Field.SPREAD_BP, Op.AT_LEAST, random.uniform(1, 50))
        index.add(f"rule_{number:032x}", symbol, condition, once=False)
    return index


def take_all(index: AlertIndex, ticks: list[Tick], size: int = BATCH) -> int:
    """Show ticks to an index as they would come at the rate; return how often rules fired."""
    hits = 0
    for start in range(0, len(ticks), size):
        at_ns = start * SECOND_NS // _RATE
        batch = ticks[start : start + size]
        hits += len(index.take(batch, start + 1, MINUTE_NS + at_ns, NOW_NS + at_ns))
    return hits


@pytest.mark.parametrize("rules", [0, 10_000])
def test_take(benchmark: BenchmarkFixture, rules: int) -> None:
    ticks = make_ticks(20 * BATCH, _SYMBOLS)

    def set_up() -> tuple[tuple[AlertIndex, list[Tick]], dict[str, object]]:
        return (make_index(rules, ticks), ticks), {}

    benchmark.pedantic(take_all, setup=set_up, rounds=5)  # type: ignore[no-untyped-call]


def tell(rules: int, count: int, rounds: int, size: int) -> str:
    """Return a row: rules, memory of one, hits, µs a tick, and the share of a core at the rate."""
    ticks = make_ticks(count, _SYMBOLS)
    tracemalloc.start()
    index = make_index(rules, ticks)
    bytes_a_rule = tracemalloc.get_traced_memory()[0] / max(1, rules)
    tracemalloc.stop()
    started = perf_counter()
    make_index(rules, ticks)
    adding_us = (perf_counter() - started) / max(1, rules) * 1e6
    costs = []
    for _ in range(rounds):
        index = make_index(rules, ticks)
        started = process_time()
        hits = take_all(index, ticks, size)
        costs.append((process_time() - started) / count * 1e6)
    cost_us = median(costs)
    return (
        f"| {rules:,} | {size} | {bytes_a_rule:,.0f} | {adding_us:.1f} | {hits:,} "
        f"| {cost_us:.2f} | {cost_us * _RATE / 1e4:.1f} % |"
    )


def main(count: int = 50_000, rounds: int = 3) -> None:
    """Print a table."""
    print("| rules | batch | bytes a rule | µs to add one | hits | µs a tick | of a core |")
    print("|---|---|---|---|---|---|---|")
    for rules, size in ((0, BATCH), (10_000, BATCH), (10_000, 5), (100_000, BATCH)):
        print(tell(rules, count, rounds, size), flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
