"""The memory of all compressors: bounded, and given back."""

from feed.broadcast.compressor_budget import CompressorBudget
from feed.broadcast.deflate import SMALL_LANE_MEMBERS, SharedDeflate
from feed.wire.compression import Compression

MANY = SMALL_LANE_MEMBERS


def test_the_memory_of_all_compressors_is_bounded() -> None:
    budget = CompressorBudget(100_000)
    small = [SharedDeflate(Compression(), budget) for _ in range(4)]
    made = [one.compress([b"text"], 0, members=1, keyframe=True) for one in small]
    assert [frame is not None for frame in made] == [True, True, True, False]
    assert budget.used_bytes <= budget.maximum_bytes
    assert budget.refusals == 1
    small[0].close()
    assert small[3].compress([b"text"], 0, members=1, keyframe=True) is not None


def test_closing_gives_all_memory_back_once() -> None:
    budget = CompressorBudget()
    deflate = SharedDeflate(Compression(), budget)
    deflate.compress([b"text"], 0, members=MANY, keyframe=True)
    assert budget.used_bytes > 0
    deflate.close()
    deflate.close()
    assert budget.used_bytes == 0
