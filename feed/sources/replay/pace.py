"""The pace of a replay: the time at which each tick is due."""

from feed.market.ticks import SECOND_NS

MIN_SPEED, MAX_SPEED = 0.001, 1_000_000.0  # a day in three years, a day in 0.1 s
MAX_BEHIND_NS = SECOND_NS  # a replay that was held up longer goes on late, and not in a burst
LEAST_PASS_NS = SECOND_NS  # of event time: looped, a recording of one moment would spin


class Pace:
    """The times at which ticks of one pass are due: as far apart as their events, by the speed."""

    __slots__ = ("_first_event_ns", "_origin_ns", "speed")

    def __init__(self, speed: float) -> None:
        self.speed = speed
        self._first_event_ns: int | None = None
        self._origin_ns = 0  # when the first event is due

    def start(self, event_ns: int, now_ns: int) -> None:
        """Make the first event due now; the same call for later ones changes nothing."""
        if self._first_event_ns is None:
            self._first_event_ns = event_ns
            self._origin_ns = now_ns

    def due_ns(self, event_ns: int) -> int:
        """Return the time at which a tick with this event time is due."""
        assert self._first_event_ns is not None
        return self._origin_ns + int((event_ns - self._first_event_ns) / self.speed)

    def end_ns(self, event_ns: int) -> int:
        """Return the time at which a pass may end that has this last event."""
        assert self._first_event_ns is not None
        return self.due_ns(max(event_ns, self._first_event_ns + LEAST_PASS_NS))

    def forgive(self, event_ns: int, now_ns: int) -> None:
        """Put off all later events, where this one is late by more than `MAX_BEHIND_NS`."""
        self._origin_ns += max(0, now_ns - self.due_ns(event_ns) - MAX_BEHIND_NS)
