"""States: what is encoded once for all who need it, and where the owing of conflation begins."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.broadcast.draft import Draft, Runs
from feed.broadcast.frame_sizes import MAX_MESSAGE_BYTES, FrameSizes
from feed.broadcast.ring import RingBuffer
from feed.broadcast.segments import SEGMENT_TICKS
from feed.broadcast.states import States
from feed.market.snapshot import Snapshot
from feed.market.ticks import Channel, Kind, Tick
from feed.wire.codec import CODECS, Codec
from feed.wire.json_codec import JSON
from feed.wire.messagepack_codec import MESSAGE_PACK
from feed.wire.selection import Selection
from tests.fakes.frame_reader import Object, decode
from tests.fakes.numbered_ticks import numbered
from tests.fakes.selections import EVERYTHING, of_channels

MS = 1_000_000
ALL_TRADES = of_channels(trades="*")
EACH_CODEC = pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS.keys())


class Room:
    """A ring, a snapshot and the states of both, as they are after a cut."""

    def __init__(self, capacity: int = 64, newest: int = 0) -> None:
        self.ring = RingBuffer(capacity, newest=newest)
        self.snapshot = Snapshot()
        self.states = States(self.ring, self.snapshot, FrameSizes())

    def cut(self, *ticks: Tick, now_ms: int = 0) -> None:
        self.ring.publish(ticks, now_ms * MS)
        self.snapshot.update(ticks)
        self.states.clear(self.ring.newest)

    def cut_numbered(self, count: int, *, symbols: str = "A", now_ms: int = 0) -> None:
        """Cut trades whose ids are their sequences."""
        first = self.ring.newest + 1
        self.cut(
            *(
                numbered(number, Kind.TRADE, symbols[number % len(symbols)])
                for number in range(first, first + count)
            ),
            now_ms=now_ms,
        )


def conflated(intervals_ms: dict[str, int], **symbols: Sequence[str]) -> Selection:
    return Selection.of(
        {Channel(name): some for name, some in symbols.items()},
        {Channel(name): interval_ms for name, interval_ms in intervals_ms.items()},
    )


def made(draft: Draft) -> Runs:
    """Return a state, after as many turns as it takes."""
    while draft.runs is None:
        draft.advance()
    return draft.runs


def objects(codec: Codec, *drafts: Draft) -> list[Object]:
    runs = [run for draft in drafts for run in made(draft)]
    return [item for run in runs for item in decode(codec, codec.join(run))]


def ranges(*drafts: Draft) -> dict[str, tuple[int, int, int]]:
    """Return first and last trade, and their number, by symbol."""
    return {item["S"]: (item["fi"], item["i"], item["n"]) for item in objects(JSON, *drafts)}


@EACH_CODEC
def test_a_snapshot_is_the_last_of_each_kind_and_symbol_that_is_selected(codec: Codec) -> None:
    room = Room()
    room.cut(numbered(1, Kind.TRADE, "A"), numbered(2, Kind.TRADE, "B"))
    room.cut(numbered(3, Kind.TRADE, "A"), numbered(4, Kind.QUOTE, "A"), numbered(5, symbol="C"))
    selection = of_channels(trades=["A", "B"], quotes=["A"], statuses=["A"])
    told = objects(codec, room.states.snapshot(selection, codec))
    assert {(item["T"], item["S"], item.get("i")) for item in told} == {
        ("t", "A", 3),
        ("t", "B", 2),
        ("q", "A", None),
    }


@EACH_CODEC
def test_a_conflated_state_stands_for_the_ticks_from_a_sequence_on(codec: Codec) -> None:
    room = Room()
    room.cut_numbered(20, symbols="AB")
    told = objects(codec, room.states.conflated(of_channels(trades=["A"]), codec, 7))
    assert [(item["S"], item["fi"], item["i"], item["n"]) for item in told] == [("A", 8, 20, 7)]


def test_what_is_not_cut_yet_is_in_no_state() -> None:
    room = Room()
    room.cut_numbered(3)
    room.ring.publish([numbered(4)], 0)
    assert ranges(room.states.conflated(ALL_TRADES, JSON, 1)) == {"A": (1, 3, 3)}
    assert ranges(*room.states.restated(conflated({"trades": 50}, trades="*"), JSON, 1)) == {
        "A": (1, 3, 3)
    }


def test_a_state_is_encoded_once_until_the_next_cut() -> None:
    room = Room()
    room.cut_numbered(3)

    def states() -> list[Draft]:
        return [
            room.states.snapshot(ALL_TRADES, JSON),
            room.states.conflated(ALL_TRADES, JSON, 1),
            room.states.conflated(ALL_TRADES, JSON, 2),
            room.states.conflated(ALL_TRADES, MESSAGE_PACK, 1),
            room.states.conflated(EVERYTHING, JSON, 1),
        ]

    before = states()
    assert all(now is then for now, then in zip(states(), before, strict=True))
    assert len({id(draft) for draft in before}) == len(before)
    room.cut_numbered(1)
    after = states()
    assert not any(now is then for now, then in zip(after, before, strict=True))
    assert ranges(after[1]) == {"A": (1, 4, 4)}


def test_equal_selections_share_a_state() -> None:
    room = Room()
    room.cut_numbered(3)
    one, other = (of_channels(trades=symbols) for symbols in (["A", "B"], ["B", "A"]))
    assert room.states.snapshot(one, JSON) is room.states.snapshot(other, JSON)


def test_a_large_state_comes_in_runs_that_a_frame_can_hold() -> None:
    room = Room(capacity=8_192)
    room.cut(*(numbered(number, symbol=f"S{number}") for number in range(1, 5_001)))
    for draft in (
        room.states.snapshot(ALL_TRADES, JSON),
        room.states.conflated(ALL_TRADES, JSON, 1),
    ):
        runs = made(draft)
        assert len(runs) > 1
        assert all(len(JSON.join(run)) <= MAX_MESSAGE_BYTES for run in runs)
        assert len(objects(JSON, draft)) == 5_000


def test_an_empty_ring_has_empty_states() -> None:
    room = Room()
    selection = conflated({"trades": 50}, trades="*")
    assert room.states.snapshot(selection, JSON).runs == []
    assert room.states.conflated(selection, JSON, 1).runs == []
    assert room.states.untold_from(selection, 0) == 1
    assert [draft.runs for draft in room.states.restated(selection, JSON, 1)] == [[]]


def test_only_conflated_channels_are_restated() -> None:
    room = Room()
    room.cut(numbered(1), numbered(2, Kind.QUOTE), numbered(3, Kind.STATUS))
    selection = conflated({"quotes": 250}, trades="*", quotes="*", statuses="*")
    told = objects(JSON, *room.states.restated(selection, JSON, 1))
    assert [item["T"] for item in told] == ["q"]


def test_channels_of_several_intervals_are_all_restated() -> None:
    room = Room()
    room.cut(numbered(1), numbered(2, Kind.QUOTE))
    selection = conflated({"trades": 50, "quotes": 250}, trades="*", quotes="*")
    told = objects(JSON, *room.states.restated(selection, JSON, 1))
    assert sorted(item["T"] for item in told) == ["q", "t"]


def test_who_comes_back_from_nearly_the_same_place_shares_a_restatement() -> None:
    room = Room(capacity=4_096)
    room.cut_numbered(4_000)
    selection = conflated({"trades": 50}, trades="*")
    some, other, later = (
        room.states.restated(selection, JSON, first)
        for first in (SEGMENT_TICKS + 1, 2 * SEGMENT_TICKS - 1, 2 * SEGMENT_TICKS)
    )
    assert all(one is two for one, two in zip(some, other, strict=True))
    assert ranges(*some) == {"A": (SEGMENT_TICKS, 4_000, 4_000 - SEGMENT_TICKS + 1)}
    assert ranges(*later) == {"A": (2 * SEGMENT_TICKS, 4_000, 4_000 - 2 * SEGMENT_TICKS + 1)}


def test_what_the_ring_lost_is_not_restated() -> None:
    room = Room(capacity=16)
    room.cut_numbered(16)
    room.cut_numbered(10)
    selection = conflated({"trades": 50}, trades="*")
    assert ranges(*room.states.restated(selection, JSON, 3)) == {"A": (11, 26, 16)}


def test_the_owing_begins_one_and_a_half_intervals_before_the_position() -> None:
    room = Room()
    for now_ms in range(0, 1_000, 100):  # sequences 1 to 10
        room.cut_numbered(1, now_ms=now_ms)
    for interval_ms, first in ((50, 7), (100, 6), (250, 4), (5_000, 1)):
        selection = conflated({"trades": interval_ms}, trades="*")
        assert room.states.untold_from(selection, 7) == first
    both = conflated({"trades": 50, "quotes": 250}, trades="*", quotes="*")
    assert room.states.untold_from(both, 7) == 4, "the longest interval counts"


def test_lossless_channels_are_owed_what_follows_the_position() -> None:
    room = Room()
    room.cut_numbered(10)
    assert room.states.untold_from(ALL_TRADES, 7) == 8


def test_of_a_position_that_the_ring_lost_the_owing_begins_after_it() -> None:
    room = Room(capacity=16)
    for _ in range(4):
        room.cut_numbered(8)
    assert room.states.untold_from(conflated({"trades": 50}, trades="*"), 3) == 4


@given(
    steps=st.lists(st.tuples(st.integers(1, 30), st.integers(0, 300)), min_size=1, max_size=12),
    interval_ms=st.sampled_from([50, 250, 1_000]),
    back=st.integers(0, 200),
)
def test_a_restatement_covers_the_interval_before_a_position_and_all_since(
    steps: list[tuple[int, int]], interval_ms: int, back: int
) -> None:
    room = Room(capacity=128)
    now_ms, ingested_ms = 0, {}
    for count, pause_ms in steps:
        now_ms += pause_ms
        for sequence in range(room.ring.newest + 1, room.ring.newest + count + 1):
            ingested_ms[sequence] = now_ms
        room.cut_numbered(count, symbols="ABC", now_ms=now_ms)
    newest, oldest = room.ring.newest, room.ring.oldest
    position = max(oldest, newest - back)
    selection = conflated({"trades": interval_ms}, trades="*")
    told = ranges(
        *room.states.restated(selection, JSON, room.states.untold_from(selection, position))
    )
    for sequence in range(oldest, newest + 1):
        if ingested_ms[sequence] >= ingested_ms[position] - interval_ms:
            first, last, _ = told["ABC"[sequence % 3]]
            assert first <= sequence <= last


def test_states_are_weighed_by_bytes_although_there_is_no_cut_any_more() -> None:
    room = Room()
    room.cut_numbered(60)
    room.states = States(room.ring, room.snapshot, FrameSizes(), max_remembered_bytes=1 << 20)
    for number in range(100):
        names = ["A", *(f"S{number}-{index}" for index in range(1_000))]
        selection = of_channels(trades=names)
        assert room.states.snapshot(selection, JSON)
        assert room.states.conflated(selection, JSON, 1)
        assert room.states.remembered_bytes <= 1 << 20
    assert room.states.snapshot(selection, JSON) is room.states.snapshot(selection, JSON)
