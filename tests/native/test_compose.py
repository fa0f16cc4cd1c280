"""Frames of fragments, made in C as in Python."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.wire.codec import CODECS
from feed.wire.frame_shape import BARE, CHUNK, Compose, FrameShape, compose
from tests.fakes.engines import NATIVE
from tests.fakes.ways import WAYS, Way, way_name

needs_native = pytest.mark.skipif(NATIVE is None, reason="the engine in C is not compiled")
ENGINES = [
    pytest.param(compose, id="Python"),
    pytest.param(getattr(NATIVE, "compose", None), id="C", marks=needs_native),
]
each_engine = pytest.mark.parametrize("make", ENGINES)
ROOM_BYTES = 1 << 20
POSITION = b"k3x9w7ab-12"


def shape_of(way: Way, position: bytes) -> FrameShape | None:
    codec, framing = way
    return None if codec.joints is None else framing.shape(codec.joints, position, ROOM_BYTES)


SHAPED = [way for way in WAYS if shape_of(way, POSITION) is not None]
each_shaped_way = pytest.mark.parametrize("way", SHAPED, ids=way_name)
fragments_of = st.lists(st.binary(max_size=200), min_size=1, max_size=12)
around = st.binary(max_size=30)


@each_shaped_way
@each_engine
@pytest.mark.parametrize("size", [1, 100, 125 - 8, 126 - 8, 127, 65_535 - 8, 65_536 - 8, 70_000])
def test_a_frame_is_what_joining_enveloping_and_wrapping_make(
    way: Way, make: Compose, size: int
) -> None:
    codec, framing = way
    for position in (POSITION, b""):
        shape = shape_of(way, position)
        assert shape is not None
        for fragments in ([b"x" * size], [b"x" * (size - 1), b"y", b""]):
            envelope = framing.envelop_ticks(codec.join(fragments), position)
            assert make(fragments, shape) == (framing.wrap(envelope), len(envelope))


def test_all_of_json_has_a_shape_and_what_depends_on_its_payload_has_none() -> None:
    shaped = {way_name(way) for way in SHAPED}
    assert shaped >= {way_name(way) for way in WAYS if way[0] is CODECS["json"]}
    assert not shaped & {way_name(way) for way in WAYS if way[0] is CODECS["msgpack"]}


@needs_native
@given(fragments_of, around, around, around, st.integers(0, 255), st.integers(0, 3_000))
def test_both_engines_make_the_same(  # noqa: PLR0917 - what a shape has
    fragments: list[bytes],
    before: bytes,
    between: bytes,
    after: bytes,
    header: int,
    most_bytes: int,
) -> None:
    shape = FrameShape(before, between, after, header, most_bytes)
    assert NATIVE is not None
    assert NATIVE.compose(fragments, shape) == compose(fragments, shape)


@each_engine
@pytest.mark.parametrize("header", [BARE, CHUNK, 0x81])
def test_an_envelope_that_is_too_long_is_none(make: Compose, header: int) -> None:
    shape = FrameShape(b"<", b",", b">", header, 7)
    assert make([b"ab", b"cd"], shape) is not None
    assert make([b"ab", b"cde"], shape) is None
    assert make([b"ab", b"cd", b""], shape) is None


@needs_native
@pytest.mark.parametrize(
    ("fragments", "shape", "error"),
    [
        ((b"x",), FrameShape(b"", b"", b"", 0, 9), TypeError),
        (["x"], FrameShape(b"", b"", b"", 0, 9), TypeError),
        ([b"x"], (b"", b"", b"", 0), TypeError),
        ([b"x"], [b"", b"", b"", 0, 9], TypeError),
        ([b"x"], (b"", "", b"", 0, 9), TypeError),
        ([b"x"], (b"", b"", b"", "0", 9), TypeError),
        ([b"x"], (b"", b"", b"", 256, 9), ValueError),
        ([b"x"], (b"", b"", b"", -1, 9), ValueError),
        ([b"x"], (b"", b"", b"", 1 << 70, 9), OverflowError),
    ],
)
def test_what_is_no_shape_is_refused(
    fragments: object, shape: object, error: type[Exception]
) -> None:
    assert NATIVE is not None
    with pytest.raises(error):
        NATIVE.compose(fragments, shape)
