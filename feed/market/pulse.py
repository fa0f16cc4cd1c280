"""How often something ticks: its usual gap, learnt from its latest ticks."""

from feed.market.ticks import SECOND_NS

USUAL_NS = 300 * SECOND_NS  # usual is the mean of the last five minutes, roughly


class Pulse:
    """How often something ticks.

    Attributes:
        last_ns: when it ticked last, later by the time in which nothing could come.
        gap_ns: the usual gap.
        known_ticks, known_ns: how many ticks, and how much time, the gap was learnt from.
    """

    __slots__ = ("gap_ns", "known_ns", "known_ticks", "last_ns")

    def __init__(self, mono_ns: int) -> None:
        self.last_ns = mono_ns
        self.gap_ns = 0.0
        self.known_ticks = 0
        self.known_ns = 0

    def state(self) -> list[float]:
        """Return all of it, as plain data."""
        return [self.last_ns, self.gap_ns, self.known_ticks, self.known_ns]

    @classmethod
    def restored(cls, state: list[float], later_ns: int) -> "Pulse":
        """Return the pulse of a state, by a clock that shows so much more than the one before."""
        pulse = cls(int(state[0]) + later_ns)
        pulse.gap_ns = state[1]
        pulse.known_ticks, pulse.known_ns = int(state[2]), int(state[3])
        return pulse

    def beat(self, ticks: int, last_ns: int) -> None:
        """Note a number of ticks since the last call, the last of them at `last_ns`."""
        passed_ns = max(0, last_ns - self.last_ns)
        self.last_ns = last_ns
        self.known_ticks += ticks
        if passed_ns:
            # Of one tick the gap itself; of many at random times the mean wait, 2 ÷ rate.
            gap_ns = 2 * passed_ns / (ticks + 1)
            self.known_ns = min(self.known_ns + passed_ns, USUAL_NS)
            self.gap_ns += (gap_ns - self.gap_ns) * min(1.0, passed_ns / self.known_ns)
