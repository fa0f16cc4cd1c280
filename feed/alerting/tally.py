"""What is counted of alerts, for metrics."""

from feed.histogram import Histogram

_US = 1_000
_BOUNDS_NS = tuple(
    us * _US for us in (100, 200, 500, 1_000, 2_000, 5_000, 10_000, 50_000, 200_000, 1_000_000)
)


class Tally:
    """Plain counters.

    Attributes:
        rules: that there are.
        firings: that were committed.
        acknowledged: of these.
        suspended: rules whose owners lost what these see.
        evaluated: ticks that were looked at.
        evaluation_ns: the time that this took.
        commit_ns: the time that each commit of firings took, in its thread and before it.
        failed_commits: of anything; those of firings were tried again.
        delivered, retried, given_up: webhooks, by what became of an attempt.
        withdrawn: webhooks whose rule is gone, or has none any more.
    """

    __slots__ = (
        "acknowledged",
        "commit_ns",
        "delivered",
        "evaluated",
        "evaluation_ns",
        "failed_commits",
        "firings",
        "given_up",
        "retried",
        "rules",
        "suspended",
        "withdrawn",
    )

    def __init__(self) -> None:
        """Begin with nothing."""
        self.rules = 0
        self.firings = 0
        self.acknowledged = 0
        self.suspended = 0
        self.evaluated = 0
        self.evaluation_ns = 0
        self.commit_ns = Histogram(_BOUNDS_NS)
        self.failed_commits = 0
        self.delivered = 0
        self.retried = 0
        self.given_up = 0
        self.withdrawn = 0
