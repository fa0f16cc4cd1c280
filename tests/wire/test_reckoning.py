"""The reckoning of a follower, and the frames that it reckons with."""

from array import array
from typing import Any

import orjson
import pytest

from feed.errors import InvalidMessage, InvalidTick
from feed.market.ticks import Kind, Trade, opaque_fragment
from feed.wire.codec import CODECS, encode_events
from feed.wire.follow_frames import Cut, Frame, FrameReader, StateTicks, Word, cut_message
from feed.wire.json_codec import JSON
from feed.wire.position import Position
from feed.wire.reckoning import Begin, Missing, OutOfSequence, Reckoning
from tests.fakes.numbered_ticks import numbered

NOW_NS = 81_300_345


def line(*fragments: bytes, **end: object) -> bytes:
    """Return a cut of two trades, 7 and 8 of epoch `a`, or something near it."""
    whole = cut_message(Position("a", 8), array("q", [NOW_NS - 300, NOW_NS - 50]), NOW_NS, 9)
    some = fragments or tuple(JSON.encode([numbered(7), numbered(8, Kind.QUOTE)]))
    return JSON.join([*some, JSON.fragment({**whole, **end})])


def read(*fragments: bytes, **end: object) -> Cut:
    frame = FrameReader().read(line(*fragments, **end))
    assert isinstance(frame, Cut)
    return frame


def word(kind: str = "follow", **fields: object) -> Word:
    known: dict[str, Any] = {"v": 1, "pos": "a-9", "oldest": 7, "whole": True}
    return Word({"T": kind, **known, **fields})


def test_a_cut_says_what_was_put_into_it() -> None:
    cut = read()
    assert cut.events == [numbered(7), numbered(8, Kind.QUOTE)]
    assert (cut.position, cut.first, cut.count, cut.newest) == (Position("a", 8), 7, 2, 9)
    assert list(cut.ingested_ns) == [NOW_NS - 300, NOW_NS - 50]
    assert cut.said_ns == NOW_NS


def test_events_that_were_ingested_together_take_two_numbers() -> None:
    message = cut_message(Position("a", 9), array("q", [5, 5, 5, 9, 9]), 11, 9)
    assert (message["in"], message["at"], message["n"]) == ([3, 0, 2, 4], 5, 5)


def test_an_event_of_an_unknown_kind_goes_on_as_it_came() -> None:
    row = {"T": "room", "t": "whenever", "words": [{"a": 1}, {"T": "b"}], "x": 1.0}
    cut = read(JSON.fragment(row), *JSON.encode([numbered(8)]))
    assert cut.others
    stranger, trade = encode_events(JSON, cut.events, opaque=True)
    assert orjson.loads(JSON.join([stranger, trade]))[0] == row
    assert opaque_fragment(cut.events[0]) == stranger
    assert [encode_events(CODECS[name], cut.events, opaque=True)[0] for name in CODECS] == [
        stranger,
        b"",
        b"",
    ]


def test_a_row_whose_kind_comes_last_becomes_a_fragment_all_the_same() -> None:
    [event] = FrameReader().read(b'[{"x":1,"T":"room"},{"T":"mark"}]').ticks[:1]  # type: ignore[union-attr]
    assert opaque_fragment(event) == b'"room","x":1'


def test_letters_of_a_newer_server_are_left_out() -> None:
    [fragment] = JSON.encode([numbered(7, Kind.STATUS)])
    cut = read(fragment + b',"new":1', *JSON.encode([numbered(8)]))
    assert cut.events == [numbered(7, Kind.STATUS), numbered(8)]


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"{}",
        b"[]",
        b"[1]",
        b"nonsense",
        b'[{"x":1}]',
        b"[[]]",
        line(pos="?"),
        line(first=None),
        line(at="now"),
        line(**{"in": [1]}),
        line(**{"in": [1, (1 << 63) - 1]}),
    ],
)
def test_whatever_is_no_frame_is_refused(wrong: bytes) -> None:
    with pytest.raises(InvalidMessage):
        FrameReader().read(wrong)


def test_an_event_that_lacks_something_is_refused() -> None:
    with pytest.raises(InvalidTick):
        read(b'"t","S":"AAPL"')


def test_words_and_states_are_told_apart_from_cuts() -> None:
    reader = FrameReader()
    frames: list[Frame] = [reader.read(b'[{"T":"mark","pos":"a-8"}]')]
    frames.append(reader.read(JSON.join(JSON.encode([numbered(1)]))))
    assert frames == [Word({"T": "mark", "pos": "a-8"}), StateTicks([numbered(1)])]


def test_a_follower_that_stands_nowhere_begins_where_the_first_cut_does() -> None:
    reckoning = Reckoning()
    reckoning.greet(word())
    assert reckoning.take(read()) == Begin(Position("a", 6), whole=True)
    assert (reckoning.position, reckoning.newest, reckoning.lag) == (Position("a", 8), 9, 1)


def test_what_begins_later_than_all_is_not_whole() -> None:
    reckoning = Reckoning()
    reckoning.greet(word(oldest=6))
    assert reckoning.take(read()) == Begin(Position("a", 6), whole=False)


def test_a_mark_begins_an_epoch_without_events() -> None:
    reckoning = Reckoning()
    reckoning.greet(word(pos="a-0", oldest=1))
    assert reckoning.stand(Position("a", 0)) == Begin(Position("a", 0), whole=True)
    assert reckoning.stand(Position("a", 0)) is None


def test_a_gap_moves_and_says_how_many_are_missing() -> None:
    reckoning = Reckoning(Position("a", 4))
    assert reckoning.miss(Position("a", 6)) == Missing(6, 2)
    assert reckoning.miss(Position("a", 6)) is None
    assert reckoning.take(read()) is None


def test_only_a_gap_leads_to_another_epoch() -> None:
    reckoning = Reckoning(Position("z", 4))
    with pytest.raises(OutOfSequence, match="epoch z"):
        reckoning.take(read())
    with pytest.raises(OutOfSequence):
        reckoning.stand(Position("a", 4))
    assert reckoning.position == Position("z", 4)
    reckoning.greet(word())
    assert reckoning.miss(Position("a", 6)) == Begin(Position("a", 6), whole=True)
    assert reckoning.take(read()) is None


@pytest.mark.parametrize(
    ("after", "end"),
    [
        (5, {}),
        (7, {}),
        (8, {}),
        (6, {"n": 3}),
        (6, {"n": 1}),
        (6, {"first": 6, "n": 3}),
        (6, {"first": 9, "n": 0}),
        (6, {"in": [1, 0]}),
        (6, {"in": [3, 0]}),
        (6, {"in": [1 << 40, 0]}),
        (7, {"first": 8, "n": 1}),
    ],
)
def test_what_does_not_add_up_is_an_error_and_moves_nobody(after: int, end: dict[str, Any]) -> None:
    reckoning = Reckoning(Position("a", after))
    with pytest.raises(OutOfSequence):
        reckoning.take(read(**end))
    assert reckoning.position == Position("a", after)


def test_a_mark_elsewhere_and_a_gap_that_leads_back_are_errors() -> None:
    reckoning = Reckoning(Position("a", 4))
    for wrong in (3, 5):
        with pytest.raises(OutOfSequence):
            reckoning.stand(Position("a", wrong))
    with pytest.raises(OutOfSequence):
        reckoning.miss(Position("a", 3))


@pytest.mark.parametrize(
    "first", [word("mark"), word(v=2), word(pos="?"), word(oldest=None), Word({"T": "follow"})]
)
def test_a_server_that_greets_otherwise_is_not_followed(first: Word) -> None:
    with pytest.raises(InvalidMessage):
        Reckoning().greet(first)


def test_trades_keep_ids_that_are_text() -> None:
    trade = Trade("AAPL", 5, "V", 1.0, 2.0, 7, exact_id="0x5")
    assert read(*JSON.encode([trade, numbered(8)])).events[0] == trade
