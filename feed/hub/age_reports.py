"""Age reports: how old ticks were when their readers had them, as a sample of the clients tells.

It is the only age that a user feels, and only the reader knows it. So a client that wishes to
reports a few ages every now and then, over its WebSocket or by POST; the server keeps no more than
a histogram, and takes no more reports a second than it can take for nothing.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from feed.histogram import Histogram
from feed.hub.clock import Clock
from feed.wire.transport import Transport

REPORTS_PER_S = 100  # 1 % of a core; with more subscribers, what is taken is a random sample
_NS_PER_MS = 1_000_000
_NS_PER_S = 1_000_000_000


class Outcome(StrEnum):
    """What became of a report; the label of a metric."""

    TAKEN = "taken"
    OVER_BUDGET = "over_budget"
    NOT_LIVE = "not_live"


class AgeReports:
    """Counts reports.

    Attributes:
        outcomes: how many there were of each.
        live: whether ticks have an age at all.
    """

    def __init__(
        self, delivery_age: Mapping[Transport, Histogram], clock: Clock, *, live: bool
    ) -> None:
        """Begin without a report.

        Args:
            delivery_age: the histograms that ages are counted into.
            clock: for the budget.
            live: whether ticks have an age at all; a recording's have none.
        """
        self.outcomes = dict.fromkeys(Outcome, 0)
        self._delivery_age = delivery_age
        self._clock = clock
        self.live = live
        self._second = 0  # the monotonic second in which reports are counted
        self._in_second = 0

    def record(self, transport: Transport, ages_ms: Sequence[float]) -> Outcome:
        """Count a report's ages, if there is room for them; return the outcome."""
        outcome = self._judge()
        self.outcomes[outcome] += 1
        if outcome is Outcome.TAKEN:
            self._delivery_age[transport].observe_all([int(age * _NS_PER_MS) for age in ages_ms])
        return outcome

    def refuse(self) -> None:
        """Count a report of a recording's ticks, which was not read."""
        self.outcomes[Outcome.NOT_LIVE] += 1

    def _judge(self) -> Outcome:
        if not self.live:
            return Outcome.NOT_LIVE
        second = self._clock.mono_ns() // _NS_PER_S
        if second != self._second:
            self._second, self._in_second = second, 0
        self._in_second += 1
        return Outcome.TAKEN if self._in_second <= REPORTS_PER_S else Outcome.OVER_BUDGET
