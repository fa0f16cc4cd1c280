"""What happens to subscribers that cannot keep up: counted here."""

from dataclasses import dataclass


@dataclass(slots=True)
class LadderCounts:
    """How often subscribers stepped down the ladder, over all of them."""

    paused: int = 0
    caught_up: int = 0
    gap: int = 0
    conflated: int = 0
    lagging: int = 0
    slow: int = 0
    overruns: int = 0
    gap_ticks: int = 0
