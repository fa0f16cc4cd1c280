"""The outbox: what is sent again, under which number, and when it is let go of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.client.publishing.errors import NameInUse
from feed.client.publishing.messages import Ack, Greeting, Refusal
from feed.client.publishing.outbox import (
    FIRST_WINDOW_BYTES,
    LAST_WINDOW_BYTES,
    NumberedBatch,
    Outbox,
)

ROWS = [b"%d" % number for number in range(10)]


def outbox_of(rows: list[bytes], last: int | None = None, **options: int) -> Outbox:
    """Return an outbox with rows, greeted by a server that keeps."""
    options = {"batch_ticks": 3, "batch_bytes": 1_000} | options
    outbox = Outbox("me", **options)
    outbox.add(rows)
    outbox.connect(Greeting(last, keeps=True, most_ticks=10_000))
    return outbox


def sent(outbox: Outbox) -> list[NumberedBatch]:
    """Send all that is due."""
    batches = []
    while (batch := outbox.next_batch()) is not None:
        batches.append(batch)
    return batches


def ack(sequence: int, *, duplicate: bool = False, durable: bool = False) -> Ack:
    return Ack(sequence, f"e-{sequence}", durable, duplicate)


def test_batches_go_on_behind_the_last_that_the_server_knows() -> None:
    batches = sent(outbox_of(ROWS[:7], last=41))
    assert [(batch.sequence, list(batch.rows)) for batch in batches] == [
        (42, ROWS[:3]),
        (43, ROWS[3:6]),
        (44, ROWS[6:7]),
    ]


def test_batches_end_where_the_server_or_the_bytes_say_so() -> None:
    outbox = Outbox("me", batch_ticks=5, batch_bytes=3)
    outbox.add([b"a", b"bb", b"cccc", b"d"])
    outbox.connect(Greeting(None, keeps=True, most_ticks=2))
    assert [list(batch.rows) for batch in sent(outbox)] == [[b"a", b"bb"], [b"cccc"], [b"d"]]
    outbox.add([b"a"] * 3)
    assert [len(batch.rows) for batch in sent(outbox)] == [2, 1]


def test_what_is_not_durable_goes_again_under_its_number() -> None:
    outbox = outbox_of(ROWS)
    before = sent(outbox)
    outbox.acknowledge(ack(1))
    outbox.acknowledge(ack(2))
    outbox.settle(1)
    outbox.connect(Greeting(2, keeps=True, most_ticks=1))
    again = sent(outbox)
    assert again == before[1:]
    assert [batch.sends for batch in again] == [2, 2, 2]
    assert outbox.ticks == 7
    assert outbox.safe == 3


def test_a_batch_leaves_when_it_is_durable_and_all_acknowledged_before_it() -> None:
    outbox = outbox_of(ROWS)
    sent(outbox)
    for number in (2, 1, 3):
        outbox.acknowledge(ack(number))
    outbox.settle(1)  # in the order of acknowledgements: 2 and 1
    assert outbox.ticks == 4
    assert outbox.safe == 6
    outbox.settle(1)  # said again
    outbox.settle(4)  # never acknowledged
    assert outbox.ticks == 4
    outbox.acknowledge(ack(4, durable=True))
    assert outbox.safe == 6
    outbox.settle(3)
    assert (outbox.ticks, outbox.safe, outbox.size_bytes) == (0, 10, 0)


def test_where_nothing_is_kept_a_batch_leaves_when_it_is_acknowledged() -> None:
    outbox = Outbox("me", batch_ticks=3, batch_bytes=1_000)
    outbox.add(ROWS)
    outbox.connect(Greeting(None, keeps=False, most_ticks=100))
    sent(outbox)
    outbox.acknowledge(ack(1))
    assert (outbox.ticks, outbox.safe, outbox.position, outbox.last) == (7, 3, "e-1", 1)


def test_a_refused_batch_leaves_and_says_which_tick_it_was() -> None:
    outbox = outbox_of(ROWS)
    sent(outbox)
    error = outbox.refuse(Refusal(2, 400, 3, "row 3: p: nan"))
    assert error is not None
    assert (error.first, error.row, error.ticks) == (3, 3, 3)
    assert str(error) == (
        "batch 2 of 3 ticks was refused with 400: row 3: p: nan, published as number 6"
    )
    assert outbox.ticks == 7
    assert outbox.refuse(Refusal(2, 400, 3, "again")) is None


def test_a_duplicate_that_was_never_sent_is_somebody_elses() -> None:
    outbox = outbox_of(ROWS[:3], last=4)
    sent(outbox)
    with pytest.raises(NameInUse, match="a batch 5 of producer 'me' that was not sent from here"):
        outbox.acknowledge(ack(5, duplicate=True))


def test_a_duplicate_of_what_was_sent_before_is_ours() -> None:
    outbox = outbox_of(ROWS[:3])
    sent(outbox)
    outbox.connect(Greeting(1, keeps=True, most_ticks=100))
    sent(outbox)
    outbox.acknowledge(ack(1, duplicate=True, durable=True))
    assert outbox.ticks == 0


def test_a_server_that_has_more_than_was_sent_has_it_from_elsewhere() -> None:
    outbox = outbox_of(ROWS[:3])
    sent(outbox)
    with pytest.raises(NameInUse):
        outbox.connect(Greeting(2, keeps=True, most_ticks=100))


def test_a_server_that_has_forgotten_is_given_what_is_held() -> None:
    outbox = outbox_of(ROWS[:6])
    sent(outbox)
    outbox.acknowledge(ack(1))
    outbox.connect(Greeting(None, keeps=True, most_ticks=100))
    assert [batch.sequence for batch in sent(outbox)] == [1, 2]
    outbox.add(ROWS[:1])
    assert [batch.sequence for batch in sent(outbox)] == [3]


def test_a_caller_that_numbers_its_batches_may_begin_again() -> None:
    outbox = Outbox("me", batch_ticks=3, batch_bytes=1_000)
    outbox.add_batch(1, ROWS[:2])
    outbox.connect(Greeting(7, keeps=True, most_ticks=100))
    outbox.add_batch(9, ROWS[2:4])
    assert [batch.sequence for batch in sent(outbox)] == [1, 9]
    outbox.acknowledge(ack(1, duplicate=True, durable=True))
    outbox.acknowledge(ack(9, durable=True))
    assert (outbox.ticks, outbox.last) == (0, 9)


def test_it_is_idle_when_all_that_was_sent_is_answered() -> None:
    outbox = outbox_of(ROWS[:4])
    assert outbox.is_full_batch
    idle = [outbox.is_idle]
    sent(outbox)
    idle.append(outbox.is_idle)
    outbox.acknowledge(ack(1))
    outbox.refuse(Refusal(2, 403, None, "no"))
    assert [*idle, outbox.is_idle] == [True, False, True]


def test_what_may_be_unanswered_begins_small_and_doubles_with_each_answer() -> None:
    row = b"x" * (FIRST_WINDOW_BYTES // 2)
    outbox = outbox_of([row] * 20, batch_ticks=1, batch_bytes=1 << 20)
    assert [batch.sequence for batch in sent(outbox)] == [1, 2]
    outbox.acknowledge(ack(1))
    assert [batch.sequence for batch in sent(outbox)] == [3, 4, 5]
    outbox.acknowledge(ack(1))  # said again
    assert sent(outbox) == []
    outbox.connect(Greeting(2, keeps=True, most_ticks=100))
    assert [batch.sequence for batch in sent(outbox)] == [1, 2]


def test_one_batch_is_sent_however_large() -> None:
    outbox = outbox_of([b"x" * (2 * LAST_WINDOW_BYTES)] * 2)
    assert len(sent(outbox)) == 1


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("publish"), st.integers(1, 5)),
        st.tuples(st.just("send"), st.integers(1, 3)),
        st.tuples(st.just("apply"), st.integers(1, 3)),  # the server takes and acknowledges
        st.tuples(st.just("lose"), st.integers(1, 3)),  # it takes, and its words are lost
        st.tuples(st.just("settle"), st.just(0)),
        st.tuples(st.just("cut"), st.just(0)),
        st.tuples(st.just("kill"), st.just(0)),  # what was not durable is forgotten
    ),
    max_size=60,
)


class _Play:
    """An outbox and a server, which applies each number once and keeps what is durable."""

    def __init__(self) -> None:
        self.outbox = Outbox("me", batch_ticks=3, batch_bytes=1_000)
        self.published: list[bytes] = []
        self.applied: list[tuple[int, list[bytes]]] = []
        self.durable = 0  # batches of those
        self.wire: list[NumberedBatch] = []  # sent and not read
        self.acked: list[int] = []  # on this connection
        self.cut(0)

    @property
    def rows(self) -> list[bytes]:
        """All rows that were applied, in order."""
        return [row for _, rows in self.applied for row in rows]

    @property
    def durable_rows(self) -> list[bytes]:
        return [row for _, rows in self.applied[: self.durable] for row in rows]

    def publish(self, count: int) -> None:
        rows = [b"%d" % (len(self.published) + offset) for offset in range(count)]
        self.published += rows
        self.outbox.add(rows)

    def send(self, count: int) -> None:
        for _ in range(count):
            batch = self.outbox.next_batch()
            if batch is not None:
                self.wire.append(batch)

    def apply(self, count: int, *, tell: bool = True) -> None:
        for _ in range(min(count, len(self.wire))):
            batch = self.wire.pop(0)
            duplicate = any(number == batch.sequence for number, _ in self.applied)
            if not duplicate:
                self.applied.append((batch.sequence, list(batch.rows)))
            if tell:
                self.outbox.acknowledge(ack(batch.sequence, duplicate=duplicate))
                self.acked.append(batch.sequence)

    def lose(self, count: int) -> None:
        self.apply(count, tell=False)
        self.cut(0)

    def settle(self, _: int) -> None:
        self.durable = len(self.applied)
        if self.acked:
            self.outbox.settle(self.acked[-1])

    def cut(self, _: int) -> None:
        self.wire.clear()
        self.acked.clear()
        numbers = [number for number, _ in self.applied]
        self.outbox.connect(Greeting(max(numbers, default=None), keeps=True, most_ticks=4))

    def kill(self, _: int) -> None:
        del self.applied[self.durable :]
        self.cut(0)


@given(STEPS)
def test_each_row_is_applied_once_and_in_order_whatever_happens(
    steps: list[tuple[str, int]],
) -> None:
    play = _Play()
    outbox = play.outbox
    for step, count in steps:
        getattr(play, step)(count)
        # What has left the outbox is with the server for good.
        assert play.durable_rows[: outbox.safe] == play.published[: outbox.safe]
    while outbox.ticks:
        play.send(100)
        play.apply(100)
        play.settle(0)
    assert play.rows == play.published
    assert outbox.safe == len(play.published)
