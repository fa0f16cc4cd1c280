from array import array

from hypothesis import given
from hypothesis import strategies as st

from feed.cluster.batching import MOST_RECEIPTS, Batching, Part
from feed.market.receipts import Producer, Receipt
from feed.market.ticks import Trade

ME = Producer("key", "me", "p")


def part(first: int, count: int, *, size: int = 10, texts: bool = False, given: int = 0) -> Part:
    events = [
        Trade(symbol="A", trade_id=first + each, exchange="V", price=1.0, size=1, event_ns=1)
        for each in range(count)
    ]
    stamps = array("q", range(first, first + count))
    fragments = [b"x" * size] * count
    receipts = [Receipt(ME, first, first + count - 1)]
    return Part(first, events, fragments, stamps, given, receipts, texts, size * count)


def test_cuts_that_wait_go_together() -> None:
    batching = Batching()
    batching.add(part(1, 2, given=2))
    batching.add(part(3, 1, given=3))
    sent = batching.take()
    assert (sent.first, sent.last, sent.given, len(sent.receipts)) == (1, 3, 3, 2)
    assert list(sent.ingested_ns) == [1, 2, 3]
    assert not batching


def test_a_batch_does_not_grow_beyond_its_bytes() -> None:
    batching = Batching(batch_bytes=100)
    for first in (1, 6, 11):
        batching.add(part(first, 5))
    assert batching.take().last == 10
    batching.done()
    assert batching.take().first == 11


def test_a_cut_that_is_longer_goes_alone_and_whole() -> None:
    batching = Batching(batch_bytes=100)
    batching.add(part(1, 50))
    batching.add(part(51, 1))
    assert batching.take().last == 50


def test_texts_go_by_themselves() -> None:
    batching = Batching()
    for first, texts in ((1, False), (2, True), (3, True), (4, False), (5, False)):
        batching.add(part(first, 1, texts=texts))
    lasts = []
    while batching:
        lasts.append(batching.take().last)
        batching.done()
    assert lasts == [1, 2, 3, 5]


def test_a_batch_has_only_as_many_receipts_as_headers_hold() -> None:
    batching = Batching()
    for first in range(1, MOST_RECEIPTS + 10):
        batching.add(part(first, 1))
    assert len(batching.take().receipts) == MOST_RECEIPTS


def test_a_buffer_is_full_until_half_of_it_is_free() -> None:
    batching = Batching(most_bytes=100, batch_bytes=20)
    for first in range(1, 13):
        batching.add(part(first, 1))
    assert batching.is_full
    for _ in range(3):
        batching.take()
        batching.done()
    assert batching.is_full
    assert batching.held_bytes == 60
    batching.take()
    batching.done()
    assert not batching.is_full


def test_what_is_on_its_way_counts_until_it_has_arrived() -> None:
    batching = Batching()
    batching.add(part(1, 3))
    batching.take()
    assert batching.held_bytes == 30
    batching.done()
    assert batching.held_bytes == 0


def test_a_half_says_that_the_source_stood_as_before() -> None:
    batching = Batching(given=7)
    batching.add(part(1, 5, given=12))
    batching.take()
    first = batching.halve()
    assert (first.first, first.last, first.given, first.receipts) == (1, 2, 7, [])
    batching.done()
    second = batching.take()
    assert (second.first, second.last, second.given) == (3, 5, 12)
    assert [receipt.last for receipt in second.receipts] == [5]


def test_what_waits_can_be_replaced() -> None:
    batching = Batching()
    batching.add(part(1, 1, texts=True))
    batching.add(part(2, 1, texts=True, size=50))
    batching.replace(1, part(2, 1, texts=True, size=5))
    assert batching.held_bytes == 15
    assert [each.size for each in batching.waiting()] == [10, 5]


@given(st.lists(st.tuples(st.integers(1, 40), st.booleans(), st.integers(0, 3))), st.data())
def test_all_comes_out_in_order_whatever_is_halved(
    cuts: list[tuple[int, bool, int]], data: st.DataObject
) -> None:
    batching = Batching(batch_bytes=200)
    due = first = 1
    receipts = 0
    for count, texts, takes in cuts:
        batching.add(part(first, count, texts=texts, given=first + count - 1))
        first += count
        for _ in range(takes):
            if not batching:
                break
            sent = batching.take()
            if len(sent.events) > 1 and data.draw(st.booleans()):
                sent = batching.halve()
            assert sent.first == due
            assert sent.given <= sent.last
            assert len(sent.events) == len(sent.fragments) == len(sent.ingested_ns)
            due, receipts = sent.last + 1, receipts + len(sent.receipts)
            batching.done()
            assert batching.given == sent.given
    while batching:
        sent = batching.take()
        assert sent.first == due
        due, receipts = sent.last + 1, receipts + len(sent.receipts)
        batching.done()
    assert (due, receipts) == (first, len(cuts))
    assert batching.held_bytes == 0
