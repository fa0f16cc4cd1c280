"""Attempts: whether a question that an upstream did not take is asked again, and when.

Only before the first token: after it, text would come twice. All attempts together, with the waits
between them, have the time that the first token has. Knows no clock.
"""

import random
from collections.abc import Callable

MOST = 3
FIRST_WAIT_S = 0.25
_NEXT = 4.0  # times the wait before


class Attempts:
    """The attempts of one question."""

    __slots__ = ("_failed", "_uniform")

    def __init__(self, uniform: Callable[[float, float], float] = random.uniform) -> None:
        self._failed = 0
        self._uniform = uniform

    def wait_s(self, retry_after_s: float | None, left_s: float) -> float | None:
        """Return how long to wait after one more has failed; None: it was the last.

        Args:
            retry_after_s: what the upstream asks for; None: nothing.
            left_s: the time that is left for the first token.
        """
        self._failed += 1
        if self._failed >= MOST:
            return None
        bound_s = FIRST_WAIT_S * _NEXT ** (self._failed - 1)
        wait_s = (retry_after_s or 0.0) + self._uniform(bound_s / 2, bound_s)
        return wait_s if wait_s < left_s else None
