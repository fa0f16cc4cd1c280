"""The archive: pages that are wished for, read by few, and told without a gap that is not one."""

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.broadcast.archive import (
    AHEAD_PAGES,
    FRESH_NS,
    MOST_IN_TURN,
    MOST_PAGES,
    MOST_READINGS,
    Archive,
    Reading,
    Stretch,
)
from feed.broadcast.archive_page import PAGE_SEQUENCES
from feed.market.asset_classes import BY_FORM
from feed.market.ticks import Channel
from feed.wire.codec import CODECS
from feed.wire.messages import GapReason
from feed.wire.selection import Selection
from tests.fakes.servers import trades

JSON = CODECS["json"]
TRADES = Selection.of({Channel.TRADES: ["*"]})
NOW = 10**12


def stretch(first: int, last: int, *, is_oldest: bool = False, ends: bool = False) -> Stretch:
    """Return trades of the log, each ingested when its sequence says."""
    events = trades(first, last)
    return Stretch(first, events, array("q", range(first, last + 1)), False, is_oldest, ends)


def archive() -> Archive:
    return Archive(lambda: None)


def pages(reading: Reading, first: int, last: int) -> None:
    """Let a reading take all events of some pages."""
    begin = first * PAGE_SEQUENCES
    end = (last + 1) * PAGE_SEQUENCES - 1
    reading.take(stretch(max(begin, 1), end))


def read(known: Archive, after: int, upto: int) -> list[tuple[int, int, GapReason | None]]:
    """Read on from a sequence as a subscriber does; return the stretches, and why they miss."""
    told: list[tuple[int, int, GapReason | None]] = []
    while after < upto:
        page = known.page(after + 1, NOW)
        if page is None:
            break
        excerpt = page.read(TRADES, JSON, after, upto, max_bytes=20_000, classes=BY_FORM)
        assert excerpt.reached > after
        due = 0 if excerpt.missing else excerpt.reached - after
        assert len(excerpt.fragments) == due
        if due:
            assert excerpt.fragments == JSON.encode(trades(after + 1, excerpt.reached))
        told.append((after + 1, excerpt.reached, excerpt.missing))
        after = excerpt.reached
    return told


def missing(told: list[tuple[int, int, GapReason | None]], reason: GapReason) -> set[int]:
    return {each for first, last, why in told if why is reason for each in range(first, last + 1)}


@given(
    runs=st.lists(st.tuples(st.integers(0, 700), st.integers(1, 900)), min_size=1, max_size=8),
    begin=st.integers(1, 3_000),
    evicted=st.booleans(),
    sizes=st.lists(st.integers(1, 600), min_size=1, max_size=5),
)
def test_every_sequence_is_told_once_or_missing_for_the_right_reason(
    runs: list[tuple[int, int]], begin: int, evicted: bool, sizes: list[int]
) -> None:
    known = archive()
    after = begin - 1
    assert known.page(begin, NOW) is None
    reading = known.begin(NOW)
    assert reading is not None
    at, there, is_first = reading.after + 1, set[int](), True
    for hole, length in runs:
        at += hole
        done = 0
        while done < length:  # in batches
            size = min(sizes[done % len(sizes)], length - done)
            first = max(at + done, 1)
            size = at + done + size - first
            if size:
                is_oldest = evicted and is_first
                reading.take(stretch(first, first + size - 1, is_oldest=is_oldest))
                is_first = False
            done += max(size, 1)
        there |= set(range(max(at, 1), at + length))
        at += length
    reading.take(Stretch(0, [], ends=True))
    last = at - 1
    told = read(known, after, last)
    if begin > last:
        return
    assert told[-1][1] == last
    lost, overrun = missing(told, GapReason.LOST), missing(told, GapReason.OVERRUN)
    assert lost | overrun == set(range(begin, last + 1)) - there
    before = set(range(begin, min(there)))
    assert overrun == (before if evicted else set())


def test_a_page_that_is_asked_for_is_wished_for_once_and_read() -> None:
    woken: list[None] = []
    known = Archive(lambda: woken.append(None))
    for _ in range(3):
        assert known.page(700, NOW) is None
    assert len(woken) == 1
    reading = known.begin(NOW)
    assert reading is not None
    assert reading.after == PAGE_SEQUENCES - 1
    assert known.begin(NOW) is None  # it comes to that page
    pages(reading, 1, 1)
    assert known.page(700, NOW) is not None
    known.end(reading)
    assert known.begin(NOW) is None


def test_those_near_each_other_share_a_reading_and_few_are_under_way() -> None:
    known = archive()
    for number in range(2 * MOST_READINGS):
        for near in (0, 1, AHEAD_PAGES - 1):
            known.page((number * 100 + near) * PAGE_SEQUENCES, NOW)
    readings = [known.begin(NOW) for _ in range(MOST_READINGS)]
    assert [each.next_page for each in readings if each] == [0, 100, 200, 300]
    assert known.begin(NOW) is None
    assert known.is_crowded(NOW)
    assert readings[0] is not None
    assert not known.is_over(readings[0], NOW)
    pages(readings[0], 0, MOST_IN_TURN)
    assert known.is_over(readings[0], NOW)
    known.end(readings[0])
    further = known.begin(NOW)
    assert further is not None
    assert further.next_page == 400


def test_a_wish_that_nobody_repeats_is_forgotten() -> None:
    known = archive()
    known.page(1, NOW)
    assert known.begin(NOW + FRESH_NS) is None


def test_a_reading_is_wanted_a_few_pages_further_than_somebody_asks() -> None:
    known = archive()
    known.page(1, NOW)
    reading = known.begin(NOW)
    assert reading is not None
    pages(reading, 0, 0)
    known.page(1, NOW)
    assert known.is_wanted(reading, NOW)
    pages(reading, 1, AHEAD_PAGES)
    assert not known.is_wanted(reading, NOW)
    known.page(PAGE_SEQUENCES, NOW)
    assert known.is_wanted(reading, NOW)
    assert not known.is_wanted(reading, NOW + FRESH_NS)


def test_what_was_not_asked_for_longest_is_let_go_of() -> None:
    known = archive()
    known.page(1, NOW)
    reading = known.begin(NOW)
    assert reading is not None
    pages(reading, 0, MOST_PAGES - 1)
    assert known.page(1, NOW) is not None
    pages(reading, MOST_PAGES, MOST_PAGES)
    assert known.pages == MOST_PAGES
    assert known.page(1, NOW) is not None
    assert known.page(PAGE_SEQUENCES, NOW) is None


def test_once_something_is_deleted_all_is_read_again() -> None:
    known = archive()
    known.page(1, NOW)
    reading = known.begin(NOW)
    assert reading is not None
    pages(reading, 0, 0)
    known.clear()
    assert reading.is_stale
    assert known.is_over(reading, NOW)
    assert known.page(1, NOW) is None


@pytest.mark.parametrize("sequence", [1, 5_000])
def test_a_log_that_has_nothing_leaves_a_gap(sequence: int) -> None:
    known = archive()
    assert known.page(sequence, NOW) is None
    reading = known.begin(NOW)
    assert reading is not None
    reading.find_nothing()
    assert read(known, sequence - 1, 9_000) == [(sequence, 9_000, GapReason.OVERRUN)]


def test_a_page_in_the_making_is_there_where_the_log_ends_and_grows() -> None:
    known = archive()
    known.page(1, NOW)
    reading = known.begin(NOW)
    assert reading is not None
    reading.take(stretch(1, 10, ends=True))
    assert read(known, 0, 10) == [(1, 10, None)]
    assert known.page(11, NOW) is None
    reading.take(stretch(11, 20, ends=True))
    assert read(known, 0, 20) == [(1, 20, None)]
