"""A clock that stands still while the process does.

A process that was stopped, or whose machine was, cannot tell whose silence that was: its peers
could not be heard meanwhile. Knows the time only as an argument.
"""

LONGEST_AWAKE_NS = 3_000_000_000  # between two looks at the clock, of which one is due each second


class AwakeClock:
    """A monotonic clock without the time that the process slept; to be asked every second."""

    __slots__ = ("_asked_ns", "_slept_ns")

    def __init__(self) -> None:
        self._asked_ns = 0  # when it was asked last; 0: never
        self._slept_ns = 0  # for how long the process slept, in all

    def awake_ns(self, mono_ns: int) -> int:
        """Return its time at a time of the monotonic clock."""
        passed_ns = mono_ns - self._asked_ns
        if self._asked_ns and passed_ns > LONGEST_AWAKE_NS:
            self._slept_ns += passed_ns
        self._asked_ns = mono_ns
        return mono_ns - self._slept_ns
