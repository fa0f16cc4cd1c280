"""The parts of a checkpoint: what each room knows, taken together at one moment, and given back.

Each says itself what its state is. What conflation has collected and not told is no part: it is in
the ring, from where subscribers that come back are told it.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from feed.ingest.runner import Ingest
from feed.market.symbol_health import Health
from feed.market.ticks import Bar, Status, Tick
from feed.sources.source import Resumable
from feed.state.restore import Restored

_OWN_STATUSES = frozenset(health.value.upper() for health in Health)  # they bypass the bars


def meta_of(ingest: Ingest, given_before: int, wall_offset_ns: int) -> dict[str, Any]:
    """Return all that is small, between two lists of the source, and right after a cut.

    Args:
        ingest: the writer of the ring.
        given_before: how many ticks the source had given to the processes before this one.
        wall_offset_ns: the time of day less the monotonic one.
    """
    broadcast, strand = ingest.hub.broadcast, ingest.strands[0]
    source = strand.side.source
    state, given = (
        (source.state(), source.given_ticks)
        if isinstance(source, Resumable)
        else (None, broadcast.given)
    )
    return {
        "epoch": broadcast.ring.epoch,
        "sequence": broadcast.cut_sequence,
        "source": source.name,
        "source_state": state,
        "source_given": given_before + given,
        "wall_offset_ns": wall_offset_ns,
        "bars": strand.bars.state(),
        "watched": ingest.watched,
        "health": strand.health.state(),
    }


def bars_of(ingest: Ingest) -> Iterator[tuple[str, str, bytes]]:
    """Return the finished bars as of now, to be iterated a kind and symbol at a time."""
    return ingest.strands[0].bars.finished.rows()


def give_back(restored: Restored, ingest: Ingest) -> bool:
    """Give every room what it knew; tell whether the source goes on where it stood.

    Args:
        restored: what was taken up; its ring is the ring already.
        ingest: it has not begun.
    """
    meta, strand = restored.meta, ingest.strands[0]
    source, bars = strand.side.source, strand.bars
    broadcast = ingest.hub.broadcast
    broadcast.snapshot.update(restored.snapshot)
    broadcast.snapshot.update(restored.after)
    resumes = False
    if isinstance(source, Resumable) and meta["source_state"] is not None:
        skipped_ticks = max(0, restored.given - meta["source_given"])
        resumes = source.resume(meta["source_state"], skipped_ticks)
    if resumes or not isinstance(source, Resumable):
        bars.restore(meta["bars"])
        for kind, symbol, rows in restored.bars:
            bars.finished.restore(kind, symbol, rows)
        bars.weave(_of_source(restored.after, builds=bars.builds))
        ingest.take_up_health(meta["health"], meta["watched"], restored.later_ns)
    return resumes


def _of_source(ticks: Sequence[Tick], *, builds: bool) -> list[Tick]:
    """Return the ticks that the source gave, without those that were made of them."""
    return [
        tick
        for tick in ticks
        if not (builds and isinstance(tick, Bar))
        and not (isinstance(tick, Status) and tick.status_code in _OWN_STATUSES)
    ]
