"""States of long stretches are made in turns: nobody else waits while one is made."""

from feed.broadcast.fragments import TURN_TICKS
from feed.broadcast.segments import SEGMENT_TICKS
from feed.market.ticks import SECOND_NS, Channel
from feed.wire.disconnect import Reason
from feed.wire.grant import Grant
from feed.wire.grants import Grants
from feed.wire.position import Position
from feed.wire.request_fields import OnLag
from feed.wire.selection import Selection
from tests.fakes.frame_reader import Object
from tests.fakes.stage import EPOCH, HIGH_WATER_BYTES, Member, Stage

CAPACITY = 32_768
# Of one that comes back at 1,000; the segment before is told again too, since it was untold then.
STATE = {"A": (513, CAPACITY - 1, 16_128), "B": (512, CAPACITY, 16_129)}
CONFLATED = Selection.of({Channel.TRADES: ("*",)}, {Channel.TRADES: 250})


def busy_stage(count: int, capacity: int = CAPACITY) -> Stage:
    stage = Stage(capacity)
    publish(stage, count)
    return stage


def publish(stage: Stage, count: int) -> None:
    for _ in range(count // SEGMENT_TICKS):
        stage.now_ns += SECOND_NS
        stage.publish_and_cut(*["A", "B"] * (SEGMENT_TICKS // 2))


def come_back(stage: Stage, *, on_lag: OnLag = OnLag.GAP) -> Member:
    member = stage.open(CONFLATED, marks=True)
    stage.begin(member, CONFLATED, after=Position(EPOCH, 1_000), on_lag=on_lag)
    return member


def trades(objects: list[Object]) -> dict[str, tuple[int, int, int]]:
    """Return first and last trade, and their number, by symbol."""
    return {item["S"]: (item["fi"], item["i"], item["n"]) for item in objects if item["T"] == "t"}


def test_a_turn_looks_at_so_much_and_the_state_is_of_all() -> None:
    stage = busy_stage(CAPACITY)
    member = come_back(stage)
    segments, turns = stage.broadcast.fragments.segments, 0
    while not (heard := trades(member.take_objects())):
        before = segments.walked_ticks
        stage.catch_up(member, most_frames=1)
        assert segments.walked_ticks - before < 3 * TURN_TICKS
        turns += 1
        assert turns < CAPACITY
    assert turns > CAPACITY // 2 // TURN_TICKS
    assert heard == STATE


def test_those_who_come_back_together_do_the_work_once() -> None:
    stage = busy_stage(CAPACITY)
    segments = stage.broadcast.fragments.segments
    members = [come_back(stage) for _ in range(20)]
    before = segments.walked_ticks
    for _ in range(CAPACITY // TURN_TICKS):
        for member in members:
            stage.catch_up(member, most_frames=1)
    assert segments.walked_ticks - before < 2 * CAPACITY
    assert all(trades(member.take_objects()) == STATE for member in members)


def test_it_is_as_of_the_cut_at_which_it_was_begun() -> None:
    stage = busy_stage(CAPACITY // 2)
    member = come_back(stage)
    stage.catch_up(member, most_frames=1)
    publish(stage, SEGMENT_TICKS)
    heard: list[Object] = []
    while not trades(heard):
        stage.catch_up(member, most_frames=1)
        heard += member.take_objects()
    assert trades(heard)["B"] == (512, CAPACITY // 2, CAPACITY // 4 - 255)


def test_what_the_ring_lost_before_its_turn_is_told_before_the_state() -> None:
    stage = busy_stage(CAPACITY)
    member = come_back(stage)
    stage.catch_up(member, most_frames=1)
    member.take()
    publish(stage, CAPACITY // 2)
    stage.catch_up(member)
    heard = member.take_objects()
    kinds = [item["T"] for item in heard]
    assert kinds.index("gap") < kinds.index("t")
    gap = heard[kinds.index("gap")]
    assert gap["reason"] == "overrun"
    assert Position.parse(gap["to"]).sequence == stage.ring.oldest - 1
    assert "snapshot" in kinds, "of what was lost, the last that is known is told"
    state = next(item for item in heard if item["T"] == "t" and item["S"] == "B")
    oldest = stage.ring.oldest
    assert (state["fi"], state["i"]) == (oldest + 1, CAPACITY)
    assert state["n"] == (CAPACITY - oldest) // 2 + 1


def test_whoever_gives_up_at_a_loss_is_disconnected() -> None:
    stage = busy_stage(CAPACITY)
    member = come_back(stage, on_lag=OnLag.DISCONNECT)
    stage.catch_up(member, most_frames=1)
    publish(stage, CAPACITY // 2)
    stage.catch_up(member)
    assert member.ended is Reason.LAGGING


def test_one_that_waits_is_made_anew_where_grants_shrink() -> None:
    stage = busy_stage(CAPACITY)
    member = come_back(stage)
    stage.catch_up(member, most_frames=1)
    stage.regrant(member, Grants.of([Grant.parse("*=*")]))
    stage.catch_up(member)
    assert trades(member.take_objects()) == STATE


def test_one_that_waits_of_a_channel_whose_interval_has_ended_is_made_anew_too() -> None:
    stage = busy_stage(CAPACITY)
    member = come_back(stage)
    stage.catch_up(member, most_frames=1)
    stage.move(member, Selection.of({Channel.TRADES: ("A", "B")}))
    stage.regrant(member, Grants.of([Grant.parse("trades=A")]))
    stage.catch_up(member)
    told = [item for item in member.take_objects() if item["T"] == "t"]
    assert {item["S"] for item in told} == {"A"}
    assert min(item["fi"] for item in told) == STATE["A"][0]
    assert max(item["i"] for item in told) == STATE["A"][1]
    assert sum(item["n"] for item in told) >= STATE["A"][2]


def test_a_reader_that_is_conflated_for_its_lag_is_given_its_state_in_turns() -> None:
    stage = Stage(CAPACITY, lag_max_ticks=1_000)
    member = stage.join(Selection.of({Channel.TRADES: ("*",)}), on_lag=OnLag.CONFLATE)
    member.take()
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    publish(stage, CAPACITY // 2)
    member.socket.held_bytes = 0
    segments = stage.broadcast.fragments.segments
    heard: list[Object] = []
    while not any(item["T"] == "t" and "n" in item for item in heard):
        before = segments.walked_ticks
        stage.catch_up(member, most_frames=1)
        assert segments.walked_ticks - before < 3 * TURN_TICKS
        heard += member.take_objects()
    assert heard[0]["T"] == "gap"
    assert trades(heard)["B"][1:] == (CAPACITY // 2, CAPACITY // 4)


def test_what_the_ring_lost_of_everything_is_told_before_a_state_of_what_is_left() -> None:
    stage = Stage(2_048, turn_ticks=1)
    stage.publish_and_cut(*["A"] * 2_048)
    selection = Selection.of(
        {Channel.TRADES: ("*",), Channel.QUOTES: ("*",)}, {Channel.TRADES: 250}
    )
    member = stage.open(selection, marks=True)
    stage.begin(member, selection, after=Position(EPOCH, 1_900))
    stage.catch_up(member, most_frames=1)
    stage.publish_and_cut(*["A"] * 2_048)
    stage.catch_up(member)
    heard = member.take_objects()
    gaps = [(item["from"], item["to"]) for item in heard if item["T"] == "gap"]
    assert gaps == [("stage-1901", "stage-4096"), ("stage-1", "stage-2048")]
    kinds = [item["T"] for item in heard]
    assert "t" not in kinds[: kinds.index("gap")]
    told = [Position.parse(item["pos"]).sequence for item in heard if item["T"] == "mark"]
    assert told == sorted(told)
