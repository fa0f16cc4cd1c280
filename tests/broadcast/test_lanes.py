"""Which payloads and lanes there are, and what becomes of those that everybody has left."""

import pytest

from feed.broadcast.lane import Lane
from feed.broadcast.lanes import FEW_ENTRIES, Lanes
from feed.broadcast.payload_key import PayloadKey
from feed.market.ticks import Channel
from feed.wire.framing import StreamFraming, WebSocketFraming
from feed.wire.json_codec import JSON
from feed.wire.websocket_frame import Opcode
from tests.fakes.numbered_ticks import numbered
from tests.fakes.selections import of_channels
from tests.fakes.ways import WAYS

_, FRAMING = WAYS[0]
MANY = FEW_ENTRIES + 1


def enter(lanes: Lanes, number: int, symbols: int = MANY) -> Lane:
    """Enter a lane whose selection shares all of its symbols but one with every other."""
    names = ["AAPL", *(f"S{index}" for index in range(symbols - 2)), f"OWN{number}"]
    key = PayloadKey(of_channels(trades=names), JSON, marks=False)
    return lanes.enter(key, FRAMING, 0)


def given(lanes: Lanes, lane: Lane) -> list[bytes]:
    """Distribute a tick, and return what a lane's payload is given of it."""
    ticks = [numbered(1, symbol="AAPL")]
    for codec, index in lanes.indexes(0):
        index.distribute(ticks, codec.encode(ticks))
    waiting = list(lane.payload.waiting)
    lane.payload.waiting.clear()
    return waiting


def test_those_that_leave_together_are_forgotten_a_few_at_a_time() -> None:
    lanes = Lanes()
    entered = [enter(lanes, number) for number in range(10)]
    for lane in entered:
        lanes.leave(lane)
    assert (len(lanes), lanes.index_entries) == (0, 0), "whoever comes now has all the room"
    rounds = 1
    while lanes.forget(2 * MANY):
        rounds += 1
    assert rounds == 5
    assert not list(lanes.indexes(0))
    assert not lanes.forget(0)


@pytest.mark.parametrize("symbols", [FEW_ENTRIES, MANY])
def test_whoever_comes_back_before_it_is_forgotten_is_given_every_tick_once(symbols: int) -> None:
    lanes = Lanes()
    lanes.leave(enter(lanes, 1, symbols))
    other = enter(lanes, 2, symbols)
    assert len(given(lanes, other)) == 1  # which the one that was left collected too
    lane = enter(lanes, 1, symbols)
    assert lanes.index_entries == 2 * symbols
    assert len(given(lanes, lane)) == 1
    assert not lanes.forget(1 << 30)
    assert len(given(lanes, lane)) == 1
    lanes.leave(lane)
    lanes.leave(other)
    lanes.forget(1 << 30)
    assert (lanes.index_entries, list(lanes.indexes(0))) == (0, [])


def test_a_small_one_is_forgotten_at_once() -> None:
    lanes = Lanes()
    lanes.leave(enter(lanes, 1, FEW_ENTRIES))
    assert not lanes.forget(0)
    assert not list(lanes.indexes(0))


def enter_alike(lanes: Lanes) -> list[Lane]:
    """Enter two selections that have a channel in common, each in two framings."""
    names = [f"S{number}" for number in range(100)]
    framings = StreamFraming(JSON.delimiter, chunked=True), WebSocketFraming(Opcode.TEXT)
    return [
        lanes.enter(
            PayloadKey(of_channels(trades=names, quotes=[own]), JSON, False),
            framing,
            0,
        )
        for own in ("A", "B")
        for framing in framings
    ]


def test_selections_that_have_symbols_of_a_channel_in_common_share_them() -> None:
    lanes = Lanes()
    selections = [lane.payload.key.selection for lane in enter_alike(lanes)]
    assert len({id(dict(each.symbols)[Channel.TRADES]) for each in selections}) == 1
    assert len({id(each) for each in selections}) == 2, "lanes of one payload have one selection"
    kept = {id(key[0].selection) for key in lanes._lanes}
    assert kept == {id(each) for each in selections}


def test_symbols_that_nobody_has_any_more_are_not_kept() -> None:
    lanes = Lanes()
    for lane in enter_alike(lanes):
        lanes.leave(lane)
    del lane
    lanes.forget(1 << 30)
    assert not dict(lanes._symbols)
