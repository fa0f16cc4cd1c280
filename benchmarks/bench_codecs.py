"""What does a tick cost to encode, and a frame to join, in each codec?"""

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from feed.wire.codec import CODECS

from .material import make_ticks

BATCH = 512
FRAME = 20


@pytest.mark.parametrize("name", sorted(CODECS))
def test_encode(benchmark: BenchmarkFixture, name: str) -> None:
    fragments = benchmark(CODECS[name].encode, make_ticks(BATCH))
    benchmark.extra_info["bytes a tick"] = sum(map(len, fragments)) / len(fragments)
    assert len(fragments) == BATCH


@pytest.mark.parametrize("name", sorted(CODECS))
def test_join(benchmark: BenchmarkFixture, name: str) -> None:
    fragments = CODECS[name].encode(make_ticks(FRAME))
    assert len(benchmark(CODECS[name].join, fragments)) >= sum(map(len, fragments))
