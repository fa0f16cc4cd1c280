"""Counters find every message, however the bytes are cut."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.load.counters import (
    HEADROOM_BYTES,
    ChunkCounter,
    Counter,
    EventCounter,
    WebSocketCounter,
)
from benchmarks.load.wire import PING, WireError
from feed.wire.framing import chunk
from feed.wire.websocket_frame import Opcode, websocket_frame

PAYLOADS = st.lists(st.integers(0, 3).map(lambda power: b"x" * 5**power) | st.binary(max_size=300))
BIG = b"y" * 70_000


def count(counter: Counter, stream: bytes, cuts: list[int]) -> int:
    """Feed a stream as a swarm does: pieces in a shared buffer, leftovers put back before them."""
    buffer = bytearray(HEADROOM_BYTES + len(stream) + 1)
    total = 0
    edges = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    for begin, end in pairwise(edges):
        piece = stream[begin:end]
        if not piece:
            continue
        start = HEADROOM_BYTES - len(counter.partial)
        buffer[start:HEADROOM_BYTES] = counter.partial
        buffer[HEADROOM_BYTES : HEADROOM_BYTES + len(piece)] = piece
        total += counter.count(buffer, start, HEADROOM_BYTES + len(piece))
    return total


@given(PAYLOADS, st.lists(st.integers(0, 1 << 20), max_size=8), st.booleans())
def test_websocket_messages_are_counted_however_they_are_cut(
    payloads: list[bytes], cuts: list[int], big: bool
) -> None:
    payloads = [*payloads, *([BIG] if big else [])]
    stream = b"".join(websocket_frame(Opcode.TEXT, payload) for payload in payloads)
    assert count(WebSocketCounter(), stream, cuts) == len(payloads)


@given(st.lists(st.integers(0, 1 << 20), max_size=8))
def test_pings_are_kept_whole_and_not_counted(cuts: list[int]) -> None:
    ping = websocket_frame(Opcode.PING, b"p" * 125)
    text = websocket_frame(Opcode.TEXT, b"data")
    counter = WebSocketCounter()
    assert count(counter, text + ping + text, cuts) == 2
    assert counter.control == [(PING, b"p" * 125)]


def test_fragments_of_a_message_count_once() -> None:
    first = b"\x01\x02ab"
    last = b"\x80\x02cd"
    assert count(WebSocketCounter(), first + last, [2]) == 1


@given(PAYLOADS, st.lists(st.integers(0, 1 << 20), max_size=8))
def test_chunks_are_counted_but_keepalives_are_not(payloads: list[bytes], cuts: list[int]) -> None:
    payloads = [payload for payload in payloads if payload]
    stream = b"".join(map(chunk, payloads)) + chunk(b":\n")
    expected = sum(len(payload) > 8 for payload in payloads)
    assert count(ChunkCounter(), stream, cuts) == expected


def test_the_last_chunk_ends_the_stream() -> None:
    counter = ChunkCounter()
    assert count(counter, chunk(b"data: something\n\n") + b"0\r\n\r\n", []) == 1
    assert counter.ended


def test_what_is_no_chunk_is_refused() -> None:
    with pytest.raises(WireError, match="not the size of a chunk: b'<html>'"):
        count(ChunkCounter(), b"<html>\r\n", [])


@given(st.integers(0, 20), st.lists(st.integers(0, 1 << 20), max_size=8))
def test_events_without_chunks_are_counted_by_their_blank_lines(
    events: int, cuts: list[int]
) -> None:
    stream = b"id: 1\ndata: [1]\n\n" * events + b"data: un"
    assert count(EventCounter(), stream, cuts) == events
