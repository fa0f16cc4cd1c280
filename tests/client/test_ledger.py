"""What the ledger makes of messages, and where it says to resume."""

from collections import deque
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.client.errors import Malformed
from feed.client.events import (
    Batch,
    Bye,
    Counters,
    Event,
    Expiring,
    FeedState,
    Gap,
    Mark,
    Notice,
    ServerWarning,
    Snapshot,
    Unknown,
)
from feed.client.ledger import Ledger
from feed.client.parsers import Message
from feed.market.symbol_health import Health
from feed.wire.position import Position
from tests.client.objects import ids_of


def tick(number: int) -> dict[str, Any]:
    return {"T": "t", "S": "A", "i": number}


def mark(position: str) -> dict[str, Any]:
    return {"T": "mark", "pos": position}


BEGIN = {"T": "snapshot", "state": "begin", "pos": "ab-9"}
END = {"T": "snapshot", "state": "end", "pos": "ab-9"}
GAP = {"T": "gap", "from": "ab-4", "to": "ab-9", "reason": "overrun"}


def ledger(after: str | None = None, *, conflated: bool = False, snapshot: bool = False) -> Ledger:
    position = None if after is None else Position.parse(after)
    return Ledger(Counters(), after=position, snapshot=snapshot, conflated=conflated)


def take(account: Ledger, *objects: dict[str, Any], position: str | None = None) -> list[Event]:
    events: deque[Event] = deque()
    account.enter(Message(list(objects), position), events)
    return list(events)


def test_a_mark_that_ends_a_message_positions_its_ticks() -> None:
    account = ledger()
    (batch,) = take(account, tick(1), tick(2), mark("ab-2"))
    assert isinstance(batch, Batch)
    assert (list(batch), batch.position, account.position) == ([tick(1), tick(2)], "ab-2", "ab-2")


def test_a_position_beside_the_message_does_the_same() -> None:
    account = ledger()
    (batch,) = take(account, tick(1), position="ab-1")
    assert isinstance(batch, Batch)
    assert batch.position == account.position == "ab-1"


def test_a_mark_alone_is_an_event() -> None:
    account = ledger()
    assert take(account, mark("ab-5") | {"t": "now"}) == [Mark("ab-5", "now")]
    assert account.position == "ab-5"


def test_ticks_without_a_position_move_nothing() -> None:
    account = ledger("ab-1")
    (batch,) = take(account, tick(2))
    assert isinstance(batch, Batch)
    assert batch.position == account.position == "ab-1"


def test_a_message_keeps_its_order() -> None:
    events = take(ledger("ab-3"), GAP, BEGIN, tick(9), END, tick(10), mark("ab-10"))
    kinds = [type(event) for event in events]
    assert kinds == [Gap, Snapshot, Batch, Snapshot, Batch]
    assert [event.snapshot for event in events if isinstance(event, Batch)] == [True, False]


def test_a_gap_does_not_move_the_position_and_its_snapshot_does() -> None:
    account = ledger("ab-3")
    take(account, GAP)
    assert account.position == "ab-3"
    take(account, BEGIN)
    take(account, tick(9), position="ab-9")
    assert account.position == "ab-3"
    take(account, END)
    assert account.position == "ab-9"


def test_a_batch_bears_the_gap_before_it_once() -> None:
    account = ledger("ab-3")
    first, second = (
        take(account, GAP, tick(10), mark("ab-10"))[-1],
        take(account, tick(11), mark("ab-11"))[-1],
    )
    assert isinstance(first, Batch)
    assert isinstance(second, Batch)
    assert (first.gap, second.gap) == (Gap("ab-4", "ab-9", "overrun"), None)


def test_a_gap_told_again_replaces_the_one_before() -> None:
    account = ledger("ab-3")
    take(account, GAP)
    (again,) = take(account, GAP | {"to": "ab-12"})
    assert again == Gap("ab-4", "ab-12", "overrun", again=True)
    assert (account.counters.gaps, account.counters.missing) == (1, 9)


def test_the_same_hole_after_it_was_mended_is_another_gap() -> None:
    account = ledger("ab-3")
    take(account, GAP, BEGIN, END)
    assert take(account, GAP)[0] == Gap("ab-4", "ab-9", "overrun")
    assert account.counters.gaps == 2


def test_ticks_from_before_the_position_are_dropped_and_counted() -> None:
    account = ledger("ab-7")
    assert take(account, tick(5), tick(6), mark("ab-6")) == []
    assert account.counters.duplicates == 2
    assert account.position == "ab-7"


def test_ticks_at_the_position_are_not_dropped() -> None:
    # A server may split a batch and give every part the position of the whole.
    account = ledger("ab-7")
    assert len(take(account, tick(7), position="ab-7")) == 1


def test_conflated_states_from_before_are_delivered_and_move_nothing_back() -> None:
    account = ledger("ab-7", conflated=True)
    (batch,) = take(account, tick(5), mark("ab-6"))
    assert isinstance(batch, Batch)
    assert batch.position == account.position == "ab-7"


def test_an_epoch_that_changes_untold_is_told_here() -> None:
    account = ledger("ab-7")
    gap, batch = take(account, tick(1), mark("cd-1"))
    assert gap == Gap("ab-7", None, "epoch, untold")
    assert isinstance(batch, Batch)
    assert batch.gap == gap


def test_an_epoch_that_was_told_is_not_told_again() -> None:
    account = ledger("ab-7")
    told = {"T": "gap", "from": "ab-7", "to": "cd-3", "reason": "epoch"}
    events = take(account, told, tick(4), mark("cd-4"))
    assert [type(event) for event in events] == [Gap, Batch]
    assert account.counters.missing == 0


def test_the_beginning_is_no_epoch() -> None:
    account = ledger("0")
    assert account.position == "0"
    assert [type(event) for event in take(account, tick(1), mark("ab-1"))] == [Batch]


def test_a_reconnect_without_a_position_is_a_gap_and_with_one_a_resume() -> None:
    account, events = ledger(), deque[Event]()
    account.connect(events)
    assert not events
    account.connect(events)
    assert list(events) == [Gap(None, None, "no position")]
    take(account, mark("ab-1"))
    account.connect(events)
    assert len(events) == 1
    assert account.counters.resumes == 1


def test_a_snapshot_is_due_until_one_was_whole() -> None:
    account = ledger(snapshot=True)
    take(account, BEGIN)
    account.connect(deque())
    assert account.snapshot_due
    (batch,) = take(account, tick(1))
    assert isinstance(batch, Batch)
    assert not batch.snapshot  # the snapshot ended with its connection
    take(account, BEGIN, END)
    assert not account.snapshot_due


def test_a_warning_is_an_event_and_no_sign_of_data() -> None:
    warning: dict[str, Any] = {
        "T": "warning",
        "reason": "unlisted",
        "msg": "aapl is not listed; did you mean AAPL?",
        "names": ["aapl"],
        "nearest": {"aapl": "AAPL"},
        "count": 1,
    }
    events: deque[Event] = deque()
    counters = Counters()
    ledger = Ledger(counters, after=None, snapshot=False, conflated=False)
    assert not ledger.enter(Message([warning]), events)
    [event] = events
    assert event == ServerWarning("unlisted", warning["msg"], ("aapl",), {"aapl": "AAPL"}, 1)
    assert str(event) == warning["msg"]
    assert counters.unknown == 0
    ledger.enter(Message([{"T": "warning"}]), events)
    assert str(events[1]) == "no reason"


def test_other_messages_are_events() -> None:
    account = ledger()
    bye = {"T": "bye", "reason": "shutdown", "msg": "come back"}
    error = {"T": "error", "code": 407, "msg": "slow client"}
    assert take(account, bye) == [Bye("shutdown", "come back")]
    assert take(account, error) == [Notice(407, "slow client")]
    down = {"T": "feed", "state": "source_down", "source": "sim", "reason": "silent", "t": "…"}
    live = {"T": "feed", "state": "live", "source": "sim", "reason": "", "t": "…"}
    assert take(account, down, live) == [
        FeedState(Health.SOURCE_DOWN, "sim", "silent"),
        FeedState(Health.LIVE, "sim", ""),
    ]
    assert account.counters.unknown == 0
    assert take(account, {"T": "x"}) == [Unknown({"T": "x"})]
    assert account.counters.unknown == 1


@pytest.mark.parametrize(
    "wrong",
    [
        mark("7"),
        {"T": "mark"},
        {"T": "mark", "pos": 7},
        {"T": "snapshot", "state": "middle", "pos": "ab-1"},
        {"T": "snapshot", "state": "begin"},
        {"T": "error", "msg": "no code"},
        {"T": "feed", "state": "asleep"},
    ],
)
def test_what_breaks_the_protocol_is_malformed(wrong: dict[str, Any]) -> None:
    account, events = ledger("ab-1"), deque[Event]()
    with pytest.raises(Malformed):
        account.enter(Message([tick(2), mark("ab-2"), tick(3), wrong]), events)
    # What was accounted for is delivered; what was not will come again.
    assert next(list(event) for event in events if isinstance(event, Batch)) == [tick(2)]
    assert account.position == "ab-2"


@given(
    runs=st.lists(st.integers(1, 5), min_size=1, max_size=20),
    cuts=st.sets(st.integers(0, 19)),
    whole=st.booleans(),
)
def test_resuming_from_the_ledger_neither_loses_nor_repeats(
    runs: list[int], cuts: set[int], whole: bool
) -> None:
    """Whatever messages a cut swallows, asking again from the position gives them all once."""
    account, events = ledger("0"), deque[Event]()
    total = sum(runs)
    sent = 0
    for number, run in enumerate(runs):
        if number in cuts:
            if whole:
                sent += run  # swallowed
            account.connect(events)
            position = account.position
            sent = 0 if position == "0" else int((position or "").partition("-")[2])
        upto = min(sent + run, total)
        if upto > sent:
            ticks = [tick(sequence) for sequence in range(sent + 1, upto + 1)]
            account.enter(Message([*ticks, mark(f"ab-{upto}")]), events)
            sent = upto
    ids = [got for event in events if isinstance(event, Batch) for got in ids_of(event)]
    assert ids == list(range(1, len(ids) + 1))
    assert account.counters.duplicates == 0


def test_the_end_of_an_identity_is_an_event_and_no_sign_of_data() -> None:
    ledger, events = Ledger(Counters(), after=None, snapshot=False, conflated=False), deque[Event]()
    message = {"T": "expiring", "t": "2026-01-01T00:00:00Z", "msg": "soon"}
    assert not ledger.enter(Message([message]), events)
    assert list(events) == [Expiring("2026-01-01T00:00:00Z", "soon")]
