"""The wire as a subscriber sees it: the bytes that it begins with, and the head of the answer.

Sans I/O. The body is for `counters.py`, which finds messages without looking at them,
and `splitters.py`, which returns them whole. Sources: RFC 6455 (WebSocket), RFC 9112 (HTTP/1.1).
"""

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass

PING = 0x9
PONG = 0xA
CLOSE = 0x8

MAX_HEAD_BYTES = 64 * 1024  # of a response; nobody here sends a tenth of that


class WireError(Exception):
    """A server refused, or broke its protocol; the message says how."""


def upgrade_request(host: str, path: str, headers: Mapping[str, str]) -> bytes:
    """Return the request that asks for a WebSocket (RFC 6455 §4.1)."""
    key = base64.b64encode(os.urandom(16)).decode()
    fixed = {
        "Host": host,
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": key,
    }
    return _request(path, fixed | dict(headers))


def stream_request(host: str, path: str, headers: Mapping[str, str]) -> bytes:
    """Return a GET for a body that does not end."""
    return _request(path, {"Host": host} | dict(headers))


def _request(path: str, headers: Mapping[str, str]) -> bytes:
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def client_frame(opcode: int, payload: bytes) -> bytes:
    """Return a masked WebSocket frame; the mask is zero, which RFC 6455 leaves to the client.

    A mask protects proxies from hostile page scripts. There are none here, and zeros need no work.
    """
    length = len(payload)
    if length < 126:
        head = bytes([0x80 | opcode, 0x80 | length])
    elif length < 1 << 16:
        head = bytes([0x80 | opcode, 0x80 | 126]) + length.to_bytes(2, "big")
    else:
        head = bytes([0x80 | opcode, 0x80 | 127]) + length.to_bytes(8, "big")
    return head + bytes(4) + payload


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a response."""

    status: int
    headers: dict[str, str]  # names in lower case

    @classmethod
    def parse(cls, received: bytes) -> "tuple[Head, bytes] | None":
        """Return the head and the bytes after it, or None while it is not whole.

        Raises:
            WireError: it never will be.
        """
        end = received.find(b"\r\n\r\n")
        if end < 0:
            if len(received) > MAX_HEAD_BYTES:
                raise WireError(f"no end of the response head within {MAX_HEAD_BYTES} bytes")
            return None
        first, *lines = received[:end].decode("latin-1").split("\r\n")
        version, _, rest = first.partition(" ")
        status = rest[:3]
        if not version.startswith("HTTP/1.") or not status.isdigit():
            raise WireError(f"not an HTTP/1 response: {first[:80]!r}")
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        return cls(int(status), headers), received[end + 4 :]


def chunk_size(line: bytes) -> int:
    """Return the size that the first line of a chunk tells (RFC 9112 §7.1).

    Raises:
        WireError: it tells no size.
    """
    try:
        return int(line.partition(b";")[0], 16)
    except ValueError:
        raise WireError(f"not the size of a chunk: {line[:40]!r}") from None
