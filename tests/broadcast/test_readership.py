"""Who reads which keys of words, as subscribers come, change and go."""

from feed.market.word_channels import WordChannel
from tests.broadcast.test_words import of_keys
from tests.fakes.said import KEYS
from tests.fakes.stage import Stage

ONE, OTHER = KEYS[:2]
OURS = WordChannel.GENERATIONS


def test_readers_are_counted_as_they_come_change_and_go() -> None:
    stage = Stage()
    readership = stage.broadcast.lanes.readership
    reader, beside, plain = (
        stage.join(of_keys(ONE)),
        stage.join(of_keys(ONE, OTHER, trades=["*"])),
        stage.join(of_keys(trades=["*"])),
    )
    assert readership.subscribers[OURS] == 2
    assert readership.is_read(OURS, ONE)
    assert readership.is_read(OURS, OTHER)
    stage.move(beside, of_keys(ONE, trades=["*"]))
    assert readership.subscribers[OURS] == 2
    assert not readership.is_read(OURS, OTHER)
    stage.move(beside, of_keys(trades=["*"]))
    assert readership.subscribers[OURS] == 1
    for member in (beside, plain):
        stage.leave(member)
    assert readership.subscribers[OURS] == 1
    assert readership.is_read(OURS, ONE)
    stage.leave(reader)
    assert readership.subscribers[OURS] == 0
    assert not readership.is_read(OURS, ONE)


def test_members_of_one_lane_are_all_counted_and_leave_nothing() -> None:
    stage = Stage()
    readership = stage.broadcast.lanes.readership
    members = [stage.join(of_keys(ONE, trades=["*"])) for _ in range(3)]
    assert readership.subscribers[OURS] == 3
    for member in members[1:]:
        stage.leave(member)
    assert readership.subscribers[OURS] == 1
    assert readership.is_read(OURS, ONE)
    stage.leave(members[0])
    assert readership.subscribers[OURS] == 0
    assert not readership.is_read(OURS, ONE)
    assert len(stage.broadcast.lanes) == 0
