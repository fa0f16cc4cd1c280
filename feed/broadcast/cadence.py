"""When to cut: at once under light load, in ever larger batches under heavy load.

A waiting tick is cut as soon as `REST` times the last cut's cost has passed since that cut, so that
cutting takes at most a quarter of the time, and a lone tick leaves at once. Knows no clock.
"""

REST = 3  # of the cut's own cost
MAX_WAIT_NS = 250_000_000


class Cadence:
    """Says how long a waiting tick waits."""

    __slots__ = ("_ended_ns", "_rest_ns", "interval_ns")

    def __init__(self, interval_ns: int | None = None) -> None:
        """Adapt to the cost of cuts, or cut every `interval_ns` if given."""
        self.interval_ns = interval_ns
        self._ended_ns = 0  # when the last cut ended, monotonic
        self._rest_ns = 0

    def delay_ns(self, mono_ns: int) -> int:
        """Return how long to wait until the next cut; 0: cut now."""
        return max(0, self._ended_ns + self._rest_ns - mono_ns)

    def note_cut(self, began_ns: int, ended_ns: int) -> None:
        """Learn what a cut cost."""
        self._ended_ns = ended_ns
        if self.interval_ns is None:
            self._rest_ns = min(REST * (ended_ns - began_ns), MAX_WAIT_NS)
        else:
            self._rest_ns = max(0, self.interval_ns - (ended_ns - began_ns))
