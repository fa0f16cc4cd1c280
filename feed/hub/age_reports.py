"""Feedback: how old ticks were when their readers had them, as a sample of the clients tells.

It is the only age that a user feels, and only the reader knows it. So a client that wishes to
reports a few ages every now and then, over its WebSocket or by POST; the server keeps no more than
a histogram, and takes no more reports a second than it can take for nothing.
"""

import time
from collections.abc import Sequence

from feed.histogram import Histogram
from feed.wire.transport import Transport

REPORTS_PER_S = 100  # 1 % of a core; with more subscribers, what is taken is a random sample
_NS_PER_MS = 1_000_000


class Feedback:
    """Counts reports.

    Attributes:
        outcomes: how many there were: "taken", "over_budget", "not_live".
        live: whether ticks have an age at all; a recording's have none.
    """

    def __init__(self, delivery_age: dict[Transport, Histogram], *, live: bool) -> None:
        self.outcomes = {"taken": 0, "over_budget": 0, "not_live": 0}
        self.live = live
        self._delivery_age = delivery_age
        self._second = 0
        self._in_second = 0

    def take(self, transport: Transport, ages_ms: Sequence[float]) -> str:
        """Count a report's ages, if there is room for them; return the outcome."""
        outcome = self._outcome()
        self.outcomes[outcome] += 1
        if outcome == "taken":
            self._delivery_age[transport].observe_all([int(age * _NS_PER_MS) for age in ages_ms])
        return outcome

    def _outcome(self) -> str:
        if not self.live:
            return "not_live"
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._in_second = second, 0
        self._in_second += 1
        return "taken" if self._in_second <= REPORTS_PER_S else "over_budget"
