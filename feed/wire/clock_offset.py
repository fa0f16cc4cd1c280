"""The offset of another machine's monotonic clock: by it the times of its events become ours.

Theory of operation: monotonic clocks run alike and begin anywhere, so that one number says how ours
is ahead of another. Two things tell it. The times of day of both machines do, where they are right:
then a word was under way for as long as they say. And nothing comes before it was sent, so that the
shortest time that a word seems to have taken is at least the offset. The times of day are believed
where they make a word take up to a quarter of a second; else the shortest time counts as none at
all. Within a connection the offset follows the shortest time down, and creeps up as clocks drift,
so that a time of day that steps moves no event. A connection to the same clock goes on with what is
known of it, since its first word may have waited for long: it is the same where both clocks of that
machine are as far apart as they were. Knows no clock: all times are arguments.
"""

LONGEST_WAY_NS = 250_000_000  # half way round the earth, and back to a satellite
DRIFT = 10_000  # one part in so many: more than crystals differ
SAME_CLOCK_NS = 100_000_000  # that a time of day may be set by while a clock counts as the same


class ClockOffset:
    """Our monotonic clock less another one.

    Attributes:
        ahead_ns: as far as it is known.
    """

    __slots__ = ("_apart_ns", "_heard_ns", "ahead_ns")

    def __init__(self) -> None:
        """Begin with clocks that are the same."""
        self.ahead_ns = 0
        self._apart_ns: int | None = None  # the other machine's time of day less its other clock
        self._heard_ns = 0

    def begin(self, sent_mono_ns: int, sent_wall_ns: int, mono_ns: int, wall_ns: int) -> None:
        """Hear what the other machine's clocks show: a connection begins.

        Args:
            sent_mono_ns: its monotonic clock, when it was said.
            sent_wall_ns: its time of day then.
            mono_ns: our monotonic clock, when it was heard.
            wall_ns: our time of day then.
        """
        before_ns, self._apart_ns = self._apart_ns, sent_wall_ns - sent_mono_ns
        if before_ns is not None and abs(self._apart_ns - before_ns) <= SAME_CLOCK_NS:
            self.hear(sent_mono_ns, mono_ns)
            return
        self.ahead_ns = mono_ns - sent_mono_ns
        under_way_ns = wall_ns - sent_wall_ns
        if 0 <= under_way_ns <= LONGEST_WAY_NS:
            self.ahead_ns -= under_way_ns
        self._heard_ns = mono_ns

    def hear(self, sent_mono_ns: int, mono_ns: int) -> None:
        """Hear what the other monotonic clock shows, on the same connection."""
        creep_ns = (mono_ns - self._heard_ns) // DRIFT
        self.ahead_ns = min(self.ahead_ns + creep_ns, mono_ns - sent_mono_ns)
        self._heard_ns = mono_ns
