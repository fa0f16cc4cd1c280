"""Common parts of the peers written in Python: their options, their payloads and their pace."""

import argparse
import asyncio
import base64
import hashlib
import math
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

STAMP = b'"t":"'
QUIET_S = 0.2  # less than a swarm waits before it measures
STAMP_BYTES = 30  # 2026-11-20T05:16:56.857123456Z
_WEBSOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 §1.3


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a peer, as `base.python_peer` passes them."""

    payloads: Path
    hz: float
    transport: str
    compress: bool
    rotate: bool
    url: str
    channel: str


def options() -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--payloads", type=Path, required=True)
    parser.add_argument("--hz", type=float, required=True)
    parser.add_argument("--transport", default="websocket")
    parser.add_argument("--compress", action="store_true")
    parser.add_argument("--rotate", action="store_true")
    parser.add_argument("--url", default="")
    parser.add_argument("--channel", default="")
    return Options(**vars(parser.parse_args()))


def rfc3339(now_ns: int) -> bytes:
    """Return a time as our ticks carry it."""
    seconds, rest = divmod(now_ns, 10**9)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)).encode() + b".%09dZ" % rest


class Payloads:
    """The payloads of the work, each given the time of its sending as its newest time stamp."""

    def __init__(self, path: Path) -> None:
        self._lines = [bytearray(line) for line in path.read_bytes().splitlines()]
        self._stamps = [line.rfind(STAMP) + len(STAMP) for line in self._lines]

    def __len__(self) -> int:
        return len(self._lines)

    def stamped(self, number: int) -> bytes:
        """Return the payload whose turn it is, stamped with the present time."""
        number %= len(self._lines)
        line, at = self._lines[number], self._stamps[number]
        if at >= len(STAMP):
            line[at : at + STAMP_BYTES] = rfc3339(time.time_ns())
        return bytes(line)


class Door:
    """Holds sending back while subscribers are still coming in.

    A steady window is measured. Some peers take a millisecond a handshake, and would hardly
    get round to it if they were sending to thousands already.
    """

    def __init__(self) -> None:
        self._entered_s = math.inf

    def enter(self) -> None:
        """Note that somebody came in."""
        self._entered_s = time.monotonic()

    @property
    def is_quiet(self) -> bool:
        """Whether somebody came, and nobody for a while."""
        return time.monotonic() - self._entered_s > QUIET_S


async def paced(hz: float) -> AsyncIterator[int]:
    """Count 0, 1, 2 … at this rate; late ones follow at once."""
    began_s = time.monotonic()
    number = 0
    while True:
        await asyncio.sleep(max(0.0, began_s + number / hz - time.monotonic()))
        yield number
        number += 1


def accept_key(key: str) -> str:
    """Return the answer to a Sec-WebSocket-Key."""
    digest = hashlib.sha1(f"{key}{_WEBSOCKET_GUID}".encode(), usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()
