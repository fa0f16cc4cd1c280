"""A grant of a room that is taken back: nothing of the room is written, whatever waited."""

from collections.abc import Iterable

import pytest

from feed.market.room_words import MessageWord, RoomType
from feed.market.ticks import Channel
from feed.market.word_channels import WordChannel
from feed.wire.grant import Grant
from feed.wire.grants import Grants
from feed.wire.position import BEGINNING
from feed.wire.selection import Selection
from tests.fakes.hearing import is_live
from tests.fakes.stage import HIGH_WATER_BYTES, SMALL_FRAMES, Member, Stage
from tests.fakes.ways import WAYS, Way, way_name

ROOMS = ("desk", "floor")
MESSAGES = 20  # of each room, one after the other
ONLY_DESK = Grants.of([Grant.parse("trades=*"), Grant.parse("rooms=desk")])
BOTH = Selection.of(
    {Channel.TRADES: ["*"], **dict(Selection.of_words(WordChannel.ROOMS, ROOMS).symbols)}
)
every_way = pytest.mark.parametrize("way", WAYS[::4], ids=way_name)


def say(stage: Stage, numbers: Iterable[int]) -> None:
    """Say a message of each number in both rooms."""
    for number in numbers:
        stage.broadcast.waiting_words.say(
            [
                MessageWord(room, RoomType.MESSAGE, f"m{number}", 1, "ann", "own_1", text="hello")
                for room in ROOMS
            ]
        )
        stage.cut()


def rooms(member: Member) -> list[str]:
    """Return the rooms of the words that were written since this was last asked."""
    return [item["room"] for item in member.take_objects() if "room" in item]


@every_way
@pytest.mark.parametrize("frames", range(5))
def test_a_state_that_waits_is_made_anew_of_the_rooms_that_are_left(way: Way, frames: int) -> None:
    stage = Stage(sizes=SMALL_FRAMES)
    say(stage, range(MESSAGES))
    member = stage.open(BOTH, way)
    stage.begin(member, BOTH, snapshot=True)
    stage.catch_up(member, frames)
    member.take()
    stage.regrant(member, ONLY_DESK)
    stage.catch_up(member)
    assert rooms(member) == ["desk"] * MESSAGES
    assert is_live(member)
    say(stage, [MESSAGES])
    assert rooms(member) == ["desk"]


@every_way
@pytest.mark.parametrize(
    "ring", [8, 512]
)  # what was missed is read where it is kept, or in the ring
def test_of_what_was_missed_only_the_rooms_that_are_left_come(way: Way, ring: int) -> None:
    stage = Stage(ring, sizes=SMALL_FRAMES)
    member = stage.seat(BOTH, way)
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    say(stage, range(MESSAGES))
    had = rooms(member).count("desk")
    stage.regrant(member, ONLY_DESK)
    member.socket.held_bytes = 0
    stage.catch_up(member)
    assert rooms(member) == ["desk"] * (MESSAGES - had)
    assert is_live(member)


@every_way
def test_of_the_past_only_the_rooms_that_are_left_come(way: Way) -> None:
    stage = Stage(512, sizes=SMALL_FRAMES)
    say(stage, range(MESSAGES))
    member = stage.open(BOTH, way)
    stage.begin(member, BOTH, after=BEGINNING)
    stage.catch_up(member, 1)
    had = rooms(member).count("desk")
    stage.regrant(member, ONLY_DESK)
    stage.catch_up(member)
    assert rooms(member) == ["desk"] * (MESSAGES - had)
    assert is_live(member)
