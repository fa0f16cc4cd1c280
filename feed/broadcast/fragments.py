"""Fragments of the ticks that the ring holds, and catching up from them.

Theory of operation: beside the tick ring each codec has its encoded ticks, in segments of 512
sequences. The cut stores what it encoded; ticks published while nobody used the codec are encoded
when it is first asked for, once. The part that a selection takes of a segment is remembered too, so
that thousands that come back at once slice lists and join bytes; nothing is encoded or matched
again. Those that stand at the same sequence are given the piece that was read from there, as long
as a message may be, and all go on from its end. Segments without a tick that is selected are not
encoded, nor looked at. What is read once leaves nothing behind, and looking for long can be
stopped, and gone on with.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate

from feed.broadcast.ring import RingBuffer
from feed.broadcast.segments import SEGMENT_TICKS, Segments
from feed.broadcast.selection_cache import SelectionCache
from feed.market.asset_classes import BY_FORM, AssetClasses
from feed.wire.codec import Codec, encode_events
from feed.wire.selection import Selection

MAX_REMEMBERED_BYTES = 16 << 20  # of what selections take of segments: 1 M ticks
TURN_TICKS = 2_048  # that a turn looks at, and may encode: 1.5 ms
_BYTES_A_TICK = 16  # its sequence, and the reference to its fragment
_BYTES_A_REFERENCE = 8
_PIECES_SHARE = 4  # of what is remembered, one part in so many is pieces
_WHOLE = 0  # in place of a last sequence: a piece that is full, whatever follows
Selected = tuple["array[int]", list[bytes]]  # sequences, ascending, and their fragments


class _Segment:
    """Fragments of the sequences from `first` on; those overwritten before encoding are missing.

    A sequence within a hole has b"", so that the others are found by their place.
    """

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

    def make_anew(self, sequence: int) -> None:
        """Encode an event once more that the ring has replaced, where it was encoded before."""
        number, _ = divmod(sequence, self._segment_ticks)
        segment = self.known(number)
        if segment is not None and segment.first <= sequence < segment.next:
            [segment.fragments[sequence - segment.first]] = self._encode(sequence - 1, 1)

    def known(self, number: int) -> _Segment | None:
        """Return a segment as far as it is encoded; None: nothing of it is."""
        segment = self._segments[number % len(self._segments)]
        return segment if segment is not None and segment.number == number else None

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
                segment = self._segments[slot] = _Segment(number, max(start, self._ring.oldest))
                missing = min(upto, start + self._segment_ticks - 1) - segment.next + 1
            segment.fragments += self._encode(segment.next - 1, missing)
        return segment

    def _encode(self, after: int, count: int) -> list[bytes]:
        """Return a fragment for each of the sequences after one, b"" for those within holes."""
        ring, codec = self._ring, self._codec
        opaque = ring.newest_other > after
        if ring.hole_after(after, after + count) is None:
            return encode_events(codec, ring.read(after, count), opaque=opaque)
        slots = ring.slots(after, count)
        ticks = [tick for tick in slots if tick is not None]
        fragments = iter(encode_events(codec, ticks, opaque=opaque))
        return [b"" if tick is None else next(fragments) for tick in slots]


class Fragments:
    """Reads what a selection is due from the ring, as fragments of any codec.

    Attributes:
        segments: what ticks are in which part of the ring.
    """

    __slots__ = ("_fragments", "_pieces", "_remembered", "_ring", "segments")

    def __init__(
        self,
        ring: RingBuffer,
        segment_ticks: int = SEGMENT_TICKS,
        classes: AssetClasses = BY_FORM,
        max_remembered_bytes: int = MAX_REMEMBERED_BYTES,
    ) -> None:
        self.segments = Segments(ring, segment_ticks, classes)
        self._ring = ring
        self._fragments: dict[Codec, _FragmentRing] = {}
        # By selection, codec and segment; with the sequence after the last that was looked at.
        self._remembered: SelectionCache[tuple[Codec, int], tuple[int, Selected]]
        pieces_bytes = max_remembered_bytes // _PIECES_SHARE
        self._remembered = SelectionCache(max_remembered_bytes - pieces_bytes)
        # By selection, codec, longest piece, and the sequences before the first and of the last.
        self._pieces: SelectionCache[tuple[Codec, int, int, int], tuple[tuple[bytes, ...], int]]
        self._pieces = SelectionCache(pieces_bytes)

    @property
    def remembered_bytes(self) -> int:
        """The memory of what is remembered for selections."""
        return self._remembered.used_bytes + self._pieces.used_bytes

    def clear(self) -> None:
        """Forget what is remembered for selections: it is made anew when it is asked for."""
        self._remembered.clear()
        self._pieces.clear()

    def make_anew(self, sequences: Sequence[int]) -> None:
        """Have nothing any more of events that the ring has replaced."""
        self.clear()
        for of_codec in self._fragments.values():
            for sequence in sequences:
                of_codec.make_anew(sequence)

    def begin(self) -> None:
        """Forget everything: the sequences begin anew."""
        self.clear()
        self._fragments.clear()
        self.segments.clear()

    def drop(self, codec: Codec) -> None:
        """Let go of all fragments of a codec that nobody uses any more."""
        self._fragments.pop(codec, None)
        self._remembered.drop_where(lambda rest: rest[0] is codec)
        self._pieces.drop_where(lambda rest: rest[0] is codec)

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
        turn_ticks: int | None = None,
        remember: bool = True,
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
            turn_ticks: stop once so many were looked at, whatever was found; None: look at all.
            remember: whether others will read the same; else nothing is left behind.

        Raises:
            Overrun: the tick after `after` was overwritten.
        """
        if after < upto:
            self._ring.read(after, 1)  # raises Overrun
        if not remember or max_ticks is not None:
            return self._look(
                selection, codec, after, upto, max_bytes, max_ticks, turn_ticks, remember=remember
            )[:2]
        for last in (_WHOLE, upto):
            known = self._pieces.get(selection, (codec, max_bytes, after, last))
            if known is not None and known[1] <= upto:
                return list(known[0]), known[1]
        fragments, reached, whole = self._look(
            selection, codec, after, upto, max_bytes, None, turn_ticks, remember=True
        )
        if fragments and (whole or reached == upto):
            rest = codec, max_bytes, after, _WHOLE if whole else upto
            piece_bytes = _BYTES_A_REFERENCE * len(fragments)
            self._pieces.put(selection, rest, (tuple(fragments), reached), piece_bytes)
            self._forget_pieces()
        return fragments, reached

    def numbered(
        self, selection: Selection, codec: Codec, after: int, upto: int, turn_ticks: int
    ) -> tuple[Selected, int]:
        """Return the selected fragments of the next segment that has any, with their sequences.

        Beside them stands the sequence up to which they reach. Nothing is left behind, and looking
        stops once `turn_ticks` were looked at; the other arguments are those of `read`.

        Raises:
            Overrun: the tick after `after` was overwritten.
        """
        segments = self.segments
        if after < upto:
            self._ring.read(after, 1)  # raises Overrun
        most_walked = segments.walked_ticks + turn_ticks
        wanted = selection.by_kind()
        while after < upto and segments.walked_ticks < most_walked:
            number = segments.number(after + 1)
            reached = min(upto, segments.last(number))
            if segments.may_hold(wanted, number):
                sequences, fragments = self._select_once(selection, codec, number, reached)
                low = bisect_left(sequences, after + 1)
                if low < len(sequences):
                    return (sequences[low:], fragments[low:]), reached
            after = reached
        return (array("q"), []), after

    def _look(  # noqa: PLR0917 - as `read` has them
        self,
        selection: Selection,
        codec: Codec,
        after: int,
        upto: int,
        max_bytes: int,
        max_ticks: int | None,
        turn_ticks: int | None,
        *,
        remember: bool,
    ) -> tuple[list[bytes], int, bool]:
        """Look through the segments; return what `read` does, and whether `max_bytes` ended it."""
        segments = self.segments
        between_bytes = codec.between_bytes
        most_bytes = max_bytes + between_bytes  # one less is between fragments than there are
        most_walked = None if turn_ticks is None else segments.walked_ticks + turn_ticks
        wanted = selection.by_kind()
        select = self._select if remember else self._select_once
        taken: list[bytes] = []
        size = 0
        while after < upto:
            if most_walked is not None and segments.walked_ticks >= most_walked:
                return taken, after, False
            number = segments.number(after + 1)
            if not segments.may_hold(wanted, number):
                after = min(upto, segments.last(number))
                continue
            sequences, fragments = select(selection, codec, number, upto)
            low = bisect_left(sequences, after + 1)
            high = bisect_right(sequences, upto)
            if max_ticks is not None and high - low >= max_ticks - len(taken):
                high = low + max_ticks - len(taken)
                upto = sequences[high - 1]
            part = fragments[low:high]
            part_bytes = sum(map(len, part)) + between_bytes * len(part)
            if size + part_bytes > most_bytes:
                fitting = max(_fitting(part, most_bytes - size, between_bytes), 0 if taken else 1)
                if fitting:
                    after = sequences[low + fitting - 1]
                return taken + part[:fitting], after, True
            size += part_bytes
            taken += part
            after = min(upto, segments.last(number))
        return taken, after, False

    def _of(self, codec: Codec) -> _FragmentRing:
        ring = self._fragments.get(codec)
        if ring is None:
            ring = self._fragments[codec] = _FragmentRing(self._ring, codec, self.segments.ticks)
        return ring

    def _select(self, selection: Selection, codec: Codec, number: int, upto: int) -> Selected:
        """Return what a selection takes of a segment, remembered while the segment is the same."""
        rest = codec, number
        known = self._remembered.get(selection, rest)
        segment = self._of(codec).segment(number, upto)
        if known is not None and known[0] == segment.next:
            return known[1]
        first = max(segment.first, self._ring.oldest)
        offset = first - segment.first
        indices = self.segments.select(selection, first, segment.next)
        selected = (
            array("q", [first + index for index in indices]),
            [segment.fragments[offset + index] for index in indices],
        )
        entry = segment.next, selected
        self._remembered.put(selection, rest, entry, _BYTES_A_TICK * len(indices))
        self._forget()
        return selected

    def _select_once(self, selection: Selection, codec: Codec, number: int, upto: int) -> Selected:
        """Return what a selection takes of a segment up to a sequence, and leave nothing behind.

        What is encoded already is used; of the rest only what is selected is encoded.
        """
        first = max(number * self.segments.ticks, self._ring.oldest)
        end = min(upto, self.segments.last(number)) + 1
        indices = self.segments.select(selection, first, end)
        kept = self._fragments.get(codec)
        known = None if kept is None else kept.known(number)
        if known is not None and known.first <= first and end <= known.next:
            offset = first - known.first
            fragments = [known.fragments[offset + index] for index in indices]
        else:
            ticks = self._ring.slots(first - 1, end - first)
            selected = [tick for index in indices if (tick := ticks[index])]
            opaque = self._ring.newest_other >= first
            fragments = encode_events(codec, selected, opaque=opaque)
        return array("q", [first + index for index in indices]), fragments

    def _forget(self) -> None:
        """Let go of segments that were overrun.

        Only the longest unused is looked at: one that is still held was used within the ring's
        span, so what is kept behind it is of two spans at most.
        """
        oldest_number = self.segments.number(self._ring.oldest)
        while oldest := self._remembered.oldest:
            _, (_, number) = oldest
            if number >= oldest_number:
                return
            self._remembered.drop_oldest()

    def _forget_pieces(self) -> None:
        """Let go of pieces that nobody can ask for any more; see `_forget`."""
        oldest = self._ring.oldest
        while longest_unused := self._pieces.oldest:
            _, (_, _, after, _) = longest_unused
            if after >= oldest - 1:
                return
            self._pieces.drop_oldest()


def _fitting(fragments: list[bytes], room_bytes: int, between_bytes: int) -> int:
    """Return how many of the fragments fit, each with what joining adds after it."""
    ends = list(accumulate(map(len, fragments)))
    return bisect_right(
        range(len(ends)), room_bytes, key=lambda index: ends[index] + between_bytes * (index + 1)
    )


def split_runs(
    fragments: Sequence[bytes], max_bytes: int, between_bytes: int = 0
) -> list[list[bytes]]:
    """Split fragments into runs of at least one.

    Args:
        fragments: in order.
        max_bytes: the most that a run of several takes.
        between_bytes: what joining adds between two fragments.
    """
    ends = list(accumulate(map(len, fragments)))
    indexes = range(len(ends))
    runs: list[list[bytes]] = []
    start = before = 0
    while start < len(ends):
        # What joining adds stands after each but the last of a run.
        room_bytes = before + max_bytes + between_bytes
        stop = bisect_right(
            indexes, room_bytes, start, key=lambda index: ends[index] + between_bytes * (index + 1)
        )
        stop = max(stop, start + 1)
        runs.append(list(fragments[start:stop]))
        start, before = stop, ends[stop - 1] + between_bytes * stop
    return runs
