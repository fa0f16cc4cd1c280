"""A grant that shrinks: nothing of what was revoked is written, whatever waited for its reader."""

import pytest

from feed.market.ticks import Channel, Kind
from feed.wire.grant import Grant
from feed.wire.grants import Grants
from feed.wire.messages import WarningReason, warning_message
from feed.wire.request_fields import OnLag
from feed.wire.selection import Selection
from tests.fakes.conflation import conflated, pass_time, publish, trade
from tests.fakes.frame_reader import Object
from tests.fakes.hearing import at, hears, is_live
from tests.fakes.selections import of_channels
from tests.fakes.stage import HIGH_WATER_BYTES, SMALL_FRAMES, Member, Stage
from tests.fakes.ways import WAYS, Way, way_name

SYMBOLS = [f"{letter}{number}" for letter in "AB" for number in range(20)]
ONLY_A = Grants.of([Grant.parse("*=A*")])
ONLY_TRADES = Grants.of([Grant.parse("trades=*")])
EVERY_TRADE = of_channels(trades="*")
every_way = pytest.mark.parametrize("way", WAYS[::4], ids=way_name)


def symbols(member: Member) -> list[str]:
    """Return the symbols of the ticks that were written since this was last asked."""
    return [item["S"] for item in member.take_objects() if "S" in item]


def gaps(member: Member) -> list[Object]:
    """Return the gaps that were told since this was last asked."""
    return [item for item in member.take_objects() if item["T"] == "gap"]


def stage_of(*, ring: int = 512) -> Stage:
    """Return a stage of short messages, on which all symbols had a trade."""
    stage = Stage(ring, sizes=SMALL_FRAMES)
    stage.publish_and_cut(*SYMBOLS)
    return stage


@every_way
@pytest.mark.parametrize("frames", range(5))
def test_a_snapshot_that_waits_is_made_anew_of_what_is_left(way: Way, frames: int) -> None:
    stage = stage_of()
    member = stage.open(EVERY_TRADE, way)
    stage.begin(member, EVERY_TRADE, snapshot=True)
    stage.catch_up(member, frames)
    before = hears(member)
    assert len(before) < len(SYMBOLS)
    stage.regrant(member, ONLY_A)
    stage.catch_up(member)
    objects = member.take_objects()
    told = [item["S"] if "S" in item else item["state"] for item in objects if item["T"] != "mark"]
    has_begun = "begin stage-40" in before
    assert told == [*(["end"] if has_begun else []), "begin", *sorted(SYMBOLS[:20]), "end"]
    assert is_live(member)


@every_way
def test_a_backlog_and_the_ticks_behind_it_are_of_what_is_left(way: Way) -> None:
    stage = stage_of()
    member = stage.open(of_channels(trades=["A1", "B1"]), way)
    stage.begin(member, of_channels(trades=["A1", "B1"]))
    stage.catch_up(member, 0)
    stage.publish_and_cut("A1", "B1", "A2", "B2")
    stage.subscribe(member, of_channels(trades=["A2", "B2", "A3", "B3"]), after=at(0))
    stage.regrant(member, ONLY_A)
    stage.catch_up(member)
    assert symbols(member) == ["A2", "A3", "A1", "A2"]


@every_way
@pytest.mark.parametrize("frames", range(4))
def test_conflated_channels_that_are_told_again_are_told_what_is_left(
    way: Way, frames: int
) -> None:
    stage = stage_of()
    every = conflated({"trades": 50}, trades="*")
    member = stage.join(every, way)
    hears(member)
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    stage.publish_and_cut(*SYMBOLS)
    stage.now_ns += 100_000_000
    stage.cut()
    member.socket.held_bytes = 0
    stage.catch_up(member, frames)
    member.take()
    stage.regrant(member, ONLY_A)
    stage.publish_and_cut(*SYMBOLS)
    stage.catch_up(member)
    stage.now_ns += 100_000_000
    stage.cut()
    stage.catch_up(member)
    heard = symbols(member)
    assert set(heard) == set(SYMBOLS[:20])
    assert is_live(member)


@every_way
@pytest.mark.parametrize(("frames", "overrun"), [(0, False), (1, False), (3, False), (2, True)])
def test_a_lag_that_is_told_conflated_is_told_of_what_is_left(
    way: Way, frames: int, overrun: bool
) -> None:
    stage = Stage(256, sizes=SMALL_FRAMES, lag_max_ticks=20)
    member = stage.join(EVERY_TRADE, way, on_lag=OnLag.CONFLATE)
    member.take()
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    stage.publish_and_cut(*SYMBOLS)
    member.socket.held_bytes = 0
    stage.catch_up(member, frames)
    before = symbols(member)
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    stage.regrant(member, ONLY_A)
    for _ in range(8 if overrun else 0):
        stage.publish_and_cut(*SYMBOLS)
    member.socket.held_bytes = 0
    stage.catch_up(member)
    heard = symbols(member)
    assert set(heard) <= set(SYMBOLS[:20])
    if len(before) < len(SYMBOLS):
        assert set(heard) == set(SYMBOLS[:20])
    stage.publish_and_cut("A1", "B1")
    assert symbols(member) == ["A1"]


@every_way
@pytest.mark.parametrize("rounds", [1, 2])
def test_what_the_ring_has_lost_of_a_state_since_is_told(way: Way, rounds: int) -> None:
    stage = Stage(64, sizes=SMALL_FRAMES, lag_max_ticks=20)
    member = stage.join(EVERY_TRADE, way, on_lag=OnLag.CONFLATE)
    member.take()
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    stage.publish_and_cut(*SYMBOLS)
    member.socket.held_bytes = 0
    stage.catch_up(member, 1)  # the gap; the state waits
    told = [(item["from"], item["to"], item["reason"]) for item in gaps(member)]
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    for _ in range(rounds):
        stage.publish_and_cut(*SYMBOLS)
    lost = min(stage.ring.oldest - 1, len(SYMBOLS))
    stage.regrant(member, ONLY_A)
    member.socket.held_bytes = 0
    stage.catch_up(member)
    objects = member.take_objects()
    told += [(item["from"], item["to"], item["reason"]) for item in objects if item["T"] == "gap"]
    assert told[:2] == [
        ("stage-1", "stage-40", "conflated"),
        ("stage-1", f"stage-{lost}", "overrun"),
    ]
    assert lost == (16 if rounds == 1 else 40)
    assert {item["S"] for item in objects if "S" in item} == set(SYMBOLS[:20])
    assert [item["state"] for item in objects if item["T"] == "snapshot"] == ["begin", "end"]
    assert is_live(member)


@every_way
def test_an_interval_that_ends_with_a_grant_tells_nothing_of_what_was_revoked(way: Way) -> None:
    stage = Stage()
    member = stage.join(conflated({"trades": 250}, trades=["A", "B"]), way)
    member.take()
    pass_time(stage, 310)
    publish(stage, trade(1, "A"), trade(2, "B"))
    key_selection = of_channels(trades=["A"])
    lane = member.subscriber.lane
    stage.audience.move(
        member.subscriber,
        type(lane.payload.key)(key_selection, lane.codec, lane.payload.key.marks),
        stage.now_ns,
        lane.compression,
        grants=ONLY_A,
    )
    stage.catch_up(member)
    assert symbols(member) == ["A"]


def test_what_was_given_up_before_it_was_revoked_does_not_come_either() -> None:
    stage = stage_of()
    member = stage.open(EVERY_TRADE)
    stage.begin(member, EVERY_TRADE, snapshot=True)
    stage.catch_up(member, 2)
    member.take()
    stage.unsubscribe(member, EVERY_TRADE)
    stage.move(member, of_channels(trades=["A1"]))
    stage.regrant(member, ONLY_A)
    stage.catch_up(member)
    assert symbols(member) == ["A1"]


@every_way
def test_no_state_of_a_paced_reader_is_newer_than_its_interval(way: Way) -> None:
    stage = Stage()
    every = conflated({"trades": 250}, trades="*")
    member = stage.open(every, way)
    member.subscriber.due.pace(paced=True)
    stage.begin(member, every, snapshot=True)
    stage.catch_up(member)
    member.take()
    publish(stage, trade(1, "A"))
    pass_time(stage, 250)
    assert symbols(member) == ["A"]
    publish(stage, trade(2, "A"), trade(3, "B"))
    for after in (None, at(0), at(1), at(3)):
        stage.move(member, every)
        stage.begin(member, every, after=after, snapshot=True)
        stage.catch_up(member)
        assert set(symbols(member)) == {"A"}
        assert all(tick.symbol == "A" for tick in stage.broadcast.pace(250).snapshot.get("A"))
    pass_time(stage, 500)
    assert sorted(symbols(member)) == ["A", "B"]


def test_a_channel_that_is_revoked_is_not_told_any_more() -> None:
    stage = Stage()
    every = Selection.of({Channel.TRADES: ["A"], Channel.QUOTES: ["A"]})
    member = stage.join(every)
    member.take()
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    stage.publish_and_cut((Kind.TRADE, "A"), (Kind.QUOTE, "A"))
    stage.regrant(member, ONLY_TRADES)
    member.socket.held_bytes = 0
    stage.catch_up(member)
    assert [item["T"] for item in member.take_objects()] == ["t"]


def test_words_on_what_was_revoked_are_not_said() -> None:
    stage = Stage()
    member = stage.open(EVERY_TRADE)
    stage.begin(member, EVERY_TRADE)
    for names in (["Bx"], ["Ax"]):
        words = warning_message(WarningReason.UNLISTED, names, 1, {})
        member.subscriber.due.append_message(words)
    stage.regrant(member, ONLY_A)
    stage.catch_up(member)
    heard = [item["names"] for item in member.take_objects() if item["T"] == "warning"]
    assert heard == [["Ax"]]


def test_whoever_asks_for_less_by_itself_is_told_what_waits() -> None:
    stage = stage_of()
    member = stage.open(EVERY_TRADE)
    stage.begin(member, EVERY_TRADE, snapshot=True)
    stage.catch_up(member, 2)
    heard = symbols(member)
    stage.move(member, of_channels(trades=["A1"]))
    stage.catch_up(member)
    assert sorted([*heard, *symbols(member)]) == sorted(SYMBOLS)
