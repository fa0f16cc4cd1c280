"""The progress of a job: what is done, how fast, and how long it still takes. Knows no clock.

What is done only grows. Where a filter decides, nobody knows how much there is before all was
looked at; so the total is what is done, over the share of the source that was looked at.
"""

from collections import deque

WINDOW_NS = 5_000_000_000  # over which speed is measured
_NS_PER_S = 1_000_000_000
_LEAST_NS = 200_000_000  # a speed over less says nothing


class Progress:
    """How far a job has got.

    Attributes:
        done: rows that are written.
        share: of the source that was looked at, from 0 to 1; 0: nobody knows.
        size_bytes: of the file.
    """

    def __init__(self, done: int = 0, share: float = 0.0, size_bytes: int = 0) -> None:
        """Begin, or go on where another process has left off."""
        self.done = done
        self.share = share
        self.size_bytes = size_bytes
        self._samples: deque[tuple[int, int, float]] = deque()

    def note(self, done: int, share: float, size_bytes: int, mono_ns: int) -> None:
        """Note how far it has got by now; less than before is not told."""
        self.done = max(self.done, done)
        self.share = min(1.0, max(self.share, share))
        self.size_bytes = max(self.size_bytes, size_bytes)
        samples = self._samples
        samples.append((mono_ns, done, share))
        while len(samples) > 2 and samples[0][0] < mono_ns - WINDOW_NS:  # noqa: PLR2004 - two ends
            samples.popleft()

    def keep(self, done: int, total: int, size_bytes: int) -> None:
        """Tell no less than another process has told, while that much is written again."""
        self.done = max(self.done, done)
        self.size_bytes = max(self.size_bytes, size_bytes)
        if total:
            self.share = min(1.0, max(self.share, done / total))

    @property
    def total(self) -> int:
        """Rows that there will be, as far as is known; 0: it is not."""
        return round(self.done / self.share) if self.share else 0

    @property
    def per_s(self) -> float:
        """Rows a second, lately; 0: nobody knows yet."""
        return self._speed()[0]

    @property
    def left_s(self) -> float:
        """Seconds that it still takes, as far as is known; 0: nobody knows, or it is over."""
        share_per_s = self._speed()[1]
        return (1 - self.share) / share_per_s if share_per_s > 0 else 0.0

    def _speed(self) -> tuple[float, float]:
        """Return rows, and shares of the source, a second."""
        if not self._samples:
            return 0.0, 0.0
        (began_ns, first, share), (ended_ns, last, last_share) = self._samples[0], self._samples[-1]
        spent_ns = ended_ns - began_ns
        if spent_ns < _LEAST_NS:
            return 0.0, 0.0
        return (last - first) * _NS_PER_S / spent_ns, (last_share - share) * _NS_PER_S / spent_ns
