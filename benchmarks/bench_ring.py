"""How fast does the ring take ticks in and give them out?

`pytest benchmarks/bench_*.py`; times are of a batch, its size is in the test's name.
"""

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from feed.broadcast.ring import RingBuffer

from .material import NOW_NS, make_ticks


@pytest.mark.parametrize("batch", [5, 512])
def test_publish(benchmark: BenchmarkFixture, batch: int) -> None:
    ring, ticks = RingBuffer(), make_ticks(batch)
    benchmark(ring.publish, ticks, NOW_NS)
    assert len(ring) >= batch


@pytest.mark.parametrize("batch", [5, 512])
def test_read(benchmark: BenchmarkFixture, batch: int) -> None:
    ring = RingBuffer(1024)
    for _ in range(4):
        ring.publish(make_ticks(512), NOW_NS)
    ticks = benchmark(ring.read, ring.newest - 600, batch)
    assert len(ticks) == batch
