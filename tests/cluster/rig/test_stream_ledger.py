"""The ledger of the stream finds what no stream may have."""

import time
from typing import Any

import pytest

from feed.cluster.batch import Batch
from feed.wire.bus_codec import BusCodec
from feed.wire.bus_frames import cut_frame
from feed.wire.follow_frames import cut_message
from feed.wire.position import Position
from tests.cluster.rig.stream_ledger import StreamLedger
from tests.fakes.servers import trades

_BUS = BusCodec()


def batch(first: int, count: int, term: int = 1, **others: Any) -> tuple[Batch, bytes]:
    """Return a batch of trades, and its payload."""
    usual = {"epoch": "k3f9", "term": term, "first": first, "count": count, "writer": f"w{term}"}
    made = Batch(**{"offset_ns": 0, **usual, **others})
    if not count or made.is_hole:
        return made, b""
    now_ns = time.monotonic_ns()
    last = Position(made.epoch, made.last)
    end = cut_message(last, [now_ns] * count, now_ns, made.last)
    return made, cut_frame(_BUS.encode(list(trades(first, made.last))), end)


def ledger_of(*batches: tuple[Batch, bytes]) -> StreamLedger:
    ledger = StreamLedger()
    for sequence, (made, payload) in enumerate(batches, 1):
        ledger.take(sequence, made, payload)
    return ledger


BEGUN = batch(1, 0)


def test_terms_holes_and_events_in_a_row_are_as_they_should_be() -> None:
    ledger = ledger_of(
        BEGUN, batch(1, 3), batch(4, 0, term=2), batch(4, 2, 2, is_hole=True), batch(6, 1, 2)
    )
    assert not ledger.findings
    assert (ledger.newest, ledger.term, ledger.holes, len(ledger.keys)) == (6, 2, {4, 5}, 6)
    assert ledger.keys[0] == ("t", trades(1, 1)[0].symbol, 1)
    assert ledger.keys[3] is None
    assert ledger.counts == {"batches": 5, "terms": 2, "events": 4, "sequences in holes": 2}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (batch(5, 1), "came where 4 was due"),
        (batch(3, 1), "came where 4 was due"),
        (batch(4, 1, epoch="other"), "is of epoch other"),
        (batch(4, 1, writer="w9"), "is of w9, in the term of w1"),
        (batch(4, 1, 2), "begins its term with events"),
        (batch(4, 0, 0), "came in term 1"),
    ],
    ids=["hole", "double", "epoch", "interleaving", "no term batch", "older term"],
)
def test_what_no_stream_may_have_is_found(wrong: tuple[Batch, bytes], words: str) -> None:
    finding, *_ = ledger_of(BEGUN, batch(1, 3), wrong).findings
    assert words in finding


def test_a_message_that_is_not_read_is_found() -> None:
    ledger = ledger_of(BEGUN)
    ledger.take(3, *batch(1, 1))
    assert ledger.findings == ["message 3 (1 + 1, term 1) came behind message 1"]


def test_a_message_that_is_not_any_more_what_it_was_is_found() -> None:
    ledger = ledger_of(BEGUN, same := batch(1, 3))
    ledger.compare(2, *same)
    assert not ledger.findings
    ledger.compare(2, same[0], same[1] + b"x")
    assert ledger.findings == ["message 2 is not any more what it was"]


def test_a_trade_that_comes_twice_is_found() -> None:
    again, _ = batch(4, 1)
    now_ns = time.monotonic_ns()
    end = cut_message(Position("k3f9", 4), [now_ns], now_ns, 4)
    [finding] = ledger_of(
        BEGUN, batch(1, 3), (again, cut_frame(_BUS.encode(list(trades(3, 3))), end))
    ).findings
    assert finding == "trade 3 of AAPL at 4, after 3"
