"""The shape of plain frames of ticks: all that surrounds fragments, known before they are.

A frame is its header, what stands before the fragments, these with what stands between them, and
what stands after. Where that is the same for a whole cut, a frame is made of its fragments in one
step, rather than joined, enveloped and wrapped, which copies it three times. The engines in C have
a `compose` of their own (`feed/native/compose.c`).
"""

from collections.abc import Callable
from typing import NamedTuple

from feed.wire.websocket_frame import websocket_header

BARE, CHUNK = 0, 1  # headers; any other is the first byte of a WebSocket frame


class Joints(NamedTuple):
    """What a codec writes around and between the fragments of an array."""

    begin: bytes
    between: bytes
    end: bytes


class FrameShape(NamedTuple):
    """What is known of frames of one codec in one framing.

    Attributes:
        before, between, after: bytes around the fragments, those of the envelope among them.
        header: `BARE`, `CHUNK` (HTTP/1.1), or the first byte of a WebSocket frame.
        most_bytes: the longest envelope that may go in one message.
    """

    before: bytes
    between: bytes
    after: bytes
    header: int
    most_bytes: int


# Makes a frame of fragments; returns it and the length of its envelope, or None where that is too
# long for one message.
Compose = Callable[[list[bytes], FrameShape], tuple[bytes, int] | None]


def compose(fragments: list[bytes], shape: FrameShape) -> tuple[bytes, int] | None:
    """Make a frame of fragments.

    Args:
        fragments: at least one.
        shape: what surrounds them.

    Returns:
        The frame, and the length of its envelope; None where that is too long for one message.
    """
    before, between, after, header, most_bytes = shape
    joined = between.join(fragments)
    length = len(before) + len(joined) + len(after)
    if length > most_bytes:
        return None
    if header == BARE:
        return b"".join((before, joined, after)), length
    if header == CHUNK:
        return b"".join((b"%x\r\n" % length, before, joined, after, b"\r\n")), length
    return b"".join((websocket_header(header, length), before, joined, after)), length
