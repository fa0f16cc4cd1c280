"""Segments: what may be in which part of the ring, and what looking for it costs."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from feed.broadcast.ring import RingBuffer
from feed.broadcast.segments import Segments
from feed.market.asset_classes import EVERY_OF, AssetClass
from feed.market.ticks import Kind, Tick
from feed.wire.selection import Selection
from tests.fakes import strategies
from tests.fakes.numbered_ticks import numbered
from tests.fakes.selections import EVERYTHING, of_channels, select

RARE = of_channels(trades=["RARE"])


def ring_of(capacity: int, keys: Sequence[tuple[Kind, str]]) -> tuple[RingBuffer, list[Tick]]:
    ring = RingBuffer(capacity)
    ticks = [numbered(index + 1, *key) for index, key in enumerate(keys)]
    for start in range(0, len(ticks), capacity):
        ring.publish(ticks[start : start + capacity], 0)
    return ring, ticks


def found(segments: Segments, selection: Selection, first: int, upto: int) -> list[Tick]:
    ticks: list[Tick] = []
    while first <= upto:
        some, last = segments.find(selection, first, upto)
        ticks += some
        first = last + 1
    return ticks


@settings(deadline=None)
@given(
    keys=st.lists(strategies.keys, max_size=60),
    capacity=st.sampled_from([4, 16, 32]),
    segment_ticks=st.sampled_from([2, 4, 8]),
    selections=st.lists(strategies.selections, min_size=1, max_size=3),
)
def test_what_is_found_is_what_is_selected(
    keys: list[tuple[Kind, str]], capacity: int, segment_ticks: int, selections: list[Selection]
) -> None:
    ring, ticks = ring_of(capacity, keys)
    segments = Segments(ring, segment_ticks)
    for selection in selections:
        for first in (ring.oldest, max(ring.oldest, ring.newest)):
            assert found(segments, selection, first, ring.newest) == [
                *select(selection, ticks[first - 1 :])
            ]


def test_a_symbol_without_ticks_is_passed_over_once_the_contents_are_known() -> None:
    ring, _ = ring_of(4_096, [(Kind.TRADE, "AAPL")] * 4_096)
    segments = Segments(ring)
    found(segments, EVERYTHING, 1, ring.newest)
    walked_ticks = segments.walked_ticks
    assert found(segments, RARE, 1, ring.newest) == []
    assert segments.walked_ticks - walked_ticks < 600


def test_a_kind_counts_as_well_as_a_symbol() -> None:
    ring, _ = ring_of(64, [(Kind.TRADE, "AAPL")] * 16)
    segments = Segments(ring, 8)
    assert segments.may_hold(of_channels(trades=["AAPL"]).by_kind(), 0)
    assert segments.may_hold(of_channels(trades="*").by_kind(), 0)
    assert not segments.may_hold(of_channels(quotes=["AAPL"]).by_kind(), 0)
    assert not segments.may_hold(of_channels(quotes="*").by_kind(), 0)
    assert not segments.may_hold(Selection().by_kind(), 0)


def test_contents_are_those_of_the_segment_that_is_there_now() -> None:
    ring, _ = ring_of(8, [(Kind.TRADE, "A")] * 8)
    segments = Segments(ring, 4)
    assert segments.may_hold(of_channels(trades=["A"]).by_kind(), 1)
    for number in range(9, 41):
        ring.publish([numbered(number, Kind.TRADE, "B")], 0)
    for number in range(segments.number(ring.oldest), segments.number(ring.newest)):
        assert not segments.may_hold(of_channels(trades=["A"]).by_kind(), number)


def test_a_wildcard_of_a_class_is_looked_for_where_the_class_is() -> None:
    ring, _ = ring_of(64, [(Kind.TRADE, "AAPL")] * 8 + [(Kind.TRADE, "BTC/USD")] * 8)
    segments = Segments(ring, 8)
    equities = {Kind.TRADE: frozenset({EVERY_OF[AssetClass.EQUITY]})}
    pairs = {Kind.TRADE: frozenset({EVERY_OF[AssetClass.CRYPTO]})}
    assert segments.number(1) == 0
    assert segments.may_hold(equities, 0)
    assert not segments.may_hold(pairs, 0)
