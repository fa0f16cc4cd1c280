"""Projections of a stage: what is shared, what is kept, and what is let go of with the last."""

import pytest

from feed.market.ticks import Channel, Kind
from feed.wire.codec import Codec
from feed.wire.projection import projected
from feed.wire.selection import Selection
from tests.fakes.frame_reader import Object
from tests.fakes.hearing import at
from tests.fakes.selections import EVERYTHING, of_channels
from tests.fakes.stage import Member, Stage
from tests.fakes.ways import WAYS, Way, way_name

KEYS = {"T", "S", "p", "t"}


def only(way: Way, *letters: str) -> Way:
    """Return a way whose ticks have some keys."""
    codec, framing = way
    return projected(codec, frozenset(letters), Channel), framing


def ticks(member: Member) -> list[Object]:
    return [item for item in member.take_objects() if item["T"] in set(Kind)]


def fragment_rings(stage: Stage) -> list[Codec]:
    return list(stage.broadcast.fragments._fragments)


@pytest.mark.parametrize("way", [way for way in WAYS if way[0].name != "protobuf"], ids=way_name)
def test_live_missed_and_last_known_ticks_have_the_same_keys(way: Way) -> None:
    stage = Stage()
    stage.publish_and_cut("AAPL", (Kind.QUOTE, "AAPL"))
    projection = only(way, "p", "t")
    member = stage.join(EVERYTHING, projection, marks=True, after=at(0), snapshot=True)
    stage.publish_and_cut("AAPL")
    trade, quote, *state, live = ticks(member)
    assert trade.keys() == live.keys() == KEYS
    assert quote.keys() == {"T", "S", "t"}  # it has no price of one side only
    assert [item.keys() for item in state] == [trade.keys(), quote.keys()]


def test_conflated_ticks_have_them_too() -> None:
    stage = Stage()
    selection = Selection.of({Channel.TRADES: ["*"]}, {Channel.TRADES: 250})
    member = stage.seat(selection, only(WAYS[0], "p", "h"))
    stage.publish_and_cut("AAPL", "AAPL")
    stage.now_ns += 1_000_000_000
    stage.cut()
    [trade] = ticks(member)
    assert trade.keys() == {"T", "S", "p", "h"}


def test_equal_projections_share_a_lane_and_others_do_not() -> None:
    stage = Stage()
    lanes = {
        stage.seat(EVERYTHING, only(WAYS[0], *letters)).subscriber.lane
        for letters in ("pst", "tsp", "ppst", "ps")
    }
    lanes.add(stage.seat(EVERYTHING).subscriber.lane)
    assert len(lanes) == 3
    assert len(stage.broadcast.lanes.projections) == 2


def test_what_a_projection_keeps_goes_with_its_last_payload() -> None:
    stage = Stage()
    first = stage.seat(of_channels(trades=["AAPL"]), only(WAYS[0], "p"))
    second = stage.join(of_channels(trades="*"), only(WAYS[0], "p"))
    whole = stage.seat()
    stage.publish_and_cut("AAPL", "MSFT")
    stage.join(of_channels(trades=["AAPL"]), only(WAYS[0], "p"), after=at(0))
    before = stage.broadcast.remembered_bytes
    assert len(fragment_rings(stage)) == 2
    stage.leave(first)
    assert len(stage.broadcast.lanes.projections) == 1
    for member in [*stage.members]:
        if member is not whole:
            stage.leave(member)
    assert len(stage.broadcast.lanes.projections) == 0
    assert fragment_rings(stage) == [whole.subscriber.lane.codec]
    assert stage.broadcast.remembered_bytes < before
    assert [codec for codec, _ in stage.broadcast.lanes.indexes(0)] == fragment_rings(stage)
    again = stage.join(of_channels(trades="*"), only(WAYS[0], "p"), after=at(0))
    assert [item["S"] for item in ticks(again)] == ["AAPL", "MSFT"]
    assert second.subscriber not in stage.audience.behind


def test_a_finite_answer_keeps_no_ring() -> None:
    stage = Stage()
    stage.publish_and_cut("AAPL")
    codec = only(WAYS[0], "p")[0]
    stage.broadcast.fragments.read(EVERYTHING, codec, 0, 1, max_bytes=1_000, remember=False)
    assert codec not in fragment_rings(stage)
