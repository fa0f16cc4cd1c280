"""What an owner has of alerts, as administrators see it."""

from collections import Counter
from dataclasses import dataclass

from feed.alerting.rule import RuleState
from feed.trust.identity import Identity


@dataclass(frozen=True, slots=True)
class Account:
    """What an owner has.

    Attributes:
        owner: whose it is, as a digest.
        identity: the same, as it was when a rule was made last; None: that is not known any more.
        rules: by state.
        firings: that are not acknowledged.
    """

    owner: str
    identity: Identity | None
    rules: Counter[RuleState]
    firings: int
