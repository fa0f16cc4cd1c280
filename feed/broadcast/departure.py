"""Departure: who is told at what time that the server leaves, and how long each stays away.

Thousands that are sent away together come back together, and the server that takes them in does
nothing else meanwhile. So whoever is sent away is told a time of its own to come back after, and
these times are spread evenly over a span. Behind a balancer, with a span to drain in, subscribers
are told in waves besides, and each comes back to another server before the last ones are told. A
server that is alone tells all of them at its end: there is nowhere else to go.

A function of the number of subscribers, the span and a seed. Knows no clock.
"""

import random
from dataclasses import dataclass
from itertools import groupby

from feed.market.ticks import SECOND_NS

WAVE_NS = SECOND_NS // 4  # between two waves
SHORTEST_AWAY_MS = 250  # to another server; Firefox waits 500 ms at least
RESTART_MS = 1_000  # the same server is not back sooner
SHORTEST_SPREAD_MS = 2_000
RETURNS_PER_S = 1_000  # joining takes a server 0.2 ms each, and it has ticks to cut besides
LONGEST_AWAY_MS = 30_000
_MS_PER_S = 1_000
_NS_PER_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Farewell:
    """What one subscriber is told, and when.

    Attributes:
        after_ns: since the departure began.
        retry_ms: how long it stays away then.
    """

    after_ns: int
    retry_ms: int


class Departure:
    """The farewells of one server that leaves.

    Attributes:
        farewells: one for each subscriber, in the order in which these came.
    """

    __slots__ = ("_longest_ms", "_random", "_shortest_ms", "farewells")

    def __init__(self, count: int, span_ns: int, seed: int) -> None:
        """Decide.

        Args:
            count: of subscribers.
            span_ns: in which they are sent away in waves; 0: all of them at the end.
            seed: of chance.
        """
        self._random = random.Random(seed)
        waves = max(1, span_ns // WAVE_NS)
        if span_ns:
            self._shortest_ms = SHORTEST_AWAY_MS
            spread_ms = max(SHORTEST_AWAY_MS, span_ns // _NS_PER_MS)
        else:
            self._shortest_ms = RESTART_MS
            spread_ms = max(SHORTEST_SPREAD_MS, count * _MS_PER_S // RETURNS_PER_S)
        self._longest_ms = min(LONGEST_AWAY_MS, self._shortest_ms + spread_ms)
        # By lot, but one in each part of the span: pure chance leaves crowds and holes.
        waves_of, slots_of = self._shuffled(count), self._shuffled(count)
        width_ms = self._longest_ms - self._shortest_ms
        self.farewells = [
            Farewell(
                wave * waves // count * span_ns // waves,
                self._shortest_ms + int((slot + self._random.random()) * width_ms / count),
            )
            for wave, slot in zip(waves_of, slots_of, strict=True)
        ]

    def waves(self) -> list[tuple[int, list[int]]]:
        """Return when each wave is due, and whom it sends away: indexes into the farewells."""
        due = sorted(range(len(self.farewells)), key=lambda at: self.farewells[at].after_ns)
        by_time = groupby(due, key=lambda at: self.farewells[at].after_ns)
        return [(after_ns, list(indexes)) for after_ns, indexes in by_time]

    def retry_ms(self) -> int:
        """Return how long a newcomer shall stay away, which is not let in any more."""
        return self._random.randint(self._shortest_ms, self._longest_ms)

    def _shuffled(self, count: int) -> list[int]:
        order = list(range(count))
        self._random.shuffle(order)
        return order
