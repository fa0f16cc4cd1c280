"""Rewinding: the sequence at which a time, or a while ago, begins.

Where ticks happen now, that goes by when they were ingested. What a recording plays has times of
its own, and there it goes by the market's clock (`MarketTimes`). The wall clock may have stepped
meanwhile: when a tick was ingested is kept by the monotonic one, and a time is understood as of
now.
"""

from dataclasses import dataclass

from feed.broadcast.market_times import MarketTimes
from feed.broadcast.ring import RingBuffer
from feed.wire.beginning import Ago, Moment
from feed.wire.messages import Message, rewind_warning
from feed.wire.rfc3339 import rfc3339


@dataclass(frozen=True, slots=True)
class Rewound:
    """Where reading begins.

    Attributes:
        sequence: after it.
        warning: what the subscriber is told, if it does not get all that it asked for.
    """

    sequence: int
    warning: Message | None = None


def rewind(
    asked: Ago | Moment,
    ring: RingBuffer,
    market_times: MarketTimes,
    mono_ns: int,
    wall_ns: int,
    *,
    oldest: int,
    upto: int,
) -> Rewound:
    """Find a time, or a while ago, in the ring; O(log capacity).

    Args:
        asked: which.
        ring: the ring that is read.
        market_times: of a recording; without any it goes by when ticks were ingested.
        mono_ns: now.
        wall_ns: now, as it is written.
        oldest: the first sequence that may be read, at least the ring's own.
        upto: the newest sequence that anybody was told of.
    """
    now_ns = market_times.now_ns
    is_recorded = now_ns is not None
    now_ns = wall_ns if now_ns is None else now_ns
    asked_ns = now_ns - asked.ns if isinstance(asked, Ago) else asked.unix_ns
    if asked_ns > now_ns:
        words = f"{asked} is later than now, {rfc3339(now_ns)}: it begins now"
        return Rewound(upto, rewind_warning(words, now_ns))
    if is_recorded:
        after, holds_from_ns = market_times.since(asked_ns, oldest)
    else:
        after, holds_from_ns = _ingested_since(ring, mono_ns - (wall_ns - asked_ns), oldest)
        if holds_from_ns is not None:
            holds_from_ns += wall_ns - mono_ns
    after = min(after, upto)
    if holds_from_ns is None:
        return Rewound(after)
    words = f"{asked} is before what is held: it begins at {rfc3339(holds_from_ns)}"
    return Rewound(after, rewind_warning(words, holds_from_ns))


def _ingested_since(ring: RingBuffer, since_ns: int, oldest: int) -> tuple[int, int | None]:
    """Return what `MarketTimes.since` does, by when ticks were ingested, monotonic."""
    if oldest > ring.newest:
        return ring.newest, None
    first_ns = ring.ingested_ns(oldest)
    if first_ns > since_ns:
        return oldest - 1, first_ns
    return ring.first_since(since_ns) - 1, None
