"""A draft: a state in the making, which takes turns, and is shared by all that wait for it.

Its ticks are gathered first where they stand for a stretch of events, then encoded, and split in
runs that make a frame each. Whoever waits for it does the next turn's work for all of them.
"""

from collections.abc import Sequence

from feed.broadcast.fragments import split_runs
from feed.broadcast.gathering import Gathering, Missing
from feed.broadcast.segments import Segments
from feed.market.ticks import Tick
from feed.wire.codec import Codec

Runs = list[list[bytes]]  # fragments, in runs that make a frame each
_FRAGMENT_BYTES = 41  # around the bytes of each (measured: 33 of its object, 8 of the reference)


class Draft:
    """A state of a selection in one encoding.

    Attributes:
        runs: the state, once it is whole; None before.
    """

    __slots__ = (
        "__weakref__",
        "_codec",
        "_fragments",
        "_gathering",
        "_most_bytes",
        "_segments",
        "_ticks",
        "_turn_ticks",
        "runs",
    )

    def __init__(
        self,
        ticks: Gathering | list[Tick],
        codec: Codec,
        segments: Segments,
        most_bytes: int,
        turn_ticks: int,
    ) -> None:
        """Begin with nothing encoded.

        Args:
            ticks: of the state, or what gathers them.
            codec: the encoding.
            segments: of the ring; they count the work.
            most_bytes: the most that the fragments of a run take together.
            turn_ticks: how many ticks are looked at, or encoded, in a turn.
        """
        self._gathering = ticks if isinstance(ticks, Gathering) else None
        self._ticks = None if isinstance(ticks, Gathering) else ticks
        self._codec = codec
        self._segments = segments
        self._most_bytes = most_bytes
        self._turn_ticks = turn_ticks
        self._fragments: list[bytes] = []
        self.runs: Runs | None = None

    @property
    def lost_upto(self) -> int | None:
        """The last sequence of its stretch that it says nothing of, since that was lost."""
        return None if self._gathering is None else self._gathering.lost_upto

    @property
    def holes(self) -> Sequence[Missing]:
        """The holes in its stretch, once it is whole."""
        return () if self._gathering is None else self._gathering.holes

    @property
    def upto(self) -> int | None:
        """The last sequence of its stretch; None: it stands for none."""
        return None if self._gathering is None else self._gathering.upto

    @property
    def waits(self) -> bool:
        """Whether a page of the archive has to come before it gets on."""
        return self._gathering is not None and self._gathering.waits

    @property
    def weight_bytes(self) -> int:
        """The memory of its fragments, once it is whole."""
        return sum(len(fragment) + _FRAGMENT_BYTES for run in self.runs or () for fragment in run)

    def advance(self) -> bool:
        """Do one turn's work; tell whether the state is whole."""
        segments, fragments = self._segments, self._fragments
        most_walked = segments.walked_ticks + self._turn_ticks
        if self._ticks is None and self._gathering is not None:
            self._ticks = self._gathering.advance(most_walked)
        ticks = self._ticks
        if self.runs is not None or ticks is None:
            return self.runs is not None
        while len(fragments) < len(ticks) and segments.walked_ticks < most_walked:
            part = ticks[len(fragments) : len(fragments) + most_walked - segments.walked_ticks]
            fragments += self._codec.encode(part)
            segments.walked_ticks += len(part)
        if len(fragments) < len(ticks):
            return False
        self.runs = split_runs(fragments, self._most_bytes, self._codec.between_bytes)
        self._ticks, self._fragments = [], []
        return True
