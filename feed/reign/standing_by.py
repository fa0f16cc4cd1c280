"""Standing by: live sources are read ahead, so that a takeover loses none of their ticks.

A source that can be asked again needs none of it: it goes on behind the last tick that was told.
Nor does one that others push into, for they push again what nobody has acknowledged.
"""

import time
from collections.abc import Sequence
from dataclasses import replace

from feed.broadcast.ring import RingBuffer
from feed.sources.named_source import NamedSource
from feed.sources.preread import WINDOW_NS, Preread
from feed.sources.source import ReadsAhead, Receiving, Resumable

_WINDOWS = 2  # of what was told, since the other one may have been earlier than we were


def read_ahead(named: NamedSource) -> NamedSource:
    """Return a source that is read from now on, where that is needed; else itself."""
    source = named.source
    needed = source.live and not isinstance(source, Resumable | Receiving | ReadsAhead)
    if not needed:
        return named
    preread = Preread(source, named.renames)
    preread.begin()
    return replace(named, preread=preread)


def take_over(sources: Sequence[NamedSource], ring: RingBuffer) -> None:
    """Let sources that were read ahead give what the ring has not.

    Args:
        sources: all.
        ring: as it was taken up, with times by our own clock.
    """
    preread = [each.preread for each in sources if each.preread is not None]
    if preread:
        told = told_since(ring, time.monotonic_ns() - _WINDOWS * WINDOW_NS)
        for each in preread:
            each.take_over(told)


def told_since(ring: RingBuffer, since_ns: int) -> list[object]:
    """Return the events of a ring that were ingested since then."""
    return [event for sequence, event in ring.held() if ring.ingested_ns(sequence) >= since_ns]
