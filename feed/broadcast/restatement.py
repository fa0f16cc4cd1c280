"""The restatement of one subscriber: from where its conflated channels have to be told again.

Conflated ticks are not in the ring: a subscriber that misses some is told the newest values of the
stretch of the ring that it missed instead. What an interval had collected when the subscriber was
told last, and had not told yet, belongs to that stretch.
"""

from feed.broadcast.states import States
from feed.wire.selection import Selection


class Restatement:
    """What conflated channels owe to a subscriber that is not live.

    Attributes:
        first: the sequence from which on they are told again; None: they owe nothing.
        told_upto: the sequence at which they were told last; 0: they are told before any tick.
    """

    __slots__ = ("_told_cuts", "_untold_from", "first", "told_upto")

    def __init__(self, sequence: int, conflated_cuts: int) -> None:
        """Begin with a subscriber that stands at a sequence and was told what was due there."""
        self.first: int | None = None
        self.told_upto = sequence
        self._untold_from = sequence + 1
        self._told_cuts = conflated_cuts

    def note_told(
        self, selection: Selection, sequence: int, states: States, conflated_cuts: int
    ) -> None:
        """Note that the channels told what was due at a sequence, after that many cuts."""
        self.told_upto = sequence
        self._untold_from = states.untold_from(selection, sequence)
        self._told_cuts = conflated_cuts

    def is_owed(self, conflated_cuts: int) -> bool:
        """Tell whether anything may have to be told again."""
        return self.first is not None or self._told_cuts != conflated_cuts

    def note_cuts(self, selection: Selection, conflated_cuts: int) -> None:
        """Owe what was cut since: a subscriber that is not live got none of it."""
        if self._told_cuts != conflated_cuts:
            self.owe_untold(selection)

    def owe_untold(self, selection: Selection) -> None:
        """Owe what was not told when `note_told` was called last."""
        if selection.intervals_ms:
            self._owe(self._untold_from)

    def owe(self, selection: Selection, first: int) -> None:
        """Owe, before any tick, what the conflated channels of a selection changed since then.

        Args:
            selection: of the subscriber.
            first: the sequence from which on.
        """
        if selection.intervals_ms:
            self._owe(first)
            self.told_upto = 0

    def _owe(self, first: int) -> None:
        self.first = first if self.first is None else min(self.first, first)

    def settle(self) -> None:
        """Owe nothing: it was told."""
        self.first = None
