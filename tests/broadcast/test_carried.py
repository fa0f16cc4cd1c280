"""Fragments that come along with events are told, and nothing is encoded once more."""

from feed.broadcast.batch import Batch
from feed.broadcast.fragments import Fragments
from feed.broadcast.lanes import Lanes
from feed.broadcast.ring import RingBuffer
from feed.market.asset_classes import BY_FORM
from feed.wire.json_codec import JSON
from feed.wire.messagepack_codec import MESSAGE_PACK
from tests.fakes.servers import trade
from tests.fakes.stage import Stage

CARRIED = {"json": [b"as it came"]}


def make() -> Batch:
    fragments = Fragments(RingBuffer(16))
    return Batch(Lanes(BY_FORM, fragments.drop), fragments)


def test_what_came_along_is_not_encoded_again() -> None:
    batch, events = make(), [trade(1)]
    batch.carry(CARRIED)
    assert batch.encode(JSON, [*events], 1, opaque=False) == [b"as it came"]
    assert batch.encode(MESSAGE_PACK, [*events], 1, opaque=False) == MESSAGE_PACK.encode([*events])


def test_what_came_without_is_encoded_and_all_that_waits_with_it() -> None:
    batch, events = make(), [trade(1), trade(2)]
    batch.carry(CARRIED)
    assert batch.encode(JSON, [*events], 1, opaque=False) == JSON.encode([*events])


def test_a_cut_forgets_what_came_along() -> None:
    stage = Stage()
    member = stage.join()
    stage.broadcast.publish([trade(1)], 0, carried=CARRIED)
    stage.cut()
    assert b"as it came" in member.socket.written[-1]
    stage.broadcast.publish([trade(2)], 0)
    stage.cut()
    assert JSON.encode([trade(2)])[0] in member.socket.written[-1]
