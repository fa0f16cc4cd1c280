"""The flight record: what happened to a subscriber, in a few bytes."""

import sys

import pytest

from feed.broadcast.flight_record import (
    AGAIN_NS,
    GAP_REASONS,
    MOST_EVENTS,
    WARNING_REASONS,
    Event,
    From,
    Happened,
    events,
    noted,
    timed,
)
from feed.market.ticks import SECOND_NS
from feed.wire.messages import GapReason, WarningReason
from feed.wire.position import BEGINNING, Position
from feed.wire.request_fields import OnLag
from tests.fakes.selections import EVERYTHING, of_channels
from tests.fakes.stage import EPOCH, HIGH_WATER_BYTES, Member, Stage

MOST_RECORD_BYTES = 512
AAPL, MSFT = of_channels(trades=["AAPL"]), of_channels(trades=["MSFT"])


def record_of(*happened: Event) -> bytes:
    record = b""
    for event in happened:
        record = noted(
            record, event.what, event.detail, event.sequence, event.count, mono_ns=event.mono_ns
        )
    return record


def behind(at_s: float, after: int = 1) -> Event:
    return Event(Happened.BEHIND, 0, after, 1, int(at_s * SECOND_NS))


def caught_up(at_s: float, at: int = 2) -> Event:
    return Event(Happened.CAUGHT_UP, 0, at, 0, int(at_s * SECOND_NS))


def test_a_record_gives_back_what_was_noted() -> None:
    told = [
        Event(Happened.SUBSCRIBED, From.POSITION, 1 << 60, 3, 1 << 62),
        behind(2),
        Event(Happened.GAP, 1, 7, (1 << 32) - 1, 5 * SECOND_NS),
    ]
    assert list(events(record_of(*told))) == told


def test_a_count_too_large_for_a_record_is_the_largest_one() -> None:
    (event,) = events(record_of(Event(Happened.GAP, 0, 1 << 40, 1 << 40)))
    assert event.count == (1 << 32) - 1


def test_falling_behind_again_and_again_is_one_event_with_a_number() -> None:
    times = range(100)
    happened = [each for s in times for each in (behind(s, s), caught_up(s + 0.5, s + 1))]
    told = list(events(record_of(*happened)))
    assert told == [Event(Happened.BEHIND, 0, 0, 100, 0), caught_up(99.5, 100)]


def test_falling_behind_much_later_is_another_event() -> None:
    happened = [behind(1), caught_up(2), behind(2 + AGAIN_NS / SECOND_NS), caught_up(20)]
    assert list(events(record_of(*happened))) == happened


def test_the_oldest_events_are_forgotten_and_counted() -> None:
    gaps = [Event(Happened.GAP, 0, number, 1, number) for number in range(1, 101)]
    record = record_of(*gaps)
    assert sys.getsizeof(record) <= MOST_RECORD_BYTES
    first, *rest = events(record)
    assert rest == gaps[-(MOST_EVENTS - 1) :]
    assert first == Event(Happened.FORGOTTEN, 0, 0, 100 - len(rest), 100 - len(rest))


def test_what_was_noted_without_a_time_happened_at_the_end_of_its_turn() -> None:
    record = record_of(behind(1), Event(Happened.GAP, 0, 5), Event(Happened.WARNED, 0, 0, 2))
    assert [event.mono_ns for event in events(timed(record, 7))] == [SECOND_NS, 7, 7]
    assert timed(timed(record, 7), 9) == timed(record, 7)


class Life:
    """One subscriber on a stage, whose record is read."""

    def __init__(self, capacity: int = 64) -> None:
        self.stage = Stage(capacity)
        self.stage.now_ns = SECOND_NS
        self.stage.publish_and_cut("AAPL", "AAPL", "AAPL")
        self.member: Member = self.stage.open(EVERYTHING)

    @property
    def told(self) -> list[Event]:
        return list(events(self.member.subscriber.ladder.record))

    @property
    def kinds(self) -> list[Happened]:
        return [event.what for event in self.told]


@pytest.fixture
def life() -> Life:
    return Life()


def test_a_subscriber_that_joins_is_on_record_with_where_it_begins(life: Life) -> None:
    life.stage.begin(life.member, EVERYTHING)
    life.stage.catch_up(life.member)
    entries = EVERYTHING.entries
    assert life.told == [
        Event(Happened.SUBSCRIBED, From.NOW, 3, entries, SECOND_NS),
        Event(Happened.CAUGHT_UP, 0, 3, 0, SECOND_NS),
    ]


@pytest.mark.parametrize(
    ("after", "begins", "sequence"),
    [
        (Position(EPOCH, 1), From.POSITION, 1),
        (BEGINNING, From.BEGINNING, 3),
        (Position("elsewhere", 1), From.OTHER_EPOCH, 3),
        ("no position", From.OTHER_EPOCH, 3),
    ],
)
def test_the_position_that_it_came_with_is_on_record(
    life: Life, after: Position | str, begins: From, sequence: int
) -> None:
    life.stage.begin(life.member, EVERYTHING, after=after)
    first = life.told[0]
    assert (first.what, first.detail, first.sequence) == (Happened.SUBSCRIBED, begins, sequence)
    told_gap = begins is From.OTHER_EPOCH
    assert (Happened.GAP in life.kinds) == told_gap


def test_a_gap_is_on_record_with_its_numbers_and_its_time() -> None:
    life = Life(capacity=4)
    life.stage.begin(life.member, EVERYTHING)
    life.stage.catch_up(life.member)
    life.member.socket.held_bytes = HIGH_WATER_BYTES + 1
    for _ in range(10):
        life.stage.now_ns += SECOND_NS
        life.stage.publish_and_cut("AAPL")
    life.member.socket.held_bytes = 0
    life.stage.now_ns += SECOND_NS
    life.stage.catch_up(life.member)
    overrun = GAP_REASONS.index(GapReason.OVERRUN)
    assert life.told[-3:] == [
        Event(Happened.BEHIND, 0, 3, 1, 2 * SECOND_NS),
        Event(Happened.GAP, overrun, 13, 10, 12 * SECOND_NS),
        Event(Happened.CAUGHT_UP, 0, 13, 0, 12 * SECOND_NS),
    ]


def test_what_comes_conflated_is_on_record_with_how_much() -> None:
    life = Life(capacity=4)
    life.stage.begin(life.member, EVERYTHING, on_lag=OnLag.CONFLATE)
    life.stage.catch_up(life.member)
    life.member.socket.held_bytes = HIGH_WATER_BYTES + 1
    for _ in range(10):
        life.stage.publish_and_cut("AAPL")
    life.member.socket.held_bytes = 0
    life.stage.audience.behind.give(life.member.subscriber, 5 * SECOND_NS, 0)
    gaps = [
        (GAP_REASONS[event.detail], event.sequence, event.count)
        for event in life.told
        if event.what is Happened.GAP
    ]
    assert gaps == [(GapReason.OVERRUN, 9, 6), (GapReason.CONFLATED, 13, 4)]


def test_frames_put_nothing_on_record(life: Life) -> None:
    life.stage.begin(life.member, EVERYTHING)
    life.stage.catch_up(life.member)
    record = life.member.subscriber.ladder.record
    for _ in range(100):
        life.stage.publish_and_cut("AAPL")
    assert life.member.take()
    assert life.member.subscriber.ladder.record is record


def test_another_subscription_is_one_event_and_unsubscribing_is_too(life: Life) -> None:
    life.member = life.stage.join(MSFT)
    life.stage.subscribe(life.member, AAPL)
    life.stage.catch_up(life.member)
    assert life.kinds[2:] == [Happened.SUBSCRIBED, Happened.CAUGHT_UP]
    life.stage.unsubscribe(life.member, AAPL)
    life.stage.catch_up(life.member)
    assert life.kinds[4:] == [Happened.CHANGED, Happened.CAUGHT_UP]


def test_a_warning_is_on_record_with_its_reason(life: Life) -> None:
    warning = {"T": "warning", "reason": "unlisted", "msg": "", "names": ["X"], "count": 2}
    life.stage.audience.tell(life.member.subscriber, [warning])
    life.stage.audience.release(life.member.subscriber, 9)
    unlisted = WARNING_REASONS.index(WarningReason.UNLISTED)
    assert life.told == [Event(Happened.WARNED, unlisted, 0, 2, 9)]
