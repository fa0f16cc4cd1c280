"""States: the last known values as of the last cut, encoded once for all that need them.

They are forgotten at the next cut, and weighed by bytes until then: there may be none any more.

A snapshot is the last tick of each kind per symbol. A conflated state stands for a stretch of the
ring, newest per symbol: it restates conflated channels to subscribers that come back, and is all
that is left to a subscriber that asked to be conflated when it lags.
"""

from collections.abc import Callable, Iterator

from feed.broadcast.fragments import split_runs
from feed.broadcast.frame_sizes import MARK_BYTES, FrameSizes
from feed.broadcast.pace import Pace
from feed.broadcast.ring import RingBuffer
from feed.broadcast.segments import SEGMENT_TICKS, Segments
from feed.broadcast.selection_cache import SelectionCache
from feed.market.conflation import conflate
from feed.market.snapshot import Snapshot
from feed.market.ticks import Tick
from feed.wire.codec import Codec
from feed.wire.selection import Selection

Runs = list[list[bytes]]  # fragments, in runs that make a frame each
MAX_REMEMBERED_BYTES = 16 << 20
_FRAGMENT_BYTES = 41  # around the bytes of each (measured: 33 of its object, 8 of the reference)
_NS_PER_MS = 1_000_000


class States:
    """Encoded states of selections; forgotten at the next cut."""

    __slots__ = ("_cut_sequence", "_pace", "_ring", "_runs", "_segments", "_sizes", "_snapshot")

    def __init__(
        self,
        ring: RingBuffer,
        snapshot: Snapshot,
        sizes: FrameSizes,
        segments: Segments | None = None,
        max_remembered_bytes: int = MAX_REMEMBERED_BYTES,
        *,
        pace: Callable[[int], Pace] | None = None,
    ) -> None:
        """Make states of a ring, its segments and its snapshot, in runs that fit into messages.

        `pace` returns that of an interval; by default all are as of the beginning.
        """
        self._pace = pace or (lambda _: Pace(snapshot, ring.newest))
        self._sizes = sizes
        self._ring = ring
        self._snapshot = snapshot
        self._cut_sequence = ring.newest
        # By selection, codec, and the sequence where conflation begins (None: a snapshot).
        self._runs: SelectionCache[tuple[str, int | None], Runs]
        self._runs = SelectionCache(max_remembered_bytes)
        self._segments = Segments(ring) if segments is None else segments

    @property
    def remembered_bytes(self) -> int:
        """The memory of the states that are remembered."""
        return self._runs.used_bytes

    def clear(self, cut_sequence: int) -> None:
        """Forget what was encoded: there was a cut."""
        self._cut_sequence = cut_sequence
        self._runs.clear()

    def snapshot(self, selection: Selection, codec: Codec) -> Runs:
        """Return the last known state of the selected symbols."""
        runs = self._runs.get(selection, (codec.name, None))
        if runs is None:
            runs = self._encode(codec, self._snapshot.state(dict(selection.symbols)))
            self._runs.put(selection, (codec.name, None), runs, _weight(runs))
        return runs

    def paced_snapshot(self, selection: Selection, codec: Codec) -> tuple[int, Runs]:
        """Return the last known state of conflated channels at the last ends of their intervals.

        Before it stands the sequence as of which it is; where there are several, the oldest.
        """
        ticks: list[Tick] = []
        as_of = self._cut_sequence
        ends = 0
        for interval_ms, part in selection.parts().items():
            pace = self._pace(interval_ms)
            as_of = min(as_of, pace.sequence)
            ends += pace.sequence  # each only grows
            ticks += pace.snapshot.state(dict(part.symbols))
        key = f"{codec.name} at intervals", ends
        runs = self._runs.get(selection, key)
        if runs is None:
            runs = self._encode(codec, ticks)
            self._runs.put(selection, key, runs, _weight(runs))
        return as_of, runs

    def conflated(
        self, selection: Selection, codec: Codec, first: int, upto: int | None = None
    ) -> Runs:
        """Return one conflated state of what is selected from a sequence on, which is held.

        It is remembered if it goes up to the last cut, as it does where nobody says otherwise.
        """
        upto = self._cut_sequence if upto is None else upto
        is_shared = upto == self._cut_sequence
        runs = self._runs.get(selection, (codec.name, first)) if is_shared else None
        if runs is None:
            ticks: list[Tick] = []
            for found in self._segments.find(selection, first, upto):
                ticks += found
            runs = self._encode(codec, conflate(ticks))
            if is_shared:
                self._runs.put(selection, (codec.name, first), runs, _weight(runs))
        return runs

    def untold_from(self, selection: Selection, sequence: int) -> int:
        """Return the first sequence that conflated channels may owe to a subscriber at a sequence.

        That is the sequence minus one and a half of the longest interval, the most that one lasts:
        what the interval had collected by then was not told yet. What the ring has lost counts as
        owed from the sequence on; where it has lost something of that time, a sequence that it
        does not hold any more is returned.
        """
        ring = self._ring
        if not selection.intervals_ms:
            return sequence + 1
        if sequence < ring.oldest:
            return sequence + 1 if ring.is_whole else min(sequence + 1, ring.oldest - 1)
        longest_ms = max(interval_ms for _, interval_ms in selection.intervals_ms)
        since_ns = ring.ingested_ns(sequence) - longest_ms * _NS_PER_MS * 3 // 2
        first = ring.first_since(since_ns)
        if first == ring.oldest and not ring.is_whole and ring.ingested_ns(first) > since_ns:
            return first - 1
        return first

    def restated(
        self, selection: Selection, codec: Codec, first: int, *, paced: bool = False
    ) -> Iterator[list[bytes]]:
        """Yield what the conflated channels of a selection are restated with from a sequence on.

        It goes up to the last cut; if it is paced, to the last ends of their intervals. It begins
        up to 511 ticks earlier, so that all subscribers that come back at once share it.
        """
        first = max(first - first % SEGMENT_TICKS, self._ring.oldest)
        for interval_ms, part in selection.parts().items():
            if interval_ms:
                upto = self._pace(interval_ms).sequence if paced else None
                yield from self.conflated(part, codec, first, upto)

    def _encode(self, codec: Codec, ticks: list[Tick]) -> Runs:
        """Encode ticks, in runs that leave room for a mark."""
        most_bytes = self._sizes.payload_bytes(codec) - codec.around_bytes - MARK_BYTES
        return split_runs(codec.encode(ticks), most_bytes, codec.between_bytes)


def _weight(runs: Runs) -> int:
    return sum(len(fragment) + _FRAGMENT_BYTES for run in runs for fragment in run)
