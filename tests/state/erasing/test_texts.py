"""Records without the texts of deleted messages: as long as before, and all others as they were."""

from array import array
from collections.abc import Sequence

import orjson
from hypothesis import given
from hypothesis import strategies as st

from feed.broadcast.log import Record
from feed.market.room_words import EntryWord, MessageWord, RoomType
from feed.market.words import Event
from feed.state import records
from feed.state.erasing.texts import Name, deleted_in, records_without, texts_of
from feed.wire.json_codec import JSON
from feed.wire.json_ticks import TickReader
from tests.fakes.numbered_ticks import numbered

ROOMS, IDS = ["desk", "d-2"], ["m1", "m2", "m1.x"]
TEXTS = st.text(st.characters(codec="utf-8"), max_size=30) | st.sampled_from(
    ['},{"T":"message","room":"desk","id":"m1",', '"', "\\", '"T":"edited",', "é\n\t", "  "]
)
MESSAGES: st.SearchStrategy[Event] = st.builds(
    MessageWord,
    st.sampled_from(ROOMS),
    st.sampled_from([RoomType.MESSAGE, RoomType.EDITED, RoomType.DELETED]),
    st.sampled_from(IDS),
    st.integers(0, 1 << 60),
    sender=TEXTS,
    by=st.just("own_1"),
    name=st.sampled_from(["", "Ann"]),
    text=TEXTS,
    edited_ns=st.sampled_from([0, 1_790_000_000_000_000_000]),
)
ENTRIES: st.SearchStrategy[Event] = st.builds(
    EntryWord,
    st.sampled_from(ROOMS),
    st.just(RoomType.ENTRY),
    st.just("AAPL"),
    st.just(1),
    st.just(1),
    note=TEXTS,
)
TICKS: st.SearchStrategy[Event] = st.builds(numbered, st.integers(1, 1_000))
CUTS = st.lists(st.lists(MESSAGES | ENTRIES | TICKS, min_size=1, max_size=4), max_size=5)
NAMES = st.sets(st.tuples(st.sampled_from(ROOMS), st.sampled_from(IDS)))


def encode(cut: Sequence[Event], first: int) -> bytes:
    ticks = JSON.join(JSON.encode(cut))
    return records.encode(Record(first, array("q", range(len(cut))), 0, -5, ticks), 7)


def is_to_go(event: object, deleted: set[Name]) -> bool:
    return (
        isinstance(event, MessageWord)
        and event.type is not RoomType.DELETED
        and (event.symbol, event.id) in deleted
    )


def read(record: bytes) -> Sequence[object]:
    return TickReader().read(records.decode_one(record, 0)[0].ticks)


@given(CUTS, NAMES)
def test_texts_of_deleted_messages_go_and_nothing_else_changes(
    cuts: list[list[Event]], deleted: set[Name]
) -> None:
    data = [encode(cut, 100 * number) for number, cut in enumerate(cuts, 1)]
    starts = [sum(map(len, data[:number])) for number in range(len(data))]
    found = dict(records_without(b"".join(data), deleted))
    assert set(found) == {
        start
        for start, cut in zip(starts, cuts, strict=True)
        if any(is_to_go(event, deleted) for event in cut)
    }
    for start, cut, before in zip(starts, cuts, data, strict=True):
        after = found.get(start, before)
        assert after is not None
        assert len(after) == len(before)
        told = read(after)
        was = read(before)
        assert told == [
            event.erased() if isinstance(event, MessageWord) and is_to_go(event, deleted) else event
            for event in was
        ]
        known, other = (records.decode_one(each, 0)[0] for each in (before, after))
        assert (known.first, known.ingested_ns, known.given) == (
            other.first,
            other.ingested_ns,
            other.given,
        )
        # Events that stay are the same bytes, in the same places.
        for event, one, two in zip(
            cut, JSON.split(known.ticks), JSON.split(other.ticks), strict=True
        ):
            assert len(one) == len(two)
            assert is_to_go(event, deleted) or one == two
    # It is done once: what is without texts is left as it is.
    whole = b"".join(found.get(start) or each for start, each in zip(starts, data, strict=True))
    assert not list(records_without(whole, deleted))


SECRET = "half past nine"


def said(id_: str = "m1", kind: RoomType = RoomType.MESSAGE, text: str = SECRET) -> MessageWord:
    return MessageWord("desk", kind, id_, 1, "ann", "own_1", text=text)


def test_a_corrupt_record_is_left_alone_and_its_neighbours_are_not() -> None:
    parts = [encode([said()], 1), encode([said()], 2), encode([said()], 3)]
    broken = bytearray(parts[1])
    broken[-2] ^= 1
    data = parts[0] + bytes(broken) + parts[2]
    found = list(records_without(data, {("desk", "m1")}))
    assert [(at, changed is None) for at, changed in found] == [
        (0, False),
        (len(parts[0]), True),
        (len(parts[0]) + len(parts[1]), False),
    ]


@given(st.binary(max_size=40), TEXTS.filter(str.strip), st.binary(max_size=40))
def test_texts_are_found_among_any_bytes(before: bytes, text: str, after: bytes) -> None:
    messages = [said(text=text), said("m2"), said("m1", RoomType.EDITED, "then ten")]
    data = before + JSON.join(JSON.encode(messages)) + after
    spans = list(texts_of(data, {("desk", "m1")}))
    assert [data[begin:end] for begin, end in spans] == [orjson.dumps(text)[1:-1], b"then ten"]


def test_a_text_that_is_cut_off_is_found_as_far_as_it_goes() -> None:
    data = JSON.join(JSON.encode([said()]))
    cut = data[: data.index(b"nine")]
    [(begin, end)] = texts_of(cut, {("desk", "m1")})
    assert cut[begin:end] == b"half past "


def test_what_is_deleted_is_found_among_any_bytes() -> None:
    told = JSON.join(JSON.encode([said(), said("m2").erased()]))
    assert set(deleted_in(b"\x93" + told + b"\xff")) == {("desk", "m2")}
