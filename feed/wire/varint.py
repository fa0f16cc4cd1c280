"""Varints: lengths as Protobuf writes them, seven bits a byte, the lowest first.

Source: Protocol Buffers, "Encoding", section "Base 128 Varints".
"""

from feed.errors import InvalidMessage

MAX_LENGTH_BYTES = 5  # 35 bits; no length of this protocol is longer
_MORE = 0x80


def varint(value: int) -> bytes:
    """Return a number that is not negative as a varint."""
    encoded = bytearray()
    while value >= _MORE:
        encoded.append(value & 0x7F | _MORE)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def read_varint(data: bytes | bytearray, start: int = 0) -> tuple[int, int] | None:
    """Return the length that begins at `start`, and where it ends; None while it is incomplete.

    Raises:
        InvalidMessage: it is longer than a length can be.
    """
    value = 0
    for index, byte in enumerate(data[start : start + MAX_LENGTH_BYTES]):
        value |= (byte & 0x7F) << 7 * index
        if byte < _MORE:
            return value, start + index + 1
    if len(data) - start >= MAX_LENGTH_BYTES:
        words = data[start : start + MAX_LENGTH_BYTES].hex(" ")
        raise InvalidMessage(f"{words} is no length; accepted: a varint of up to 5 bytes")
    return None
