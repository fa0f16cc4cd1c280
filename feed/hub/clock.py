"""The clocks of a server: one that only goes forward, and the time of day.

`mono_ns` is for times that are due, waits and durations; `wall_ns` only for times that are written,
and for ages. The time of day may step at any moment.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Clock:
    """Both clocks, as functions that return nanoseconds.

    Attributes:
        mono_ns: since some moment; never goes back.
        wall_ns: since the Unix epoch, as the machine has it.
    """

    mono_ns: Callable[[], int] = time.monotonic_ns
    wall_ns: Callable[[], int] = time.time_ns


SYSTEM_CLOCK = Clock()
