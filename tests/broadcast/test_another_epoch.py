"""A ring whose sequences another server gives: its holes, its epochs, and who is further on."""

import pytest

from feed.broadcast.resumption import MOST_AHEAD, Resume
from feed.broadcast.upstream import Upstream
from feed.market.ticks import Channel, Kind, Tick
from feed.wire.compression import Compression
from feed.wire.messages import GapReason, feed_message
from feed.wire.position import Position
from feed.wire.selection import EVERY_EVENT, Selection
from tests.fakes.conflation import conflated
from tests.fakes.hearing import at, hears, is_live
from tests.fakes.numbered_ticks import numbered
from tests.fakes.selections import EVERYTHING, of_channels
from tests.fakes.stage import NOTHING, Member, Stage
from tests.fakes.ways import SOCKET, SSE, STREAM, WAYS, Way, way_name

MS = 1_000_000
OTHER = Position("other", 10)


class Edge(Stage):
    """A stage whose sequences come from another server, in its epoch."""

    def __init__(self, capacity: int = 64, newest: int = 0, new_epoch_ticks: int = 0) -> None:
        super().__init__(capacity, new_epoch_ticks=new_epoch_ticks)
        self.upstream = Upstream(self.audience)
        self.ring.begin(at(newest), begins=not newest)
        self.broadcast.cut_sequence = newest

    def open(self, *args: object, **options: object) -> Member:
        member = super().open(*args, **options)  # type: ignore[arg-type]
        member.subscriber.open(b"")
        member.socket.written.clear()
        return member

    def skip(self, upto: int) -> None:
        everybody = [member.subscriber for member in self.members]
        self.broadcast.lanes.end_intervals()
        self.cut()
        self.upstream.skip(upto, GapReason.LOST, self.now_ns, everybody)
        self.all_catch_up()

    def begin_epoch(self, before: Position = OTHER, *, begins: bool = False) -> None:
        self.broadcast.lanes.end_intervals()
        self.cut()
        self.upstream.begin_epoch(
            before,
            begins=begins,
            mono_ns=self.now_ns,
            subscribers=[member.subscriber for member in self.members],
        )
        self.all_catch_up()

    def take_state(self, *ticks: Tick) -> None:
        everybody = [member.subscriber for member in self.members]
        self.upstream.take_state(ticks, self.now_ns, everybody)
        self.all_catch_up()

    def all_catch_up(self) -> None:
        for member in self.members:
            self.catch_up(member)


CONFLATED = conflated(dict.fromkeys(Channel, 100), **dict.fromkeys(Channel, "*"))


@pytest.mark.parametrize("way", WAYS, ids=way_name)
def test_a_hole_is_told_to_those_that_are_live(way: Way) -> None:
    stage = Edge()
    member = stage.seat(EVERYTHING, way)
    stage.publish_and_cut("AAPL")
    stage.skip(4)
    stage.publish_and_cut("MSFT")
    assert hears(member) == [1, "gap stage-2 stage-4 lost", 5]
    assert is_live(member)
    assert stage.counts.paused == 0


def test_a_hole_is_told_to_those_that_are_conflated_behind_or_follow() -> None:
    stage = Edge()
    slowed, behind = stage.seat(CONFLATED), stage.seat(EVERYTHING)
    follower = stage.join(EVERY_EVENT, STREAM, marks=True, after=at(0))
    both = stage.seat(CONFLATED)
    behind.socket.held_bytes = both.socket.held_bytes = 5_000
    stage.publish_and_cut("AAPL")
    stage.skip(4)
    stage.now_ns += 200 * MS
    stage.cut()
    behind.socket.held_bytes = both.socket.held_bytes = 0
    stage.all_catch_up()
    assert hears(behind) == [1, "gap stage-2 stage-4 lost"]
    assert hears(slowed) == [1, "gap stage-2 stage-4 lost"]
    assert hears(both) == ["gap stage-2 stage-4 lost", 1]
    assert [item["T"] for item in follower.take_objects()] == ["t", "cut", "gap"]


def test_a_hole_tells_those_that_selected_nothing_nothing() -> None:
    stage = Edge()
    member = stage.seat(NOTHING)
    stage.skip(4)
    assert hears(member) == []


@pytest.mark.parametrize("way", WAYS, ids=way_name)
def test_another_epoch_is_told_as_if_everybody_had_come_back(way: Way) -> None:
    stage = Edge()
    member = stage.seat(EVERYTHING, way)
    stage.publish_and_cut("AAPL", "MSFT")
    stage.begin_epoch()
    stage.publish(Kind.QUOTE)
    stage.cut()
    assert hears(member) == [
        1,
        2,
        "gap stage-3 other-10 epoch",
        "begin other-10",
        "end other-10",
        11,
    ]
    assert is_live(member)
    assert stage.audience.resumes == {Resume.NEW_EPOCH: 1}
    assert stage.broadcast.position == Position("other", 11)


@pytest.mark.parametrize("compression", [None, Compression()], ids=["plain", "deflated"])
def test_nothing_of_the_last_epoch_is_read_in_the_next(compression: Compression | None) -> None:
    stage = Edge()
    stage.publish_and_cut("AAPL", "MSFT", "AAPL")
    hears(stage.join(EVERYTHING, SOCKET, compression=compression, after=at(0)))  # remembered
    stage.begin_epoch(Position("other", 0), begins=True)
    stage.publish_and_cut((Kind.QUOTE, "TSLA"), (Kind.QUOTE, "MSFT"))
    member = stage.join(EVERYTHING, SOCKET, compression=compression, after=Position("other", 0))
    assert [(item["T"], item["S"]) for item in member.take_objects()] == [
        ("q", "TSLA"),
        ("q", "MSFT"),
    ]
    assert stage.broadcast.snapshot.symbols == ["MSFT", "TSLA"]


def test_whoever_is_behind_is_told_what_it_missed_of_the_last_epoch_too() -> None:
    stage = Edge()
    member = stage.seat()
    member.socket.held_bytes = 5_000
    stage.publish_and_cut("AAPL", "MSFT")
    stage.publish_and_cut("AAPL")
    stage.begin_epoch()
    member.socket.held_bytes = 0
    stage.all_catch_up()
    assert hears(member)[0] == "gap stage-1 other-10 epoch"


def test_words_that_wait_are_told_before_the_gap_and_old_states_are_not() -> None:
    stage = Edge(capacity=4)
    member = stage.seat()
    member.socket.held_bytes = 5_000
    for _ in range(3):
        stage.publish_and_cut("AAPL", "MSFT")
    member.socket.held_bytes = 0
    stage.catch_up(member, most_frames=1)  # told of the overrun; the state waits
    member.socket.held_bytes = 5_000
    stage.audience.tell_now(member.subscriber, [feed_message("live", "x", "", 0)], stage.now_ns)
    stage.begin_epoch()
    member.socket.held_bytes = 0
    stage.all_catch_up()
    told = [
        item.get("from") or item.get("source") or item["state"] for item in member.take_objects()
    ]
    assert told == ["stage-1", "x", "stage-7", "begin", "end"]


def test_an_epoch_that_is_whole_is_given_from_its_beginning() -> None:
    stage = Edge(new_epoch_ticks=8)
    member = stage.seat(EVERYTHING, SSE)
    stage.begin_epoch(Position("other", 0), begins=True)
    stage.publish_and_cut("AAPL", "MSFT")
    told = hears(member)
    assert told[0] == "gap stage-1 other-0 epoch"
    assert told[-2:] == [1, 2]


def test_a_follower_is_told_of_another_epoch_by_a_gap() -> None:
    stage = Edge()
    follower = stage.join(EVERY_EVENT, STREAM, marks=True, after=at(0))
    stage.publish_and_cut("AAPL")
    stage.begin_epoch()
    stage.publish_and_cut("AAPL")
    told = [item for item in follower.take_objects() if item["T"] in {"gap", "cut"}]
    assert [item.get("pos") or item["to"] for item in told] == ["stage-1", "other-10", "other-11"]


def test_conflated_channels_begin_anew() -> None:
    stage = Edge()
    member = stage.seat(CONFLATED)
    stage.publish_and_cut("AAPL")
    stage.begin_epoch()
    stage.publish_and_cut((Kind.QUOTE, "AAPL"))
    stage.now_ns += 200 * MS
    stage.cut()
    assert hears(member) == [1, "gap stage-2 other-10 epoch", "begin other-10", "end other-10", 11]


def test_a_state_of_another_server_is_told_to_all_that_wait_for_one() -> None:
    stage = Edge()
    member = stage.seat(of_channels(trades=["AAPL"]))
    stage.take_state(numbered(7), numbered(8, Kind.QUOTE))
    assert hears(member) == ["begin stage-0", 7, "end stage-0"]
    assert is_live(member)


@pytest.mark.parametrize("way", WAYS, ids=way_name)
@pytest.mark.parametrize(
    ("selection", "told"),
    [(EVERYTHING, [4, 5]), (CONFLATED, [2, 3, 4, 5])],  # an interval may have collected the first
    ids=["lossless", "conflated"],
)
def test_whoever_has_been_told_more_elsewhere_waits_for_what_follows(
    way: Way, selection: Selection, told: list[str | int]
) -> None:
    stage = Edge()
    stage.publish_and_cut("AAPL")
    member = stage.join(selection, way, after=at(3))
    assert not is_live(member)
    stage.publish_and_cut("AAPL", "MSFT")
    stage.catch_up(member)
    stage.publish_and_cut("AAPL", "MSFT")
    stage.catch_up(member)
    stage.now_ns += 200 * MS
    stage.cut()
    assert hears(member) == told
    assert is_live(member)
    assert stage.audience.resumes == {Resume.REPLAYED: 1}


def test_whoever_waits_for_what_follows_is_neither_slow_nor_lagging_and_hears_of_sources() -> None:
    stage = Edge()
    stage.audience.announce(feed_message("source_down", "up", "failed", 0), "up", 0, down=True)
    member = stage.join(EVERYTHING, SSE, after=at(3))
    for _ in range(3):
        stage.now_ns += 60_000 * MS
        stage.catch_up(member)
    assert [item["T"] for item in member.take_objects()] == ["feed"]
    assert member.ended is None
    assert member.subscriber.lag_ticks == 0


def test_whoever_waits_may_change_its_mind_meanwhile() -> None:
    stage = Edge()
    stage.publish_and_cut("AAPL")
    member = stage.join(of_channels(trades=["AAPL"]), after=at(3))
    stage.subscribe(member, of_channels(quotes=["AAPL"]))
    stage.catch_up(member)
    stage.publish_and_cut("AAPL", "MSFT", Kind.QUOTE, "AAPL")
    stage.catch_up(member)
    assert hears(member) == [4, 5]


def test_a_new_part_from_further_waits_and_the_rest_goes_on() -> None:
    stage = Edge()
    member = stage.seat(of_channels(trades=["AAPL"]))
    stage.subscribe(member, of_channels(trades=["MSFT"]), after=at(3))
    stage.catch_up(member)
    stage.publish_and_cut("AAPL", "MSFT")
    stage.catch_up(member)
    stage.publish_and_cut("MSFT", "MSFT", "AAPL")
    stage.catch_up(member)
    assert hears(member) == [1, 4, 5]


def test_a_hole_that_swallows_a_position_is_told_from_there() -> None:
    stage = Edge()
    member = stage.join(EVERYTHING, SOCKET, after=at(3))
    stage.skip(5)
    assert hears(member) == ["gap stage-4 stage-5 lost"]
    assert is_live(member)


def test_a_position_that_is_too_far_ahead_is_of_nobody() -> None:
    stage = Edge(capacity=8)
    told, further = at(MOST_AHEAD), at(MOST_AHEAD + 1)
    assert stage.begin(stage.open(EVERYTHING), EVERYTHING, after=told) is Resume.REPLAYED
    assert stage.begin(stage.open(EVERYTHING), EVERYTHING, after=further) is Resume.NEW_EPOCH


def test_where_nobody_else_gives_sequences_a_later_position_is_of_another_life() -> None:
    stage = Stage()
    assert stage.begin(stage.open(EVERYTHING), EVERYTHING, after=at(1)) is Resume.NEW_EPOCH


def test_the_other_epoch_leaves_out_whoever_has_not_begun() -> None:
    stage = Edge()
    member = Stage.open(stage, EVERYTHING)
    stage.upstream.begin_epoch(OTHER, begins=False, mono_ns=0, subscribers=[member.subscriber])
    assert hears(member) == []
    stage.begin(member, EVERYTHING, after=at(0))
    stage.catch_up(member)
    assert hears(member)[0] == "gap stage-1 other-10 epoch"
