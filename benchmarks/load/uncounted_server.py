"""`feed serve` that counts nothing while ticks are on their way: what do the metrics cost?

The instruments and the traffic counters of the real server are replaced by ones that do nothing;
all else is the same. Takes the arguments of `feed`.
"""

from collections.abc import Iterable

from feed.broadcast.traffic import Traffic
from feed.cli import main
from feed.histogram import Histogram


def _observe(self: Histogram, value: int, times: int = 1) -> None:
    """Count nothing."""


def _observe_all(self: Histogram, values: Iterable[int]) -> None:
    """Count nothing."""


def _count(
    self: Traffic, frame_bytes: int, plain_bytes: int, readers: int, frames: int = 1
) -> None:
    """Count nothing."""


if __name__ == "__main__":
    Histogram.observe = _observe  # type: ignore[method-assign]
    Histogram.observe_all = _observe_all  # type: ignore[method-assign]
    Traffic.count = _count  # type: ignore[method-assign]
    main()
