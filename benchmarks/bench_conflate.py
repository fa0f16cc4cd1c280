"""What does a tick cost that is conflated?"""

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from feed.market.conflation import Conflation
from feed.market.ticks import Tick

from .material import make_ticks

BATCH = 512


@pytest.mark.parametrize("symbols", [5, 500])
def test_add_and_take(benchmark: BenchmarkFixture, symbols: int) -> None:
    conflation, ticks = Conflation(), make_ticks(BATCH, symbols)

    def add_and_take() -> list[Tick]:
        conflation.add(ticks)
        return conflation.take()

    assert 0 < len(benchmark(add_and_take)) <= BATCH
