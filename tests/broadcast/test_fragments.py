"""Fragments by example: what is read, and what that encodes and leaves behind.

The model of them is in test_fragments_model.py.
"""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feed.broadcast.fragments import TURN_TICKS, Fragments
from feed.broadcast.ring import RingBuffer
from feed.broadcast.segments import SEGMENT_TICKS
from feed.errors import Overrun
from feed.market.words import Event
from feed.wire.json_codec import JSON, JsonCodec
from feed.wire.selection import Selection
from tests.fakes.numbered_ticks import numbered
from tests.fakes.selections import EVERYTHING, of_channels, select
from tests.fakes.strategies import examples

PLENTY = 1 << 30  # bytes


def publish(ring: RingBuffer, count: int, symbols: Sequence[str] = ("AAPL",)) -> None:
    for start in range(0, count, ring.capacity):
        first = ring.newest + 1
        size = min(ring.capacity, count - start)
        ring.publish(
            [numbered(n, symbol=symbols[n % len(symbols)]) for n in range(first, first + size)], 0
        )


@settings(max_examples=examples(30), deadline=None)
@given(
    count=st.integers(1, 3000),
    upto_before_newest=st.integers(0, 700),
    steps=st.lists(st.integers(1, 900), min_size=1, max_size=3),
)
def test_whole_segments_are_read_like_short_ones(
    count: int, upto_before_newest: int, steps: list[int]
) -> None:
    ring = RingBuffer(1024)
    past = Fragments(ring)
    publish(ring, count, ("AAPL", "MSFT", "TSLA"))
    upto = max(ring.oldest - 1, ring.newest - upto_before_newest)
    reached = ring.oldest - 1
    got: list[bytes] = []
    selection = of_channels(trades=["MSFT", "TSLA"])
    while reached < upto:
        step = steps[len(got) % len(steps)]
        fragments, reached = past.read(
            selection, JSON, reached, upto, max_bytes=PLENTY, max_ticks=step
        )
        got += fragments
    ticks = ring.read(ring.oldest - 1, upto - ring.oldest + 1)
    assert got == JSON.encode(select(selection, ticks))


def test_one_fragment_is_returned_however_long_it_is() -> None:
    ring = RingBuffer(8)
    past = Fragments(ring)
    publish(ring, 3)
    fragments, reached = past.read(EVERYTHING, JSON, 0, 3, max_bytes=0)
    assert (fragments, reached) == (JSON.encode([numbered(1)]), 1)


def test_nothing_is_read_where_nothing_is_due() -> None:
    ring = RingBuffer(8)
    past = Fragments(ring)
    assert past.read(EVERYTHING, JSON, 0, 0, max_bytes=PLENTY) == ([], 0)
    publish(ring, 20)
    assert past.read(EVERYTHING, JSON, 20, 20, max_bytes=PLENTY) == ([], 20)
    assert past.read(Selection(), JSON, 12, 20, max_bytes=PLENTY) == ([], 20)


def test_a_position_at_the_edge_of_the_ring_is_no_overrun() -> None:
    ring = RingBuffer(8)
    past = Fragments(ring)
    publish(ring, 20)
    fragments, reached = past.read(EVERYTHING, JSON, 12, 20, max_bytes=PLENTY)
    assert (len(fragments), reached) == (8, 20)
    with pytest.raises(Overrun, match="sequence 12 was overrun; the oldest one held is 13"):
        past.read(EVERYTHING, JSON, 11, 20, max_bytes=PLENTY)


def test_what_was_published_while_nobody_used_a_codec_is_encoded_when_it_is_read() -> None:
    ring = RingBuffer(64, newest=SEGMENT_TICKS - 1)
    past = Fragments(ring)
    for size, used in [(5, True), (3, False), (4, True), (2, False)]:
        after = ring.newest
        publish(ring, size)
        if used:
            past.store(JSON, after + 1, JSON.encode(ring.read(after, size)))
    after = SEGMENT_TICKS - 1
    fragments, _ = past.read(EVERYTHING, JSON, after, ring.newest, max_bytes=PLENTY)
    assert fragments == JSON.encode(ring.read(after, 14))


def test_a_segment_that_was_left_half_done_and_overrun_since_begins_anew() -> None:
    ring = RingBuffer(8)
    past = Fragments(ring)
    publish(ring, 2)
    past.read(EVERYTHING, JSON, 0, 2, max_bytes=PLENTY)
    publish(ring, 20)
    fragments, reached = past.read(EVERYTHING, JSON, 14, 22, max_bytes=PLENTY)
    assert (fragments, reached) == (JSON.encode(ring.read(14, 8)), 22)


class CountingCodec(JsonCodec):
    """Counts the ticks that it encodes."""

    __slots__ = ("encoded",)

    def __init__(self) -> None:
        self.encoded = 0

    def encode(self, ticks: Sequence[Event], letters: frozenset[str] | None = None) -> list[bytes]:
        self.encoded += len(ticks)
        return super().encode(ticks, letters)


def test_a_tick_is_encoded_once_for_all_who_come_back() -> None:
    ring = RingBuffer(2048)
    past = Fragments(ring)
    codec = CountingCodec()
    publish(ring, 2000, ("AAPL", "MSFT"))
    selections = [EVERYTHING, of_channels(trades=["AAPL"]), of_channels(trades=["MSFT", "AAPL"])]
    for after in (0, 700, 1500):
        for selection in selections:
            past.read(selection, codec, after, 2000, max_bytes=PLENTY)
    assert codec.encoded == 2000


@pytest.mark.parametrize("newest", [0, 1, 511, 700])
def test_a_whole_ring_is_kept_wherever_it_begins(newest: int) -> None:
    ring = RingBuffer(1024, newest=newest)
    past = Fragments(ring)
    codec = CountingCodec()
    publish(ring, 3000)
    for _ in range(2):
        past.read(EVERYTHING, codec, ring.oldest - 1, ring.newest, max_bytes=PLENTY)
    assert codec.encoded == 1024


def test_what_a_cut_encoded_is_not_encoded_again() -> None:
    first = SEGMENT_TICKS
    ring = RingBuffer(4096, newest=first - 1)
    past = Fragments(ring)
    codec = CountingCodec()
    for size in (1, 511, 512, 513, 7, 1000):
        after = ring.newest
        publish(ring, size)
        past.store(codec, after + 1, codec.encode(ring.read(after, size)))
        past.read(EVERYTHING, codec, first - 1, ring.newest, max_bytes=PLENTY)
    assert codec.encoded == len(ring)


def test_the_same_fragments_are_given_to_everybody() -> None:
    ring = RingBuffer(64)
    past = Fragments(ring)
    publish(ring, 40)
    one, _ = past.read(EVERYTHING, JSON, 0, 40, max_bytes=PLENTY)
    other, _ = past.read(of_channels(trades=["AAPL"]), JSON, 10, 40, max_bytes=PLENTY)
    assert all(a is b for a, b in zip(one[10:], other, strict=True))
    assert one is not other


def test_reading_hands_out_a_list_of_its_own() -> None:
    ring = RingBuffer(64)
    past = Fragments(ring)
    publish(ring, 40)
    first, _ = past.read(EVERYTHING, JSON, 0, 40, max_bytes=PLENTY)
    first.clear()
    second, _ = past.read(EVERYTHING, JSON, 0, 40, max_bytes=PLENTY)
    assert len(second) == 40


class WatchedFragment(bytes):
    """A fragment that tells when it is let go: bytes cannot be referred to weakly."""

    alive = 0

    def __init__(self, _: bytes) -> None:
        type(self).alive += 1

    def __del__(self) -> None:
        type(self).alive -= 1


class WatchedCodec(JsonCodec):
    __slots__ = ()

    def encode(self, ticks: Sequence[Event], letters: frozenset[str] | None = None) -> list[bytes]:
        return [WatchedFragment(fragment) for fragment in super().encode(ticks, letters)]


def test_memory_is_bounded_by_the_ring_whatever_is_read() -> None:
    # Somebody who is always behind reads every tick; what the ring lets go must go here too.
    ring = RingBuffer(1024)
    past = Fragments(ring)
    codec = WatchedCodec()
    selections = [EVERYTHING, of_channels(trades=["AAPL"])]
    for _ in range(60):
        after = ring.newest
        publish(ring, 512)
        for selection in selections:
            past.read(selection, codec, after, ring.newest, max_bytes=PLENTY)
    assert WatchedFragment.alive <= 3 * ring.capacity + SEGMENT_TICKS


# Looking for what hardly ticks, and reading once.

RARE = of_channels(trades=["RARE"])


def test_looking_for_long_is_stopped_and_gone_on_with() -> None:
    ring = RingBuffer(8_192)
    past = Fragments(ring)
    publish(ring, 8_192)
    turns, reached = 0, 0
    while reached < 8_192:
        before, walked_ticks = reached, past.segments.walked_ticks
        fragments, reached = past.read(
            RARE, JSON, reached, 8_192, max_bytes=PLENTY, turn_ticks=TURN_TICKS
        )
        assert fragments == []
        assert before < reached
        assert past.segments.walked_ticks - walked_ticks <= TURN_TICKS + 2 * SEGMENT_TICKS
        turns += 1
    assert turns > 1
    assert past.read(RARE, JSON, 0, 8_192, max_bytes=PLENTY, turn_ticks=TURN_TICKS)[1] == 8_192, (
        "what is where is known now"
    )


def test_segments_without_a_tick_that_is_selected_are_not_encoded() -> None:
    ring = RingBuffer(8_192)
    past = Fragments(ring)
    codec = CountingCodec()
    publish(ring, 3_000)
    ring.publish([numbered(3_001, symbol="RARE")], 0)
    publish(ring, 5_000)
    for remember in (False, True):
        fragments, _ = past.read(RARE, codec, 0, 8_001, max_bytes=PLENTY, remember=remember)
        assert fragments == JSON.encode([numbered(3_001, symbol="RARE")])
    assert codec.encoded <= 1 + 2 * SEGMENT_TICKS, "that with the tick, and the one that grows"


def test_reading_once_leaves_nothing_behind() -> None:
    ring = RingBuffer(4_096)
    past = Fragments(ring)
    codec = WatchedCodec()
    publish(ring, 4_096, ("AAPL", "MSFT"))
    alive = WatchedFragment.alive
    for number in range(20):
        names = ["AAPL", *(f"S{number}-{index}" for index in range(100))]
        fragments, _ = past.read(
            of_channels(trades=names), codec, 0, 4_096, max_bytes=PLENTY, remember=False
        )
        assert len(fragments) == 2_048
        del fragments
    assert past.remembered_bytes == 0
    assert WatchedFragment.alive == alive


def test_reading_once_takes_what_is_encoded_already() -> None:
    ring = RingBuffer(4_096)
    past = Fragments(ring)
    codec = CountingCodec()
    publish(ring, 4_096, ("AAPL", "MSFT"))
    past.read(EVERYTHING, codec, 0, 4_096, max_bytes=PLENTY)
    encoded = codec.encoded
    past.read(of_channels(trades=["MSFT"]), codec, 0, 4_096, max_bytes=PLENTY, remember=False)
    assert codec.encoded == encoded


def test_what_is_remembered_for_many_selections_is_weighed_by_bytes() -> None:
    ring = RingBuffer(4_096)
    past = Fragments(ring, max_remembered_bytes=1 << 20)
    publish(ring, 4_096)
    for number in range(50):
        names = ["AAPL", *(f"S{number}-{index}" for index in range(1_000))]
        past.read(of_channels(trades=names), JSON, 0, 4_096, max_bytes=PLENTY)
        assert past.remembered_bytes <= 1 << 20
