"""What does a frame of twenty ticks cost to compress, in the lane's context and alone?"""

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from feed.broadcast.compressor_budget import CompressorBudget
from feed.broadcast.deflate import SharedDeflate
from feed.wire.codec import CODECS
from feed.wire.compression import Compression

from .material import NOW_NS, make_ticks

FRAME = 20
FRAMES = 64
MEMBERS = 500  # the level follows the size of the lane


def frames(codec: str) -> list[bytes]:
    fragments = CODECS[codec].encode(make_ticks(FRAME * FRAMES))
    groups = (fragments[at : at + FRAME] for at in range(0, len(fragments), FRAME))
    return [CODECS[codec].join(group) for group in groups]


@pytest.mark.parametrize("codec", sorted(CODECS))
@pytest.mark.parametrize("members", [1, MEMBERS])
def test_in_context(benchmark: BenchmarkFixture, codec: str, members: int) -> None:
    deflate = SharedDeflate(Compression(), CompressorBudget())
    plain = frames(codec)

    def compress_all() -> int:
        compressed = 0
        for frame in plain:
            block = deflate.compress([frame], NOW_NS, members=members, keyframe=False)
            assert block is not None
            compressed += len(block[0])
        return compressed

    ratio = benchmark(compress_all) / sum(map(len, plain))
    benchmark.extra_info["ratio"] = round(ratio, 3)
    assert ratio < 1


@pytest.mark.parametrize("codec", sorted(CODECS))
def test_alone(benchmark: BenchmarkFixture, codec: str) -> None:
    deflate = SharedDeflate(Compression(), CompressorBudget())
    plain = frames(codec)

    def compress_all() -> int:
        return sum(len(deflate.alone(frame)) for frame in plain)

    ratio = benchmark(compress_all) / sum(map(len, plain))
    benchmark.extra_info["ratio"] = round(ratio, 3)
    assert ratio < 1
