"""Restoring: what a new leader takes up of those before, from the stream and the object store.

The checkpoint says how everything stood at a sequence; the stream fills the ring, and has what came
behind the checkpoint. A writer that stands by reads both as they come, so that a takeover has to
read no more than the last moment: up to our own term batch, behind which nothing of others can come
any more. What the stream has lost is a hole, and a checkpoint that does not fit is not taken up.
"""

import asyncio
import time
from collections.abc import Sequence

from feed.broadcast.ring import RingBuffer
from feed.cluster.batch import Batch, read_batch
from feed.cluster.batch_stream import BatchStream
from feed.cluster.errors import BusAway
from feed.cluster.link import Link
from feed.cluster.ordered_read import Inbox, OrderedRead, Stored
from feed.errors import InvalidInput, InvalidMessage, InvalidTick
from feed.logger import logger_of
from feed.reign import checkpoints
from feed.reign.ending import end_tasks
from feed.reign.mark import read_mark
from feed.sources.nats.payload import PayloadReader
from feed.state import checkpoint
from feed.state.cell import Unreadable
from feed.state.replayed import Replayed
from feed.state.restore import Restored, parts_of
from feed.wire.json_ticks import TickReader
from feed.wire.messages import GapReason

READ_S = 30.0  # that what is missing of it may take
LOOK_S = 5.0  # between two looks for a newer checkpoint
_AGAIN_S = 0.1
_HEAR_S = 0.5
_YIELD_BATCHES = 8

log = logger_of("feed.cluster")


class Restoring:
    """Reads what there is, until it is taken up.

    Attributes:
        unreadable: batches that could not be read: they are holes.
    """

    __slots__ = (
        "_capacity", "_checkpoint", "_given", "_link", "_moved", "_reached", "_reader", "_replayed",
        "_task", "_version", "unreadable",
    )  # fmt: skip

    def __init__(self, link: Link, capacity: int) -> None:
        """Begin without having read.

        Args:
            link: to NATS.
            capacity: of the ring.
        """
        self.unreadable = 0
        self._link = link
        self._capacity = capacity
        self._replayed: Replayed | None = None  # None: no batch has come
        self._reader = PayloadReader()
        self._given = 0  # ticks of the source, as the newest batch says
        self._reached = 0  # in the stream
        self._moved = asyncio.Event()
        self._checkpoint: bytes | None = None
        self._version = ""  # of that
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Read, in a task of its own."""
        self._task = asyncio.create_task(self._run(), name="restoring")

    async def close(self) -> None:
        """Read no more."""
        task, self._task = self._task, None
        if task is not None:
            await end_tasks([task])

    async def finish(self, term: Batch, upto: int, source: str) -> Restored:
        """Return what the leaders before have left.

        Args:
            term: our term batch, which is in the stream.
            upto: its sequence there.
            source: the name of the source; the checkpoint of another one is not taken up.

        Raises:
            BusAway: it cannot be read.
        """
        while True:
            await self._reach(upto)
            try:
                await self._look_for_checkpoint()
            except BusAway as away:
                if self._checkpoint is None:
                    raise
                log.warning("checkpoint_as_before", error=str(away))  # what came since is kept
            if self._reached >= upto:  # else its connection has ended, and it has begun anew
                break
        restored = self._compose(term, _fitting(self._checkpoint, term, source))
        await self.close()
        self._checkpoint = self._replayed = None  # a reign is long
        return restored

    async def _reach(self, upto: int) -> None:
        """Wait until the stream is read up to one of its own sequences.

        Raises:
            BusAway: that takes too long.
        """
        try:
            async with asyncio.timeout(READ_S):
                while self._reached < upto:
                    self._moved.clear()
                    await self._moved.wait()
        except TimeoutError:
            words = f"the stream is read up to {self._reached}, and not to {upto}"
            raise BusAway(words) from None

    def _compose(self, term: Batch, parts: Sequence[checkpoint.Plain] | None) -> Restored:
        mono_ns, newest = time.monotonic_ns(), term.first - 1
        offset_ns = time.time_ns() - mono_ns
        replayed = self._replayed
        if replayed is None or replayed.epoch != term.epoch:
            replayed = Replayed(self._capacity, term.epoch, mono_ns, 0)
        meta = None if parts is None else parts[0]
        snapshot, words, bars = (
            ([], [], []) if parts is None else parts_of(parts[0], list(parts[1:]), TickReader())
        )
        later_ns = given = checkpointed = 0
        if meta is not None:
            later_ns = meta["wall_offset_ns"] - offset_ns
            given, checkpointed = meta["source_given"], meta["sequence"]
            replayed.forget(checkpointed)
        for kept in words:
            replayed.undone.note_kept(kept.words, kept.sequences)
        ring = replayed.ring
        if ring is None:
            ring = RingBuffer(self._capacity, epoch=term.epoch, newest=newest, begins=not newest)
        reached = ring.newest
        ring.skip(newest, GapReason.LOST, mono_ns)
        return Restored(
            ring,
            max(self._given, given),
            meta,
            snapshot,
            bars,
            words,
            replayed.after,
            replayed.after_words,
            replayed.receipts,
            later_ns,
            newest - reached,
            0,
            replayed.undone.deleted,
            replayed.undone.deletions(checkpointed),
        )

    async def _run(self) -> None:
        """Read, and begin anew whenever that fails."""
        while True:
            try:
                await self._follow()
            except (BusAway, InvalidMessage) as error:
                log.debug("restoring_again", error=str(error))
            await asyncio.sleep(_AGAIN_S)

    async def _follow(self) -> None:
        """Read from as far back as is needed, for as long as the connection lasts.

        Raises:
            BusAway: it cannot be read any further.
            InvalidMessage: the newest message is no batch.
        """
        self._replayed, self._reached = None, 0
        client, inbox = await self._link.client(), Inbox()
        stream = BatchStream(client, self._link.address.names)
        await self._look_for_checkpoint()
        start = await self._start(stream)
        read = await stream.read(start, inbox)
        self._note_reached(start - 1)
        looked_s = time.monotonic()
        try:
            while not client.is_closed:
                await self._hear(inbox, read)
                read.check()
                if time.monotonic() - looked_s > LOOK_S:
                    looked_s = time.monotonic()
                    await self._look_for_checkpoint()
        finally:
            await read.close()

    async def _start(self, stream: BatchStream) -> int:
        """Return the stream's own sequence to begin at: what fills the ring, and the checkpoint's.

        Raises:
            BusAway: it cannot be asked.
            InvalidMessage: the newest message is no batch.
        """
        extent, newest = await stream.extent(), await stream.newest()
        if newest is None:
            return extent.first
        batch = read_batch(newest.headers)
        first = batch.next - self._capacity
        if self._checkpoint is not None:
            first = min(first, checkpoint.sequence_of(self._checkpoint) + 1)
        return await stream.find(batch.epoch, batch.term, max(1, first), extent)

    async def _hear(self, inbox: Inbox, read: OrderedRead) -> None:
        for number, (_, message) in enumerate(await inbox.take(_HEAR_S)):
            stored = await read.read(message)
            if stored is not None:
                self._take(stored)
                self._note_reached(stored.sequence)
            if not number % _YIELD_BATCHES:
                await asyncio.sleep(0)

    def _note_reached(self, sequence: int) -> None:
        self._reached = sequence
        self._moved.set()

    def _take(self, stored: Stored) -> None:
        """Take a message; one that cannot be read is a hole."""
        try:
            batch = read_batch(stored.headers)
        except InvalidMessage as error:
            log.error("message_foreign", sequence=stored.sequence, error=str(error))  # noqa: TRY400
            return
        replayed, mono_ns = self._replayed, time.monotonic_ns()
        if replayed is None or replayed.epoch != batch.epoch:
            replayed = self._replayed = Replayed(self._capacity, batch.epoch, mono_ns, 0)
            self._given = 0
        replayed.now_ns = mono_ns
        try:
            given, receipts = read_mark(batch.mark)
            self._given = max(self._given, given)
            if batch.count and not batch.is_hole:
                cut = self._reader.read(batch, stored.payload)
                later_ns = batch.offset_ns - (time.time_ns() - mono_ns)
                replayed.take(cut.first, cut.events, cut.ingested_ns, later_ns, receipts)
        except (InvalidInput, InvalidTick, Unreadable) as error:
            self.unreadable += 1
            log.error("batch_unreadable", first=batch.first, count=batch.count, error=str(error))  # noqa: TRY400
        if self._checkpoint is None:
            replayed.forget(batch.last - self._capacity)  # nothing older is of any use

    async def _look_for_checkpoint(self) -> None:
        """Read the checkpoint, where there is a newer one.

        Raises:
            BusAway: it cannot be read.
        """
        version = await checkpoints.version(self._link)
        if version == self._version:
            return
        data = await checkpoints.get(self._link) if version else None
        try:
            sequence = 0 if data is None else checkpoint.sequence_of(data)
        except Unreadable as error:
            log.error("checkpoint_refused", reason=str(error))  # noqa: TRY400 - it says all
            data, sequence = None, 0
        self._checkpoint, self._version = data, version
        if self._replayed is not None and data is not None:
            self._replayed.forget(sequence)


def _fitting(data: bytes | None, term: Batch, source: str) -> Sequence[checkpoint.Plain] | None:
    """Return the parts of a checkpoint; None: it does not belong to the stream and the source."""
    if data is None:
        return None
    try:
        parts = checkpoint.unpack(data)
        _check(parts, term, source)
    except (Unreadable, InvalidTick, LookupError, TypeError, ValueError) as error:
        log.error("checkpoint_refused", reason=str(error))  # noqa: TRY400 - it says all
        return None
    return parts


def _check(parts: list[checkpoint.Plain], term: Batch, source: str) -> None:
    """See that a checkpoint belongs to the stream and the source, and can be read.

    Raises:
        Unreadable, InvalidTick, LookupError, TypeError, ValueError: it does not.
    """
    meta = parts[0]
    if meta["epoch"] != term.epoch:
        raise Unreadable(f"is of the epoch {meta['epoch']}, and the stream of {term.epoch}")
    if meta["sequence"] >= term.first:
        raise Unreadable(f"is of {meta['sequence']}, and the stream ends before {term.first}")
    if meta["source"] != source:
        raise Unreadable(f"is of the source {meta['source']}, and this is {source}")
    parts_of(meta, parts[1:], TickReader())
