"""A position speaks for all channels: whoever is cut off and comes back with it has missed nothing.

Found by `tests.chaos`: readers that were cut off while they caught up, or changed what they select
then, came back with positions that spoke for more than they had been told.
"""

import pytest

from feed.broadcast.payload_key import PayloadKey
from feed.market.ticks import Channel, Kind
from feed.wire.position import Position
from feed.wire.selection import Selection
from tests.fakes.frame_reader import Object
from tests.fakes.numbered_ticks import nanoseconds
from tests.fakes.stage import EPOCH, HIGH_WATER_BYTES, SMALL_FRAMES, Member, Stage

MS = 1_000_000
BOTH = {Channel.TRADES: ("*",), Channel.QUOTES: ("*",)}
LOSSLESS = Selection.of(BOTH)
QUOTES_CONFLATED = Selection.of(BOTH, {Channel.QUOTES: 100})


def told(objects: list[Object], kind: str) -> list[int]:
    """Return the numbers of the ticks of a kind."""
    return [nanoseconds(item["t"]) for item in objects if item["T"] == kind]


def positions(objects: list[Object]) -> list[int]:
    return [Position.parse(item["pos"]).sequence for item in objects if item["T"] == "mark"]


def go_on(stage: Stage, ms: int) -> None:
    """Let time pass, and cut."""
    stage.now_ns += ms * MS
    stage.cut()


def fall_behind(stage: Stage, member: Member, *keys: Kind | str) -> None:
    """Fill a member's socket, and publish what it misses."""
    member.take()
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    stage.publish_and_cut(*keys)


def test_conflated_channels_are_restated_before_a_position_that_speaks_for_them() -> None:
    stage = Stage(sizes=SMALL_FRAMES)
    member = stage.join(QUOTES_CONFLATED, marks=True)
    fall_behind(stage, member, Kind.QUOTE, *[Kind.TRADE] * 20)
    go_on(stage, 1_000)
    stage.publish_and_cut(*[Kind.TRADE] * 10)
    member.socket.held_bytes = 0
    heard: list[Object] = []
    while not [position for position in positions(heard) if position > 1]:
        stage.catch_up(member, most_frames=1)
        heard += member.take_objects()
    assert told(heard, "q") == [1]


def test_a_slow_reader_is_told_conflated_channels_again_while_it_catches_up() -> None:
    stage = Stage(1 << 10, sizes=SMALL_FRAMES)
    member = stage.join(QUOTES_CONFLATED, marks=True)
    fall_behind(stage, member, *[Kind.TRADE] * 20)
    member.socket.held_bytes = 0
    heard: list[Object] = []
    for _ in range(40):  # one that never catches up
        stage.publish_and_cut(Kind.QUOTE, *[Kind.TRADE] * 10)
        go_on(stage, 200)
        stage.catch_up(member, most_frames=1)
        heard += member.take_objects()
    newest = 0
    for position, quoted in _by_position(heard):
        newest = max([newest, *quoted])
        # Each quote was due 100 ms later, and 11 ticks come in 200.
        assert position - newest <= 22


def _by_position(objects: list[Object]) -> list[tuple[int, list[int]]]:
    found: list[tuple[int, list[int]]] = []
    quoted: list[int] = []
    for item in objects:
        if item["T"] == "q":
            quoted.append(nanoseconds(item["t"]))
        elif item["T"] == "mark":
            found.append((Position.parse(item["pos"]).sequence, quoted))
            quoted = []
    return found


def test_what_a_state_tells_does_not_speak_for_a_past_that_is_still_due() -> None:
    stage = Stage()
    stage.publish_and_cut(Kind.STATUS, Kind.TRADE)
    member = stage.join(QUOTES_CONFLATED, marks=True)
    stage.publish_and_cut(Kind.QUOTE)
    member.take()
    added = Selection.of({Channel.STATUSES: ("*",)})
    stage.move(member, Selection.of({**BOTH, Channel.STATUSES: ("*",)}))
    stage.begin(member, added, after=Position(EPOCH, 0))
    stage.catch_up(member, most_frames=1)
    objects = member.take_objects()
    assert told(objects, "q") == [3]  # the interval has ended
    assert positions(objects) == [0]
    stage.catch_up(member)
    objects = member.take_objects()
    assert told(objects, "s") == [1]
    assert positions(objects)[-1] == 3


def test_a_gap_of_a_past_comes_before_any_position_after_it() -> None:
    stage = Stage(capacity=8)
    member = stage.join(QUOTES_CONFLATED, marks=True)
    stage.publish_and_cut(*[Kind.TRADE] * 6)
    stage.publish_and_cut(*[Kind.TRADE] * 5, Kind.QUOTE)
    member.take()
    stage.move(member, LOSSLESS)  # what the interval has collected is queued
    stage.begin(member, Selection.of({Channel.TRADES: ("*",)}), after=Position(EPOCH, 1))
    stage.catch_up(member, most_frames=1)
    (gap,) = member.take_objects()
    assert (gap["T"], gap["from"], gap["to"]) == ("gap", f"{EPOCH}-2", f"{EPOCH}-12")


def test_a_channel_conflated_amid_catching_up_is_told_what_was_missed_of_it() -> None:
    stage = Stage()
    member = stage.join(LOSSLESS, marks=True)
    fall_behind(stage, member, Kind.QUOTE, Kind.TRADE)
    stage.move(member, QUOTES_CONFLATED)  # and nobody has conflated anything yet
    member.socket.held_bytes = 0
    stage.catch_up(member)
    objects = member.take_objects()
    assert told(objects, "q") == [1]
    assert told(objects, "t") == [2]


def test_a_channel_no_longer_conflated_amid_catching_up_is_told_what_it_had_collected() -> None:
    stage = Stage()
    member = stage.join(QUOTES_CONFLATED, marks=True)
    stage.publish_and_cut(Kind.QUOTE)  # collected
    fall_behind(stage, member, Kind.TRADE)
    stage.move(member, LOSSLESS)
    member.socket.held_bytes = 0
    stage.catch_up(member)
    objects = member.take_objects()
    assert told(objects, "q") == [1]
    assert told(objects, "t") == [2]


def test_what_the_ring_has_lost_of_an_interval_is_told_to_a_reader_that_comes_back() -> None:
    stage = Stage(capacity=8)
    stage.publish_and_cut(Kind.QUOTE)  # by position 4 its interval has not ended
    stage.publish_and_cut(*[Kind.TRADE] * 3)
    stage.publish_and_cut(*[Kind.TRADE] * 8)
    member = stage.join(QUOTES_CONFLATED, marks=True, after=Position(EPOCH, 4))
    objects = member.take_objects()
    gaps = [(item["from"], item["to"]) for item in objects if item["T"] == "gap"]
    assert gaps == [(f"{EPOCH}-4", f"{EPOCH}-4")]
    assert told(objects, "t")[:8] == [*range(5, 13)]
    states = [item["state"] for item in objects if item["T"] == "snapshot"]
    assert states == ["begin", "end"]
    assert told(objects, "q")[-1] == 1  # of the snapshot
    assert not stage.counts.lagging


def test_what_is_overrun_altogether_is_told_as_one_gap() -> None:
    stage = Stage(capacity=8)
    member = stage.join(QUOTES_CONFLATED, marks=True)
    fall_behind(stage, member, Kind.QUOTE, Kind.TRADE)
    for _ in range(3):
        go_on(stage, 200)
        stage.publish_and_cut(*[Kind.TRADE] * 8)
    member.socket.held_bytes = 0
    stage.catch_up(member)
    objects = member.take_objects()
    reached = 0
    for item in objects:
        if item["T"] == "gap":
            reached = max(reached, Position.parse(item["to"]).sequence)
        elif item["T"] == "mark":
            assert Position.parse(item["pos"]).sequence >= reached


def test_a_batch_that_is_split_tells_conflated_channels_before_a_position_after_them() -> None:
    stage = Stage(1 << 10, sizes=SMALL_FRAMES)
    stage.publish_and_cut(Kind.TRADE)
    member = stage.join(Selection.of(BOTH, {Channel.QUOTES: 100}), marks=True)
    member.take()
    stage.now_ns += 1_000 * MS
    stage.publish(*[(Kind.QUOTE, f"Q{number}") for number in range(30)], *[Kind.TRADE] * 30)
    stage.now_ns += 1_000 * MS  # the interval has ended by the cut
    stage.cut()
    quoted: list[int] = []
    for piece in member.take():
        quoted += told(piece.objects, "q")
        for position in positions(piece.objects):
            assert position == 1 or len(quoted) == 30
    assert len(quoted) == 30


def test_a_channel_conflated_amid_its_past_is_told_the_rest_of_that_conflated() -> None:
    stage = Stage(sizes=SMALL_FRAMES)
    stage.publish_and_cut(*[Kind.TRADE, Kind.QUOTE] * 10)
    member = stage.join(Selection.of({Channel.STATUSES: ("*",)}), marks=True)
    everything = {**BOTH, Channel.STATUSES: ("*",)}
    stage.move(member, Selection.of(everything))
    stage.begin(member, LOSSLESS, after=Position(EPOCH, 0))
    stage.catch_up(member, most_frames=2)
    past = member.take_objects()
    assert 2 in told(past, "q")
    stage.move(member, Selection.of(everything, {Channel.QUOTES: 100}))
    stage.catch_up(member)
    objects = member.take_objects()
    assert told(objects, "q") == [20], "the newest, and none of the past after it"
    assert told(past + objects, "t") == [*range(1, 20, 2)]
    assert positions(objects)[-1] == 20


def test_an_interval_that_ends_does_not_speak_for_symbols_that_begin_before_it() -> None:
    stage = Stage()
    apple = Selection.of({Channel.QUOTES: ("AAPL",)}, {Channel.QUOTES: 100})
    member = stage.join(apple, marks=True)
    member.take()
    stage.publish_and_cut((Kind.QUOTE, "MSFT"))
    stage.publish_and_cut((Kind.QUOTE, "AAPL"))  # collected
    both = Selection.of({Channel.QUOTES: ("AAPL", "MSFT")}, {Channel.QUOTES: 50})
    stage.move(member, both)
    begun = Selection.of({Channel.QUOTES: ("MSFT",)}, {Channel.QUOTES: 50})
    stage.begin(member, begun, after=Position(EPOCH, 0))
    heard: list[Object] = []
    while not positions(heard):
        stage.catch_up(member, most_frames=1)
        heard += member.take_objects()
    assert {1, 2} <= set(told(heard, "q"))


def test_a_symbol_conflated_amid_catching_up_is_told_though_others_were_told_beyond() -> None:
    stage = Stage(sizes=SMALL_FRAMES)

    def trades_of(*symbols: str) -> Selection:
        return Selection.of(
            {Channel.QUOTES: ("*",), Channel.TRADES: symbols}, {Channel.TRADES: 100}
        )

    member = stage.join(trades_of("AAPL"), marks=True)
    quotes = [Kind.QUOTE] * 20
    fall_behind(stage, member, *quotes, "AAPL", "MSFT", *quotes)
    go_on(stage, 1_000)
    stage.publish_and_cut(*quotes)  # AAPL is told up to here
    member.socket.held_bytes = 0
    heard: list[Object] = []
    while not told(heard, "q"):
        stage.catch_up(member, most_frames=1)
        heard += member.take_objects()
    assert told(heard, "t") == [21]
    assert positions(heard)[-1] < 21
    stage.move(member, trades_of("AAPL", "MSFT"))
    stage.begin(member, Selection.of({Channel.TRADES: ("MSFT",)}, {Channel.TRADES: 100}))
    stage.catch_up(member)
    assert 22 in told(member.take_objects(), "t")


def test_a_mark_that_waits_does_not_speak_for_a_past_that_is_asked_for_meanwhile() -> None:
    stage = Stage()
    stage.publish_and_cut(Kind.TRADE, Kind.QUOTE)
    member = stage.join(Selection.of({Channel.STATUSES: ("*",)}), marks=True)
    member.take()
    member.socket.held_bytes = HIGH_WATER_BYTES + 1
    stage.subscribe(member, Selection.of({Channel.QUOTES: ("*",)}))
    stage.subscribe(member, Selection.of({Channel.TRADES: ("*",)}), after=Position(EPOCH, 0))
    member.socket.held_bytes = 0
    heard: list[Object] = []
    while not any(positions(heard)):
        stage.catch_up(member, most_frames=1)
        heard += member.take_objects()
    assert told(heard, "t") == [1]


def test_a_mark_that_waits_is_not_told_to_a_reader_that_wants_none_any_more() -> None:
    stage = Stage()
    member = stage.join(Selection(), marks=True)
    member.take()
    stage.subscribe(member, LOSSLESS)
    subscriber = member.subscriber
    key = PayloadKey(LOSSLESS, subscriber.lane.codec, marks=False)
    stage.audience.move(subscriber, key, stage.now_ns)
    stage.catch_up(member)
    assert positions(member.take_objects()) == []


def test_a_snapshot_that_waits_does_not_speak_for_a_past_that_is_asked_for_meanwhile() -> None:
    stage = Stage()
    stage.publish_and_cut(Kind.TRADE, Kind.QUOTE)
    member = stage.join(Selection.of({Channel.STATUSES: ("*",)}), marks=True)
    member.take()
    stage.subscribe(member, Selection.of({Channel.QUOTES: ("*",)}), snapshot=True)
    stage.catch_up(member, most_frames=1)
    stage.subscribe(member, Selection.of({Channel.TRADES: ("*",)}), after=Position(EPOCH, 0))
    heard: list[Object] = []
    while not told(heard, "t"):
        ended = [
            item["pos"] for item in heard if item["T"] == "snapshot" and item["state"] == "end"
        ]
        assert ended in ([], [f"{EPOCH}-0"])
        stage.catch_up(member, most_frames=1)
        heard += member.take_objects()
    assert told(heard, "q") == [2]
    assert positions(heard)[-1] == 2


def test_a_snapshot_that_waits_does_not_speak_for_an_interval_that_ends_meanwhile() -> None:
    stage = Stage()
    stage.publish_and_cut(Kind.TRADE)
    member = stage.join(QUOTES_CONFLATED, marks=True)
    stage.publish_and_cut(Kind.QUOTE)  # collected
    stage.move(member, QUOTES_CONFLATED)
    stage.begin(member, Selection.of({Channel.TRADES: ("*",)}), snapshot=True)
    stage.catch_up(member, most_frames=1)
    member.take()
    stage.move(member, LOSSLESS)
    heard: list[Object] = []
    while not [item for item in heard if item.get("state") == "end"]:
        stage.catch_up(member, most_frames=1)
        heard += member.take_objects()
    assert told(heard, "q") == []
    end = Position.parse(heard[-1]["pos"])
    back = stage.join(LOSSLESS, marks=True, after=end)
    assert told(back.take_objects(), "q") == [2], "it was cut off there, and comes back"
    stage.catch_up(member)
    heard = member.take_objects()
    assert told(heard, "q") == [2]
    assert positions(heard)[-1] == 2


@pytest.mark.parametrize("way", ["live", "by a mark", "catching up"])
def test_a_snapshot_tells_no_position_before_one_that_was_told(way: str) -> None:
    stage = Stage()
    stage.publish_and_cut(Kind.TRADE)
    member = stage.join(QUOTES_CONFLATED, marks=True)
    stage.publish_and_cut(Kind.QUOTE)  # collected
    if way == "catching up":
        fall_behind(stage, member, Kind.TRADE)
        member.socket.held_bytes = 0
        stage.catch_up(member)
    elif way == "live":
        stage.publish_and_cut(Kind.TRADE)
    else:
        stage.publish_and_cut(Kind.STATUS)  # of which the lane hears nothing
        stage.now_ns += 50 * MS
        stage.idle(keepalive_ns=MS, mark_interval_ns=MS)
    assert positions(member.take_objects())[-1] == 3
    stage.move(member, QUOTES_CONFLATED)
    stage.begin(member, Selection.of({Channel.TRADES: ("*",)}), snapshot=True)
    stage.catch_up(member, most_frames=1)
    stage.move(member, LOSSLESS)  # and owes what the interval has collected since 2
    stage.catch_up(member)
    objects = member.take_objects()
    (end,) = [item["pos"] for item in objects if item.get("state") == "end"]
    assert Position.parse(end).sequence == 3
    assert told(objects, "q") == [2]


def test_a_snapshot_does_not_speak_for_what_the_ring_has_lost_before_that_is_told() -> None:
    stage = Stage(capacity=8)
    both = {Channel.STATUSES: ("*",), Channel.QUOTES: ("*",)}
    statuses = Selection.of({Channel.STATUSES: ("*",)})
    member = stage.join(Selection.of(both, {Channel.QUOTES: 100}), marks=True)
    stage.publish_and_cut(Kind.QUOTE)  # collected
    stage.publish_and_cut(*[Kind.TRADE] * 8)  # and lost by the ring
    stage.move(member, Selection.of(both, {Channel.QUOTES: 100}))
    stage.begin(member, statuses, snapshot=True)
    stage.catch_up(member, most_frames=1)
    stage.move(member, Selection.of(both))  # and owes the quote
    stage.catch_up(member)
    heard = [item for item in member.take_objects() if item["T"] in {"mark", "snapshot", "gap"}]
    told_last = [(item["T"], item.get("from") or item["pos"]) for item in heard]
    assert told_last == [
        ("mark", f"{EPOCH}-0"),
        ("snapshot", f"{EPOCH}-9"),
        ("snapshot", f"{EPOCH}-0"),  # it may be cut off here
        ("gap", f"{EPOCH}-1"),
        ("snapshot", f"{EPOCH}-9"),
        ("snapshot", f"{EPOCH}-9"),
    ]


def test_a_past_of_conflated_channels_is_not_that_of_others_asked_for_later() -> None:
    stage = Stage()
    stage.publish_and_cut(*[Kind.TRADE, Kind.QUOTE] * 4)
    member = stage.join(Selection(), marks=True)
    quotes = Selection.of({Channel.QUOTES: ("*",)}, {Channel.QUOTES: 100})
    stage.move(member, quotes)
    stage.begin(member, quotes, after=Position(EPOCH, 2))
    stage.move(member, QUOTES_CONFLATED)
    stage.begin(member, Selection.of({Channel.TRADES: ("*",)}), after=Position(EPOCH, 6))
    stage.catch_up(member)
    objects = member.take_objects()
    assert told(objects, "t") == [7]
    assert told(objects, "q") == [8]


@pytest.mark.parametrize("after", [Position(EPOCH, 10), None])
def test_no_position_is_of_before_the_place_where_its_reader_begins(after: Position | None) -> None:
    """What its interval has collected may be of before, and the end of a snapshot comes first."""
    stage = Stage()
    stage.publish_and_cut(*[Kind.TRADE] * 10)
    member = stage.open(LOSSLESS, marks=True)
    stage.begin(member, LOSSLESS, after=after)
    stage.publish_and_cut(Kind.STATUS)
    stage.move(member, QUOTES_CONFLATED)
    stage.begin(member, QUOTES_CONFLATED, snapshot=True, had=LOSSLESS)
    heard: list[Object] = []
    while not any(item["T"] == "snapshot" for item in heard):
        stage.catch_up(member, most_frames=1)
        heard += member.take_objects()
    stage.publish_and_cut(Kind.QUOTE)
    stage.move(member, LOSSLESS)
    stage.catch_up(member)
    heard += member.take_objects()
    assert told(heard, "q")[-1] == 12
    ends = [item["pos"] for item in heard if item["T"] == "snapshot" and item["state"] == "end"]
    assert ends == [str(Position(EPOCH, 10))]
