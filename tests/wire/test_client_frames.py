"""What a WebSocket client must not send is replaced by an error that every reader refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.wire.client_frames import REFUSED_FRAME, ClientFrames, may_be_sent

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


def admitted(data: bytes, sizes: list[int]) -> bytes:
    """Feed data in pieces of these sizes, the rest in one."""
    frames = ClientFrames()
    out = b""
    for size in sizes:
        out += frames.admit(data[:size])
        data = data[size:]
    return out + frames.admit(data)


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
    assert ClientFrames().admit(FORBIDDEN[bad]) == REFUSED_FRAME


def test_an_unfinished_header_is_held_back_and_data_are_not() -> None:
    frames = ClientFrames()
    assert frames.admit(frame(1, b"hello")[:5]) == b""
    assert frames.admit(frame(1, b"hello")[5:8]) == frame(1, b"hello")[:8]
    assert frames.admit(frame(1, b"hello")[8:]) == frame(1, b"hello")[8:]


def test_close_codes_are_those_of_the_registry() -> None:
    sent = [code for code in range(1 << 16) if may_be_sent(code)]
    assert sent == [*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)]
