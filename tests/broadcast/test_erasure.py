"""What was deleted is in nothing any more that somebody may be given."""

from array import array
from typing import Any

import pytest

from feed.broadcast.keyed_states import KeyedStates
from feed.broadcast.upstream import Upstream
from feed.market.room_words import MessageWord, RoomType
from feed.market.ticks import Channel
from feed.market.word_channels import WordChannel
from feed.wire.messages import GapReason
from feed.wire.selection import Selection
from tests.fakes.held_texts import holding
from tests.fakes.stage import Stage
from tests.fakes.ways import WAYS, Way

SECRET = "half past nine"
TICKS_AND_ROOM = Selection.of(
    {**dict(Selection.of_words(WordChannel.ROOMS, ["desk"]).symbols), Channel.TRADES: ["*"]}
)


def message(kind: RoomType, text: str = "", id_: str = "m1") -> MessageWord:
    return MessageWord("desk", kind, id_, 1, "ann", "own_1", text=text)


def say(stage: Stage, *words: MessageWord) -> None:
    stage.broadcast.waiting_words.say(words)
    stage.cut()


def told(stage: Stage, way: Way, after: int) -> list[Any]:
    """Return what somebody is told who comes back with a position."""
    member = stage.open(TICKS_AND_ROOM, way)
    stage.begin(member, TICKS_AND_ROOM, after=stage.ring.position(after))
    stage.catch_up(member)
    objects = [item for piece in member.take() for item in piece.objects]
    stage.leave(member)
    return objects


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("is_restored", [False, True])
def test_who_comes_back_from_before_is_told_that_it_is_gone(way: Way, *, is_restored: bool) -> None:
    stage = Stage(64)
    stage.publish("AAPL")
    say(stage, message(RoomType.MESSAGE, SECRET))
    say(stage, message(RoomType.EDITED, f"{SECRET} sharp"), message(RoomType.MESSAGE, "x", "m2"))
    say(stage, message(RoomType.EDITED, f"{SECRET}, or ten"))
    assert SECRET in str(told(stage, way, 0)), "it is remembered by now"
    if is_restored:  # another process does not know each sequence
        keyed = stage.broadcast.keyed
        logs = list(keyed.logs())
        KeyedStates.__init__(keyed)
        for log in logs:
            keyed.restore(log, 0)
    say(stage, message(RoomType.DELETED))
    objects = told(stage, way, 0)
    assert SECRET not in str(objects)
    deleted = [item for item in objects if item["T"] == "deleted"]
    assert {item["id"] for item in deleted} == {"m1"}
    assert len(deleted) == 4, "under the sequence of each word"
    assert [item["text"] for item in objects if item["T"] == "message"] == ["x"]
    assert stage.broadcast.erased == 3


@pytest.mark.parametrize("way", WAYS)
def test_who_is_behind_gets_nothing_of_it(way: Way) -> None:
    stage = Stage(64)
    member = stage.join(TICKS_AND_ROOM, way)
    member.socket.held_bytes = 1 << 20
    stage.broadcast.waiting_words.say([message(RoomType.MESSAGE, SECRET)], stamps=array("q", [0]))
    stage.cut()
    stage.broadcast.waiting_words.say([message(RoomType.DELETED)], stamps=array("q", [0]))
    stage.cut()
    member.socket.written.clear()
    member.socket.held_bytes = 0
    stage.catch_up(member)
    objects = [item for piece in member.take() for item in piece.objects]
    assert [item["T"] for item in objects if item["T"] != "mark"] == ["deleted", "deleted"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("is_back", [False, True])
def test_a_state_that_waits_is_made_anew(way: Way, *, is_back: bool) -> None:
    stage = Stage(64)
    for number in range(60):
        say(stage, message(RoomType.MESSAGE, "y" * 900, f"n{number}"))
    say(stage, message(RoomType.MESSAGE, SECRET))
    member = stage.open(TICKS_AND_ROOM, way)
    if is_back:  # from before what the ring holds
        stage.publish_and_cut(*["AAPL"] * 64)
        stage.begin(member, TICKS_AND_ROOM, after=stage.ring.position(0))
    else:
        stage.begin(member, TICKS_AND_ROOM, snapshot=True)
    stage.catch_up(member, 2)
    assert holding(member.subscriber, SECRET), "it waits"
    before = member.take_objects()
    assert SECRET not in str(before)
    member.socket.held_bytes = 1 << 20
    say(stage, message(RoomType.DELETED))
    assert not holding(stage.audience, SECRET)
    member.socket.held_bytes = 0
    stage.catch_up(member)
    after = member.take_objects()
    assert SECRET not in str(after)
    told = [item["id"] for item in before + after if item["T"] == "message"]
    assert {*told} == {f"n{number}" for number in range(60)}
    assert [item["id"] for item in after if item["T"] == "deleted"][-1:] == ["m1"]
    assert member.subscriber.live


def test_what_waits_for_the_same_cut_is_never_told() -> None:
    stage = Stage(64)
    member = stage.join(TICKS_AND_ROOM, WAYS[0])
    say(stage, message(RoomType.MESSAGE, SECRET), message(RoomType.DELETED))
    told_live = [item for piece in member.take() for item in piece.objects]
    assert SECRET not in str(told_live)
    assert [item["T"] for item in told_live if item["T"] != "mark"] == ["deleted", "deleted"]


def test_a_message_that_the_ring_has_forgotten_harms_nobody() -> None:
    stage = Stage(8)
    say(stage, message(RoomType.MESSAGE, SECRET))
    for _ in range(4):
        stage.publish("AAPL", "AAPL", "AAPL", "AAPL")
        stage.cut()
    say(stage, message(RoomType.DELETED))
    assert stage.broadcast.erased == 0
    events = [stage.ring.at(sequence) for sequence in range(1, stage.ring.newest + 1)]
    assert SECRET not in str(events)


def test_nothing_in_memory_has_the_text() -> None:
    stage = Stage(64)
    for way in WAYS:
        stage.open(TICKS_AND_ROOM, way)
    say(stage, message(RoomType.MESSAGE, SECRET), message(RoomType.MESSAGE, "x", "m2"))
    for way in WAYS:
        assert SECRET in str(told(stage, way, 0))
    assert holding(stage.broadcast, SECRET)
    say(stage, message(RoomType.DELETED))
    assert not holding(stage.broadcast, SECRET)


def test_an_edit_of_what_was_dropped_hides_nothing_of_it() -> None:
    stage = Stage(64)
    stage.broadcast.keyed.max_parts = 1
    say(stage, message(RoomType.MESSAGE, SECRET))
    say(stage, message(RoomType.MESSAGE, "x", "m2"))
    assert stage.broadcast.keyed.part(WordChannel.ROOMS, "desk", "message m1") is None
    say(stage, message(RoomType.EDITED, f"{SECRET} sharp"))
    say(stage, message(RoomType.DELETED))
    assert stage.broadcast.erased == 2
    assert not holding(stage.broadcast, SECRET)


def test_a_ring_with_messages_lets_go_of_all_before_a_hole() -> None:
    stage = Stage(64)
    stage.publish("AAPL")
    say(stage, message(RoomType.MESSAGE, SECRET))
    assert SECRET in str(told(stage, WAYS[0], 0))
    Upstream(stage.audience).skip(9, GapReason.LOST, stage.now_ns, ())
    stage.publish("MSFT")
    stage.cut()
    assert not holding(stage.broadcast, SECRET)
    [gap, *rest] = told(stage, WAYS[0], 0)
    assert (gap["T"], gap["from"]) == ("gap", "stage-1")
    assert {item["S"] for item in rest if item["T"] == "t"} == {"AAPL", "MSFT"}, "the newest state"
    assert stage.ring.oldest == 3, "where the hole begins"


def test_a_ring_of_ticks_alone_keeps_what_was_before_a_hole() -> None:
    stage = Stage(64)
    stage.publish("AAPL")
    say(stage, message(RoomType.MESSAGE, SECRET))
    say(stage, message(RoomType.DELETED))
    Upstream(stage.audience).skip(9, GapReason.LOST, stage.now_ns, ())
    assert stage.ring.oldest == 1
    assert stage.broadcast.keyed.parts(WordChannel.ROOMS, "desk") == ()
