"""Recording: all that a server sends, to a file that a replay reads.

One JSON object a line, as the dialect has it: ticks, words where some are subscribed to, and
between them connections (`success`, `subscription`), gaps and snapshots, so that nothing in the
file pretends to be whole that is not. A file that a killed process leaves is readable: compressed
ones grow by whole gzip members or zstd frames; every reader of these formats joins them.
"""

import asyncio
import gzip
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgpack
import orjson
import zstandard

from feed.client.events import Batch, Connected, Event, Gap, Snapshot
from feed.client.stream import Stream
from feed.client.ticks import Tick
from feed.client.words import Word, Words
from feed.errors import InvalidParameter
from feed.wire.messages import CONNECTED
from feed.wire.rfc3339 import rfc3339

FLUSH_S = 1.0  # a killed recorder loses no more, where the file is compressed
FLUSH_BYTES = 1 << 20  # of lines not compressed yet

_COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    ".ndjson": bytes,
    ".gz": gzip.compress,
    ".zst": lambda lines: zstandard.ZstdCompressor().compress(lines),
}
ACCEPTED_NAMES = "a new file named .ndjson, .ndjson.gz or .ndjson.zst"


def json_line(message: Mapping[str, object]) -> bytes:
    """Return an object as a line of JSON, whichever codec it came in."""
    return orjson.dumps(message, default=_plain, option=orjson.OPT_APPEND_NEWLINE)


class RecordingWriter:
    """A file that is being written.

    Attributes:
        ticks: written so far, those of snapshots included.
        written_bytes: in the file so far.
    """

    def __init__(
        self, path: Path, *, overwrite: bool = False, flush_bytes: int = FLUSH_BYTES
    ) -> None:
        """Create the file.

        Args:
            path: where it is to be.
            overwrite: replace one that is there.
            flush_bytes: of lines that wait to be compressed together.

        Raises:
            InvalidParameter: its name says no known format, or it exists.
            OSError: it cannot be created.
        """
        compress = _COMPRESSORS.get(path.suffix)
        if compress is None or ".ndjson" not in path.suffixes[-2:]:
            raise InvalidParameter("FILE", str(path), ACCEPTED_NAMES)
        self.ticks = 0
        self.written_bytes = 0
        self._path = path
        self._compress = compress
        self._waiting = bytearray()  # lines not in the file yet
        self._flush_bytes = 0 if compress is bytes else flush_bytes
        try:
            self._file = path.open("wb" if overwrite else "xb", buffering=0)
        except FileExistsError:
            accepted = f"{ACCEPTED_NAMES}; --overwrite replaces one that is there"
            raise InvalidParameter("FILE", str(path), accepted) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.flush()
        finally:
            self._file.close()

    def write_ticks(self, ticks: Sequence[Tick]) -> None:
        """Write ticks."""
        self.ticks += len(ticks)
        self._write(ticks)

    def write_words(self, words: Sequence[Word]) -> None:
        """Write words."""
        self._write(words)

    def write_event(self, event: Event, acknowledgement: Mapping[str, object]) -> None:
        """Write what an event other than a batch has for a file; some have nothing.

        Args:
            event: as the stream gave it.
            acknowledgement: the `subscription` message that stands after each new connection.
        """
        if isinstance(event, Gap | Snapshot):
            self._write([event.message()])
        elif isinstance(event, Connected):
            # It also ends a snapshot that the connection before did not live to finish.
            self._write([CONNECTED, acknowledgement])

    def flush(self) -> None:
        """Put what waits into the file, as a whole piece that can be read alone."""
        if not self._waiting:
            return
        piece = memoryview(self._compress(bytes(self._waiting)))
        self._waiting.clear()
        self.written_bytes += len(piece)
        try:
            while piece:
                piece = piece[self._file.write(piece) :]
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self._path)) from error

    def _write(self, messages: Iterable[Mapping[str, object]]) -> None:
        for message in messages:
            self._waiting += json_line(message)
        if len(self._waiting) >= self._flush_bytes:
            self.flush()


async def record(
    stream: Stream,
    recording: RecordingWriter,
    on_event: Callable[[Event], None],
    *,
    count: int | None = None,
    seconds: float | None = None,
    flush_s: float = FLUSH_S,
) -> None:
    """Write what a stream gives, until it has given enough.

    Args:
        stream: whose consumer this becomes.
        recording: the file that is written; it stays open.
        on_event: called with each event that is neither ticks nor words.
        count: the number of ticks after which it ends; None: never.
        seconds: the time after which it ends; None: never.
        flush_s: the time between two flushes.

    Raises:
        FeedError: the stream cannot go on.
        OSError: the file cannot be written any further.
    """
    left = math.inf if count is None else count
    acknowledgement = stream.subscription.acknowledgement()
    flusher = asyncio.create_task(_flush_regularly(recording, flush_s))
    try:
        async with asyncio.timeout(seconds) as limit:
            async for event in stream.events():
                if flusher.done():
                    flusher.result()  # it ends only by an error
                if isinstance(event, Words):
                    recording.write_words(event)
                    continue
                if not isinstance(event, Batch):
                    recording.write_event(event, acknowledgement)
                    on_event(event)
                    continue
                recording.write_ticks(event if len(event) <= left else event[: int(left)])
                left -= len(event)
                if left <= 0:
                    break
    except TimeoutError:
        if not limit.expired():
            raise  # a file of a network has timeouts too
    finally:
        flusher.cancel()
    if flusher.done():
        flusher.result()


async def _flush_regularly(recording: RecordingWriter, flush_s: float) -> None:
    while True:
        await asyncio.sleep(flush_s)
        recording.flush()


def _plain(value: Any) -> str:  # noqa: ANN401 - any type that orjson does not know
    if isinstance(value, msgpack.Timestamp):
        return rfc3339(value.to_unix_nano())
    raise TypeError
