"""Whether a position is ours, and where reading goes on after it; the one place that decides it."""

from dataclasses import dataclass
from enum import StrEnum

from feed.broadcast.ring import RingBuffer
from feed.wire.position import BEGINNING, Position


class Resume(StrEnum):
    """How what a subscriber came with could be served; the label of a metric."""

    REPLAYED = "replayed"
    GAP = "gap"
    NEW_EPOCH = "new_epoch"
    REWOUND = "rewound"  # it came with a time, or a number of ticks


@dataclass(frozen=True, slots=True)
class Resumption:
    """Where reading goes on.

    Attributes:
        outcome: how the position can be served.
        sequence: the sequence received, where it is one of ours; `0` is just before the oldest one.
        missing: the first position that is not coming, as it is told; "" where none is missing.
    """

    outcome: Resume
    sequence: int = 0
    missing: str = ""


MOST_AHEAD = 1 << 40  # events: what is further away nobody gave, or will give for days


def locate(after: Position | str, ring: RingBuffer, cut_sequence: int, oldest: int) -> Resumption:
    """Find a position in the ring.

    Args:
        after: the position received; a str is one that could not be read.
        ring: the ring that is read.
        cut_sequence: the newest sequence that anybody was told of.
        oldest: the first sequence that may be read without a gap, at least the ring's own.

    Where another server gives the sequences, a position may be further than anything here: what
    follows it is on its way. Whether there is such a position who follows asks that server; of one
    that there is not, the text is given here.
    """
    furthest = cut_sequence + (MOST_AHEAD if ring.is_followed else 0)
    if after == BEGINNING:
        after = ring.position(ring.oldest - 1)
    if isinstance(after, str) or after.epoch != ring.epoch or after.sequence > furthest:
        return Resumption(Resume.NEW_EPOCH, missing=_first_missing(after, ring))
    if after.sequence + 1 < oldest:
        missing = str(ring.position(after.sequence + 1))
        return Resumption(Resume.GAP, after.sequence, missing)
    return Resumption(Resume.REPLAYED, after.sequence)


def _first_missing(after: Position | str, ring: RingBuffer) -> str:
    """Return the first position that is not coming after one that is not in the ring.

    The id of a foreign server, and a position that we have not reached, are told back as they are.
    """
    if isinstance(after, str) or after.epoch == ring.epoch:
        # A header may hold bytes that are not UTF-8, and no codec can say them.
        return str(after).encode(errors="replace").decode()
    return str(Position(after.epoch, after.sequence + 1))
