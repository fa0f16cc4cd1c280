"""Gathering a checkpoint: all that is known at one moment, between two lists of every source.

What has to be of that moment is taken in one step: of ticks only references, since they never
change. They are encoded, and the finished bars are copied, in slices after that.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from feed.hub.steps import Step
from feed.ingest.runner import Ingest
from feed.market.ticks import Tick
from feed.state import parts, words
from feed.state.checkpoint import Plain
from feed.wire.json_codec import JSON
from feed.wire.json_ticks import NO_TICKS

_SLICE_TICKS = 1_024  # encoded between two turns of the loop: 0.6 ms
_SLICE_ROWS = 16  # of bars, copied likewise: 2 MB at most


@dataclass(frozen=True, slots=True)
class Gathered:
    """A checkpoint that is not packed yet.

    Attributes:
        meta: all that is small; see `feed.state.parts`.
        mono_ns: when it was taken, monotonic.
    """

    meta: dict[str, Any]
    mono_ns: int
    _known: list[Tick]
    _said: Iterator[list[Any]]
    _bars: Iterator[tuple[str, str, bytes]]

    @property
    def sequence(self) -> int:
        """The sequence as of which it is."""
        sequence: int = self.meta["sequence"]
        return sequence

    async def packed(self) -> list[Plain]:
        """Return its parts, made in turns with all else that is done."""
        fragments: list[bytes] = []
        for start in range(0, len(self._known), _SLICE_TICKS):
            fragments += JSON.encode(self._known[start : start + _SLICE_TICKS])
            await asyncio.sleep(0)
        packed: list[Plain] = [self.meta, JSON.join(fragments) if fragments else NO_TICKS]
        for row in self._said:
            packed.append(row)
            await asyncio.sleep(0)
        while rows := list(islice(self._bars, _SLICE_ROWS)):
            packed += rows
            await asyncio.sleep(0)
        return packed


def gather(ingest: Ingest, given_before: int) -> Gathered:
    """Gather all that is known as of now; to be called within `ingest.between_lists()`.

    What waits for a cut is cut before.

    Args:
        ingest: the writer of the ring.
        given_before: how many ticks the sources had given to the processes before this one.
    """
    hub = ingest.hub
    broadcast, clock = hub.broadcast, hub.clock
    if broadcast.waiting_ticks:
        hub.cutter.cut()
    with hub.steps.measured(Step.CHECKPOINT):
        mono_ns = clock.mono_ns()
        broadcast.receipts.forget(mono_ns)
        return Gathered(
            parts.meta_of(ingest, given_before, clock.wall_ns() - mono_ns),
            mono_ns,
            broadcast.snapshot.ticks(),
            words.rows_of(broadcast.keyed),
            parts.bars_of(ingest),
        )
