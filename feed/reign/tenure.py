"""What one process has gone through: its terms, and how they ended."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """What it does now; the label of a metric."""

    STANDBY = "standby"
    BEGINNING = "beginning"
    LEADER = "leader"


class Ending(StrEnum):
    """Why a term of it has ended; the label of a metric."""

    ANOTHER = "another"  # another process has begun one
    LOST = "lost"  # the stream has lost what it had acknowledged
    LEASE = "lease"  # another process has the lease, and is about to begin
    FAILED = "failed"  # something of ours went wrong
    LEFT = "left"  # it was told to end


@dataclass(slots=True)
class Tenure:
    """The counts of one process.

    Attributes:
        role: now.
        terms: that it has begun.
        endings: of these.
        taking_ns: how long the last takeover took, from the lease to the first look at sources.
    """

    role: Role = Role.STANDBY
    terms: int = 0
    endings: Counter[Ending] = field(default_factory=Counter)
    taking_ns: int = 0
