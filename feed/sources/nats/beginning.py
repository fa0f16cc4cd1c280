"""Where in the stream an edge begins to read, and what it is to know before."""

import struct

import msgpack

from feed.cluster.batch import read_batch
from feed.cluster.batch_stream import BatchStream
from feed.cluster.names import CHECKPOINT_OBJECT
from feed.cluster.objects import read_object
from feed.cluster.succession import Succession
from feed.wire.position import Position

_HEAD_BYTES = struct.calcsize("<8sIIQ")  # of a checkpoint: what it is, and how long
_MOST_BYTES = 1 << 30


async def begin(
    stream: BatchStream, succession: Succession, capacity: int, known: Position | None
) -> int:
    """Return the stream's own sequence to begin at.

    Where the edge stands nowhere yet, or in an epoch that has ended, that is as far back as its
    ring holds, or as its checkpoint is, and at least the newest batch, which says where it stands.
    Else it is behind its position.

    Args:
        stream: of the cluster.
        succession: where the edge stands.
        capacity: of its ring.
        known: as of which event it has a checkpoint; None: it has none.

    Raises:
        BusAway: the stream cannot be asked.
        InvalidMessage: the newest message is no batch.
    """
    extent, newest = await stream.extent(), await stream.newest()
    if newest is None:
        return extent.first
    batch, position = read_batch(newest.headers), succession.position
    if position is not None and position.epoch == batch.epoch:
        succession.newest = max(succession.newest, batch.last)
        return await stream.find(position.epoch, batch.term, position.sequence + 1, extent)
    succession.newest = batch.last
    sequence = max(1, batch.last + 1 - capacity)
    if known is not None and known.epoch == batch.epoch:
        sequence = min(sequence, known.sequence + 1)
    found = await stream.find(batch.epoch, batch.term, sequence, extent)
    return min(found, newest.sequence)


async def read_checkpoint(stream: BatchStream) -> tuple[bytes, Position] | None:
    """Return the newest checkpoint, and as of which event it is; None: there is none.

    Raises:
        BusAway: it cannot be read.
    """
    data = await read_object(stream.client, stream.names.state, CHECKPOINT_OBJECT)
    position = None if data is None else as_of(data)
    return None if data is None or position is None else (data, position)


def as_of(data: bytes) -> Position | None:
    """Return as of which event a checkpoint is; None: it is none."""
    unpacker = msgpack.Unpacker(strict_map_key=False, max_buffer_size=_MOST_BYTES)
    try:
        unpacker.feed(data[_HEAD_BYTES:])
        meta = unpacker.unpack()
        return Position(str(meta["epoch"]), int(meta["sequence"]))
    except (ValueError, TypeError, LookupError, msgpack.UnpackException):
        return None
