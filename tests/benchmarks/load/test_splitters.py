"""Splitters return every payload whole, however the bytes are cut."""

import zlib

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.load.splitters import BodySplitter, Payload, Splitter, WebSocketSplitter
from benchmarks.load.wire import PING
from feed.wire.framing import chunk
from feed.wire.websocket_frame import Opcode, websocket_frame

TEXTS = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), min_size=1, max_size=200)
)
SIZES = st.integers(1, 300)


def split(splitter: Splitter, stream: bytes, size: int) -> list[Payload]:
    found = []
    for at in range(0, len(stream), size):
        found += splitter.split(stream[at : at + size])
    return found


def deflated(texts: list[str], *, takeover: bool) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    frames = []
    for text in texts:
        if not takeover:
            compressor = zlib.compressobj(wbits=-15)
        data = compressor.compress(text.encode()) + compressor.flush(zlib.Z_SYNC_FLUSH)
        frames.append(
            websocket_frame(Opcode.TEXT, data.removesuffix(b"\0\0\xff\xff"), compressed=True)
        )
    return b"".join(frames)


@given(TEXTS, SIZES)
def test_websocket_messages_are_returned_whole(texts: list[str], size: int) -> None:
    stream = b"".join(websocket_frame(Opcode.TEXT, text.encode()) for text in texts)
    found = split(WebSocketSplitter(), stream, size)
    assert found == [(text.encode(), b"") for text in texts]


@given(TEXTS, SIZES)
def test_messages_are_inflated_in_the_context_of_those_before(texts: list[str], size: int) -> None:
    found = split(WebSocketSplitter("permessage-deflate"), deflated(texts, takeover=True), size)
    assert found == [(text.encode(), b"") for text in texts]


@given(TEXTS, SIZES)
def test_messages_are_inflated_alone_where_no_context_is_kept(texts: list[str], size: int) -> None:
    splitter = WebSocketSplitter("permessage-deflate; server_no_context_takeover")
    found = split(splitter, deflated(texts, takeover=False), size)
    assert found == [(text.encode(), b"") for text in texts]


def test_plain_and_fragmented_messages_stand_between_compressed_ones() -> None:
    splitter = WebSocketSplitter("permessage-deflate")
    stream = deflated(["one"], takeover=True) + b"\x01\x02tw" + b"\x80\x01o"
    assert splitter.split(stream) == [(b"one", b""), (b"two", b"")]


def test_control_frames_are_set_aside() -> None:
    splitter = WebSocketSplitter()
    stream = websocket_frame(Opcode.PING, b"hello") + websocket_frame(Opcode.TEXT, b"data")
    assert splitter.split(stream) == [(b"data", b"")]
    assert splitter.control == [(PING, b"hello")]


@given(TEXTS, SIZES, st.booleans())
def test_lines_are_returned_however_they_are_chunked(
    texts: list[str], size: int, gzip: bool
) -> None:
    body = "".join(f"{text}\n" for text in texts).encode()
    if gzip:
        compressor = zlib.compressobj(wbits=31)
        body = compressor.compress(body) + compressor.flush(zlib.Z_SYNC_FLUSH)
    stream = b"".join(chunk(body[at : at + 7]) for at in range(0, len(body), 7))
    found = split(BodySplitter(events=False, encoding="gzip" if gzip else ""), stream, size)
    assert found == [(text.encode(), b"") for text in texts]


@given(SIZES, st.booleans())
def test_events_come_with_their_ids_and_comments_do_not_come(size: int, chunked: bool) -> None:
    events = (
        b"retry: 1000\n:\nid: e-1\ndata: [1]\n\n",
        b":\nevent: gap\nid: e-2\ndata: {}\n\n",
        b"data: [2]\n\n",
    )
    stream = b"".join(map(chunk, events)) if chunked else b"".join(events)
    found = split(BodySplitter(events=True, chunked=chunked), stream, size)
    assert found == [(b"[1]", b"e-1"), (b"{}", b"e-2"), (b"[2]", b"")]
