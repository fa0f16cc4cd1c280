"""Events of batches that came together: one step, so that many small batches cost as one."""

from array import array

from feed.market.ticks import Tick
from feed.sources.follow.steps import Events

MOST_TOGETHER = 1_024  # events of a step: 1 ms of work


class Gathered:
    """Events that follow each other."""

    __slots__ = ("_carried", "_events", "_others", "_said_ns", "_stamps")

    def __init__(self) -> None:
        """Begin with none."""
        self._begin()

    def _begin(self) -> None:
        self._events: list[Tick] = []
        self._stamps = array("q")
        self._said_ns = 0
        self._others = False
        self._carried: dict[str, list[bytes]] = {}

    def fits(self, step: Events) -> bool:
        """Tell whether a step may be told with what is here: no words among either."""
        if not self._events:
            return True
        together = len(self._events) + len(step.events)
        alike = self._carried.keys() == step.carried.keys()
        return alike and not (step.others or self._others) and together <= MOST_TOGETHER

    def add(self, step: Events) -> None:
        """Take a step that fits."""
        self._others = step.others
        self._events += step.events
        self._stamps += step.ingested_ns
        self._said_ns = step.said_ns
        for name, fragments in step.carried.items():
            self._carried.setdefault(name, []).extend(fragments)

    def take(self) -> Events | None:
        """Return all of it as one step; None: there is nothing."""
        if not self._events:
            return None
        events = Events(self._events, self._stamps, self._said_ns, self._others, self._carried)
        self._begin()
        return events
