"""What a WebSocket client must not send is replaced by an error that every reader refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.wire.client_frames import MOST_FRAMES, REFUSED_FRAME, ClientFrames, may_be_sent

MASK = b"\x01\x02\x03\x04"


def frame(opcode: int, data: bytes = b"", *, rsv: int = 0, masked: bool = True) -> bytes:
    length = len(data)
    if length < 126:
        size = bytes((length,))
    elif length < 1 << 16:
        size = b"\x7e" + length.to_bytes(2, "big")
    else:
        size = b"\x7f" + length.to_bytes(8, "big")
    first = bytes((0x80 | rsv << 4 | opcode,))
    if not masked:
        return first + size + data
    hidden = bytes(byte ^ MASK[at % 4] for at, byte in enumerate(data))
    return first + bytes((size[0] | 0x80,)) + size[1:] + MASK + hidden


def close(code: int) -> bytes:
    return frame(8, code.to_bytes(2, "big") + b"words")


GOOD = [
    frame(1, b"hello"),
    frame(2, bytes(200)),
    frame(1, bytes(70_000), rsv=4),
    frame(9),
    frame(10, bytes(125)),
    frame(0, b"more"),
    frame(8),
    close(1000),
    close(4999),
]
# Not forbidden here: the reader behind it refuses them, in the words of its own.
LEFT_TO_THE_READER = [frame(8, b"x"), frame(9, bytes(126)), frame(8, bytes(126)), frame(3, b"?")]
FORBIDDEN = {
    "unmasked text": frame(1, b"hello", masked=False),
    "unmasked ping": frame(9, masked=False),
    "unmasked and long": frame(2, bytes(70_000), masked=False),
    "compressed ping": frame(9, b"x", rsv=4),
    "compressed close": frame(8, rsv=4),
    "reserved pong": frame(10, rsv=1),
    **{
        f"close {code}": close(code)
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)
    },
}


def all_of(frames: ClientFrames, data: bytes) -> bytes:
    """Admit data, one piece after the other."""
    out, at = b"", 0
    while True:
        piece, at = frames.admit(data, at)
        out += piece
        if at >= len(data):
            return out


def admitted(data: bytes, sizes: list[int]) -> bytes:
    """Feed data in pieces of these sizes, the rest in one."""
    frames = ClientFrames()
    out = b""
    for size in sizes:
        out += all_of(frames, data[:size])
        data = data[size:]
    return out + all_of(frames, data)


@given(
    frames=st.lists(st.sampled_from(GOOD + LEFT_TO_THE_READER), max_size=5),
    sizes=st.lists(st.integers(0, 20), max_size=60),
)
def test_whatever_is_allowed_passes_unchanged_however_it_is_cut(
    frames: list[bytes], sizes: list[int]
) -> None:
    data = b"".join(frames)
    assert admitted(data, sizes) == data


@given(
    before=st.lists(st.sampled_from(GOOD), max_size=3),
    bad=st.sampled_from(sorted(FORBIDDEN)),
    after=st.binary(max_size=30),
    sizes=st.lists(st.integers(0, 20), max_size=60),
)
def test_the_first_forbidden_frame_is_replaced_and_nothing_follows_it(
    before: list[bytes], bad: str, after: bytes, sizes: list[int]
) -> None:
    good = b"".join(before)
    assert admitted(good + FORBIDDEN[bad] + after, sizes) == good + REFUSED_FRAME


@pytest.mark.parametrize("bad", FORBIDDEN)
def test_each_forbidden_frame_is_one(bad: str) -> None:
    frames = ClientFrames()
    assert frames.admit(FORBIDDEN[bad]) == (REFUSED_FRAME, len(FORBIDDEN[bad]))
    assert frames.ended


@pytest.mark.parametrize("bad", FORBIDDEN)
def test_a_forbidden_frame_whose_header_was_held_back_takes_all_that_came(bad: str) -> None:
    frames, data = ClientFrames(), FORBIDDEN[bad] + b"what follows"
    assert frames.admit(data, len(data)) == (b"", len(data))
    assert frames.admit(data[:1]) == (b"", 1)
    assert frames.admit(data[1:]) == (REFUSED_FRAME, len(data) - 1)
    assert frames.admit(b"more") == (b"", 4)


def test_an_unfinished_header_that_grows_is_held_back_whole() -> None:
    frames, long = ClientFrames(), frame(2, bytes(70_000))
    for at in range(13):  # two bytes, eight of the length, four of the mask
        assert frames.admit(long[at : at + 1]) == (b"", 1)
    assert frames.admit(long[13:]) == (long, len(long) - 13)
    assert frames.ended


def test_an_unfinished_header_is_held_back_and_data_are_not() -> None:
    frames = ClientFrames()
    hello = frame(1, b"hello")
    assert frames.admit(hello[:5]) == (b"", 5)
    assert frames.admit(hello[5:8]) == (hello[:8], 3)
    assert frames.admit(hello[8:]) == (hello[8:], 3)


def fragment(data: bytes, *, last: bool = False, first: bool = False) -> bytes:
    """Return a part of a text message."""
    whole = frame(1 if first else 0, data)
    return whole if last else bytes((whole[0] & 0x7F,)) + whole[1:]


def test_a_piece_ends_with_each_message_and_each_control_frame() -> None:
    parts = [fragment(b"a", first=True), frame(9), fragment(b"b"), fragment(b"c", last=True)]
    parts += [frame(2, bytes(300)), frame(10), close(1000)]
    data, at = b"".join(parts), 0
    pieces = [parts[0] + parts[1], parts[2] + parts[3], *parts[4:]]
    frames = ClientFrames()
    for piece in pieces:
        assert frames.admit(data, at) == (piece, at + len(piece))
        assert frames.ended
        at += len(piece)
    assert frames.admit(data, at) == (b"", len(data))
    assert not frames.ended


def test_fragments_without_end_are_admitted_some_at_a_time_and_counted() -> None:
    data = fragment(b"", first=True) + fragment(b"") * 1_000 + fragment(bytes(90)) * 10
    frames, pieces, at = ClientFrames(), [], 0
    while at < len(data):
        piece, at = frames.admit(data, at)
        pieces.append(piece)
        assert not frames.ended
    assert b"".join(pieces) == data
    assert [len(piece) for piece in pieces[:-1]] == [6 * MOST_FRAMES] * (len(pieces) - 1)
    assert frames.unfinished_bytes == 900
    frames.admit(frame(9, b"ping"))
    assert frames.unfinished_bytes == 900
    frames.admit(fragment(b"x", last=True)[:-1])
    assert not frames.ended
    frames.admit(b"x")
    assert (frames.ended, frames.unfinished_bytes) == (True, 0)


def test_close_codes_are_those_of_the_registry() -> None:
    sent = [code for code in range(1 << 16) if may_be_sent(code)]
    assert sent == [*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)]
