"""The desk: where producers push batches, each to one source, and learn what became of them.

A batch is read in turns with all else that clients ask for, held against what its producer is
granted and against the symbols of other sources, and then handed to the source, which gives it
when it is its turn. Knows no transport.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from feed.errors import InvalidParameter, NotNow, SourceError
from feed.hub.hub import Hub
from feed.hub.steps import Step
from feed.ingest.runner import Ingest
from feed.ingest.strand import Strand
from feed.market.receipts import Duplicate, Producer
from feed.market.ticks import CHANNEL_OF_KIND, Channel, Kind
from feed.sources.named_source import NamedSource
from feed.sources.pushed.batch import Batch, most_ticks_in
from feed.sources.pushed.flaws import BatchRefused, Flaw
from feed.sources.pushed.holdings import Holdings
from feed.sources.pushed.runs import Run
from feed.sources.pushed.source import PushedSource
from feed.trust.identity import Identity
from feed.trust.rates import Rates
from feed.wire.grants import Grants
from feed.wire.position import Position

MOST_VISITS = 1_024
MOST_VISITS_OF_ONE = 256
FULL_S = 1.0  # after which somebody may come again who found a bus that is full
CROWDED_S = 10.0  # after which somebody may come again who found too many
BURST_S = 1.0  # of ticks of one producer, where its rate is limited
_MOST_CHECKED = 65_536  # symbols of kinds that were found to be granted; then all are forgotten
_NS_PER_S = 1_000_000_000
_END = object()
_Done = TypeVar("_Done")


# As what a producer counts: its identity or address, the source, and its name.
Owner = tuple[Hashable, str, str | None]


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a batch.

    Attributes:
        ticks: how many it had.
        last: where its last tick stands; None: it was applied before, and that is forgotten.
        duplicate: whether it was applied before.
    """

    ticks: int
    last: Position | None
    duplicate: bool


class Entrance:
    """The way into one source.

    Attributes:
        name: of the source.
        source: it.
        most_ticks: that a batch may have.
        holdings: what producers have on their way.
    """

    def __init__(
        self, hub: Hub, ingest: Ingest, strand: Strand, named: NamedSource, source: PushedSource
    ) -> None:
        """Open it.

        Args:
            hub: gives turns, and has the ring.
            ingest: knows whose symbols are.
            strand: that the source is a side of.
            named: the source with the names of its symbols.
            source: the same.
        """
        self.name = named.name
        self.source = source
        self.most_ticks = most_ticks_in(hub.broadcast.ring.capacity)
        self.holdings = Holdings()
        self._hub = hub
        self._ingest = ingest
        self._strand = strand
        self._name_of = named.renames.name
        self._rates = Rates(BURST_S)
        self._granted: dict[tuple[Grants, Kind, str], None] = {}

    def producer(self, identity: Identity, name: str) -> Producer:
        """Return whose batches are numbered together: numbers at two sources are not one run."""
        return Producer(identity.kind.value, identity.id, f"{self.name}/{name}")

    def wait_s(self, owner: Owner) -> float:
        """Return for how long a producer has to wait, since it has pushed too much; 0: it may."""
        per_s = self.source.ticks_per_s
        if per_s is None:
            return 0.0
        return self._rates.wait_ns(owner, per_s, self._hub.clock.mono_ns()) / _NS_PER_S

    def check_room(self) -> None:
        """Refuse whoever begins to push while nothing more may wait for a bus.

        Raises:
            BatchRefused: that is so.
        """
        bus = self._hub.publisher.bus
        if bus is not None and bus.is_full:
            words = "the bus takes nothing now, and as much waits for it as may"
            raise BatchRefused(Flaw.FLOOD, words, retry_s=FULL_S)

    async def in_turn(self, work: Callable[[], _Done]) -> _Done:
        """Do a little work when it is its turn."""
        async with self._hub.turns.turn(Step.PUSH):
            return work()

    async def take(
        self,
        runs: Iterator[Run],
        identity: Identity,
        owner: Owner,
        receipt: tuple[Producer, int] | None,
    ) -> Taken:
        """Apply a batch, unless it was before.

        Args:
            runs: its rows, as its codec gives them.
            identity: whose it is, as it is now.
            owner: as what its producer counts.
            receipt: whose it is, and its number; None: it has none.

        Raises:
            BatchRefused: nothing of it is applied.
            SourceError: the server starts, or ends; or the batch has its sequences, and the bus
                will not acknowledge them.
        """
        hub, source = self._hub, self.source
        if hub.publisher.bus is not None:
            await hub.publisher.bus.room()
        batch = Batch([], receipt=receipt)
        if receipt is not None:
            batch.judge = lambda: hub.broadcast.receipts.judge(*receipt, hub.clock.mono_ns())
        reading = source.reader.read(runs, batch, hub.clock.wall_ns(), self.most_ticks)
        more = True
        try:
            while more:
                async with hub.turns.turn(Step.PUSH):
                    more = next(reading, _END) is not _END
                    if not more:
                        self._check(batch, identity.grants)
            if source.ticks_per_s is not None:
                now_ns = hub.clock.mono_ns()
                self._rates.count(owner, source.ticks_per_s, now_ns, len(batch.ticks))
            outcome = await source.hand(batch)
        except BatchRefused as refused:
            source.count_refused(refused.flaw)
            raise
        ring = hub.broadcast.ring
        if outcome.last is not None:
            try:
                await hub.publisher.settled(outcome.last)
            except NotNow as error:
                raise SourceError(str(error)) from error
        if isinstance(outcome, Duplicate):
            last = None if outcome.last is None else ring.position(outcome.last)
            return Taken(len(batch.ticks), last, duplicate=True)
        return Taken(outcome.ticks, ring.position(outcome.last), duplicate=False)

    def _check(self, batch: Batch, grants: Grants) -> None:
        """See that all ticks may be published, under symbols that are this source's.

        Raises:
            BatchRefused: one of them may not; it tells the first.
        """
        granted, refused = self._granted, list[tuple[int, Flaw, str]]()
        for kind, firsts in batch.firsts.items():
            for symbol, index in firsts.items():
                key = grants, kind, symbol
                if key in granted:
                    continue
                flaw = self._flaw(symbol, CHANNEL_OF_KIND[kind], grants)
                if flaw is not None:
                    refused.append((index, *flaw))
                    continue
                if len(granted) >= _MOST_CHECKED:
                    granted.clear()
                granted[key] = None
        if refused:
            index, found, words = min(refused)
            raise BatchRefused(found, words, index + 1)

    def _flaw(self, symbol: str, channel: Channel, grants: Grants) -> tuple[Flaw, str] | None:
        """Return why a symbol may not be published on a channel; None: it may."""
        name = self._name_of(symbol)
        if name is None:
            return Flaw.SYMBOL, f"S: {symbol} cannot be told by the name that it would have"
        if not grants.may_publish(channel, name):
            return Flaw.NOT_GRANTED, f"publishing {name} on {channel} is not granted"
        strand = self._ingest.strand_of(name)
        if strand is not None and strand is not self._strand:
            return Flaw.FOREIGN, f"S: {name} belongs to the source {strand.name}"
        return None


class Desk:
    """All entrances.

    Attributes:
        entrances: by the names of their sources.
        visits: connections over which many batches are pushed.
    """

    def __init__(self, hub: Hub, ingest: Ingest) -> None:
        """Open one for each source that others push into."""
        self.visits = 0
        self._visits_of: Counter[Hashable] = Counter()  # by identity, or address
        self.entrances = {
            side.name: Entrance(hub, ingest, strand, side.named, side.source)
            for strand in ingest.strands
            for side in strand.sides
            if isinstance(side.source, PushedSource)
        }

    @property
    def held_bytes(self) -> int:
        """The bytes that producers have on their way."""
        return sum(entrance.holdings.held_bytes for entrance in self.entrances.values())

    def check_visitor(self, owner: Owner) -> None:
        """Refuse a connection more than somebody may push over, or all together.

        Raises:
            BatchRefused: there are as many.
        """
        theirs = self._visits_of[owner[0]] if owner[0] else 0
        if theirs >= MOST_VISITS_OF_ONE or self.visits >= MOST_VISITS:
            words = (
                f"as many connections push as may; accepted: {MOST_VISITS_OF_ONE} of one identity "
                f"or address, {MOST_VISITS} in all"
            )
            raise BatchRefused(Flaw.FLOOD, words, retry_s=CROWDED_S)

    def enter(self, owner: Owner) -> None:
        """Count a connection that pushes."""
        self.visits += 1
        self._visits_of[owner[0]] += 1

    def leave(self, owner: Owner) -> None:
        """Count it no longer."""
        self.visits -= 1
        self._visits_of[owner[0]] -= 1
        if not self._visits_of[owner[0]]:
            del self._visits_of[owner[0]]

    def entrance(self, name: str | None) -> Entrance:
        """Return the one of a name, or the only one.

        Raises:
            BatchRefused: there is none at all.
            InvalidParameter: there are several, or none of this name.
        """
        if name in self.entrances:
            return self.entrances[name]
        if not self.entrances:
            words = "no source is pushed into; accepted: a server with --source push"
            raise BatchRefused(Flaw.NOWHERE, words)
        if name is None and len(self.entrances) == 1:
            [only] = self.entrances.values()
            return only
        raise InvalidParameter("source", name, f"one of {', '.join(self.entrances)}")
