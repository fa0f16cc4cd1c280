"""Lines of NDJSON to a publisher: a tick in each, in the wire's own shape, or an array of them.

A line that is no tick is told with its number, and left out; the others go on. Where the input is
one that can be read again, each batch has the number of its last line, so that a second run under
the same name goes on behind the line that the server has. Knows no file: pieces of bytes come in.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import orjson

from feed.client.publishing.errors import BatchRefused
from feed.client.publishing.publisher import Publisher
from feed.errors import FeedError, InvalidTick, shorten

BATCH_TICKS = 500  # after which lines are handed on, though more are there
MAX_LINE_TICKS = 9_000  # which with the others before them are one batch all the same
MAX_LINE_BYTES = 1 << 20

Check = Callable[[Sequence[object]], None]


class LinePublisher:
    """Publishes what comes in pieces, cut anywhere.

    Attributes:
        ticks: the number of ticks that were published.
        skipped: the number of lines that the server has from an earlier run.
        left_out: the number of lines that were no ticks.
    """

    def __init__(
        self, out: Publisher, check: Check, tell: Callable[[object], None], *, again: bool
    ) -> None:
        """Begin at line 1.

        Args:
            out: publishes; its batches take 10,000 ticks.
            check: raises a FeedError for ticks that a server would not take.
            tell: is called with lines that are left out, in words.
            again: the input can be read again, from its beginning.
        """
        self.ticks = 0
        self.skipped = 0
        self.left_out = 0
        self._out = out
        self._check = check
        self._tell = tell
        self._again = again
        self._number = 0  # of the line that was read last
        self._rest = b""
        self._gathered: list[dict[str, Any]] = []

    async def publish(self, pieces: AsyncIterator[bytes]) -> None:
        """Publish all lines, and wait until the server has them.

        Raises:
            FeedError: as `Publisher.publish` does.
        """
        if self._again:
            await self._out.open()
        async for piece in pieces:
            *lines, self._rest = (self._rest + piece).split(b"\n")
            for line in lines:
                await self._take(line)
            if len(self._rest) > MAX_LINE_BYTES:
                self._rest = self._rest[: MAX_LINE_BYTES + 1]  # and is told when it ends
            await self._hand_on()
        if self._rest:
            await self._take(self._rest)
        await self._hand_on()
        await self._out.flush()

    async def _take(self, line: bytes) -> None:
        self._number += 1
        if self._again and self._number <= (self._out.last or 0):
            self.skipped += 1
            return
        if not line.strip():
            return
        try:
            self._gathered += self._read(line)
        except FeedError as error:
            self.left_out += 1
            self._tell(f"line {self._number} is left out: {error}")
        if len(self._gathered) >= BATCH_TICKS:
            await self._hand_on()

    def _read(self, line: bytes) -> list[dict[str, Any]]:
        if len(line) > MAX_LINE_BYTES:
            raise InvalidTick(f"it is too long; accepted: at most {MAX_LINE_BYTES} bytes")
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise InvalidTick(f"not JSON: {error}, in {shorten(line[:100])}") from None
        ticks = value if isinstance(value, list) else [value]
        if len(ticks) > MAX_LINE_TICKS:
            raise InvalidTick(f"{len(ticks)} ticks; accepted: at most {MAX_LINE_TICKS} in a line")
        self._check(ticks)
        return ticks

    async def _hand_on(self) -> None:
        if not self._gathered:
            return
        gathered, self._gathered = self._gathered, []
        number = self._number if self._again else None
        while True:
            try:
                await self._out.publish(gathered, sequence=number)
            except BatchRefused as refused:  # an earlier batch
                self._tell(refused)
                continue
            self.ticks += len(gathered)
            return
