"""Waits before the next connection: exponential, with full jitter.

Full jitter (a wait drawn evenly from zero to the bound) spreads the clients of a server that
restarts over the whole interval; see "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
Knows no clock.
"""

import random
from collections.abc import Callable

BASE_S = 1.0  # bound of the first wait
CAP_S = 30.0  # bound of every wait
MIN_BASE_S = 0.1  # a server that asks for less would be hammered by everybody it cut


class Backoff:
    """Bounds that double with each failure."""

    __slots__ = ("_base_s", "_failures", "_uniform")

    def __init__(self, uniform: Callable[[float, float], float] = random.uniform) -> None:
        self._base_s = BASE_S  # bound of the first wait
        self._failures = 0
        self._uniform = uniform

    def next_s(self, at_least_s: float = 0.0) -> float:
        """Return how long to wait now; at least what a server asked for (`Retry-After`)."""
        bound_s = min(max(CAP_S, self._base_s), self._base_s * 2.0**self._failures)
        if bound_s < CAP_S:
            self._failures += 1
        return at_least_s + self._uniform(0.0, bound_s)

    def another(self) -> "Backoff":
        """Return one that begins anew, of the same chance."""
        return Backoff(self._uniform)

    def between(self, least_s: float, most_s: float) -> float:
        """Return how long to wait where nothing has failed, and many must not come at once."""
        return self._uniform(least_s, most_s)

    def ask(self, base_s: float) -> None:
        """Take the bound of the first wait that a server asked for (`retry:`)."""
        self._base_s = max(MIN_BASE_S, base_s)

    def reset(self) -> None:
        """Begin again: data flowed."""
        self._failures = 0
