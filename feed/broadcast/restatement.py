"""The restatement of one subscriber: from where its conflated channels have to be told again.

Conflated ticks are not in the ring: a subscriber that misses some is told the newest values of the
stretch of the ring that it missed instead. What an interval had collected when the subscriber was
told last, and had not told yet, belongs to that stretch.
"""

from feed.broadcast.cut import Broadcast
from feed.wire.selection import Selection


class Restatement:
    """What conflated channels owe to a subscriber that is not live.

    Attributes:
        first: the sequence from which on they are told again; None: they owe nothing.
        told_upto: the sequence up to which they were told what was due; they are told again before
            any tick after it, or position.
    """

    __slots__ = ("_broadcast", "_told_cuts", "_untold_from", "first", "told_upto")

    def __init__(self, broadcast: Broadcast) -> None:
        """Begin with a subscriber that was told what was due at the last cut."""
        self._broadcast = broadcast
        self.first: int | None = None
        self.told_upto = broadcast.cut_sequence
        self._untold_from = self.told_upto + 1
        self._told_cuts = broadcast.conflated_cuts

    def note_told(self, selection: Selection, sequence: int) -> None:
        """Note that the channels told just now what was due at a sequence."""
        self.told_upto = sequence
        self._untold_from = self._broadcast.states.untold_from(selection, sequence)
        self._told_cuts = self._broadcast.conflated_cuts

    @property
    def is_owed(self) -> bool:
        """Whether anything may have to be told again."""
        return self.first is not None or self._told_cuts != self._broadcast.conflated_cuts

    def note_cuts(self, selection: Selection, sequence: int) -> None:
        """Owe what was cut since: a subscriber that is not live got none of it.

        Up to where it stands it was told what was due: nothing was cut until now.
        """
        if self._told_cuts != self._broadcast.conflated_cuts:
            if self.first is None:
                self.told_upto = max(self.told_upto, sequence)
            self.owe_untold(selection)

    def owe_untold(self, selection: Selection) -> None:
        """Owe what was not told when `note_told` was called last."""
        if selection.intervals_ms:
            self._owe(self._untold_from)

    def owe(self, selection: Selection, first: int, told_upto: int) -> None:
        """Owe what the conflated channels of a selection changed since a sequence.

        Args:
            selection: of the subscriber.
            first: the sequence from which on.
            told_upto: where the subscriber stands with them, at most where it stands itself.
        """
        if selection.intervals_ms:
            owed = self.first is not None
            self.told_upto = min(self.told_upto, told_upto) if owed else told_upto
            self._owe(first)

    def _owe(self, first: int) -> None:
        self.first = first if self.first is None else min(self.first, first)

    def untold_of_ended(
        self, before: Selection, after: Selection, sequence: int
    ) -> tuple[Selection, int] | None:
        """Return the channels whose interval ends, and since when they have collected untold ticks.

        Args:
            before: the selection that the subscriber had.
            after: the selection that it goes on with.
            sequence: where it stands.

        Returns:
            The channels and the first sequence; None: they were told all up to where it stands.
        """
        subscribed, intervals_ms = dict(after.symbols), dict(after.intervals_ms)
        ended = {
            channel: interval_ms
            for channel, interval_ms in before.intervals_ms
            if channel in subscribed and intervals_ms.get(channel) != interval_ms
        }
        self.note_cuts(before, sequence)
        if not ended or (self.first is None and sequence < self.told_upto):
            return None
        symbols = dict(before.symbols)
        part = Selection.of({channel: symbols[channel] for channel in ended}, ended)
        return part, self._untold_from if self.first is None else self.first

    def settle(self) -> None:
        """Owe nothing: it was told."""
        self.first = None
