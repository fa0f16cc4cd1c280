"""Keys: the bytes that a terminal sends for them, and waiting for them.

A view is given names: the character itself, or one of `_NAMES`. `KeyParser` is sans I/O; the
`Keyboard` reads from a terminal; other causes that end a wait call `wake`.
"""

import asyncio
import os
from contextlib import suppress
from types import TracebackType
from typing import Protocol, Self

from feed.terminal.errors import TerminalGone

_ESCAPE = 0x1B
# ECMA-48: a sequence that begins with CSI ("ESC [") ends with a byte from @ to ~. SS3 ("ESC O"), as
# keypads send it in application mode, is followed by one byte.
_FINAL = range(0x40, 0x7F)
_NAMES = {
    b"[A": "up",
    b"[B": "down",
    b"[H": "home",
    b"[F": "end",
    b"OA": "up",
    b"OB": "down",
    b"OH": "home",
    b"OF": "end",
    b"[1~": "home",
    b"[4~": "end",
    b"[5~": "page up",
    b"[6~": "page down",
    b"[7~": "home",
    b"[8~": "end",
}
_MAX_SEQUENCE = 32  # bytes; a longer one is line noise
_READ_BYTES = 1_024


class KeyParser:
    """Turn bytes, cut anywhere, into names of keys; sequences without a name are dropped."""

    __slots__ = ("_begun",)

    def __init__(self) -> None:
        self._begun: bytearray | None = None  # a sequence, without its ESC

    def feed(self, data: bytes) -> list[str]:
        """Return the keys that these bytes complete."""
        keys = []
        for byte in data:
            key = self._read_byte(byte)
            if key is not None:
                keys.append(key)
        return keys

    def _read_byte(self, byte: int) -> str | None:
        if byte == _ESCAPE:
            self._begun = bytearray()
            return None
        if self._begun is None:
            return chr(byte) if 0x20 <= byte < 0x7F else None  # noqa: PLR2004 - printable ASCII
        if not self._begun and byte not in b"[O":  # ESC by itself, or with a key as Alt
            self._begun = None
            return self._read_byte(byte)
        self._begun.append(byte)
        ended = len(self._begun) > 1 and byte in _FINAL
        if not ended and len(self._begun) < _MAX_SEQUENCE:
            return None
        sequence, self._begun = bytes(self._begun), None
        return _NAMES.get(sequence)


class Keys(Protocol):
    """A source of keys."""

    async def wait(self, seconds: float) -> list[str]:
        """Return the keys pressed since the last call, as soon as there is one; none in the end."""


class Keyboard:
    """The keys of a terminal that is in cbreak mode already."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._parser = KeyParser()
        self._keys: list[str] = []
        self._woken = asyncio.Event()
        self._gone = False

    def __enter__(self) -> Self:
        asyncio.get_running_loop().add_reader(self._fd, self._read)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        asyncio.get_running_loop().remove_reader(self._fd)

    def wake(self) -> None:
        """End the present wait."""
        self._woken.set()

    async def wait(self, seconds: float) -> list[str]:
        """Return the keys pressed since the last call; none when it was woken, or time is up.

        Raises:
            TerminalGone: it was closed.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        if self._gone:
            raise TerminalGone
        self._woken.clear()
        keys, self._keys = self._keys, []
        return keys

    def _read(self) -> None:
        try:
            data = os.read(self._fd, _READ_BYTES)
        except BlockingIOError:
            return
        except OSError:  # EIO: the other end of the terminal was closed
            data = b""
        if not data:
            self._gone = True
            asyncio.get_running_loop().remove_reader(self._fd)
        self._keys += self._parser.feed(data)
        if self._keys or self._gone:
            self._woken.set()
