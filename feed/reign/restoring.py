"""Restoring: what a new leader takes up of those before, from the stream and the object store.

The checkpoint says how everything stood at a sequence; the stream fills the ring, and has what came
behind the checkpoint. It is read behind our own term batch, so that nothing can come any more. What
the stream has lost is a hole, and a checkpoint that does not fit is not taken up.
"""

import asyncio
from dataclasses import dataclass

from feed.broadcast.ring import RingBuffer
from feed.cluster.batch import Batch, read_batch
from feed.cluster.batch_stream import BatchStream
from feed.cluster.errors import BusAway, BusLost
from feed.cluster.link import Link
from feed.cluster.ordered_read import HEARTBEAT_S, Inbox, Stored
from feed.errors import InvalidInput, InvalidMessage, InvalidTick
from feed.logger import logger_of
from feed.reign import checkpoints
from feed.reign.mark import read_mark
from feed.sources.nats.payload import PayloadReader
from feed.state import checkpoint
from feed.state.cell import Unreadable
from feed.state.replayed import Replayed
from feed.state.restore import Now, Restored, parts_of
from feed.wire.json_ticks import TickReader
from feed.wire.messages import GapReason

READ_S = 30.0  # that reading all of it may take
_YIELD_BATCHES = 8

log = logger_of("feed.cluster")


@dataclass(slots=True)
class Reading:
    """What is read of the stream, batch by batch.

    Attributes:
        replayed: what came of it.
        now: the present moment.
        given: how many ticks the source had given, as the newest batch says.
        unreadable: batches that could not be.
    """

    replayed: Replayed
    now: Now
    given: int = 0
    unreadable: int = 0

    def take(self, batch: Batch, payload: bytes, reader: PayloadReader) -> None:
        """Take a batch; one that cannot be read is a hole."""
        try:
            given, receipts = read_mark(batch.mark)
            self.given = max(self.given, given)
            if batch.is_hole or not batch.count:
                return
            cut = reader.read(batch, payload)
            later_ns = batch.offset_ns - (self.now.wall_ns - self.now.mono_ns)
            self.replayed.take(cut.first, cut.events, cut.ingested_ns, later_ns, receipts)
        except (InvalidInput, InvalidTick, Unreadable) as error:
            self.unreadable += 1
            log.error("batch_unreadable", first=batch.first, count=batch.count, error=str(error))  # noqa: TRY400 - it says all


async def restore(
    link: Link, term: Batch, upto: int, *, capacity: int, source: str, now: Now
) -> Restored:
    """Return what the leaders before have left.

    Args:
        link: to NATS.
        term: our term batch, which is in the stream.
        upto: its sequence there.
        capacity: of the ring.
        source: the name of the source; the checkpoint of another one is not taken up.
        now: the present moment.

    Raises:
        BusAway: it cannot be read.
    """
    found = await _checkpoint(link, term, source)
    checkpointed = 0 if found is None else found[0]["sequence"]
    reading = Reading(Replayed(capacity, term.epoch, now.mono_ns, checkpointed), now)
    ticks = TickReader()
    snapshot, words, bars = ([], [], []) if found is None else parts_of(found[0], found[1:], ticks)
    for kept in words:
        reading.replayed.undone.note_kept(kept.words, kept.sequences)
    first = max(1, min(term.first - capacity, checkpointed + 1))
    async with asyncio.timeout(READ_S):
        await _read(link, term, first, upto, reading)
    meta = None if found is None else found[0]
    replayed, newest = reading.replayed, term.first - 1
    ring = replayed.ring
    if ring is None:
        ring = RingBuffer(capacity, epoch=term.epoch, newest=newest, begins=not newest)
    reached = ring.newest
    ring.skip(newest, GapReason.LOST, now.mono_ns)
    later_ns = 0
    if meta is not None:
        later_ns = meta["wall_offset_ns"] - (now.wall_ns - now.mono_ns)
        reading.given = max(reading.given, meta["source_given"])
    return Restored(
        ring,
        reading.given,
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


async def _checkpoint(link: Link, term: Batch, source: str) -> list[checkpoint.Plain] | None:
    """Return the parts of the checkpoint, where it fits."""
    data = await checkpoints.get(link)
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


async def _read(link: Link, term: Batch, first: int, upto: int, reading: Reading) -> None:
    """Read the stream from a sequence of events on, up to our term batch.

    Raises:
        BusAway: it cannot be.
    """
    inbox, reader = Inbox(), PayloadReader()
    stream = BatchStream(await link.client(), link.address.names)
    start = await stream.find(term.epoch, term.term, first, await stream.extent())
    if start >= upto:
        return
    read = await stream.read(start, inbox)
    reached = start - 1
    try:
        while reached < upto:
            for number, (_, message) in enumerate(await inbox.take(HEARTBEAT_S)):
                stored = await read.read(message)
                if stored is not None and stored.sequence <= upto:
                    reached = stored.sequence
                    _take(stored, term, reader, reading)
                if not number % _YIELD_BATCHES:
                    await asyncio.sleep(0)
            read.check()
    except BusLost as error:
        raise BusAway(str(error)) from error
    finally:
        await read.close()


def _take(stored: Stored, term: Batch, reader: PayloadReader, reading: Reading) -> None:
    try:
        batch = read_batch(stored.headers)
    except InvalidMessage as error:
        log.error("message_foreign", sequence=stored.sequence, error=str(error))  # noqa: TRY400
        return
    if batch.epoch == term.epoch:
        reading.take(batch, stored.payload, reader)
