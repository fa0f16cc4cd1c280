"""Subscribers: who is due what, by example; by a model in test_subscriber_model.py."""

from collections.abc import Iterable, Sequence

import pytest

from feed.broadcast.lane import Lane
from feed.broadcast.resumption import Resume
from feed.market.symbols import ALL
from feed.market.ticks import Channel, Kind
from feed.wire.disconnect import Reason
from feed.wire.position import BEGINNING, Position
from feed.wire.requests import OnLag
from feed.wire.selection import Selection
from tests.fakes.frame_reader import Object
from tests.fakes.numbered_ticks import nanoseconds
from tests.fakes.selections import EVERYTHING, of_channels
from tests.fakes.stage import EPOCH, HIGH_WATER_BYTES, SMALL_FRAMES, Member, Stage
from tests.fakes.ways import WAYS, Way, way_name

S = 1_000_000_000
MS = 1_000_000

SSE = next(way for way in WAYS if way[1].transport == "sse")
STREAM = next(way for way in WAYS if way[1].transport == "stream")
SOCKET = WAYS[0]


each_way_of_three = pytest.mark.parametrize("way", [SOCKET, SSE, STREAM], ids=way_name)


def at(sequence: int) -> Position:
    return Position(EPOCH, sequence)


def told(objects: Iterable[Object]) -> list[str | int]:
    """Return objects in short: ticks by their sequence, messages in words."""
    words: list[str | int] = []
    for item in objects:
        match item["T"]:
            case "gap":
                words.append(f"gap {item['from']} {item['to']} {item['reason']}")
            case "snapshot":
                words.append(f"{item['state']} {item['pos']}")
            case "mark":
                words.append(f"mark {item['pos']}")
            case _:
                words.append(nanoseconds(item["t"]))
    return words


def is_live(member: Member) -> bool:
    return member.subscriber.live


def hears(member: Member) -> list[str | int]:
    """Return in short what a member was told since it was last asked."""
    return told(member.take_objects())


# Joining.


def test_whoever_joins_without_a_position_is_live_at_once() -> None:
    stage = Stage()
    stage.publish_and_cut("AAPL")
    member = stage.join()
    assert is_live(member)
    assert hears(member) == []
    stage.publish_and_cut("MSFT")
    assert hears(member) == [2]


@pytest.mark.parametrize("way", WAYS, ids=way_name)
def test_whoever_comes_back_is_sent_what_it_missed_once_and_in_order(way: Way) -> None:
    stage = Stage()
    for _ in range(3):
        stage.publish_and_cut("AAPL", "MSFT")
    stage.publish("AAPL")  # not cut yet: it comes live
    member = stage.join(of_channels(trades=["AAPL"]), way, after=at(2))
    stage.publish_and_cut("AAPL")
    assert hears(member) == [3, 5, 7, 8]


@pytest.mark.parametrize("way", WAYS, ids=way_name)
def test_a_position_of_one_transport_is_good_on_every_other(way: Way) -> None:
    stage = Stage()
    members = [stage.join(EVERYTHING, each, marks=True) for each in WAYS]
    stage.publish_and_cut("AAPL", "MSFT")
    last = [member.take()[-1] for member in members]
    stage.publish_and_cut("MSFT", "AAPL")
    for piece in last:
        position = Position.parse(piece.position or piece.objects[-1]["pos"])
        assert hears(stage.join(EVERYTHING, way, after=position)) == [3, 4]


@pytest.mark.parametrize("way", WAYS, ids=way_name)
def test_whoever_is_told_positions_is_told_where_it_begins(way: Way) -> None:
    # So that who is cut off before the first tick can come back for it.
    stage = Stage()
    stage.publish_and_cut("AAPL", "MSFT")
    assert hears(stage.join(EVERYTHING, way, marks=True)) == ["mark stage-2"]
    unmarked = ["mark stage-2"] if way[1].transport == "sse" else []
    assert hears(stage.join(EVERYTHING, way)) == unmarked
    assert hears(stage.join(EVERYTHING, way, marks=True, after=at(2))) == []


def test_zero_is_all_that_the_ring_holds_and_no_gap() -> None:
    stage = Stage(8)
    for _ in range(5):
        stage.publish_and_cut("AAPL", "MSFT", "TSLA")
    member = stage.join(after=BEGINNING)
    assert hears(member) == list(range(8, 16))


def test_a_ring_that_holds_nothing_has_nothing_to_tell() -> None:
    stage = Stage()
    assert hears(stage.join(after=BEGINNING)) == []
    assert hears(stage.join(after=at(0), snapshot=True)) == ["begin stage-0", "end stage-0"]


def test_whoever_is_where_the_last_cut_is_has_missed_nothing() -> None:
    stage = Stage()
    stage.publish_and_cut("AAPL", "MSFT")
    member = stage.join(after=at(2))
    assert is_live(member)
    assert hears(member) == []


def test_a_snapshot_is_announced_and_closed_and_then_it_is_live() -> None:
    stage = Stage()
    stage.publish_and_cut("MSFT", "AAPL", "AAPL", Kind.QUOTE, (Kind.STATUS, "MSFT"), Kind.BAR)
    member = stage.join(of_channels(trades="*", statuses="*"), snapshot=True)
    stage.publish_and_cut("MSFT")
    assert hears(member) == ["begin stage-6", 3, 1, 5, "end stage-6", 7]


def test_on_sse_only_the_end_of_a_snapshot_moves_its_reader() -> None:
    # Whoever is cut off within one has no position of it, and is sent it again.
    stage = Stage()
    stage.publish_and_cut("MSFT", "AAPL")
    member = stage.join(EVERYTHING, SSE, snapshot=True)
    assert [(piece.name, piece.position) for piece in member.take()] == [
        ("snapshot", None),
        ("message", None),
        ("snapshot", "stage-2"),
    ]


def test_what_was_missed_comes_before_the_snapshot() -> None:
    stage = Stage()
    stage.publish_and_cut("AAPL", "MSFT")
    member = stage.join(of_channels(trades=["AAPL"]), after=at(0), snapshot=True)
    assert hears(member) == [1, "begin stage-2", 1, "end stage-2"]


# Gaps.


def test_after_an_overrun_one_gap_tells_the_first_and_the_last_that_is_missing() -> None:
    stage = Stage(8)
    for _ in range(10):
        stage.publish_and_cut("AAPL", "MSFT")
    member = stage.join(of_channels(trades=["AAPL"]), after=at(5))
    stage.publish_and_cut("AAPL", "MSFT")
    assert hears(member) == [
        "gap stage-6 stage-20 overrun",
        "begin stage-20",
        19,
        "end stage-20",
        21,
    ]


def test_the_oldest_tick_held_is_no_gap_and_the_one_before_it_is() -> None:
    stage = Stage(8)
    for _ in range(10):
        stage.publish_and_cut("AAPL", "MSFT")
    assert hears(stage.join(after=at(12))) == list(range(13, 21))
    assert hears(stage.join(after=at(11)))[0] == "gap stage-12 stage-20 overrun"


@pytest.mark.parametrize(
    "after",
    [Position("older", 7), Position("older", 0), at(5), "stage", "", "no position\n\udcff\0", "✓"],
)
@pytest.mark.parametrize("way", [SOCKET, SSE, STREAM], ids=way_name)
def test_a_position_that_is_none_of_ours_is_told_back_in_a_gap(
    after: Position | str, way: Way
) -> None:
    stage = Stage()
    stage.publish_and_cut("AAPL", "MSFT")
    stage.publish("AAPL", "AAPL", "AAPL")  # up to 5, not cut
    member = stage.open(EVERYTHING, way)
    assert member.subscriber.due.resume(EVERYTHING, after) is Resume.NEW_EPOCH
    stage.catch_up(member)
    stage.cut()
    first, *rest = hears(member)
    missing = str(after).replace(chr(0xDCFF), "?")
    if isinstance(after, Position) and after.epoch == "older":
        missing = f"older-{after.sequence + 1}"  # not the position that it has
    assert first == f"gap {missing} stage-2 epoch"
    assert rest == ["begin stage-2", 1, 2, "end stage-2", 3, 4, 5]


def test_a_gap_and_a_wish_for_a_snapshot_are_one_snapshot() -> None:
    stage = Stage()
    stage.publish_and_cut("AAPL")
    member = stage.join(after=Position("older", 7), snapshot=True)
    assert hears(member) == [
        "gap older-8 stage-1 epoch",
        "begin stage-1",
        1,
        "end stage-1",
    ]


def test_the_snapshot_after_a_gap_is_of_what_was_subscribed_to() -> None:
    stage = Stage()
    stage.publish_and_cut("AAPL", "MSFT")
    member = stage.join(of_channels(trades=["MSFT"]), after=Position("older", 7))
    assert hears(member)[1:] == ["begin stage-2", 2, "end stage-2"]


# A new epoch.


@each_way_of_three
@pytest.mark.parametrize("after", [Position("older", 7), "id of a foreign server"])
def test_after_a_restart_a_subscriber_is_given_all_of_the_new_epoch(
    after: Position | str, way: Way
) -> None:
    stage = Stage(new_epoch_ticks=4)
    stage.publish_and_cut("AAPL", "MSFT")
    stage.publish_and_cut("AAPL", "MSFT")
    member = stage.join(of_channels(trades=["AAPL"]), way, after=after)
    first, *rest = hears(member)
    missing = "older-8" if isinstance(after, Position) else after
    assert first == f"gap {missing} stage-0 epoch"
    assert rest == [1, 3, "begin stage-4", 3, "end stage-4"]
    assert member.subscriber.live


@pytest.mark.parametrize(
    ("capacity", "most_ticks", "published"),
    [(64, 4, 5), (64, 0, 1), (4, 100, 5)],
    ids=["more than is given", "never", "no longer held"],
)
def test_a_new_epoch_that_is_too_old_is_begun_where_it_is(
    capacity: int, most_ticks: int, published: int
) -> None:
    stage = Stage(capacity, new_epoch_ticks=most_ticks)
    for _ in range(published):
        stage.publish_and_cut("AAPL")
    assert hears(stage.join(after=Position("older", 7))) == [
        f"gap older-8 stage-{published} epoch",
        f"begin stage-{published}",
        published,
        f"end stage-{published}",
    ]


def test_a_position_that_is_ahead_of_ours_is_not_of_another_epoch() -> None:
    stage = Stage(new_epoch_ticks=4)
    stage.publish_and_cut("AAPL", "MSFT")
    assert hears(stage.join(after=at(5)))[:2] == ["gap stage-5 stage-2 epoch", "begin stage-2"]


def test_after_a_restart_conflated_channels_are_told_once() -> None:
    stage = Stage(new_epoch_ticks=10)
    selection = Selection.of({Channel.QUOTES: [ALL]}, {Channel.QUOTES: 100})
    stage.now_ns = 1000 * MS
    stage.publish_and_cut((Kind.QUOTE, "A"), (Kind.QUOTE, "B"), (Kind.QUOTE, "A"))
    stage.now_ns = 2000 * MS
    stage.cut()
    member = stage.join(selection, after=Position("older", 7))
    assert hears(member) == [
        "gap older-8 stage-0 epoch",
        *[3, 2],
        "begin stage-3",
        *[3, 2],
        "end stage-3",
    ]


# Missing frames.


def test_whoever_missed_a_frame_is_sent_it_when_there_is_room_and_is_live_again() -> None:
    stage = Stage()
    member = stage.join()
    stage.publish_and_cut("AAPL")
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    stage.publish_and_cut("AAPL")
    stage.publish_and_cut("AAPL")
    assert not is_live(member)
    assert member.subscriber.due.sequence == 1
    assert member.subscriber.lag_ticks == 2
    member.socket.held_bytes = 0
    stage.catch_up(member)
    assert is_live(member)
    assert member.subscriber.lag_ticks == 0
    stage.publish_and_cut("AAPL")
    assert hears(member) == [1, 2, 3, 4]
    assert (stage.counts.paused, stage.counts.caught_up) == (1, 1)


def test_whoever_is_behind_costs_the_others_nothing() -> None:
    stage = Stage()
    slow, quick = stage.join(), stage.join()
    slow.socket.held_bytes = HIGH_WATER_BYTES + 1
    for sequence in range(1, 6):
        stage.publish_and_cut("AAPL")
        assert hears(quick) == [sequence]
    assert slow.socket.written == []


def test_whoever_the_ring_overran_while_it_was_paused_is_told_and_goes_on() -> None:
    stage = Stage(8)
    member = stage.join()
    stage.publish_and_cut("AAPL")
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    for _ in range(20):
        stage.publish_and_cut("AAPL")
    member.socket.held_bytes = 0
    stage.catch_up(member)
    stage.publish_and_cut("AAPL")
    assert hears(member) == [
        1,
        "gap stage-2 stage-21 overrun",
        "begin stage-21",
        21,
        "end stage-21",
        22,
    ]
    assert stage.counts.overruns == stage.counts.gap == 1
    assert stage.counts.gap_ticks == 20


def test_whoever_wants_to_be_disconnected_rather_than_miss_something_is() -> None:
    stage = Stage(8)
    member = stage.join(on_lag=OnLag.DISCONNECT)
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    for _ in range(8):
        stage.publish_and_cut("AAPL")
    member.socket.held_bytes = 0
    stage.catch_up(member)
    assert hears(member) == list(range(1, 9))  # all of them are held still
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    for _ in range(9):
        stage.publish_and_cut("AAPL")
    member.socket.held_bytes = 0
    stage.catch_up(member)
    assert member.ended is Reason.LAGGING
    assert hears(member) == []
    assert stage.counts.lagging == 1


def test_whoever_was_disconnected_for_its_lag_can_come_back() -> None:
    # Otherwise it would come back with the same position for ever.
    stage = Stage(8)
    for _ in range(20):
        stage.publish_and_cut("AAPL")
    member = stage.join(after=at(2), on_lag=OnLag.DISCONNECT)
    assert member.ended is None
    assert hears(member)[0] == "gap stage-3 stage-20 overrun"


def test_whoever_was_disconnected_for_its_lag_is_let_back_in_with_a_gap() -> None:
    stage = Stage(64, lag_max_ticks=3)
    for _ in range(20):
        stage.publish_and_cut("AAPL")
    within = stage.join(after=at(17), on_lag=OnLag.DISCONNECT)
    assert hears(within) == [18, 19, 20]
    beyond = stage.join(after=at(16), on_lag=OnLag.DISCONNECT)
    assert beyond.ended is None
    assert hears(beyond)[0] == "gap stage-17 stage-20 overrun"


def test_the_most_lag_that_is_allowed_is_a_limit_like_the_rings() -> None:
    stage = Stage(64, lag_max_ticks=3)
    member = stage.join()
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    for _ in range(3):
        stage.publish_and_cut("AAPL")
    member.socket.held_bytes = 0
    stage.catch_up(member)
    assert hears(member) == [1, 2, 3]
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    for _ in range(4):
        stage.publish_and_cut("AAPL")
    member.socket.held_bytes = 0
    stage.catch_up(member)
    assert hears(member)[0] == "gap stage-4 stage-7 overrun"


def test_what_is_due_comes_in_frames_of_a_size_that_a_socket_takes() -> None:
    stage = Stage(4096)
    for _ in range(8):
        stage.publish_and_cut(*["AAPL"] * 250)
    member = stage.join(EVERYTHING, SSE, after=at(0))
    assert len(member.socket.written) > 4
    assert max(map(len, member.socket.written)) < 64 * 1024
    positions = []
    expected = 0
    for piece in member.take():
        for item in piece.objects:
            expected += 1
            assert nanoseconds(item["t"]) == expected
        positions.append(piece.position)
        assert piece.position == f"stage-{expected}"
    assert expected == 2000


def test_a_cut_in_between_does_not_send_anything_twice() -> None:
    stage = Stage(4096)
    stage.publish_and_cut(*["AAPL"] * 1000)
    member = stage.open(EVERYTHING)
    member.subscriber.due.resume(EVERYTHING, at(0))
    stage.catch_up(member, most_frames=1)
    stage.publish_and_cut(*["AAPL"] * 50)  # while it is behind
    stage.catch_up(member)
    stage.publish_and_cut(*["AAPL"] * 50)
    assert hears(member) == list(range(1, 1101))


def test_whoever_is_gone_stays_out_of_the_others_way() -> None:
    stage = Stage()
    gone, there = stage.join(), stage.join()
    gone.socket.gone = True
    stage.publish_and_cut("AAPL")
    stage.leave(gone)
    stage.publish_and_cut("AAPL")
    assert hears(there) == [1, 2]


# What production waits for.


def test_the_first_sequence_needed_is_that_of_the_slowest_part() -> None:
    stage = Stage()
    stage.publish_and_cut(*["AAPL", "MSFT"] * 5)
    member = stage.join(of_channels(trades=["AAPL"]))
    subscriber = member.subscriber
    assert subscriber.first_needed == 11
    stage.subscribe(member, of_channels(trades=["MSFT"]), after=at(4))
    assert subscriber.first_needed == 5
    stage.catch_up(member)
    assert subscriber.first_needed == 11
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    stage.publish_and_cut("AAPL", "MSFT")
    assert subscriber.first_needed == 11
    assert subscriber.lag_ticks == 2


# Changing what is subscribed to.


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


# States that take several frames.


def test_whoever_is_cut_off_within_a_restatement_comes_back_for_all_of_it() -> None:
    stage = Stage(256, sizes=SMALL_FRAMES)
    conflated = Selection.of({Channel.QUOTES: [ALL]}, {Channel.QUOTES: 250})
    stage.now_ns = 1000 * MS
    member = stage.join(conflated, SSE)
    member.take()
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    stage.publish_and_cut(*[(Kind.QUOTE, f"S{number}") for number in range(10)])
    stage.now_ns = 9000 * MS  # long after: only its position tells that it missed them
    stage.publish_and_cut("AAPL")
    member.socket.held_bytes = 0
    stage.catch_up(member, most_frames=1)
    (piece,) = member.take()
    assert len(piece.objects) < 10
    assert piece.position is None
    stage.catch_up(member)
    assert [piece.position for piece in member.take()][-1] == "stage-11"


def test_a_state_is_framed_as_the_socket_takes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    framed: list[int] = []
    original = Lane.state_envelope

    def state_envelope(lane: Lane, fragments: Sequence[bytes]) -> bytes:
        framed.append(len(fragments))
        return original(lane, fragments)

    monkeypatch.setattr(Lane, "state_envelope", state_envelope)
    stage = Stage(sizes=SMALL_FRAMES)
    stage.publish_and_cut(*[f"S{number:02}" for number in range(30)])
    member = stage.open(EVERYTHING)
    member.subscriber.due.request_snapshot(EVERYTHING)
    stage.catch_up(member, 2)
    assert len(framed) == 1, "after its beginning one frame, for a socket that took no more"
    stage.catch_up(member)
    assert len(framed) > 5
    assert sum(framed) == 30


def test_whoever_is_cut_off_within_a_conflated_state_comes_back_for_all_of_it() -> None:
    stage = Stage(256, lag_max_ticks=5, sizes=SMALL_FRAMES)
    member = stage.join(EVERYTHING, SSE, on_lag=OnLag.CONFLATE)
    member.take()
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    stage.publish_and_cut(*[f"S{number}" for number in range(10)])
    member.socket.held_bytes = 0
    stage.catch_up(member)
    gap, *states = member.take()
    assert told(gap.objects) == ["gap stage-1 stage-10 conflated"]
    assert len(states) > 1
    positions = [piece.position for piece in states]
    assert positions == [None] * (len(states) - 1) + ["stage-10"]
