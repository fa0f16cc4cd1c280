"""Frames of RFC 6455: read by websockets, and equal to the golden bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Close
from websockets.frames import Opcode as WireOpcode

from feed.wire.framing import (
    WebSocketFraming,
)
from feed.wire.websocket_frame import Opcode, close_frame, websocket_frame
from tests.fakes.frame_reader import (
    read_websocket,
    websocket_reader,
)
from tests.golden import HEADERS, HeaderVector

LAST = (Opcode.CLOSE, b"")


BORDERS = [0, 1, 124, 125, 126, 127, 65_534, 65_535, 65_536, 65_537, 300_000]


@pytest.mark.parametrize("length", BORDERS)
@pytest.mark.parametrize("opcode", [Opcode.TEXT, Opcode.BINARY])
def test_a_websocket_frame_of_any_length_is_read_by_websockets(opcode: Opcode, length: int) -> None:
    data = b"x" * length
    (frame,) = read_websocket(websocket_frame(opcode, data))
    assert frame.opcode == int(opcode)
    assert (frame.fin, frame.rsv1, frame.rsv2, frame.rsv3) == (True, False, False, False)
    assert frame.data == data


@given(st.lists(st.tuples(st.sampled_from(Opcode), st.binary(max_size=125)), min_size=1))
def test_frames_that_follow_each_other_are_read_one_by_one(
    frames: list[tuple[Opcode, bytes]],
) -> None:
    # Nothing may follow a Close.
    frames = [*((opcode, data) for opcode, data in frames if opcode is not Opcode.CLOSE), LAST]
    wire = b"".join(websocket_frame(opcode, data) for opcode, data in frames)
    read = read_websocket(wire)
    assert [(Opcode(frame.opcode), bytes(frame.data)) for frame in read] == frames


def test_a_length_is_written_in_its_shortest_form() -> None:
    # RFC 6455 §5.2: "the minimal number of bytes MUST be used".
    assert [len(websocket_frame(Opcode.TEXT, b"x" * n)) - n for n in BORDERS] == [
        *[2] * 4,
        *[4] * 4,
        *[10] * 3,
    ]


@pytest.mark.parametrize("vector", HEADERS, ids=lambda v: f"{v.opcode} {v.length} {v.compressed}")
def test_websocket_headers_are_the_golden_bytes(vector: HeaderVector) -> None:
    data = b"x" * vector.length
    frame = websocket_frame(Opcode[vector.opcode.upper()], data, compressed=vector.compressed)
    assert frame == vector.header + data


def test_a_compressed_message_sets_rsv1_and_leaves_the_flush_out() -> None:
    # RFC 7692 §7.2.3.1 gives this message and its bytes.
    block = bytes.fromhex("f248cdc9c9070000 00ffff")
    frame = WebSocketFraming(Opcode.TEXT).wrap(block, compressed=True)
    assert frame == bytes.fromhex("c107 f248cdc9c90700")
    (message,) = read_websocket(frame, websocket_reader(compressed=True))
    assert message.data == b"Hello"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (1000, ""),
        (1012, "the server is restarting; come back"),
        (1013, "x" * 123),
        (1013, "x" * 124),
        (1013, "é" * 61 + "é"),  # the 123rd byte is half of it
        (1013, "🐎" * 200),
    ],
)
def test_a_close_frame_carries_its_code_and_what_fits_of_its_words(code: int, words: str) -> None:
    data = close_frame(code, words)
    assert len(data) <= 2 + 125  # RFC 6455 §5.5
    (frame,) = read_websocket(data)
    assert frame.opcode is WireOpcode.CLOSE
    close = Close.parse(bytes(frame.data))
    close.check()
    assert close.code == code
    assert words.startswith(close.reason)
    assert len(close.reason.encode()) > 119 or close.reason == words
