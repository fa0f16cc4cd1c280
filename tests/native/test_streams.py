"""Every engine against a model: whatever sockets take, each peer sees its stream, or its begin."""

from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feed.broadcast.fan_out import Engine, FanOut, Readers
from tests.fakes.engines import EVERY_ENGINE, make_fan_out
from tests.fakes.strategies import examples
from tests.native.model import HIGH_WATER_BYTES, ModelReader

SIZES = st.sampled_from([0, 1, 2, 700, 2_000, 9_000, 40_000, 150_000])
STEPS = st.one_of(
    st.tuples(st.just("frame"), SIZES),
    st.tuples(st.just("frame"), SIZES),
    st.tuples(st.just("own"), st.integers(0, 3)),  # a pong, say, through the transport
    st.tuples(st.just("flush"), st.integers(0, 3)),
    st.tuples(st.just("read"), st.integers(0, 3)),
    st.tuples(st.just("reset"), st.integers(0, 3)),
    st.tuples(st.just("close"), st.integers(0, 3)),
    st.tuples(st.just("come"), st.just(0)),
)


@pytest.fixture(params=EVERY_ENGINE)
def fan_out(request: pytest.FixtureRequest) -> Iterator[FanOut]:
    engine, threads = request.param
    made = make_fan_out(engine, threads)
    yield made
    made.close()


class Scene:
    """Some readers of one lane, and what each is owed."""

    def __init__(self, fan_out: FanOut, count: int) -> None:
        self.fan_out = fan_out
        self.all = [ModelReader() for _ in range(count)]
        self.live: Readers = {reader: reader.target for reader in self.all}
        self.frames = 0

    def frame(self, size: int) -> None:
        """Write a frame that tells its place in the stream by every byte."""
        self.frames += 1
        frame = bytes([self.frames % 251]) * size
        for _, reader in self.fan_out.write([(self.live, frame)], HIGH_WATER_BYTES):
            assert isinstance(reader, ModelReader)
            assert reader.closing or len(reader.kept) > HIGH_WATER_BYTES
            del self.live[reader]
        for reader in self.live:
            assert isinstance(reader, ModelReader)
            reader.owed += frame

    def do(self, step: str, argument: int) -> None:
        reader = self.all[argument % len(self.all)]
        if step == "frame":
            self.frame(argument)
        elif step == "come":
            self.all.append(ModelReader())
            self.live[self.all[-1]] = self.all[-1].target
        elif step == "own" and not reader.closing and len(reader.kept) <= HIGH_WATER_BYTES:
            reader.write(b"own")
            reader.owed += b"own"
        elif step == "flush":
            reader.flush()
        elif step == "read":
            reader.read(10_000)
        elif step == "reset" and not reader.broken:
            reader.reset()
        elif step == "close":
            reader.close()

    def settle(self) -> None:
        """Let all peers that are there read until nothing comes any more."""
        for reader in self.all:
            while not reader.broken and len(reader.seen) < len(reader.owed):
                reader.flush()
                reader.read(1 << 20)
            assert reader.owed.startswith(reader.seen)
            assert reader.broken or reader.seen == reader.owed

    def let_go(self) -> None:
        for reader in self.all:
            reader.let_go()


@given(steps=st.lists(STEPS, min_size=5, max_size=40))
@settings(
    max_examples=examples(40),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_each_peer_sees_its_own_stream_in_order_or_its_begin(
    fan_out: FanOut, steps: list[tuple[str, int]]
) -> None:
    scene = Scene(fan_out, 4)
    try:
        for step, argument in steps:
            scene.do(step, argument)
        scene.settle()
    finally:
        scene.let_go()


def test_a_socket_takes_nothing_a_part_and_all(fan_out: FanOut) -> None:
    scene = Scene(fan_out, 1)
    (reader,) = scene.all
    scene.frame(1)
    all_taken = len(reader.kept)
    scene.frame(150_000)
    part = len(reader.kept)
    scene.settle()
    assert not reader.kept
    nothing = any(takes_nothing(scene, reader) for _ in range(50))
    scene.let_go()
    if fan_out.engine is not Engine.PYTHON:  # the model's transport sends at `flush` alone
        assert all_taken == 0
        assert 0 < part < 150_000
    assert nothing


def takes_nothing(scene: Scene, reader: ModelReader) -> bool:
    """Fill the socket to the brim and write a frame past it.

    The kernel may hand what the socket holds to the peer meanwhile, so that it takes some again.
    """
    while True:
        try:
            reader.owed += b"x" * reader.socket.send(b"x" * 512)
        except BlockingIOError:
            break
    scene.frame(2_000)
    kept = len(reader.kept)
    scene.settle()
    return kept == 2_000


def test_more_sockets_than_the_ring_has_entries(fan_out: FanOut) -> None:
    """1,300 readers: two and a half times the ring, and the threads are woken."""
    scene = Scene(fan_out, 1_300)
    try:
        scene.all[7].reset()
        scene.all[600].close()
        scene.all[1_299].write(b"own")
        scene.all[1_299].owed += b"own"
        for size in (1, 700, 2_000, 700):
            scene.frame(size)
        assert scene.all[600] not in scene.live
        scene.settle()
        counts = Counter(len(reader.seen) for reader in scene.all)
        assert counts[3_401] >= 1_297
    finally:
        scene.let_go()
