"""Erasing in the stream: what was deleted is gone from there too, and soon.

A batch that has the text of a deleted message is deleted securely, whole: NATS writes over it, and
its sequences become a hole. It is found by the header that says that a batch has texts, of which
alone it is read. The word that deletes is acknowledged before, so that whoever takes over does it
again. The newest message of a stream stays until something follows, for it says which sequence is
next. A checkpoint that may have the text is followed by another one at once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from feed.broadcast.log import Deletion
from feed.cluster.batch import read_batch
from feed.cluster.batch_stream import BatchStream
from feed.cluster.errors import ApiError, BusAway, BusLost
from feed.cluster.link import Link
from feed.cluster.ordered_read import HEARTBEAT_S, Inbox, OrderedRead
from feed.errors import InvalidInput
from feed.logger import logger_of
from feed.market.room_words import MessageWord
from feed.sources.nats.payload import PayloadReader

REST_S = 0.5  # between two turns, each of which may read the headers of all of the stream
RETRY_S = 2.0
_TEXTS = "Feed-Texts"

Name = tuple[str, str]  # of a message: its room, and its id within it
log = logger_of("feed.cluster")


class Erasing:
    """Erases what was deleted from the stream.

    Attributes:
        checkpointed: the sequence of the newest checkpoint that was gathered; -1: none is of this
            process.
        erased: how many batches were so far.
    """

    __slots__ = (
        "_acknowledged", "_link", "_pending", "_wake", "_wants_checkpoint", "checkpointed", "erased"
    )  # fmt: skip

    def __init__(self, link: Link, deletions: Sequence[Deletion]) -> None:
        """Begin with what those before have left undone.

        Args:
            link: to NATS.
            deletions: of messages whose texts the stream may have.
        """
        self.checkpointed = -1
        self.erased = 0
        self._link = link
        self._pending: dict[Name, Deletion] = {}
        self._acknowledged = 0
        self._wants_checkpoint = bool(deletions)
        self._wake = asyncio.Event()
        for each in deletions:
            self._pending[each.room, each.id] = each
            self._acknowledged = max(self._acknowledged, each.last)
        if deletions:
            self._wake.set()

    @property
    def pending(self) -> int:
        """How many deleted messages may be in the stream still."""
        return len(self._pending)

    def note(self, deletions: Sequence[Deletion]) -> None:
        """Have messages erased, once it is acknowledged that they are deleted."""
        for each in deletions:
            self._pending[each.room, each.id] = each
            self._wants_checkpoint |= each.first <= self.checkpointed

    def note_acknowledged(self, sequence: int) -> None:
        """Hear that all up to a sequence is in the stream."""
        self._acknowledged = sequence
        if self._pending:
            self._wake.set()

    async def run(self, checkpoint: Callable[[], Awaitable[bool]]) -> None:
        """Erase whatever is noted, for ever.

        Args:
            checkpoint: takes one, and tells whether it was written.
        """
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                is_done = await self._erase(checkpoint)
            except (BusAway, ApiError, TimeoutError) as error:
                log.warning("erasing_failed", error=str(error))
                is_done = False
            if not is_done:
                self._wake.set()
            await asyncio.sleep(REST_S if is_done else RETRY_S)

    async def _erase(self, checkpoint: Callable[[], Awaitable[bool]]) -> bool:
        """Erase what is acknowledged by now; tell whether it was."""
        due = [each for each in self._pending.values() if each.last <= self._acknowledged]
        if not due:
            return True
        names = {(each.room, each.id) for each in due}
        first = min(each.first for each in due)
        last = await self._link.last_sequence()
        stream = BatchStream(await self._link.client(), self._link.address.names)
        for sequence in await _with_texts(stream, first, last):
            if not await _says(stream, sequence, names):
                continue
            if sequence == await self._link.last_sequence():
                return False  # it says which sequence is next
            await self._link.ask(
                f"STREAM.MSG.DELETE.{self._link.address.names.stream}", seq=sequence
            )
            self.erased += 1
            log.info("batch_erased", sequence=sequence)
        if self._wants_checkpoint:
            self._wants_checkpoint = False  # what is deleted meanwhile may want another one
            if not await checkpoint():
                self._wants_checkpoint = True
                return False
        for each in due:
            if self._pending.get((each.room, each.id)) is each:
                del self._pending[each.room, each.id]
        return True


async def _with_texts(stream: BatchStream, first: int, last: int) -> list[int]:
    """Return the stream's own sequences of batches that have texts, reading headers alone.

    Args:
        stream: which.
        first: the sequence of events before which nothing is looked at; 0: all of it is.
        last: of the stream's own, after which nothing is.

    Raises:
        BusAway: it cannot be read.
    """
    newest, extent = await stream.newest(), await stream.extent()
    start = extent.first
    if first and newest is not None:
        batch = read_batch(newest.headers)
        start = await stream.find(batch.epoch, batch.term, first, extent)
    if start > last:
        return []
    inbox = Inbox()
    read = OrderedRead(stream.client, stream.names.stream, inbox)
    await read.open(deliver_policy="by_start_sequence", opt_start_seq=start, headers_only=True)
    found: list[int] = []
    try:
        while read.pending:
            for _, message in await inbox.take(HEARTBEAT_S):
                stored = await read.read(message)
                if stored is None:
                    continue
                if stored.sequence <= last and stored.headers.get(_TEXTS):
                    found.append(stored.sequence)
                if stored.sequence >= last or not stored.pending:
                    return found
            read.check()
    except BusLost as error:
        raise BusAway(str(error)) from error
    finally:
        await read.close()
    return found


async def _says(stream: BatchStream, sequence: int, names: set[Name]) -> bool:
    """Tell whether a batch has the text of one of some messages.

    Raises:
        BusAway: it is not there: it has been deleted meanwhile, or a replica that lags was asked.
    """
    stored = await stream.get(sequence)
    if stored is None or stored.sequence != sequence:
        raise BusAway(f"the batch {sequence} is not found")
    try:
        cut = PayloadReader().read(read_batch(stored.headers), stored.payload)
    except InvalidInput as error:
        log.error("erasing_incomplete", sequence=sequence, error=str(error))  # noqa: TRY400
        return False
    found: list[object] = list(cut.events)
    return any(
        isinstance(event, MessageWord) and not event.is_gone and (event.symbol, event.id) in names
        for event in found
    )
