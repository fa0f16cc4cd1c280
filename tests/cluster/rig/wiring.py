"""The wiring: what becomes of a packet between two machines. Knows no device and no clock."""

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

Way = tuple[str, str]  # from a machine to another


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with the way from one machine to another.

    Attributes:
        cut: nothing arrives.
        loss: the share of packets that do not.
        delay_s: how late the others do.
    """

    cut: bool = False
    loss: float = 0.0
    delay_s: float = 0.0


class Wiring:
    """Decides of each packet whether it arrives, and when.

    Attributes:
        counts: packets that passed, were cut, lost, or delayed.
    """

    def __init__(self, chance: random.Random) -> None:
        """Begin without troubles."""
        self.counts: Counter[str] = Counter()
        self._chance = chance
        self._troubles: dict[Way, list[Trouble]] = {}

    def set(self, troubles: Iterable[tuple[Way, Trouble]]) -> None:
        """Have these troubles, and no others."""
        self._troubles = {}
        for way, trouble in troubles:
            self._troubles.setdefault(way, []).append(trouble)

    def arrives_s(self, way: Way, now_s: float) -> float | None:
        """Return when a packet arrives that is sent now; None: it does not."""
        troubles = self._troubles.get(way)
        if troubles is None:
            self.counts["passed"] += 1
            return now_s
        if any(trouble.cut for trouble in troubles):
            self.counts["cut"] += 1
            return None
        if any(self._chance.random() < trouble.loss for trouble in troubles):
            self.counts["lost"] += 1
            return None
        delay_s = sum(trouble.delay_s for trouble in troubles)
        self.counts["delayed" if delay_s else "passed"] += 1
        return now_s + delay_s
