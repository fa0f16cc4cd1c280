"""Stalls: how long a loop had no turn, and how much of that the machine did not give it.

Everybody in a storm shares one process, and all processes a machine with others. A loop that is
late because it worked is slow; one that was given no processor is no fault of anybody.
"""

import asyncio
import time

_PAUSE_NS = 50_000_000


class Stalls:
    """Watches the loop that it runs in.

    Attributes:
        longest_ns: it was late by, at most.
        starved_ns: that it was late in all, but for what its thread did meanwhile.
    """

    def __init__(self) -> None:
        self.longest_ns = 0
        self.starved_ns = 0

    async def watch(self) -> None:
        """Watch until it is cancelled."""
        while True:
            due_ns, cpu_ns = time.monotonic_ns() + _PAUSE_NS, time.thread_time_ns()
            await asyncio.sleep(_PAUSE_NS / 1e9)
            late_ns, busy_ns = time.monotonic_ns() - due_ns, time.thread_time_ns() - cpu_ns
            self.longest_ns = max(self.longest_ns, late_ns)
            self.starved_ns += max(0, late_ns - busy_ns)
