"""The limits: the most that one subscriber, and all together, may ask for."""

from dataclasses import dataclass

from feed.errors import LimitExceeded
from feed.wire.limit import Limit
from feed.wire.selection import Selection


@dataclass(frozen=True, slots=True)
class Limits:
    """What one subscriber, and all together, may ask for.

    Attributes:
        symbols_per_subscriber: symbols over all channels of one selection.
        index_entries: symbols over all channels of all different selections together.
        lag_max_ticks: how far a subscriber may be behind; None: as far as the ring reaches.
        high_water_bytes: a subscriber whose socket holds more is not written to.
        slow_timeout_ns: for how long a socket may take nothing.
        new_epoch_ticks: the most ticks that a subscriber of another epoch is given from the
            beginning of this one; more would make a storm of every restart.
    """

    symbols_per_subscriber: int
    index_entries: int
    lag_max_ticks: int | None
    high_water_bytes: int
    slow_timeout_ns: int
    new_epoch_ticks: int = 4_096

    def check(self, selection: Selection, index_entries: int, beside: int = 0) -> None:
        """Refuse a selection that is too large.

        Args:
            selection: what is asked for.
            index_entries: of all selections that are there.
            beside: symbols that are named and that the selection does not say.

        Raises:
            LimitExceeded: by itself, or together with all others.
        """
        entries = selection.entries + beside
        if entries > self.symbols_per_subscriber:
            raise LimitExceeded(Limit.SYMBOLS, entries, self.symbols_per_subscriber)
        together = index_entries + entries
        if together > self.index_entries:
            raise LimitExceeded(Limit.ALL_SYMBOLS, together, self.index_entries)
