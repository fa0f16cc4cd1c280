"""A batch is applied once, in whatever order it comes, and however often."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.errors import LimitExceeded
from feed.market.applied import MOST_PLACES, Applied
from feed.market.receipts import (
    KEPT_NS,
    Duplicate,
    New,
    Producer,
    Receipt,
    Receipts,
    TooOld,
)

DESK = Producer("key", "desk", "prices")


def noted(*batches: int, most_ranges: int = 64) -> Applied:
    applied = Applied(most_ranges)
    for place, batch in enumerate(batches, 101):
        applied.note(batch, place)
    return applied


def test_a_batch_is_new_once_and_a_duplicate_from_then_on() -> None:
    receipts = Receipts()
    assert receipts.judge(DESK, 1, 0) == New()
    receipts.note(Receipt(DESK, 1, 500), 0)
    assert receipts.judge(DESK, 1, 1) == Duplicate(500)
    assert receipts.judge(DESK, 2, 1) == New()


def test_producers_of_one_name_are_told_apart_by_their_identity() -> None:
    receipts = Receipts()
    receipts.note(Receipt(DESK, 1, 500), 0)
    assert receipts.judge(Producer("key", "other", "prices"), 1, 0) == New()
    assert receipts.judge(Producer("token", "desk", "prices"), 1, 0) == New()


def test_what_was_left_out_may_still_be_applied() -> None:
    applied = noted(1, 2, 5, 9, 8)
    assert list(applied.missing()) == [(3, 4), (6, 7)]
    assert applied.newest == 9
    assert 4 not in applied
    assert applied.note(4, 106)
    assert applied.note(3, 107)
    assert list(applied.missing()) == [(6, 7)]
    assert not applied.note(3, 108)
    assert applied.place(3) == 107


def test_beyond_the_most_ranges_the_lowest_is_the_floor() -> None:
    applied = noted(1, 3, 5, 7, most_ranges=2)
    assert applied.floor == 3
    assert list(applied.missing()) == [(4, 4), (6, 6)]
    receipts = Receipts()
    for batch in range(1, 200, 2):
        receipts.note(Receipt(DESK, batch, batch), 0)
    assert receipts.judge(DESK, 2, 0) == TooOld(71)
    assert receipts.judge(DESK, 71, 0) == TooOld(71)
    assert receipts.judge(DESK, 72, 0) == New()
    assert receipts.judge(DESK, 73, 0) == Duplicate(73)


def test_places_are_remembered_of_the_newest_batches_only() -> None:
    applied = noted(*range(1, MOST_PLACES + 3))
    assert applied.place(2) is None
    assert applied.place(3) == 103
    restored = Applied.restore(applied.state())
    assert restored.note(MOST_PLACES + 3, 9_999)
    assert (restored.place(3), restored.place(4)) == (None, 104)
    assert restored.place(MOST_PLACES + 3) == 9_999


def test_a_producer_is_forgotten_a_day_after_it_was_last_heard_of() -> None:
    receipts = Receipts()
    receipts.note(Receipt(DESK, 7, 500), 0)
    receipts.judge(DESK, 7, 1_000)
    receipts.forget(KEPT_NS + 1_000)
    assert receipts.judge(DESK, 7, 2_000) == Duplicate(500)
    receipts.forget(KEPT_NS + 2_001)
    assert (len(receipts), receipts.look(DESK)) == (0, None)
    assert receipts.judge(DESK, 7, 0) == New()


def test_one_more_producer_than_may_be_is_refused_until_another_is_forgotten() -> None:
    receipts = Receipts(most=3, most_of_one=2)
    for name, at_ns in (("a", 0), ("b", 50)):
        receipts.note(Receipt(Producer("key", "desk", name), 1, 1), at_ns)
    with pytest.raises(LimitExceeded, match="producers of one identity: 3 would exceed"):
        receipts.judge(Producer("key", "desk", "c"), 1, 100)
    receipts.note(Receipt(Producer("key", "other", "a"), 1, 1), 50)
    with pytest.raises(LimitExceeded, match="producers: 4 would exceed the limit of 3"):
        receipts.judge(Producer("key", "third", "a"), 1, 100)
    assert receipts.judge(Producer("key", "desk", "c"), 1, KEPT_NS + 1) == New()
    assert len(receipts) == 2


def test_another_process_takes_up_what_was_known_by_its_own_clock() -> None:
    before, after = Receipts(), Receipts()
    before.note(Receipt(DESK, 1, 10), 1_000)
    before.note(Receipt(DESK, 3, 30), 2_000)
    after.restore(before.state(), -500)
    known = after.look(DESK)
    assert known is not None
    assert known[1] == 1_500
    assert (known[0].newest, list(known[0].missing())) == (3, [(2, 2)])
    assert after.judge(DESK, 3, 1_600) == Duplicate(30)


@pytest.mark.parametrize("broken", [[5, [1, 2], b"", b""], [0, [1], b"", b""], [0, [], b"12", b""]])
def test_a_state_that_is_none_is_refused(broken: list[object]) -> None:
    with pytest.raises(ValueError, match=r"order|multiple"):
        Receipts().restore([["key", "desk", "prices", 0, *broken]], 0)


SENT = st.lists(
    st.one_of(st.tuples(st.integers(0, 1), st.integers(1, 24)), st.none()), max_size=120
)


@given(SENT, st.integers(1, 4))
def test_whatever_is_sent_is_applied_at_most_once_and_judged_rightly(
    sent: list[tuple[int, int] | None], most_ranges: int
) -> None:
    """A model: sets of what was applied. None is a restart."""
    producers = [Producer("key", "desk", name) for name in "ab"]
    applied: list[dict[int, int]] = [{}, {}]
    receipts = Receipts(most_ranges=most_ranges)
    for place, each in enumerate(sent):
        if each is None:
            state, receipts = receipts.state(), Receipts(most_ranges=most_ranges)
            receipts.restore(state, 0)
            continue
        who, batch = each
        verdict = receipts.judge(producers[who], batch, place)
        known = receipts.look(producers[who])
        floor = 0 if known is None else known[0].floor
        match verdict:
            case New():
                assert batch not in applied[who]
                assert batch > floor
                receipts.note(Receipt(producers[who], batch, place), place)
                applied[who][batch] = place
            case Duplicate(last):
                assert applied[who][batch] == last
            case TooOld(told):
                assert batch <= told == floor
        if known is None:
            known = receipts.look(producers[who])
        assert known is not None
        one = known[0]
        above = {number for number in applied[who] if number > one.floor}
        assert above == {number for number in range(one.floor + 1, 25) if number in one}
        assert one.floor in (0, *applied[who])
        gaps = {number for first, last in one.missing() for number in range(first, last + 1)}
        assert gaps | above == set(range(one.floor + 1, one.newest + 1))
        assert gaps.isdisjoint(applied[who])
