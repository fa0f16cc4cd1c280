"""The ring against a plain list that never forgets."""

import gc
import weakref

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from feed.broadcast.ring import MAX_CAPACITY, MOST_HOLES, RingBuffer
from feed.errors import InvalidParameter, Overrun
from feed.market.ticks import Tick, Trade
from feed.wire.messages import GapReason


def tick(number: int) -> Trade:
    return Trade("AAPL", number, "V", 1.0, 1.0, number)


def ticks_from(first: int, count: int) -> list[Tick]:
    return [tick(number) for number in range(first, first + count)]


class RingModel(RuleBasedStateMachine):
    """Publishes batches of any size that is accepted, leaves holes, and reads from anywhere."""

    @initialize(
        capacity=st.sampled_from([2, 4, 8, 32]), newest=st.sampled_from([0, 1, 7, 2**40 + 3])
    )
    def start(self, capacity: int, newest: int) -> None:
        self.ring = RingBuffer(capacity, newest=newest)
        self.first = newest + 1
        self.published: list[Tick | None] = []  # None: within a hole
        self.stamps: list[int] = []

    @property
    def newest(self) -> int:
        return self.first + len(self.published) - 1

    @property
    def oldest(self) -> int:
        oldest = max(self.first, self.newest - self.ring.capacity + 1)
        while oldest > self.first and self.at(oldest - 1) is None:  # nothing is missed but a hole
            oldest -= 1
        return oldest

    def at(self, sequence: int) -> Tick | None:
        return self.published[sequence - self.first]

    def hole(self, sequence: int) -> range:
        """Return the hole that a sequence lies in."""
        first = last = sequence
        while first > self.first and self.at(first - 1) is None:
            first -= 1
        while last < self.newest and self.at(last + 1) is None:
            last += 1
        return range(first, last + 1)

    @rule(data=st.data(), now_ns=st.integers(0, 2**62), as_tuple=st.booleans())
    def publish(self, data: st.DataObject, now_ns: int, as_tuple: bool) -> None:
        batch = ticks_from(self.newest + 1, data.draw(st.integers(0, self.ring.capacity)))
        newest = self.ring.publish(tuple(batch) if as_tuple else batch, now_ns)
        self.published += batch
        self.stamps += [now_ns] * len(batch)
        assert newest == self.newest

    @rule(count=st.integers(0, 100), now_ns=st.integers(0, 2**62))
    def skip(self, count: int, now_ns: int) -> None:
        self.stamps += [self.stamps[-1] if len(self.ring) else now_ns] * count
        self.ring.skip(self.newest + count, GapReason.LOST, now_ns)
        self.published += [None] * count

    @rule(after_newest=st.integers(-80, 3), count=st.integers(0, 80))
    def find_holes(self, after_newest: int, count: int) -> None:
        after = max(self.newest + after_newest, self.oldest - 1)
        upto = min(after + count, self.newest)
        lost = [each for each in range(after + 1, upto + 1) if self.at(each) is None]
        runs: list[range] = []
        for each in lost:
            if not runs or each not in runs[-1]:
                runs.append(self.hole(each))
        holes = list(self.ring.holes(after, upto))
        assert [range(hole.first, hole.last + 1) for hole in holes] == runs
        assert self.ring.hole_after(after, upto) == (holes[0] if holes else None)
        if upto >= after:
            assert self.ring.count(after, upto) == upto - after - len(lost)
            slots = self.ring.slots(after, count)
            assert list(map(id, slots)) == list(
                map(id, self.published[after + 1 - self.first : upto + 1 - self.first])
            )

    @rule(upto_newest=st.integers(-80, 0), ticks=st.integers(0, 80))
    def count_backwards(self, upto_newest: int, ticks: int) -> None:
        upto = max(self.newest + upto_newest, self.oldest - 1)
        before = max(self.ring.before(upto, ticks), self.oldest - 1)
        assert self.ring.count(before, upto) <= ticks
        assert before == self.oldest - 1 or self.ring.count(before - 1, upto) > ticks

    @rule(excess=st.integers(1, 40))
    def refuse_more_than_the_ring_holds(self, excess: int) -> None:
        batch = ticks_from(0, self.ring.capacity + excess)
        with pytest.raises(InvalidParameter, match=f"at most {self.ring.capacity}"):
            self.ring.publish(batch, 0)

    @rule(after_newest=st.integers(-80, 3), limit=st.integers(-1, 80))
    def read(self, after_newest: int, limit: int) -> None:
        after = self.newest + after_newest
        if after + 1 < self.oldest:
            with pytest.raises(Overrun) as caught:
                self.ring.read(after, limit)
            assert (caught.value.requested, caught.value.oldest) == (after + 1, self.oldest)
        else:
            start = after + 1 - self.first
            wanted = self.published[start : start + max(0, limit)]
            if None in wanted:  # reading stops there
                del wanted[wanted.index(None) :]
            got = self.ring.read(after, limit)
            assert list(map(id, got)) == list(map(id, wanted))

    @rule()
    def reading_hands_out_a_list_of_its_own(self) -> None:
        after = self.oldest - 1
        before = self.ring.slots(after, len(self.ring))
        self.ring.read(after, len(self.ring)).clear()
        assert self.ring.slots(after, len(self.ring)) == before

    @invariant()
    def knows_its_extent(self) -> None:
        assert self.ring.newest == self.newest
        assert self.ring.oldest == self.oldest
        assert len(self.ring) == self.newest - self.oldest + 1

    @invariant()
    def knows_when_each_was_ingested(self) -> None:
        for sequence in range(self.oldest, self.newest + 1):
            assert self.ring.ingested_ns(sequence) == self.stamps[sequence - self.first]


def test_an_empty_stretch_has_no_hole() -> None:
    ring = RingBuffer(2)
    ring.skip(2, GapReason.LOST, 0)
    assert ring.hole_after(1, 1) is None
    assert list(ring.holes(1, 1)) == []
    assert ring.hole_after(1, 2) is not None


test_the_ring_is_the_end_of_a_list = RingModel.TestCase


def test_sequences_count_from_one() -> None:
    ring = RingBuffer(4)
    assert (ring.newest, ring.oldest, len(ring)) == (0, 1, 0)
    assert ring.publish(ticks_from(1, 2), 0) == 2
    assert (ring.newest, ring.oldest, len(ring)) == (2, 1, 2)


def test_read_after_overrun_reports_both_numbers() -> None:
    ring = RingBuffer(4)
    ring.publish(ticks_from(1, 4), 0)
    ring.publish(ticks_from(5, 2), 0)
    assert ring.read(2, 10) == ticks_from(3, 4)
    with pytest.raises(Overrun, match=r"sequence 2 was overrun; the oldest one held is 3"):
        ring.read(1, 10)


def test_what_was_overwritten_is_let_go() -> None:
    ring = RingBuffer(4)
    alive: weakref.WeakSet[Watched] = weakref.WeakSet()
    for number in range(100):
        batch = [Watched("AAPL", number, "V", 1.0, 1.0, number) for _ in range(3)]
        alive.update(batch)
        ring.publish(batch, 0)
        del batch
    gc.collect()
    assert len(alive) == 4


class Watched(Trade):
    """A trade that a weak reference can be made to."""

    __slots__ = ("__weakref__",)
    __hash__ = object.__hash__


@pytest.mark.parametrize("capacity", [2, 131_072])
def test_a_power_of_two_is_a_capacity(capacity: int) -> None:
    assert RingBuffer(capacity).capacity == capacity


@pytest.mark.parametrize("capacity", [-4, 0, 1, 3, 100, 131_071, 2 * MAX_CAPACITY])
def test_no_other_capacity_is_accepted(capacity: int) -> None:
    with pytest.raises(InvalidParameter, match=rf"ring: {capacity} .* a power of two from 2 to"):
        RingBuffer(capacity)


def test_the_age_of_the_oldest_tick_is_counted_from_its_ingestion() -> None:
    ring = RingBuffer(2)
    assert ring.oldest_age_ns(100) == 0
    ring.publish(ticks_from(1, 2), 10)
    ring.publish(ticks_from(3, 1), 30)
    assert ring.oldest_age_ns(100) == 90


@pytest.mark.parametrize("published", [3, 8, 11, 20])
def test_the_times_of_a_stretch_are_those_of_its_ticks(published: int) -> None:
    ring = RingBuffer(8)
    for sequence in range(1, published + 1):
        ring.publish(ticks_from(sequence, 1), 1_000 + sequence)
    for after in range(ring.oldest - 1, ring.newest):
        for count in range(1, ring.newest - after + 1):
            times_ns = list(ring.ingestion_times_ns(after, count))
            assert times_ns == [1_001 + after + index for index in range(count)]


def test_more_holes_than_are_kept_let_go_of_what_was_before_the_oldest() -> None:
    ring = RingBuffer(1 << 13)
    for number in range(MOST_HOLES + 1):
        ring.publish([tick(number)], 0)
        ring.skip(ring.newest + 1, GapReason.LOST, 0)
    assert ring.oldest == 3
    assert len(list(ring.holes(ring.oldest - 1, ring.newest))) == MOST_HOLES
    assert not ring.is_whole


def test_a_hole_that_is_longer_than_the_ring_is_known_and_all_before_it_is_not_held() -> None:
    ring = RingBuffer(4)
    ring.publish(ticks_from(1, 4), 5)
    ring.skip(1_000, GapReason.LOST, 9)
    assert (ring.oldest, ring.newest) == (5, 1_000)
    assert ring.read(4, 10) == []
    assert ring.ingested_ns(700) == 5
    ring.publish(ticks_from(1_001, 1), 10)
    assert (ring.oldest, ring.read(700, 10), ring.read(1_000, 10)) == (5, [], ticks_from(1_001, 1))
    with pytest.raises(Overrun):
        ring.read(3, 1)
