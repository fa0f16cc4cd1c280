"""Siblings: the other workers of the same supervisor, as far as a worker has to know of them.

Connections and subscribers are counted over all (`feed.trust.shared_counts`). A worker that has
far more connections than the others lets these take what comes; one that does not answer for a
while counts for nothing in that, since nobody would take anything any more.
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from feed.logger import logger_of
from feed.trust.rates import Rates
from feed.trust.shared_counts import OwnCounts, ReadCounts, key_of
from feed.trust.shared_rates import SharedRates

BEAT_S = 0.1  # between two words to the others
SILENT_NS = 1_000_000_000  # after which a sibling is not waited for
_OVER = 1.1  # of the mean of connections, above which a worker takes none
_SLACK = 1  # connections over the mean that always may be: of a few, one more is far over it
# Ids of connections are numbers for people, and differ between all workers of a supervisor.
IDS_OF_WORKER = 1_000_000_000

log = logger_of("feed.workers")


class WorkerKind(StrEnum):
    """What a worker does."""

    WRITER = "writer"
    EDGE = "edge"


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker, as its supervisor tells of it.

    Attributes:
        name: for people and metrics: `writer`, `edge-1` …
        kind: what it does.
        serial: a number that no other worker of this supervisor had before.
        pid: of its process.
        socket: where its siblings ask it.
        counts: the file of its table.
        restarts: how often another one has taken its place after it died.
        began_wall_ns: when it was started.
    """

    name: str
    kind: WorkerKind
    serial: int
    pid: int
    socket: str
    counts: str
    restarts: int = 0
    began_wall_ns: int = 0


class Siblings:
    """The workers of one supervisor, seen from one of them.

    Attributes:
        own: this worker.
        others: all that are ready, in the order of their names.
        counts: the table of this worker.
        shares_key: whether other servers have the cluster key too, not siblings alone.
    """

    __slots__ = ("_tables", "counts", "others", "own", "shares_key")

    def __init__(self, own: Worker, most_subscribers: int, *, shares_key: bool = False) -> None:
        """Begin alone.

        Args:
            own: this worker.
            most_subscribers: of all of them together.
            shares_key: whether other servers have the cluster key too.

        Raises:
            OSError: there is no room for the table.
        """
        self.own = own
        self.shares_key = shares_key
        self.others: list[Worker] = []
        self.counts = OwnCounts(Path(own.counts), most_subscribers)
        self._tables: dict[int, ReadCounts] = {}

    def rates(self, action: str, burst_s: float) -> Rates:
        """Return the rates of an action over all edges; of the writer its own.

        What an edge hands on to the writer it has counted itself.
        """
        if self.own.kind is WorkerKind.WRITER:
            return Rates(burst_s)
        return SharedRates(Path(self.own.counts).with_name("rates"), action, burst_s)

    def learn(self, workers: Iterable[Worker]) -> None:
        """Hear which workers there are."""
        known = {each.serial: each for each in workers}
        own = known.pop(self.own.serial, self.own)
        self.own = own
        self.others = sorted(known.values(), key=lambda each: (each.name, each.serial))
        for serial in self._tables.keys() - known.keys():
            self._tables.pop(serial).close()
        for serial in known.keys() - self._tables.keys():
            try:
                self._tables[serial] = ReadCounts(Path(known[serial].counts))
            except OSError as error:  # it has died meanwhile, and we are about to be told
                log.warning("sibling_gone", sibling=known[serial].name, error=error.strerror)

    @property
    def speaks_upward(self) -> bool:
        """Whether the server that this worker follows takes its word on who asks."""
        return self.own.kind is WorkerKind.EDGE or self.shares_key

    @property
    def writer(self) -> Worker | None:
        """The writer; None: it is this one, or there is none just now."""
        return next((each for each in self.others if each.kind is WorkerKind.WRITER), None)

    def subscribers_elsewhere(self) -> int:
        """Return how many subscribers the others have; those of the writer are edges."""
        return sum(self._tables[each.serial].subscribers for each in self._edges())

    def elsewhere(self, owner: Hashable) -> int:
        """Return how many subscribers of an owner the others have."""
        key = key_of(owner)
        return sum(self._tables[each.serial].of(key) for each in self._edges())

    def enter(self, place: str) -> None:
        """Count a subscriber here, for all to see; "": of nobody's address."""
        self.counts.enter(*([key_of(place)] if place else []))

    def leave(self, place: str) -> None:
        """Count it no longer."""
        self.counts.leave(*([key_of(place)] if place else []))

    def add(self, owner: Hashable) -> None:
        """Count a subscriber for its identity."""
        self.counts.add(key_of(owner))

    def take(self, owner: Hashable) -> None:
        """Count it for that no longer."""
        self.counts.take(key_of(owner))

    def loads(self, mono_ns: int) -> list[int]:
        """Return the connections of each of the others that takes what comes."""
        tables = [self._tables[each.serial] for each in self._edges()]
        return [
            each.connections
            for each in tables
            if each.accepts and mono_ns - each.beat_ns < SILENT_NS
        ]

    def close(self) -> None:
        """Read nothing more."""
        for table in self._tables.values():
            table.close()
        self._tables.clear()
        self.counts.close()

    def _edges(self) -> list[Worker]:
        """Return those of the others that have subscribers, and whose tables are read."""
        is_edge = WorkerKind.EDGE
        return [
            each for each in self.others if each.kind is is_edge and each.serial in self._tables
        ]


def may_accept(own: int, others: Sequence[int]) -> bool:
    """Tell whether a worker takes one more connection: it has not more than a tenth over the mean.

    Args:
        own: how many it has.
        others: how many each of the others has that takes any.
    """
    mean = (own + sum(others)) / (1 + len(others))
    return own <= mean + max(_SLACK, mean * (_OVER - 1))
