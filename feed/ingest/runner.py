"""The one writer of the ring: every event gets its sequence here.

It runs a strand for each source, or pair of them, which weaves the bars in. Once a second, and at
once when a source comes or goes, it states the findings of each strand's health watch: a change of
one symbol as a status tick, a change of all of them as one message to everybody. Between two lists
of every strand, and only there, all that is known is of one moment.

A symbol belongs to one strand: the first that lists it, in the order of the sources, or ticks it.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any, Literal

from feed.hub.hub import Hub
from feed.ingest.health_watch import PAUSED, FeedHealth
from feed.ingest.pursuit import ReadCheckpoint
from feed.ingest.side import Side
from feed.ingest.strand import Strand
from feed.logger import logger_of
from feed.market.bars import BarBuilder
from feed.market.owners import Owners
from feed.market.symbol_health import Health
from feed.market.ticks import Tick
from feed.sources.named_source import NamedSource
from feed.sources.source import Instrument, Steerable
from feed.wire.messages import feed_message

HEALTH_INTERVAL_S = 1.0
LEAVE_TIMEOUT_S = 2.0  # that sources have to give what they have read: 32 kB at most
_SLICE_TICKS = 2_048  # that the watches note between two turns of the loop: 0.4 ms

health_log = logger_of("feed.health")


class Ingest:
    """Runs sources for as long as the server runs; publishes their ticks, bars and health.

    Attributes:
        hub: all ticks go there.
        owners: whose the symbols are.
        strands: what each source, or pair, gives; in the order of the sources.
        ready: set once a source was opened for the first time.
        changed: set when one comes, or goes.
        given_before: how many ticks the sources had given to the processes before this one.
    """

    def __init__(
        self,
        hub: Hub,
        sources: Sequence[NamedSource],
        read_checkpoint: ReadCheckpoint | None = None,
    ) -> None:
        """Begin with sources that have not been opened yet; pairs are those of the settings.

        Args:
            hub: their ticks go there.
            sources: at least one, each with a name of its own.
            read_checkpoint: reads the checkpoint of a server that is followed.
        """
        self.hub = hub
        self.owners = Owners()
        self.ready = asyncio.Event()
        self.changed = asyncio.Event()
        self.given_before = 0
        sides = {
            named.name: Side(named, hub.clock, hub.instruments.source_age(named.name))
            for named in sources
        }
        pairs = {name: pair for pair in hub.settings.pairs for name in pair}
        groups = dict.fromkeys(pairs.get(name, (name,)) for name in sides)
        owners = self.owners if len(groups) > 1 else None
        self.strands: Sequence[Strand] = [
            Strand(hub, [sides[name] for name in group], owners, self._note_change, read_checkpoint)
            for group in groups
        ]
        self._by_name = {strand.name: strand for strand in self.strands}
        for strand in self.strands:  # before any of them opens
            self.owners.claim((known.symbol for known in strand.instruments()), strand.name)
        self._watched = hub.broadcast.ring.newest  # the last sequence that watches were told of
        self._watched_epoch = hub.broadcast.ring.epoch
        self._producing: dict[Side, asyncio.Task[None]] = {}
        self._watching: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        """The names of all sources, with a plus between, for what is of all of them."""
        return "+".join(strand.name for strand in self.strands)

    @property
    def sides(self) -> Sequence[Side]:
        """All sources, and how they are."""
        return [side for strand in self.strands for side in strand.sides]

    def start(self) -> None:
        """Produce and watch, in tasks of their own, until `stop`."""
        for strand in self.strands:
            for side in strand.sides:
                if side not in self._producing and not side.over:
                    task = asyncio.create_task(strand.run(side), name=f"ingest {side.name}")
                    self._producing[side] = task
        if self._watching is None:
            self._watching = asyncio.create_task(self.watch_health(), name="health")

    async def stop(self) -> None:
        """End all tasks; from then on no event gets a sequence any more, and nothing is told.

        Lists that have begun are published whole before, whoever is behind, and so is what sources
        have read that cannot be read again.
        """
        self.hub.publisher.hurry()
        await self.give_rest()
        async with self.between_lists():
            await self.halt()

    async def give_rest(self) -> None:
        """Let sources give what they have read and nobody can read again, and end these."""
        leaving = [task for side, task in self._producing.items() if side.leave()]
        if leaving:
            await asyncio.wait(leaving, timeout=LEAVE_TIMEOUT_S)

    async def halt(self) -> None:
        """End all tasks; whoever wants to go on with them does it between lists."""
        tasks = [*self._producing.values(), *([self._watching] if self._watching else ())]
        self._producing, self._watching = {}, None
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def go_on(self) -> None:
        """Go on with all that was halted, or has given its rest, behind the ticks that it gave."""
        for side, task in list(self._producing.items()):
            if task.done():
                del self._producing[side]
        for side in self.sides:
            if side not in self._producing:
                side.go_on()
        self.start()

    @contextlib.asynccontextmanager
    async def between_lists(self) -> AsyncIterator[None]:
        """Keep sources, bars and ring as they are, where each knows the same ticks."""
        async with contextlib.AsyncExitStack() as held:
            for strand in self.strands:
                await held.enter_async_context(strand.between_lists())
            yield

    def hurry(self) -> None:
        """Open at once what waits to be opened again: somebody knows that it is there."""
        for side in self.sides:
            side.hurry()

    def instruments(self) -> list[Instrument]:
        """Return the instruments of all sources, sorted by symbol; they may grow."""
        if len(self.strands) == 1 and len(self.strands[0].sides) == 1:
            return self.strands[0].instruments()
        known: dict[str, Instrument] = {}
        for strand in self.strands:
            for each in strand.instruments():
                if self.strand_of(each.symbol) is strand:
                    known.setdefault(each.symbol, each)
        return sorted(known.values(), key=lambda instrument: instrument.symbol)

    def instrument(self, symbol: str) -> Instrument | None:
        """Return one of them, at the cost of a look-up."""
        strand = self.strand_of(symbol)
        strands = self.strands if strand is None else [strand]
        found = (each.instrument(symbol) for each in strands)
        return next((known for known in found if known is not None), None)

    def strand_of(self, symbol: str) -> Strand | None:
        """Return the strand that a symbol belongs to; None: to nobody yet."""
        if len(self.strands) == 1:
            return self.strands[0]
        owner = self.owners.owner(symbol)
        return None if owner is None else self._by_name[owner]

    def bars_of(self, symbol: str) -> BarBuilder:
        """Return what builds and keeps the bars of a symbol."""
        return (self.strand_of(symbol) or self.strands[0]).bars

    @property
    def feed(self) -> FeedHealth:
        """The health of all sources together: down when none of them lives."""
        healths = [strand.health.feed for strand in self.strands]
        return next((each for each in healths if each.state is Health.LIVE), healths[0])

    @property
    def symbols(self) -> dict[Health, int]:
        """How many symbols there are of each health, over all sources."""
        counts = [strand.health.counts for strand in self.strands]
        return {health: sum(each[health] for each in counts) for health in Health}

    @property
    def watched(self) -> int:
        """The last sequence that the watches were told of."""
        return self._watched

    def take_up_health(
        self, states: dict[Strand, dict[str, Any]], watched: int, later_ns: int
    ) -> None:
        """Let watches know what others knew, before they begin.

        Args:
            states: of those, by the strand whose watch takes it up.
            watched: the last sequence that they were told of; they are told of what the ring holds
                since.
            later_ns: our monotonic clock less that of the states, at the same moment.
        """
        ring = self.hub.broadcast.ring
        for strand, state in states.items():
            strand.health.restore(state, later_ns)
        after = max(watched, ring.oldest - 1)
        while after < ring.newest:
            ticks = ring.read(after, _SLICE_TICKS)
            if ticks:
                stamps = ring.ingestion_times_ns(after, len(ticks))
                for strand, noted, noted_ns in self._shares(ticks, stamps):
                    if strand in states:
                        strand.health.note(noted, noted_ns)
                after += len(ticks)
            elif hole := ring.hole_after(after, ring.newest):
                after = hole.last
        if len(ring):
            for strand in states:
                strand.health.rest(ring.ingested_ns(ring.newest))

    def steer(
        self,
        strand: Strand,
        source: Steerable,
        *,
        paused: bool | None = None,
        speed: float | Literal["max"] | None = None,
        seek_ns: int | None = None,
    ) -> None:
        """Change a replay while it runs, and tell everybody when it has changed.

        A pause is told as a source that is down, until it is not any more; another speed and
        another place are told between the ticks before and those after.

        Raises:
            InvalidParameter: the speed is none; nothing was changed.
        """

        def tell() -> None:
            wall_ns = self.hub.clock.wall_ns()
            for reason, value in (("speed", speed), ("seek", seek_ns)):
                if value is not None:
                    self._announce(strand, FeedHealth(Health.LIVE, reason), wall_ns)
                    if strand.health.feed == PAUSED:
                        self._announce(strand, PAUSED, wall_ns)  # it is all the same
            self.changed.set()

        source.steer(paused=paused, speed=speed, seek_ns=seek_ns, then=tell)

    async def watch_health(self) -> None:
        """State the feed's health once a second, and at once when a source comes or goes."""
        while True:
            try:
                async with asyncio.timeout(HEALTH_INTERVAL_S):
                    await self.changed.wait()
            except TimeoutError:
                pass
            self.changed.clear()
            await self.state_health()

    async def state_health(self) -> None:
        """Let each watch judge the ticks since the last time; publish its findings."""
        clock = self.hub.clock
        await self._inform_watches()
        for strand in self.strands:
            for _ in strand.health.learn(clock.wall_ns() - clock.mono_ns()):
                await asyncio.sleep(0)
            wall_ns = clock.wall_ns()
            found = strand.judge(clock.mono_ns(), wall_ns)
            if found.feed is not None:
                self._announce(strand, found.feed, wall_ns)
            if found.statuses:
                await strand.publish([*found.statuses])

    async def _inform_watches(self) -> None:
        """Tell the watches of the ticks that were published, from the ring and in slices."""
        ring = self.hub.broadcast.ring
        if self._watched_epoch != ring.epoch:
            self._watched_epoch, self._watched = ring.epoch, 0
        while self._watched < ring.newest:
            after = max(self._watched, ring.oldest - 1)
            ticks = ring.read(after, _SLICE_TICKS)
            if not ticks and (hole := ring.hole_after(after, ring.newest)) is not None:
                self._watched = hole.last
                continue
            self._watched = after + len(ticks)
            stamps = ring.ingestion_times_ns(after, len(ticks))
            for strand, noted, noted_ns in self._shares(ticks, stamps):
                strand.health.note(noted, noted_ns)
            await asyncio.sleep(0)

    def _shares(
        self, ticks: Sequence[Tick], stamps: Sequence[int]
    ) -> Sequence[tuple[Strand, Sequence[Tick], Sequence[int]]]:
        """Part ticks, and the times when they came, by the strand that they are of."""
        if len(self.strands) == 1:
            return [(self.strands[0], ticks, stamps)]
        shares: dict[str | None, tuple[list[Tick], list[int]]] = {}
        for tick, at_ns in zip(ticks, stamps, strict=True):
            noted, noted_ns = shares.setdefault(self.owners.owner(tick.symbol), ([], []))
            noted.append(tick)
            noted_ns.append(at_ns)
        return [(self._by_name[name], *share) for name, share in shares.items() if name is not None]

    def _announce(self, strand: Strand, feed: FeedHealth, wall_ns: int) -> None:
        state, name = feed.state, strand.name
        health_log.info("feed_state", state=state.value, source=name, reason=feed.reason)
        message = feed_message(state.value, name, feed.reason, wall_ns)
        self.hub.publisher.announce(message, name, down=state is Health.SOURCE_DOWN)

    def _note_change(self) -> None:
        self.changed.set()
        if any(strand.up for strand in self.strands):
            self.ready.set()
