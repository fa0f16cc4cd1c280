"""Fragments that come along with events are told, and nothing is encoded once more."""

from feed.broadcast.cut import Broadcast
from feed.broadcast.ring import RingBuffer
from feed.wire.json_codec import JSON
from feed.wire.messagepack_codec import MESSAGE_PACK
from tests.fakes.servers import trade

CARRIED = {"json": [b"as it came"]}


def test_what_came_along_is_not_encoded_again() -> None:
    broadcast, events = Broadcast(RingBuffer(16)), [trade(1)]
    broadcast.publish([*events], 0, carried=CARRIED)
    assert broadcast._encode(JSON, [*events], 1, opaque=False) == [b"as it came"]
    assert broadcast._encode(MESSAGE_PACK, [*events], 1, opaque=False) == MESSAGE_PACK.encode(
        events
    )


def test_what_came_without_is_encoded_and_all_that_waits_with_it() -> None:
    broadcast, events = Broadcast(RingBuffer(16)), [trade(1), trade(2)]
    broadcast.publish([events[0]], 0, carried=CARRIED)
    broadcast.publish([events[1]], 0)
    assert broadcast._encode(JSON, [*events], 1, opaque=False) == JSON.encode(events)


def test_a_cut_forgets_what_came_along() -> None:
    broadcast = Broadcast(RingBuffer(16))
    broadcast.publish([trade(1)], 0, carried=CARRIED)
    broadcast.cut(0, 0)
    broadcast.publish([trade(2)], 0)
    assert broadcast._encode(JSON, [trade(2)], 2, opaque=False) == JSON.encode([trade(2)])
