"""Recounting: what followed a position is read from the stream again, whenever it is asked for."""

import asyncio
import time
from array import array
from collections.abc import AsyncGenerator

from feed.broadcast.archive import Stretch
from feed.cluster.batch import read_batch
from feed.cluster.batch_stream import BatchStream
from feed.cluster.ordered_read import HEARTBEAT_S, Inbox, Stored
from feed.errors import InvalidInput
from feed.sources.nats.payload import PayloadReader
from feed.wire.position import Position

_NOTHING = Stretch(0, [])
_YIELDED_EVENTS = 2_048  # between two turns of the loop: 2 ms of decoding


async def recount(
    stream: BatchStream, inbox: Inbox, payloads: PayloadReader, after: Position, term: int
) -> AsyncGenerator[Stretch, None]:
    """Yield the events behind a position, until it is closed, or another epoch comes.

    Args:
        stream: of the cluster.
        inbox: that learns when the connection has ended.
        payloads: reads the batches; one that it cannot read is a hole.
        after: the position.
        term: of a batch of its epoch.

    Raises:
        BusAway: the stream cannot be read, or not any more.
    """
    extent = await stream.extent()
    start = await stream.find(after.epoch, term, after.sequence + 1, extent)
    if start > extent.last:
        return
    read = await stream.read(start, inbox)
    looked = 0
    try:
        while True:
            for _, message in await inbox.take(HEARTBEAT_S):
                stored = await read.read(message)
                if stored is None:
                    continue
                is_oldest = start == extent.first and stored.sequence == start
                stretch = _stretch(stored, after.epoch, payloads, is_oldest=is_oldest)
                if stretch is None:
                    return
                looked += len(stretch.events)
                if looked >= _YIELDED_EVENTS:
                    looked = 0
                    await asyncio.sleep(0)
                yield stretch
            read.check()
            yield _NOTHING  # that whoever reads may end
    finally:
        await read.close()


def _stretch(
    stored: Stored, epoch: str, payloads: PayloadReader, *, is_oldest: bool
) -> Stretch | None:
    """Return what a message has; None: it is of another epoch, which begins with it."""
    ends = not stored.pending
    try:
        batch = read_batch(stored.headers)
    except InvalidInput:
        return Stretch(0, [], ends=ends)
    if batch.epoch != epoch:
        return None
    if not batch.count or batch.is_hole:
        return Stretch(batch.first, [], is_oldest=is_oldest, ends=ends)
    try:
        cut = payloads.read(batch, stored.payload)
    except InvalidInput:  # it was told when it was followed
        return Stretch(batch.first, [], is_oldest=is_oldest, ends=ends)
    stamps = _stamps(cut.ingested_ns, batch.offset_ns, time.time_ns(), time.monotonic_ns())
    return Stretch(
        batch.first, cut.events, stamps, others=cut.others, is_oldest=is_oldest, ends=ends
    )


def _stamps(ingested_ns: "array[int]", offset_ns: int, wall_ns: int, mono_ns: int) -> "array[int]":
    """Return when events were ingested by our own monotonic clock, and none in the future.

    Their writer may be gone, and its machine too: only times of day can be compared.

    Args:
        ingested_ns: by its monotonic clock.
        offset_ns: its time of day less that clock.
        wall_ns: the time of day here.
        mono_ns: what our monotonic clock shows.
    """
    ahead_ns = offset_ns - (wall_ns - mono_ns)
    return array("q", [min(stamp + ahead_ns, mono_ns) for stamp in ingested_ns])
