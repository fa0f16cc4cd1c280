"""WebSocket frames as a server sends them (RFC 6455 §5.2)."""

from enum import IntEnum
from struct import Struct


class Opcode(IntEnum):
    """WebSocket opcodes that a server sends (RFC 6455 §11.8)."""

    TEXT = 0x1
    BINARY = 0x2
    CLOSE = 0x8
    PING = 0x9
    PONG = 0xA


# Headers by the length of the data; packed and put before it in half the time of a format.
_SHORT, _MIDDLE, _LONG = Struct(">BB").pack, Struct(">BBH").pack, Struct(">BBQ").pack


def websocket_frame(opcode: Opcode, data: bytes, *, compressed: bool = False) -> bytes:
    """Return an unmasked, unfragmented WebSocket frame; `compressed` sets RSV1 (RFC 7692 §6)."""
    return websocket_header(first_byte(opcode, compressed=compressed), len(data)) + data


def first_byte(opcode: Opcode, *, compressed: bool = False) -> int:
    """Return the first byte of a whole message's frame; `compressed` sets RSV1 (RFC 7692 §6)."""
    return 0x80 | (0x40 if compressed else 0) | opcode


def websocket_header(first: int, length: int) -> bytes:
    """Return what stands before the data of an unmasked frame, by its first byte and length."""
    if length < 126:  # noqa: PLR2004 - the wire's own numbers, RFC 6455 §5.2
        return _SHORT(first, length)
    if length < 1 << 16:
        return _MIDDLE(first, 126, length)
    return _LONG(first, 127, length)


def close_frame(code: int, words: str) -> bytes:
    """Return a Close frame; its words are cut to the 123 bytes that a control frame can carry."""
    reason = words.encode()[:123].decode(errors="ignore").encode()
    return websocket_frame(Opcode.CLOSE, code.to_bytes(2, "big") + reason)
