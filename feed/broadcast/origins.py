"""Origins: what a state that waits for a subscriber is of, so that it can be made once more."""

from dataclasses import dataclass, replace

from feed.wire.selection import Selection


@dataclass(frozen=True, slots=True)
class Stretch:
    """A conflated state: the newest of a selection from a sequence to another.

    Attributes:
        selection: which.
        first, upto: the first and last sequence.
        tells_holes: the holes in it are told before it.
    """

    selection: Selection
    first: int
    upto: int
    tells_holes: bool = False

    @property
    def told_upto(self) -> int:
        """The last sequence that may be told to its reader before it."""
        return self.first - 1

    def lossless(self, selection: Selection) -> "Stretch":
        """Return the part of it that another selection does not conflate."""
        intervals_ms = dict(selection.intervals_ms)
        if intervals_ms.keys().isdisjoint(channel for channel, _ in self.selection.symbols):
            return self
        symbols = {
            channel: some for channel, some in self.selection.symbols if channel not in intervals_ms
        }
        return replace(self, selection=Selection.of(symbols, dict(self.selection.intervals_ms)))


@dataclass(frozen=True, slots=True)
class Restated:
    """What conflated channels were told again.

    Attributes:
        selection: of their subscriber.
        first, upto: the first and last sequence.
        told_upto: the one up to which they had been told what was due.
        tells_holes: the holes behind that are told before it.
    """

    selection: Selection
    first: int
    upto: int
    told_upto: int
    tells_holes: bool = False

    def ended(self, selection: Selection, sequence: int) -> Stretch | None:
        """Return the part of it that another selection does not conflate any more.

        Args:
            selection: of their subscriber now.
            sequence: where it stands: behind it everything is given that is not conflated.

        Returns:
            None: there is no such part.
        """
        before, after = dict(self.selection.intervals_ms), dict(selection.intervals_ms)
        symbols, upto = dict(self.selection.symbols), min(self.upto, sequence)
        ended = {channel: symbols[channel] for channel in before if channel not in after}
        if not ended or upto < self.first:
            return None
        return Stretch(Selection.of(ended), self.first, upto, tells_holes=self.tells_holes)


@dataclass(frozen=True, slots=True)
class OfSnapshot:
    """The last known state of a selection."""

    selection: Selection


@dataclass(frozen=True, slots=True)
class Kept:
    """The words of a selection from a sequence to another, from where they are kept.

    Attributes:
        selection: which; it selects no ticks.
        first, upto: the first and last sequence.
    """

    selection: Selection
    first: int
    upto: int

    @property
    def told_upto(self) -> int:
        """The last sequence that may be told to its reader before them."""
        return self.first - 1


Origin = Stretch | Restated | OfSnapshot | Kept  # of a state, from which another one can be made
