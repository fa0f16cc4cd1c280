"""Fragments of the ticks that the ring holds, and catching up from them.

Theory of operation: beside the tick ring each codec has its encoded ticks, in segments of 512
sequences. The cut stores what it encoded; ticks published while nobody used the codec are encoded
when it is first asked for, once. The part that a selection takes of a segment is remembered too, so
that thousands that come back at once slice lists and join bytes; nothing is encoded or matched
again.
"""

from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Sequence

from feed.broadcast.ring import RingBuffer
from feed.market.asset_classes import BY_FORM, AssetClasses
from feed.wire.codec import Codec
from feed.wire.selection import Selection

SEGMENT_TICKS = 512
# Selected segments kept: 16 bytes a tick selected, so at most 17 MB, for 2 M ticks.
MAX_SELECTED_SEGMENTS = 4096
Selected = tuple[list[int], list[bytes]]  # sequences, ascending, and their fragments


class _Segment:
    """Fragments of the sequences from `first` on; those overwritten before encoding are missing."""

    __slots__ = ("first", "fragments", "number")

    def __init__(self, number: int, first: int) -> None:
        self.number = number
        self.first = first
        self.fragments: list[bytes] = []

    @property
    def next(self) -> int:
        return self.first + len(self.fragments)


class _FragmentRing:
    """The segments of one codec, as many as the ring can span."""

    __slots__ = ("_codec", "_ring", "_segment_ticks", "_segments")

    def __init__(self, ring: RingBuffer, codec: Codec, segment_ticks: int) -> None:
        self._ring = ring
        self._codec = codec
        self._segment_ticks = segment_ticks
        self._segments: list[_Segment | None] = [None] * (ring.capacity // segment_ticks + 2)

    def store(self, first: int, fragments: Sequence[bytes]) -> None:
        """Keep what the cut encoded, where it continues what is here or begins a segment."""
        done = 0
        while done < len(fragments):
            number, offset = divmod(first + done, self._segment_ticks)
            part = fragments[done : done + self._segment_ticks - offset]
            slot = number % len(self._segments)
            segment = self._segments[slot]
            if offset == 0:
                segment = self._segments[slot] = _Segment(number, first + done)
            if segment is not None and segment.number == number and segment.next == first + done:
                segment.fragments += part
            done += len(part)

    def segment(self, number: int, upto: int) -> _Segment:
        """Return a segment, complete from the oldest tick held up to `upto`."""
        start = number * self._segment_ticks
        slot = number % len(self._segments)
        segment = self._segments[slot]
        if segment is None or segment.number != number:
            segment = _Segment(number, max(start, self._ring.oldest))
            self._segments[slot] = segment
        missing = min(upto, start + self._segment_ticks - 1) - segment.next + 1
        if missing > 0:
            if segment.next < self._ring.oldest:  # it was left half done, and overrun since
                segment = self._segments[slot] = _Segment(number, self._ring.oldest)
                missing = min(upto, start + self._segment_ticks - 1) - segment.next + 1
            segment.fragments += self._codec.encode(self._ring.read(segment.next - 1, missing))
        return segment


class Fragments:
    """Reads what a selection is due from the ring, as fragments of any codec."""

    __slots__ = ("_classes", "_fragments", "_ring", "_segment_ticks", "_selected")

    def __init__(
        self,
        ring: RingBuffer,
        segment_ticks: int = SEGMENT_TICKS,
        classes: AssetClasses = BY_FORM,
    ) -> None:
        self._classes = classes
        self._segment_ticks = segment_ticks
        self._ring = ring
        self._fragments: dict[str, _FragmentRing] = {}  # by codec name
        self._selected: OrderedDict[tuple[Selection, str, int], tuple[int, Selected]] = (
            OrderedDict()
        )

    def store(self, codec: Codec, first: int, fragments: Sequence[bytes]) -> None:
        """Keep the fragments of the ticks from sequence `first` on."""
        self._of(codec).store(first, fragments)
        self._forget()

    def read(
        self,
        selection: Selection,
        codec: Codec,
        after: int,
        upto: int,
        *,
        max_bytes: int,
        max_ticks: int | None = None,
    ) -> tuple[list[bytes], int]:
        """Return the selected fragments after a sequence, and the sequence up to which they reach.

        Args:
            selection: which ticks.
            codec: in which encoding.
            after: the sequence read so far; the one after it must still be held.
            upto: the last sequence to read, at most the last cut.
            max_bytes: stop before the fragments, joined, are longer than this, but for what `join`
                adds around them; one is always returned.
            max_ticks: stop after this many.

        Raises:
            Overrun: the tick after `after` was overwritten.
        """
        between_bytes = codec.between_bytes
        most_bytes = max_bytes + between_bytes  # one less is between fragments than there are
        if after < upto:
            self._ring.read(after, 1)  # raises Overrun
        taken: list[bytes] = []
        size = 0
        while after < upto:
            number = (after + 1) // self._segment_ticks
            sequences, fragments = self._select(selection, codec, number, upto)
            low = bisect_left(sequences, after + 1)
            high = bisect_right(sequences, upto)
            if max_ticks is not None and high - low >= max_ticks - len(taken):
                high = low + max_ticks - len(taken)
                upto = sequences[high - 1]
            part = fragments[low:high]
            size += sum(map(len, part)) + between_bytes * len(part)
            if size > most_bytes:
                for fragment in reversed(part):
                    size -= len(fragment) + between_bytes
                    part.pop()
                    if size <= most_bytes:
                        break
                if not part and not taken:
                    part = fragments[low : low + 1]
                if part:
                    after = sequences[low + len(part) - 1]
                return taken + part, after
            taken += part
            after = min(upto, (number + 1) * self._segment_ticks - 1)
        return taken, after

    def _of(self, codec: Codec) -> _FragmentRing:
        ring = self._fragments.get(codec.name)
        if ring is None:
            ring = self._fragments[codec.name] = _FragmentRing(
                self._ring, codec, self._segment_ticks
            )
        return ring

    def _select(self, selection: Selection, codec: Codec, number: int, upto: int) -> Selected:
        """Return what a selection takes of a segment, remembered while the segment is the same."""
        key = (selection, codec.name, number)
        known = self._selected.get(key)
        segment = self._of(codec).segment(number, upto)
        if known is not None and known[0] == segment.next:
            self._selected.move_to_end(key)
            return known[1]
        first = max(segment.first, self._ring.oldest)
        ticks = self._ring.read(first - 1, segment.next - first)
        offset = first - segment.first
        indices = selection.select(ticks, self._classes)
        selected = (
            [first + index for index in indices],
            [segment.fragments[offset + index] for index in indices],
        )
        self._selected[key] = (segment.next, selected)
        self._forget()
        return selected

    def _forget(self) -> None:
        """Let go of segments that were overrun, and of the longest unused where there are too many.

        Only the longest unused is looked at: one that is still held was used within the ring's
        span, so what is kept behind it is of two spans at most.
        """
        oldest = self._ring.oldest // self._segment_ticks
        while self._selected:
            _, _, number = next(iter(self._selected))
            if number >= oldest and len(self._selected) <= MAX_SELECTED_SEGMENTS:
                return
            self._selected.popitem(last=False)


def split_runs(
    fragments: Iterable[bytes], max_bytes: int, between_bytes: int = 0
) -> list[list[bytes]]:
    """Split fragments into runs of at least one.

    Args:
        fragments: in order.
        max_bytes: the most that a run of several takes.
        between_bytes: what joining adds between two fragments.
    """
    runs: list[list[bytes]] = []
    size = max_bytes + 1
    for fragment in fragments:
        size += len(fragment) + between_bytes
        if size > max_bytes:
            runs.append([])
            size = len(fragment)
        runs[-1].append(fragment)
    return runs
