"""What does a tick cost that is conflated?"""

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from feed.market.conflation import Conflator
from feed.market.ticks import Tick

from .material import NOW_NS, make_ticks

BATCH = 512
INTERVAL_MS = 250


@pytest.mark.parametrize("symbols", [5, 500])
def test_add_and_take(benchmark: BenchmarkFixture, symbols: int) -> None:
    conflator, ticks = Conflator(INTERVAL_MS), make_ticks(BATCH, symbols)

    def add_and_take() -> list[Tick]:
        conflator.add(ticks, NOW_NS, NOW_NS)
        return conflator.take_all()

    assert 0 < len(benchmark(add_and_take)) <= BATCH
