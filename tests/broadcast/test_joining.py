"""Subscribers that join: where they begin, and what they are told is missing."""

import pytest

from feed.broadcast.resuming import resume
from feed.broadcast.resumption import Resume
from feed.market.symbols import ALL
from feed.market.ticks import Channel, Kind
from feed.wire.position import BEGINNING, Position
from feed.wire.selection import Selection
from tests.fakes.hearing import at, hears, is_live
from tests.fakes.selections import EVERYTHING, of_channels
from tests.fakes.stage import Stage
from tests.fakes.ways import SOCKET, SSE, STREAM, WAYS, Way, way_name

MS = 1_000_000

each_way_of_three = pytest.mark.parametrize("way", [SOCKET, SSE, STREAM], ids=way_name)


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
    assert resume(member.subscriber.due, EVERYTHING, after) is Resume.NEW_EPOCH
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
    assert is_live(member)


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
