import random
import zlib

import pytest

from feed.broadcast.compressor_budget import CompressorBudget
from feed.broadcast.deflate import FLUSH_TAIL, GZIP_HEADER, SMALL_LANE_MEMBERS, SharedDeflate
from feed.wire.compression import MAX_WINDOW_BITS, Compression

MANY = SMALL_LANE_MEMBERS
TEN_SECONDS_NS = 10_000_000_000


def shared(
    window_bits: int = MAX_WINDOW_BITS, *, budget: int = 1 << 30, every: int = 4
) -> SharedDeflate:
    compression = Compression(window_bits=window_bits)
    return SharedDeflate(compression, CompressorBudget(budget), keyframe_every=every)


def texts(count: int) -> list[bytes]:
    chance = random.Random(count)
    return [
        b",".join(b'{"S":"SYM%d","p":%d}' % (i % 7, chance.randrange(10**6)) for i in range(20))
        for _ in range(count)
    ]


def test_a_reader_of_every_frame_inflates_what_went_in() -> None:
    deflate, inflate = shared(), zlib.decompressobj(-15)
    for text in texts(20):
        made = deflate.compress([text], 0, members=MANY, keyframe=False)
        assert made is not None
        assert inflate.decompress(made[0][0]) == text


def test_every_frame_ends_with_the_bytes_that_websocket_strips() -> None:
    deflate = shared()
    made = deflate.compress([b"text"], 0, members=1, keyframe=False)
    assert made is not None
    assert made[0][0].endswith(FLUSH_TAIL)
    assert deflate.alone(b"text").endswith(FLUSH_TAIL)


def test_a_keyframe_comes_first_and_then_every_so_many_frames() -> None:
    deflate = shared(every=4)
    made = [deflate.compress([text], 0, members=MANY, keyframe=False) for text in texts(9)]
    assert [frame[1] for frame in made if frame] == [True, *[False] * 3] * 2 + [True]
    assert deflate.keyframes == 3


def test_the_pieces_of_a_cut_are_blocks_of_one_context_and_count_once() -> None:
    deflate, inflate = shared(every=3), zlib.decompressobj(-15)
    keyframes = []
    for _ in range(6):
        pieces = texts(5)
        made = deflate.compress(pieces, 0, members=MANY, keyframe=False)
        assert made is not None
        blocks, is_keyframe = made
        keyframes.append(is_keyframe)
        assert [inflate.decompress(block) for block in blocks] == pieces
    assert keyframes == [True, False, False] * 2


def test_a_context_grows_old() -> None:
    deflate = shared(every=1000)
    assert deflate.compress([b"a"], 0, members=1, keyframe=False) is not None
    young = deflate.compress([b"b"], TEN_SECONDS_NS - 1, members=1, keyframe=False)
    old = deflate.compress([b"c"], TEN_SECONDS_NS, members=1, keyframe=False)
    assert young is not None
    assert old is not None
    assert (young[1], old[1]) == (False, True)


def test_whoever_joins_at_a_keyframe_needs_nothing_before_it() -> None:
    deflate = shared(every=3)
    inflate = zlib.decompressobj(-15)
    inflate.decompress(deflate.alone(b"what somebody else's past looks like"))
    joined = False
    for text in texts(7):
        made = deflate.compress([text], 0, members=MANY, keyframe=False)
        assert made is not None
        (block,), is_keyframe = made
        joined = joined or (is_keyframe and deflate.keyframes == 2)
        if joined:
            assert inflate.decompress(block) == text
    assert joined


def test_a_context_saves_more_than_frames_alone() -> None:
    deflate = shared(every=64)
    plain = texts(64)
    in_context = alone = 0
    for text in plain:
        made = deflate.compress([text], 0, members=MANY, keyframe=False)
        assert made is not None
        in_context += len(made[0][0])
        alone += len(deflate.alone(text))
    assert in_context < 0.9 * alone < 0.5 * sum(map(len, plain))


@pytest.mark.parametrize("window_bits", range(9, 16))
@pytest.mark.parametrize("members", [1, MANY])
def test_frames_stay_within_the_window_that_the_peer_allows(window_bits: int, members: int) -> None:
    deflate = shared(window_bits, every=1000)
    inflate = zlib.decompressobj(-window_bits)  # zlib refuses distances beyond its window
    chance = random.Random(window_bits)
    # The same long text again and again, far enough apart to tempt a larger window.
    text = bytes(chance.randrange(256) for _ in range(3_000)) * 8
    for _ in range(3):
        made = deflate.compress([text], 0, members=members, keyframe=False)
        assert made is not None
        assert inflate.decompress(made[0][0]) == text
    lone = zlib.decompressobj(-window_bits)
    assert lone.decompress(deflate.alone(text)) == text


def test_peers_without_context_takeover_get_no_shared_frames() -> None:
    deflate = SharedDeflate(Compression(shared=False), CompressorBudget())
    assert deflate.compress([b"text"], 0, members=MANY, keyframe=True) is None


def test_after_closing_the_next_frame_is_a_keyframe() -> None:
    deflate = shared(every=1000)
    deflate.compress([b"a"], 0, members=1, keyframe=False)
    deflate.close()
    made = deflate.compress([b"b"], 0, members=1, keyframe=False)
    assert made is not None
    assert made[1]


def test_the_gzip_header_opens_a_stream_for_shared_blocks() -> None:
    deflate = shared()
    inflate = zlib.decompressobj(16 + 15)  # gzip
    assert inflate.decompress(GZIP_HEADER) == b""
    assert inflate.decompress(deflate.alone(b"mine")) == b"mine"
    made = deflate.compress([b"ours"], 0, members=1, keyframe=True)
    assert made is not None
    assert inflate.decompress(made[0][0]) == b"ours"
