"""When to cut: at once under light load, in ever larger batches under heavy load.

A waiting tick is cut as soon as the cost of the last cut has passed since that cut, so that cutting
takes at most half of the time, and a lone tick leaves at once. Where other work takes its share
(ingest, handshakes, catching up) the rest is longer, up to three times that cost: a crowd that
returns is live sooner when fewer frames are written to those that are. Knows no clock.
"""

MAX_WAIT_NS = 250_000_000
_LONGEST_REST = 3  # of the last cut's cost
_ROOM = 1.5  # for what other work took since the last cut, so that it may grow
_MOST_GROWTH = 2  # of the cost from cut to cut; more is a disturbance, for which no tick waits


class Cadence:
    """Says how long a waiting tick waits."""

    __slots__ = ("_cost_ns", "_ended_ns", "_rest_ns", "interval_ns")

    def __init__(self, interval_ns: int | None = None) -> None:
        """Adapt to the cost of cuts, or cut every `interval_ns` if given."""
        self.interval_ns = interval_ns
        self._ended_ns = 0  # when the last cut ended, monotonic
        self._cost_ns = MAX_WAIT_NS  # of the last cut, as far as it counts
        self._rest_ns = 0

    def delay_ns(self, mono_ns: int) -> int:
        """Return how long to wait until the next cut; 0: cut now."""
        return max(0, self._ended_ns + self._rest_ns - mono_ns)

    def note_cut(self, began_ns: int, ended_ns: int, others_ns: int = 0) -> None:
        """Learn what a cut cost.

        Args:
            began_ns: when it began, monotonic.
            ended_ns: when it ended.
            others_ns: the CPU time that other work took between the cut before and it.
        """
        self._ended_ns = ended_ns
        cost_ns = ended_ns - began_ns
        if self.interval_ns is None:
            cost_ns = self._cost_ns = min(cost_ns, _MOST_GROWTH * self._cost_ns)
            rest_ns = max(cost_ns, min(int(_ROOM * others_ns), _LONGEST_REST * cost_ns))
            self._rest_ns = min(rest_ns, MAX_WAIT_NS)
        else:
            self._rest_ns = max(0, self.interval_ns - cost_ns)
