import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from feed.broadcast.keyed_states import KeyedStates
from feed.broadcast.standing import Standing
from feed.market.generation_words import GenerationWord
from feed.market.ticks import Channel
from feed.market.word_channels import WordChannel
from feed.wire.compression import Compression
from feed.wire.disconnect import Reason
from feed.wire.generations.framing import ForeignFraming
from feed.wire.generations.plain import PlainCodec
from feed.wire.position import Position
from feed.wire.request_fields import OnLag
from feed.wire.selection import Selection
from tests.fakes.said import KEYS, over, words_of
from tests.fakes.stage import EPOCH, HIGH_WATER_BYTES, Member, Stage
from tests.fakes.ways import WAYS, Way, way_name


def of_keys(*keys: str, trades: Sequence[str] = ()) -> Selection:
    words = dict(Selection.of_words(WordChannel.GENERATIONS, keys).symbols)
    return Selection.of({**words, Channel.TRADES: trades})


def say(stage: Stage, words: Sequence[GenerationWord]) -> None:
    stage.broadcast.waiting_words.say(words)
    stage.cut()


def told(member: Member) -> list[Any]:
    """Return what a member was told but marks, events short: a trade's sequence, a word's text."""
    return [
        item["text"] if "text" in item else int(item["i"]) if item["T"] == "t" else item
        for item in member.take_objects()
        if item["T"] != "mark"
    ]


def stall(member: Member, *, stalls: bool = True) -> None:
    member.socket.held_bytes = HIGH_WATER_BYTES + 1 if stalls else 0


def shared_lanes(stage: Stage) -> list[Selection]:
    return [lane.payload.key.selection for lane in stage.broadcast.lanes]


def test_thousands_of_keys_make_no_lane_of_anybodys_ticks() -> None:
    stage = Stage()
    trades = [stage.seat(of_keys(key, trades=["*"])) for key in KEYS]
    plain = stage.seat(of_keys(trades=["*"]))
    assert shared_lanes(stage).count(of_keys(trades=["*"])) == 1
    assert len(stage.broadcast.lanes) == 1 + len(KEYS)
    stage.publish("AAPL")
    say(stage, [*words_of(KEYS[0], ["", "up"]), *words_of(KEYS[1], ["", "down"])])
    assert [told(member) for member in (*trades, plain)] == [
        [1, "", "up"],
        [1, "", "down"],
        [1],
        [1],
        [1],
    ]
    for member in (*trades, plain):
        stage.leave(member)
    assert (len(stage.broadcast.lanes), stage.broadcast.lanes.index_entries) == (0, 0)


def test_words_come_behind_the_ticks_before_them_in_one_sequence() -> None:
    stage = Stage()
    member = stage.seat(of_keys(KEYS[0], trades=["*"]), marks=True)
    stage.broadcast.waiting_words.say(words_of(KEYS[0], ["", "a"]))
    stage.publish("AAPL", "MSFT")
    cut = stage.cut()
    ticks, words = member.take()
    assert [item["T"] for item in ticks.objects] == ["t", "t", "mark"]
    assert ticks.objects[-1]["pos"] == f"{EPOCH}-2"
    assert [item["T"] for item in words.objects] == ["generation", "token", "mark"]
    assert words.objects[-1]["pos"] == f"{EPOCH}-4"
    assert (cut.ticks, cut.envelopes, stage.broadcast.cut_sequence) == (4, 2, 4)


@pytest.mark.parametrize("way", WAYS, ids=way_name)
def test_who_misses_a_frame_leaves_both_lanes_and_catches_up_in_sequence(way: Way) -> None:
    stage = Stage()
    member = stage.seat(of_keys(KEYS[0], trades=["*"]), way)
    say(stage, words_of(KEYS[0], [""]))
    member.take()
    stall(member)
    say(stage, words_of(KEYS[0], ["a"], 1))
    behind = member.subscriber.standing
    assert behind is Standing.BEHIND
    stall(member, stalls=False)
    stage.publish_and_cut("AAPL")
    say(stage, words_of(KEYS[0], ["b"], 2))
    out_of_turn = told(member)
    assert out_of_turn == []
    stage.catch_up(member)
    assert told(member) == ["a", 3, "b"]
    assert member.subscriber.live
    stall(member)
    stage.publish_and_cut("AAPL")
    stall(member, stalls=False)
    say(stage, words_of(KEYS[0], ["c"], 3))
    stage.catch_up(member)
    stage.publish_and_cut("AAPL")
    say(stage, words_of(KEYS[0], ["d"], 4))
    assert told(member) == [5, "c", 7, "d"]


def test_words_move_no_window_of_compressed_ticks() -> None:
    stage = Stage()
    way = next(way for way in WAYS if way[1].transport == "websocket")
    both = stage.seat(of_keys(KEYS[0], trades=["*"]), way, compression=Compression())
    alone = stage.seat(of_keys(trades=["*"]), way, compression=Compression())
    stage.publish_and_cut(*["AAPL"] * 9)
    for number in range(1, 5):
        say(stage, words_of(KEYS[0], [f"piece {number}"], number))
        stage.publish_and_cut(*["AAPL"] * 9)
    assert both.subscriber.lane.compression is not None
    frames = [frame for frame in both.socket.written if frame[0] & 0x40]
    assert frames == alone.socket.written, "the same bytes, for all of the lane"
    plain = [frame for frame in both.socket.written if not frame[0] & 0x40]
    assert len(plain) == 4
    sequences = [item for item in told(both) if isinstance(item, int)]
    assert sequences == told(alone)


def test_a_silent_lane_says_marks_and_keepalives_once() -> None:
    stage = Stage()
    way = next(way for way in WAYS if way[1].transport == "sse")
    both, words = (
        stage.seat(of_keys(KEYS[0], trades=["*"]), way),
        stage.seat(of_keys(KEYS[0]), way),
    )
    for member in (both, words):
        member.take()
    stage.now_ns += 100
    stage.idle(keepalive_ns=50, mark_interval_ns=60)
    assert [len(member.socket.written) for member in (both, words)] == [1, 1]
    assert b"event: mark" in words.socket.written[0]


def test_late_comers_begin_with_the_text_so_far() -> None:
    stage = Stage(capacity=4)
    say(stage, words_of(KEYS[0], ["", "one ", "two "]))
    stage.publish_and_cut(*["AAPL"] * 4)  # the ring has moved on
    member = stage.join(of_keys(KEYS[0]), snapshot=True)
    begin, text, end = told(member)
    assert (begin["state"], text, end["state"]) == ("begin", "one two ", "end")
    say(stage, [*words_of(KEYS[0], ["three"], 3), over(KEYS[0], 4)])
    assert told(member)[0] == "three"


def test_no_word_comes_before_the_state_that_it_is_in() -> None:
    stage = Stage()
    say(stage, words_of(KEYS[0], ["", "one "]))
    member = stage.open(of_keys(KEYS[0]))
    say(stage, words_of(KEYS[0], ["two "], 2))  # while the head of its answer is written
    stage.begin(member, of_keys(KEYS[0]), snapshot=True)
    stage.catch_up(member)
    assert told(member)[1:-1] == ["one two "]


def test_a_resume_beyond_the_ring_reads_where_words_are_kept() -> None:
    stage = Stage(capacity=8)
    say(stage, words_of(KEYS[0], ["", "a", "b"]))
    stage.publish_and_cut(*["AAPL"] * 8)
    say(stage, words_of(KEYS[0], ["c"], 3))
    stage.publish_and_cut(*["AAPL"] * 7)
    member = stage.join(of_keys(KEYS[0]), marks=True, after=Position(EPOCH, 2))
    assert told(member) == ["b", "c"], "each once, and no gap"
    stage.publish_and_cut("AAPL")
    say(stage, words_of(KEYS[0], ["d"], 4))
    assert told(member) == ["d"]
    assert stage.counts.gap == 0


def test_a_gap_names_the_channels_that_it_concerns() -> None:
    stage = Stage(capacity=8)
    say(stage, words_of(KEYS[0], ["", "a"]))
    stage.publish_and_cut(*["AAPL"] * 5)
    stage.publish_and_cut(*["AAPL"] * 4)
    member = stage.join(of_keys(KEYS[0], trades=["*"]), marks=True, after=Position(EPOCH, 1))
    gap, word, begin, trade, end = told(member)
    assert (gap["T"], gap["from"], gap["to"]) == ("gap", f"{EPOCH}-2", f"{EPOCH}-11")
    assert (gap["channels"], word, trade) == (["trades"], "a", 11)
    assert (begin["state"], end["state"]) == ("begin", "end")


@pytest.mark.parametrize("on_lag", OnLag)
def test_a_slow_watcher_of_words_alone_loses_nothing(on_lag: OnLag) -> None:
    stage = Stage(capacity=8)
    member = stage.join(of_keys(KEYS[0]), on_lag=on_lag)
    say(stage, words_of(KEYS[0], [""]))
    stall(member)
    say(stage, words_of(KEYS[0], ["a"], 1))
    for number in range(2, 30):
        stage.publish_and_cut("AAPL", "MSFT")
        say(stage, words_of(KEYS[0], [str(number)], number))
    stall(member, stalls=False)
    stage.catch_up(member)
    assert told(member)[1:] == ["a", *map(str, range(2, 30))]
    assert (member.ended, member.subscriber.live, stage.counts.gap) == (None, True, 0)


@pytest.mark.parametrize("on_lag", [OnLag.GAP, OnLag.CONFLATE])
def test_a_slow_reader_of_both_loses_ticks_out_loud_and_no_word(on_lag: OnLag) -> None:
    stage = Stage(capacity=8)
    member = stage.join(of_keys(KEYS[0], trades=["*"]), on_lag=on_lag)
    stall(member)
    for number in range(12):
        stage.publish_and_cut("AAPL")
        say(stage, words_of(KEYS[0], [f"w{number}"], number))
    stall(member, stalls=False)
    stage.catch_up(member)
    seen = told(member)
    assert [item for item in seen if isinstance(item, str)] == [f"w{n}" for n in range(12)]
    gaps = [item for item in seen if isinstance(item, dict) and item["T"] == "gap"]
    assert gaps
    assert all(gap["channels"] == ["trades"] for gap in gaps)
    stage.publish_and_cut("AAPL")
    assert told(member) == [25]


def test_what_is_not_kept_any_more_is_told_and_the_state_comes() -> None:
    stage = Stage(capacity=8)
    KeyedStates.__init__(stage.broadcast.keyed, max_key_bytes=1_000)
    say(stage, words_of(KEYS[0], ["", *"abcdefghij"]))
    stage.publish_and_cut(*["AAPL"] * 8)
    member = stage.join(of_keys(KEYS[0]), marks=True, after=Position(EPOCH, 1))
    gap, begin, text, end = told(member)
    assert (gap["T"], "channels" in gap, begin["state"]) == ("gap", False, "begin")
    assert (text, end["pos"]) == ("abcdefghij", f"{EPOCH}-{stage.ring.newest}")


def test_who_would_rather_leave_than_lose_leaves_where_words_are_not_kept() -> None:
    stage = Stage(capacity=8)
    KeyedStates.__init__(stage.broadcast.keyed, max_key_bytes=1_000)
    member = stage.join(of_keys(KEYS[0]), on_lag=OnLag.DISCONNECT)
    stall(member)
    for number in range(20):
        say(stage, words_of(KEYS[0], [f"w{number}"], number))
    stall(member, stalls=False)
    stage.catch_up(member)
    assert member.ended is Reason.LAGGING


def test_what_has_no_place_in_the_shape_of_others_leaves_the_order_as_it_is() -> None:
    stage = Stage(capacity=8)
    KeyedStates.__init__(stage.broadcast.keyed, max_key_bytes=1_000)
    way = (PlainCodec(), ForeignFraming(chunked=False))
    subscriber = stage.open(of_keys(KEYS[0]), way)
    stage.begin(subscriber, of_keys(KEYS[0]), after=Position(EPOCH, 0))
    stage.catch_up(subscriber)
    stall(subscriber)
    for number in range(12):
        say(stage, words_of(KEYS[0], [f"w{number} "], number))
    stall(subscriber, stalls=False)
    stage.catch_up(subscriber)
    say(stage, words_of(KEYS[0], ["more"], 12))
    written = b"".join(subscriber.socket.written)
    told = "".join(json.loads(line)["content"] for line in re.findall(rb"data: (.*)", written))
    assert told.endswith("w10 w11 more")
    assert told.count("w11 ") == 1


def test_subscribing_to_a_key_later_leaves_the_lane_of_ticks() -> None:
    stage = Stage()
    other = stage.seat(of_keys(trades=["*"]))
    member = stage.seat(of_keys(trades=["*"]))
    say(stage, words_of(KEYS[0], ["", "a"]))
    stage.move(member, of_keys(KEYS[0], trades=["*"]))
    had = of_keys(trades=["*"])
    stage.begin(member, of_keys(KEYS[0]), after=Position(EPOCH, 0), had=had)
    stage.catch_up(member)
    assert told(member) == ["", "a"]
    stage.publish_and_cut("AAPL")
    assert told(member) == told(other) == [3]
    stage.move(member, of_keys(trades=["*"]))
    stage.catch_up(member)
    say(stage, words_of(KEYS[0], ["b"], 2))
    stage.publish_and_cut("AAPL")
    assert told(member) == [5]


def test_words_hold_no_production_back() -> None:
    stage = Stage(capacity=8)
    member = stage.join(of_keys(KEYS[0]))
    assert not member.subscriber.lossless
    stall(member)
    say(stage, words_of(KEYS[0], [""]))
    stage.publish_and_cut(*["AAPL"] * 8)
    assert stage.audience.can_take(8)


def test_more_words_than_the_ring_holds_come_in_cuts() -> None:
    stage = Stage(capacity=8)
    member = stage.seat(of_keys(KEYS[0]))
    say(stage, words_of(KEYS[0], ["", *map(str, range(1, 40))]))
    assert told(member)[1:] == [str(number) for number in range(1, 40)]


def test_words_of_others_are_not_even_looked_at() -> None:
    stage = Stage()
    stage.seat(of_keys(KEYS[0]))
    for key in KEYS[1:]:
        stage.seat(of_keys(key))
    stage.broadcast.waiting_words.say(words_of(KEYS[0], [""]))
    stage.cut()
    assert stage.broadcast.lanes.take_words() == []
    assert replace(words_of(KEYS[0], [""])[0], text="x").text == "x"


def test_words_that_are_held_have_no_sequence_until_they_are_released() -> None:
    stage, heard = Stage(), list[int]()
    stage.broadcast.waiting_words.hold()
    stage.broadcast.waiting_words.say(words_of(KEYS[0], ["", "a"]), heard.append)
    stage.cut()
    assert (stage.broadcast.ring.newest, heard) == (0, [])
    stage.broadcast.waiting_words.release()
    stage.cut()
    assert (stage.broadcast.ring.newest, heard) == (2, [2])
