"""The SSE parser against the WHATWG algorithm, however its bytes are cut."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.client.errors import Malformed
from feed.client.sse import SseEvent, SseParser

# What comes, and the events that WHATWG HTML §9.2.6 makes of it: (name, text, last id).
CASES: dict[str, tuple[bytes, list[tuple[str, str, str]]]] = {
    "a data line": (b"data: x\n\n", [("message", "x", "")]),
    "one space is removed": (b"data:  x\n\n", [("message", " x", "")]),
    "no space need be": (b"data:x\n\n", [("message", "x", "")]),
    "data lines are joined": (b"data: x\ndata: y\n\n", [("message", "x\ny", "")]),
    "a data line may be empty": (b"data\n\n", [("message", "", "")]),
    "two empty data lines": (b"data\ndata:\n\n", [("message", "\n", "")]),
    "values may hold colons": (b"data: a:b\n\n", [("message", "a:b", "")]),
    "a named event": (b"event: gap\ndata: x\n\n", [("gap", "x", "")]),
    "the last name counts": (b"event: a\nevent: b\ndata: x\n\n", [("b", "x", "")]),
    "a name is for one event": (
        b"event: a\ndata: x\n\ndata: y\n\n",
        [("a", "x", ""), ("message", "y", "")],
    ),
    "an event without data is none": (b"event: a\n\ndata: x\n\n", [("message", "x", "")]),
    "ids are sticky": (
        b"id: 1\ndata: x\n\ndata: y\n\n",
        [("message", "x", "1"), ("message", "y", "1")],
    ),
    "an id without data counts": (b"id: 1\n\ndata: x\n\n", [("message", "x", "1")]),
    "an empty id clears": (
        b"id: 1\ndata: x\n\nid\ndata: y\n\n",
        [("message", "x", "1"), ("message", "y", "")],
    ),
    "an id with a null is ignored": (b"id: a\0b\ndata: x\n\n", [("message", "x", "")]),
    "comments are silent": (b": hi\n:\ndata: x\n: there\n\n", [("message", "x", "")]),
    "unknown fields are ignored": (
        b"foo: bar\nDATA: no\n data: no\ndata: x\n\n",
        [("message", "x", "")],
    ),
    "retry alone is no event": (b"retry: 10\n\n", []),
    "an event that does not end is none": (b"data: x\n\ndata: y\n", [("message", "x", "")]),
    "lines end in CR": (b"data: x\r\rdata: y\r\r", [("message", "x", ""), ("message", "y", "")]),
    "lines end in CRLF": (b"data: x\r\ndata: y\r\n\r\n", [("message", "x\ny", "")]),
    "line ends may be mixed": (b"data: x\ndata: y\rdata: z\r\n\n", [("message", "x\ny\nz", "")]),
    "LF CR is two ends": (b"data: x\n\rdata: y\n\n", [("message", "x", ""), ("message", "y", "")]),
    "a byte order mark is skipped": (b"\xef\xbb\xbfdata: x\n\n", [("message", "x", "")]),
    "a second one is not": (
        b"\xef\xbb\xbf\xef\xbb\xbfdata: x\n\ndata: y\n\n",
        [("message", "y", "")],
    ),
    "nor half of one": (b"\xef\xbbdata: x\n\ndata: y\n\n", [("message", "y", "")]),
    "UTF-8": ("data: \u20ac\U0001f4c8\n\n".encode(), [("message", "\u20ac\U0001f4c8", "")]),
    "what is not UTF-8 is replaced": (b"data: a\xe2\x82b\n\n", [("message", "a\ufffdb", "")]),
    "what this server sends": (
        b'retry: 900\nid: ab-2\ndata: [{"T":"t"}]\n\n:\nevent: mark\nid: ab-3\ndata: {}\n\n',
        [("message", '[{"T":"t"}]', "ab-2"), ("mark", "{}", "ab-3")],
    ),
}


def seen(events: list[SseEvent]) -> list[tuple[str, str, str]]:
    return [(event.name, event.data.decode(errors="replace"), event.last_id) for event in events]


@pytest.mark.parametrize(("data", "events"), CASES.values(), ids=CASES)
def test_whole(data: bytes, events: list[tuple[str, str, str]]) -> None:
    assert seen(SseParser().feed(data)) == events


@pytest.mark.parametrize(("data", "events"), CASES.values(), ids=CASES)
def test_cut_in_two_anywhere(data: bytes, events: list[tuple[str, str, str]]) -> None:
    for cut in range(len(data) + 1):
        parser = SseParser()
        assert seen(parser.feed(data[:cut]) + parser.feed(data[cut:])) == events


@pytest.mark.parametrize(("data", "events"), CASES.values(), ids=CASES)
def test_byte_by_byte(data: bytes, events: list[tuple[str, str, str]]) -> None:
    parser = SseParser()
    assert seen([event for byte in data for event in parser.feed(bytes([byte]))]) == events


LINES = st.sampled_from(
    [
        b"data",
        b"data:",
        b"data: x",
        b"id: 7",
        b"id",
        b"event: e",
        b"retry: 5",
        b":",
        b"",
        "é".encode(),
    ]
)
ENDS = st.sampled_from([b"\n", b"\r", b"\r\n"])


@given(
    lines=st.lists(st.tuples(LINES, ENDS), max_size=20),
    cuts=st.lists(st.integers(0, 200), max_size=8),
)
def test_cuts_change_nothing(lines: list[tuple[bytes, bytes]], cuts: list[int]) -> None:
    data = b"".join(line + end for line, end in lines)
    whole, pieces = SseParser(), SseParser()
    expected = whole.feed(data)
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    found = [
        event for start, end in itertools.pairwise(edges) for event in pieces.feed(data[start:end])
    ]
    assert found == expected
    assert (pieces.last_id, pieces.retry_ms) == (whole.last_id, whole.retry_ms)


@given(st.lists(st.tuples(LINES, ENDS), max_size=20))
def test_any_line_end_means_the_same(lines: list[tuple[bytes, bytes]]) -> None:
    # A CR before an LF would merge with it, so every line of the reference ends in LF.
    mixed = b"".join(line + (b"\r\n" if end == b"\r" else end) for line, end in lines)
    plain = b"".join(line + b"\n" for line, _ in lines)
    assert SseParser().feed(mixed) == SseParser().feed(plain)


@pytest.mark.parametrize(("line", "ignored"), [(b"foo: x", 1), (b"x", 1), (b": x", 0), (b"id", 0)])
def test_lines_of_no_standard_are_counted(line: bytes, ignored: int) -> None:
    parser = SseParser()
    parser.feed(line + b"\n\n")
    assert parser.ignored == ignored


def test_an_event_is_handed_out_before_the_line_feed_of_its_last_crlf_comes() -> None:
    parser = SseParser()
    assert seen(parser.feed(b"data: x\r\n\r")) == [("message", "x", "")]
    assert parser.feed(b"\n") == []


@pytest.mark.parametrize(
    ("line", "retry_ms"),
    [
        (b"retry: 1500", 1500),
        (b"retry:0", 0),
        (b"retry: -1", None),
        (b"retry: 1.5", None),
        (b"retry: 1s", None),
        (b"retry", None),
        (b"retry: " + b"9" * 5000, 999_999_999),
    ],
)
def test_retry(line: bytes, retry_ms: int | None) -> None:
    parser = SseParser()
    parser.feed(line + b"\n")
    assert parser.retry_ms == retry_ms


@pytest.mark.parametrize("flood", [b"data: " + b"x" * 100, b"x" * 100, b"data: x\n" * 100])
def test_an_event_without_end_is_refused(flood: bytes) -> None:
    with pytest.raises(Malformed, match="larger than 90 bytes"):
        SseParser(max_event_bytes=90).feed(flood)


def test_many_events_together_may_be_larger_than_one_may() -> None:
    assert len(SseParser(max_event_bytes=90).feed(b"data: x\n\n" * 100)) == 100
