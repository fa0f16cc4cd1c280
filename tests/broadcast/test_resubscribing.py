"""Subscribers that change what they subscribed to: what is due to them then."""

from feed.market.ticks import Channel
from feed.wire.selection import Selection
from tests.fakes.hearing import at, hears, is_live
from tests.fakes.selections import EVERYTHING, of_channels
from tests.fakes.stage import HIGH_WATER_BYTES, Stage


def test_more_symbols_come_from_the_next_cut_on() -> None:
    stage = Stage()
    member = stage.join(of_channels(trades=["AAPL"]))
    stage.publish_and_cut("AAPL", "MSFT")
    stage.subscribe(member, of_channels(trades=["MSFT"]))
    stage.catch_up(member)
    stage.publish_and_cut("AAPL", "MSFT")
    assert hears(member) == [1, 3, 4]


def test_more_symbols_come_from_their_position_on_and_the_others_are_not_told_again() -> None:
    stage = Stage()
    member = stage.join(of_channels(trades=["AAPL"]))
    stage.publish_and_cut("AAPL", "MSFT", "AAPL", "MSFT")
    stage.subscribe(member, of_channels(trades=["MSFT"]), after=at(2))
    stage.catch_up(member)
    stage.publish_and_cut("AAPL", "MSFT")
    assert hears(member) == [1, 3, 4, 5, 6]


def test_fewer_symbols_come_at_once() -> None:
    stage = Stage()
    member = stage.join(of_channels(trades=["AAPL", "MSFT"]))
    stage.publish("AAPL", "MSFT")
    stage.unsubscribe(member, of_channels(trades=["MSFT"]))
    stage.catch_up(member)
    stage.cut()
    assert hears(member) == [1]
    assert len(stage.broadcast.lanes) == 1


def test_the_snapshot_of_more_symbols_is_of_those_only() -> None:
    stage = Stage()
    member = stage.join(of_channels(trades=["AAPL"]))
    stage.publish_and_cut("AAPL", "MSFT")
    assert hears(member) == [1]
    stage.subscribe(member, of_channels(trades=["MSFT"]), snapshot=True)
    stage.catch_up(member)
    assert hears(member) == ["begin stage-2", 2, "end stage-2"]


def test_a_gap_begins_where_the_oldest_of_several_backlogs_does_and_ends_them_all() -> None:
    stage = Stage(16)
    stage.publish_and_cut("AAPL", "MSFT", "TSLA", "AAPL", "MSFT", "TSLA")
    member = stage.join(of_channels(trades=["AAPL"]))
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    for symbol, sequence in (("MSFT", 4), ("TSLA", 1)):
        stage.subscribe(member, of_channels(trades=[symbol]), after=at(sequence))
    for _ in range(5):
        stage.publish_and_cut("AAPL", "AAPL", "AAPL")
    member.socket.held_bytes = 0
    stage.catch_up(member)
    assert hears(member) == [
        "gap stage-2 stage-21 overrun",
        "begin stage-21",
        21,
        5,
        6,
        "end stage-21",
    ]
    assert stage.counts.overruns == 1


def test_positions_are_those_of_the_backlog_that_is_the_furthest_behind() -> None:
    # Whoever is cut off comes back with one position, and must not lose what another was due.
    stage = Stage()
    stage.publish_and_cut(*["AAPL", "MSFT", "TSLA"] * 3)
    member = stage.join(of_channels(trades=["AAPL"]), marks=True)
    member.take()
    for symbol, sequence in (("MSFT", 3), ("TSLA", 1)):
        stage.subscribe(member, of_channels(trades=[symbol]), after=at(sequence))
    stage.subscribe(member, of_channels(trades=["NVDA"]))  # is told where it stands
    stage.catch_up(member)
    assert hears(member) == ["mark stage-1", 5, 8, "mark stage-1", 3, 6, 9, "mark stage-9"]


def test_whoever_is_behind_is_sent_what_it_adds_up_to_where_it_stands() -> None:
    stage = Stage()
    stage.publish_and_cut("MSFT", "AAPL", "MSFT")
    member = stage.join(of_channels(trades=["AAPL"]))
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    stage.publish_and_cut("AAPL", "MSFT")
    stage.subscribe(member, of_channels(trades=["MSFT"]), after=at(1))
    member.socket.held_bytes = 0
    stage.catch_up(member)
    assert hears(member) == [3, 4, 5]


def test_whoever_is_behind_does_not_skip_what_it_missed_for_a_later_position() -> None:
    stage = Stage()
    member = stage.join()
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    stage.publish_and_cut("AAPL", "MSFT", "AAPL")
    stage.subscribe(member, EVERYTHING, after=at(2))
    member.socket.held_bytes = 0
    stage.catch_up(member)
    assert hears(member) == [1, 2, 3]


def test_a_later_position_than_its_own_place_brings_nothing_twice_and_skips_nothing() -> None:
    stage = Stage()
    member = stage.join(of_channels(trades=["AAPL"]), marks=True)
    member.take()
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    stage.publish_and_cut(*["AAPL", "MSFT"] * 4)
    stage.subscribe(member, of_channels(trades=["MSFT"]), after=at(4))
    member.socket.held_bytes = 0
    stage.catch_up(member)
    assert hears(member) == [1, 3, "mark stage-4", 5, 6, 7, 8, "mark stage-8"]


def test_a_later_position_amid_a_backlog_waits_for_it() -> None:
    stage = Stage()
    stage.publish_and_cut(*["AAPL", "MSFT", "TSLA"] * 2)
    member = stage.join(of_channels(trades=["AAPL"]))
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    stage.subscribe(member, of_channels(trades=["MSFT"]), after=at(3))
    stage.publish_and_cut(*["AAPL", "MSFT", "TSLA"] * 2)
    stage.subscribe(member, of_channels(trades=["TSLA"]), after=at(9))
    member.socket.held_bytes = 0
    stage.catch_up(member)
    assert hears(member) == [5, 7, 8, 10, 11, 12]


def test_a_first_subscription_begins_at_its_position_though_it_was_held_before_it() -> None:
    stage = Stage()
    member = stage.join(of_channels())
    stage.audience.move(
        member.subscriber, member.subscriber.lane.payload.key, stage.now_ns
    )  # held, as a stream is while its head is written
    stage.publish_and_cut("AAPL", "AAPL", "AAPL")
    stage.subscribe(member, EVERYTHING, after=at(2))
    stage.catch_up(member)
    assert hears(member) == [3]


def test_what_was_lossless_and_is_conflated_now_is_not_given_tick_by_tick() -> None:
    stage = Stage()
    member = stage.join(of_channels(trades=["AAPL"]))
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    stage.publish_and_cut(*["AAPL"] * 6)
    conflated = Selection.of({Channel.TRADES: ["AAPL"]}, {Channel.TRADES: 1_000})
    had = member.subscriber.selection
    stage.move(member, conflated)
    stage.begin(member, conflated, after=at(4), had=had)
    member.socket.held_bytes = 0
    stage.catch_up(member)
    assert hears(member) == [6]


def test_whoever_asks_again_for_what_it_has_is_sent_it_again() -> None:
    stage = Stage()
    member = stage.join()
    stage.publish_and_cut("AAPL", "MSFT")
    stage.subscribe(member, EVERYTHING, after=at(1))
    stage.catch_up(member)
    assert hears(member) == [1, 2, 2]


def test_what_was_unsubscribed_is_due_no_more() -> None:
    stage = Stage()
    stage.publish_and_cut("MSFT", "AAPL", "TSLA")
    member = stage.join(of_channels(trades=["AAPL"]))
    stage.subscribe(member, of_channels(trades=["MSFT", "TSLA"]), after=at(0), snapshot=True)
    stage.unsubscribe(member, of_channels(trades=["MSFT", "AAPL"]))
    stage.catch_up(member)
    assert hears(member) == [3, "begin stage-3", 3, "end stage-3"]
    stage.subscribe(member, of_channels(trades=["AAPL"]), after=at(0), snapshot=True)
    stage.unsubscribe(member, EVERYTHING)
    stage.unsubscribe(member, of_channels(trades=["AAPL", "TSLA"]))
    assert member.subscriber.first_needed == 4  # nothing that a source would wait for
    stage.catch_up(member)
    assert hears(member) == []
    assert is_live(member)


def test_a_later_position_than_that_of_the_others_is_no_gap_of_its_own() -> None:
    # It is behind by itself, so what it subscribes to now is missing like the rest.
    stage = Stage(8)
    member = stage.join(of_channels(trades=["AAPL"]))
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    for _ in range(10):
        stage.publish_and_cut("AAPL", "MSFT")
    stage.subscribe(member, of_channels(trades=["MSFT"]), after=at(6))
    member.socket.held_bytes = 0
    stage.catch_up(member)
    assert hears(member) == [
        "gap stage-1 stage-20 overrun",
        "begin stage-20",
        19,
        20,
        "end stage-20",
    ]
