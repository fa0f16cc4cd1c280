"""The receipts of what a ring holds, by sequence."""

from feed.market.receipts import Producer, Receipt
from feed.market.recent_receipts import RecentReceipts

DESK = Producer("key", "desk", "prices")


def lasts(recent: RecentReceipts, first: int, last: int) -> list[int]:
    return [each.last for each in recent.within(first, last)]


def test_those_are_told_whose_batch_ends_within_a_range() -> None:
    recent = RecentReceipts()
    assert lasts(recent, 1, 9) == []
    for batch, last in enumerate((3, 6, 7, 12), 1):
        recent.note(Receipt(DESK, batch, last), oldest=1)
    assert lasts(recent, 1, 12) == [3, 6, 7, 12]
    assert lasts(recent, 4, 7) == [6, 7]
    assert lasts(recent, 8, 11) == lasts(recent, 13, 20) == []


def test_what_the_ring_has_let_go_of_is_forgotten() -> None:
    recent = RecentReceipts()
    for batch in range(1, 100):
        recent.note(Receipt(DESK, batch, 2 * batch), oldest=2 * batch - 9)
    assert lasts(recent, 1, 200) == [190, 192, 194, 196, 198]
    recent.clear()
    assert lasts(recent, 1, 200) == []
