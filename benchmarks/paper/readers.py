"""Kinds of subscribers: what one reads, and what a frame of it is."""

from dataclasses import dataclass
from enum import StrEnum

_JSON_TICK = 131.0  # bytes, by 60,000 ticks of the simulated market
_ALONE = 0.236  # of plain JSON, deflated without what went before (`feed bench compressed`)
_SHARED = 0.188  # the same with what went before, which a lane's readers share
_ALONE_US = 17.0  # of 1.7 kB at level 1 (`bench_deflate.py`); frames here are smaller
_SHARED_RATIO = 0.05  # of a frame's CPU that deflate adds for a lane that many share


class Kind(StrEnum):
    """A kind of subscribers."""

    PAGE = "page"
    DESK = "desk"
    DESK_DEFLATED = "desk-deflated"
    LANE = "lane"


@dataclass(frozen=True, slots=True)
class Reader:
    """One kind.

    Attributes:
        words: what it is, for a table.
        selected: ticks a second.
        frames: a second.
        frame_bytes: payload of a frame.
        shared: many read the same.
        extra_us: CPU of a frame beyond what was measured.
    """

    words: str
    selected: float
    frames: float
    frame_bytes: float
    shared: bool = False
    extra_us: float = 0.0


READERS = {
    Kind.PAGE: Reader(
        "a page: 10 symbols of its own, conflated, one JSON frame a second",
        10,
        1,
        10 * _JSON_TICK,
    ),
    Kind.DESK: Reader(
        "a desk: 100 ticks/s of 10 symbols of its own, 20 JSON frames a second",
        100,
        20,
        5 * _JSON_TICK,
    ),
    Kind.DESK_DEFLATED: Reader(
        "the same, each frame deflated by itself",
        100,
        20,
        5 * _JSON_TICK * _ALONE,
        extra_us=_ALONE_US,
    ),
    Kind.LANE: Reader(
        "a lane of 100 ticks/s that all share, deflated, 20 frames a second",
        100,
        20,
        5 * _JSON_TICK * _SHARED,
        shared=True,
        extra_us=7.9 * _SHARED_RATIO,
    ),
}
