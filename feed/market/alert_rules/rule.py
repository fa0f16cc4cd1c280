"""A rule, where it is in its life, and what comes of it when it fires."""

from dataclasses import dataclass
from enum import IntEnum

from feed.market.alert_rules.condition import Condition
from feed.market.ticks import SECOND_NS, Tick

COOLDOWN_NS = 60 * SECOND_NS  # by default: an alert a minute can be read


class Phase(IntEnum):
    """Where a rule is in its life."""

    ARMED = 0
    RESTING = 1  # fired, and its condition is still true
    COOLING = 2  # fired, and its condition was false again (or is a crossing)
    OVER = 3  # fired once, removed or expired


@dataclass(slots=True, eq=False)
class Rule:
    """A rule in the index.

    Attributes:
        number: counts the rules of an index, in the order in which they were added.
        armings: how often it fired: the number of its present arming.
        cools_until_ns: when its cooldown is over, monotonic.
        expires_ns: at this time of day it is over; 0: never.
        interval_ms: the floor of conflation of whoever made it.
    """

    rule_id: str
    symbol: str
    condition: Condition
    number: int
    once: bool = True
    cooldown_ns: int = COOLDOWN_NS
    expires_ns: int = 0
    interval_ms: int = 0
    armings: int = 0
    phase: Phase = Phase.ARMED
    cools_until_ns: int = 0


@dataclass(slots=True)
class Hit:
    """A rule that fired.

    Attributes:
        arming: the number of the arming that fired; with the rule's id it makes the firing's.
        tick: what fired it; for a rule with a floor of conflation, the conflated one.
        sequence: of that tick; of the newest of those that it stands for.
        seen: what the field was; for moves the per cent, negative for a fall; for health 1.
        after_gap: ticks were missing before it, or within its window.
        is_last: the rule is over.
    """

    rule_id: str
    arming: int
    tick: Tick
    sequence: int
    seen: float
    after_gap: bool
    is_last: bool
