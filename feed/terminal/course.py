"""The recent course of one price, in few points: the data of a sparkline and of a change.

Theory of operation: one point per step of time, at most `CAPACITY` of them. When they are full,
every second one goes and the step doubles; points older than `WINDOW_NS` go too. So a course of
three minutes and one of an hour take the same memory and the same time to draw. The dashboard's
courses are made the same way. Knows no clock.
"""

from collections.abc import Iterable, Sequence

from feed.market.ticks import SECOND_NS

WINDOW_NS = 3_600 * SECOND_NS
CAPACITY = 128
FIRST_STEP_NS = SECOND_NS

LEVELS = "▁▂▃▄▅▆▇█"


class Course:
    """Prices over the last hour, oldest first.

    Attributes:
        times_ns: event times, ascending.
        prices: the price from each of these times on, until the next.
    """

    __slots__ = ("_step_ns", "prices", "times_ns")

    def __init__(self) -> None:
        self.times_ns: list[int] = []
        self.prices: list[float] = []
        self._step_ns = FIRST_STEP_NS

    @property
    def first(self) -> float | None:
        """The oldest price that is known."""
        return self.prices[0] if self.prices else None

    def push(self, time_ns: int, price: float) -> None:
        """Note a price; a time that goes back counts as the last one."""
        if self.times_ns and time_ns - self.times_ns[-1] < self._step_ns:
            self.prices[-1] = price
            return
        self.times_ns.append(time_ns)
        self.prices.append(price)
        self._forget(time_ns - WINDOW_NS)
        self._thin()

    def seed(self, past: Iterable[tuple[int, float]]) -> None:
        """Put older times and prices, oldest first, in front; later ones are ignored."""
        first_ns = self.times_ns[0] if self.times_ns else None
        older = [point for point in past if first_ns is None or point[0] < first_ns]
        self.times_ns[:0] = [time_ns for time_ns, _ in older]
        self.prices[:0] = [price for _, price in older]
        if self.times_ns:
            self._forget(self.times_ns[-1] - WINDOW_NS)
        self._thin()

    def copy(self) -> "Course":
        """Return a course that does not change with this one."""
        copy = Course()
        copy.times_ns, copy.prices = self.times_ns.copy(), self.prices.copy()
        copy._step_ns = self._step_ns
        return copy

    def _forget(self, before_ns: int) -> None:
        old = sum(time_ns < before_ns for time_ns in self.times_ns)
        del self.times_ns[:old], self.prices[:old]

    def _thin(self) -> None:
        """Drop every second point, the newest excepted, until there is room."""
        while len(self.times_ns) > CAPACITY:
            newest = len(self.times_ns) - 1
            kept = [at for at in range(newest + 1) if at % 2 == 0 or at == newest]
            self.times_ns = [self.times_ns[at] for at in kept]
            self.prices = [self.prices[at] for at in kept]
            self._step_ns *= 2


def sparkline(times_ns: Sequence[int], prices: Sequence[float], width: int) -> str:
    """Draw a course in one line of blocks.

    Each character stands for the same time, a second at least, and shows the price at its end. The
    newest is at the right; times without a known price are blank.

    Args:
        times_ns: ascending.
        prices: one for each time.
        width: characters of the result; it is empty where no price is known.
    """
    if not prices or width < 1:
        return ""
    span_ns = times_ns[-1] - times_ns[0]
    cell_ns = max(SECOND_NS, -(-span_ns // max(1, width - 1)))
    low = min(prices) / 2  # halves, since the whole may be larger than the largest number
    height = max(prices) / 2 - low or 1
    top = len(LEVELS) - 1
    newest = {  # per character: the later of two prices replaces the earlier
        (time_ns - times_ns[-1]) // cell_ns + width - 1: LEVELS[
            round((price / 2 - low) / height * top)
        ]
        for time_ns, price in zip(times_ns, prices, strict=True)
    }
    line, level = "", " "
    for cell in range(width):
        level = newest.get(cell, level)
        line += level
    return line
