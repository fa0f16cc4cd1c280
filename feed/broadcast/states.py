"""States: the last known values as of the last cut, encoded once for all that need them.

They are forgotten at the next cut, and weighed by bytes until then: there may be none any more.

A snapshot is the last tick of each kind per symbol. A conflated state stands for a stretch of the
ring, newest per symbol: it restates conflated channels to subscribers that come back, and is all
that is left to a subscriber that asked to be conflated when it lags.
"""

from collections.abc import Callable
from typing import cast
from weakref import WeakValueDictionary

from feed.broadcast.draft import Draft
from feed.broadcast.fragments import TURN_TICKS
from feed.broadcast.frame_sizes import MARK_BYTES, FrameSizes
from feed.broadcast.gathering import Gathering
from feed.broadcast.interval_search import Pages
from feed.broadcast.keyed_states import KeyedStates
from feed.broadcast.pace import Pace
from feed.broadcast.ring import RingBuffer
from feed.broadcast.segments import SEGMENT_TICKS, Segments
from feed.broadcast.selection_cache import SelectionCache
from feed.market.snapshot import Snapshot
from feed.market.ticks import Tick
from feed.market.words import Word
from feed.wire.codec import Codec
from feed.wire.selection import Selection

MAX_REMEMBERED_BYTES = 16 << 20
_AT_INTERVALS = -1  # in place of a last sequence: as of the last ends of several intervals
_NS_PER_MS = 1_000_000
# The encoding, and the first and last sequence of a conflated state; None and 0: a snapshot.
_Rest = tuple[Codec, int | None, int]


class States:
    """Encoded states of selections; forgotten at the next cut.

    Attributes:
        pages: of the archive, for stretches that the ring has lost; None: there is none.
    """

    __slots__ = (
        "_begun",
        "_cut_sequence",
        "_keyed",
        "_pace",
        "_ring",
        "_segments",
        "_sizes",
        "_snapshot",
        "_turn_ticks",
        "_whole",
        "pages",
    )

    def __init__(
        self,
        ring: RingBuffer,
        snapshot: Snapshot,
        sizes: FrameSizes,
        segments: Segments | None = None,
        max_remembered_bytes: int = MAX_REMEMBERED_BYTES,
        *,
        keyed: KeyedStates | None = None,
        turn_ticks: int = TURN_TICKS,
        pace: Callable[[int], Pace] | None = None,
    ) -> None:
        """Make states of a ring, its segments and its snapshot, in runs that fit into messages.

        `keyed` are the states of words; by default there are none.
        `pace` returns that of an interval; by default all are as of the beginning.
        """
        self.pages: Pages | None = None
        self._pace = pace or (lambda _: Pace(snapshot, ring.newest))
        self._sizes = sizes
        self._turn_ticks = turn_ticks
        self._ring = ring
        self._snapshot = snapshot
        self._keyed = KeyedStates() if keyed is None else keyed
        self._cut_sequence = ring.newest
        self._whole: SelectionCache[_Rest, Draft] = SelectionCache(max_remembered_bytes)
        # Others as long as somebody waits for them.
        self._begun: WeakValueDictionary[tuple[Selection, _Rest], Draft] = WeakValueDictionary()
        self._segments = Segments(ring) if segments is None else segments

    @property
    def remembered_bytes(self) -> int:
        """The memory of the states that are remembered."""
        return self._whole.used_bytes

    def clear(self, cut_sequence: int) -> None:
        """Forget what was encoded: there was a cut."""
        self._cut_sequence = cut_sequence
        self._whole.clear()
        self._begun.clear()

    def snapshot(self, selection: Selection, codec: Codec) -> Draft:
        """Return the last known state of the selected symbols and keys."""
        return self._draft(selection, (codec, None, 0), lambda: self._state(selection))

    def words(self, selection: Selection, codec: Codec, first: int, upto: int) -> Draft | None:
        """Return the selected words of a stretch, which the ring may not hold any more.

        None: not all of them are kept.
        """
        words = self._keyed.between(selection, first - 1, upto)
        if words is None:
            return None
        return self._draft(selection, (codec, first, upto), lambda: _among_ticks(words))

    def paced_snapshot(self, selection: Selection, codec: Codec) -> tuple[int, Draft]:
        """Return the last known state of conflated channels at the last ends of their intervals.

        Before it stands the sequence as of which it is; where there are several, the oldest.
        """
        paces = [
            (self._pace(interval_ms), dict(part.symbols))
            for interval_ms, part in selection.ticks.parts().items()
        ]
        as_of = min([self._cut_sequence, *(pace.sequence for pace, _ in paces)])
        ends = sum(pace.sequence for pace, _ in paces)  # each only grows

        def ticks() -> list[Tick]:
            paced = [tick for pace, symbols in paces for tick in pace.snapshot.state(symbols)]
            return [*paced, *_among_ticks(self._keyed.states(selection))]

        return as_of, self._draft(selection, (codec, ends, _AT_INTERVALS), ticks)

    def conflated(
        self, selection: Selection, codec: Codec, first: int, upto: int | None = None
    ) -> Draft:
        """Return one conflated state of what is selected from a sequence on.

        The ring holds it, or the archive has it. It goes up to the last cut where nobody says
        otherwise.
        """
        last = self._cut_sequence if upto is None else upto
        return self._draft(
            selection,
            (codec, first, last),
            lambda: Gathering(self._ring, self._segments, selection, first, last, pages=self.pages),
        )

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
        sequence = min(sequence, ring.newest)  # one that is further on: as of now, to be sure
        if sequence < ring.oldest:
            return sequence + 1 if ring.is_whole else min(sequence + 1, ring.oldest - 1)
        since_ns = ring.ingested_ns(sequence) - untold_ns(selection)
        first = ring.first_since(since_ns)
        if first == ring.oldest and not ring.is_whole and ring.ingested_ns(first) > since_ns:
            return first - 1
        return first

    def restated(
        self,
        selection: Selection,
        codec: Codec,
        first: int,
        *,
        paced: bool = False,
        goes_back: bool = False,
    ) -> list[Draft]:
        """Return what the conflated channels of a selection are restated with from a sequence on.

        It goes up to the last cut; if it is paced, to the last ends of their intervals. It begins
        up to 511 ticks earlier, so that all subscribers that come back at once share it. It begins
        with what the ring holds, unless it goes back to the archive.
        """
        first = max(first - first % SEGMENT_TICKS, 1 if goes_back else self._ring.oldest)
        return [
            self.conflated(part, codec, first, self._pace(interval_ms).sequence if paced else None)
            for interval_ms, part in selection.parts().items()
            if interval_ms
        ]

    def _state(self, selection: Selection) -> list[Tick]:
        ticks = self._snapshot.state(dict(selection.symbols))
        return ticks + _among_ticks(self._keyed.states(selection)) if selection.words else ticks

    def _draft(
        self, selection: Selection, rest: _Rest, ticks: Callable[[], Gathering | list[Tick]]
    ) -> Draft:
        """Return the one draft that is shared until the next cut; a new one has had its turn."""
        draft = self._whole.get(selection, rest)
        if draft is not None:
            return draft
        draft = self._begun.get((selection, rest))
        if draft is None:
            codec = rest[0]
            most_bytes = self._sizes.payload_bytes(codec) - codec.around_bytes - MARK_BYTES
            draft = Draft(ticks(), codec, self._segments, most_bytes, self._turn_ticks)
            self._begun[selection, rest] = draft
            draft.advance()
        if draft.runs is not None:
            self._whole.put(selection, rest, draft, draft.weight_bytes)
        return draft


def untold_ns(selection: Selection) -> int:
    """Return for how long at most conflated channels have collected what they have not told yet."""
    longest_ms = max(interval_ms for _, interval_ms in selection.intervals_ms)
    return longest_ms * _NS_PER_MS * 3 // 2


def _among_ticks(words: list[Word]) -> list[Tick]:
    """Return words as a state has them, like the ring: among ticks."""
    return cast("list[Tick]", words)
