"""Origins: what a state that waits for a subscriber is of, so that it can be made once more."""

from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Restated:
    """What conflated channels were told again.

    Attributes:
        first: the sequence from which on.
        told_upto: the one up to which they had been told what was due.
        tells_holes: the holes behind that are told before it.
    """

    first: int
    told_upto: int
    tells_holes: bool = False


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
