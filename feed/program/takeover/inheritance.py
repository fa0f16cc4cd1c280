"""The inheritance: what a server hands on at the cut, beside its ring, as plain data.

It is of the newest sequence: all that is small of a checkpoint (bars that are open, health,
receipts, owners of symbols), where each source stands, and which batches and ticks the other side
of a pair has not given yet.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgpack

from feed.broadcast.log import Deletion
from feed.errors import InvalidMessage


@dataclass(frozen=True, slots=True)
class Inheritance:
    """What is handed on.

    Attributes:
        meta: as `feed.state.parts.meta_of` returns it.
        given: how many ticks the sources had given in all.
        is_whole: the log and the checkpoint in the directory of the state are; False without one.
        deletions: of messages whose texts may be in its files still.
        pipes: the names of sources whose descriptors come along, with the headers that came there.
    """

    meta: dict[str, Any]
    given: int
    is_whole: bool = False
    deletions: Sequence[Deletion] = ()
    pipes: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def sequence(self) -> int:
        """As of which event it is."""
        sequence: int = self.meta["sequence"]
        return sequence


def pack(inheritance: Inheritance) -> bytes:
    """Return the bytes of it."""
    deletions = [[each.room, each.id, each.first, each.last] for each in inheritance.deletions]
    packed: bytes = msgpack.packb(
        [
            inheritance.meta,
            inheritance.given,
            inheritance.is_whole,
            deletions,
            dict(inheritance.pipes),
        ]
    )
    return packed


def unpack(data: bytes) -> Inheritance:
    """Return what it says.

    Raises:
        InvalidMessage: it is none.
    """
    try:
        meta, given, is_whole, rows, pipes = msgpack.unpackb(data, strict_map_key=False)
        deletions = [Deletion(room, id_, first, last) for room, id_, first, last in rows]
        inheritance = Inheritance(dict(meta), int(given), bool(is_whole), deletions, dict(pipes))
        _ = inheritance.sequence, meta["epoch"], meta["strands"]
    except (ValueError, TypeError, LookupError, msgpack.UnpackException) as error:
        raise InvalidMessage(f"takeover: no state: {error!r}") from None
    return inheritance
