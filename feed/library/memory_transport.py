"""A transport within the process: what is written waits until it is read.

To the hub it is a socket like any other: it says how many bytes it holds, and a subscriber over the
high water mark is not written to. So a reader in the process is under the same promises as one over
a network. Knows no hub and no message.
"""

import asyncio
from collections.abc import Iterable
from typing import Any


class MemoryTransport(asyncio.Transport):
    """Bytes on their way to one reader."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []
        self._size_bytes = 0
        self._closing = False
        self._changed = asyncio.Event()

    async def read(self) -> bytes:
        """Return all that was written since the last time; b"": it is closed, and all is read."""
        while not (self._pieces or self._closing):
            self._changed.clear()
            await self._changed.wait()
        data, self._size_bytes = b"".join(self._pieces), 0
        self._pieces.clear()
        return data

    # What the hub asks of a transport.

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take bytes, unless it is closed."""
        if not self._closing:
            self._pieces.append(bytes(data))
            self._size_bytes += len(data)
            self._changed.set()

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        """Take bytes, unless it is closed."""
        for data in list_of_data:
            self.write(data)

    def get_write_buffer_size(self) -> int:
        """Return how many bytes were not read."""
        return self._size_bytes

    def is_closing(self) -> bool:
        """Tell whether it takes no more."""
        return self._closing

    def close(self) -> None:
        """Take no more; what was written can still be read."""
        self._closing = True
        self._changed.set()

    def abort(self) -> None:
        """Do the same: what was written is bounded, and is not lost on its way."""
        self.close()

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - asyncio's own
        """Return the default: there is no socket."""
        del name
        return default
