"""The one writer of the ring: every event gets its sequence here.

It runs a strand for each source, which weaves the bars in. Once a second, and at once when a source
comes or goes, it states the findings of each strand's health watch: a change of one symbol as a
status tick, a change of all of them as one message to everybody. Between two lists of every strand,
and only there, all that is known is of one moment.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any, Literal

from feed.hub.hub import Hub
from feed.ingest.health_watch import PAUSED, FeedHealth
from feed.ingest.side import Side
from feed.ingest.strand import Strand
from feed.logger import logger_of
from feed.market.symbol_health import Health
from feed.sources.source import Source, Steerable
from feed.wire.messages import feed_message

HEALTH_INTERVAL_S = 1.0
_SLICE_TICKS = 2_048  # that the watch notes between two turns of the loop: 0.4 ms

health_log = logger_of("feed.health")


class Ingest:
    """Runs the source for as long as the server runs; publishes its ticks, bars and health.

    Attributes:
        hub: all ticks go there.
        strands: what each source gives.
        ready: set once a source was opened for the first time.
        changed: set when one comes, or goes.
    """

    def __init__(self, hub: Hub, source: Source) -> None:
        """Begin with a source that has not been opened yet.

        Args:
            hub: its ticks go there.
            source: the origin of ticks.
        """
        self.hub = hub
        self.ready = asyncio.Event()
        self.changed = asyncio.Event()
        side = Side(source.name, source, hub.clock, hub.instruments.source_age)
        self.strands: Sequence[Strand] = [Strand(hub, side, self._note_change)]
        self._watched = hub.broadcast.ring.newest  # the last sequence that the watch was told of
        self._tasks: tuple[asyncio.Task[None], ...] = ()

    def start(self) -> None:
        """Produce and watch, in tasks of their own, until `stop`."""
        self._tasks = (
            *(asyncio.create_task(each.run(), name=f"ingest {each.name}") for each in self.strands),
            asyncio.create_task(self.watch_health(), name="health"),
        )

    async def stop(self) -> None:
        """End all tasks; from then on no event gets a sequence any more, and nothing is told.

        Lists that have begun are published whole before, whoever is behind.
        """
        self.hub.publisher.hurry()
        async with self.between_lists():
            for task in self._tasks:
                task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    @contextlib.asynccontextmanager
    async def between_lists(self) -> AsyncIterator[None]:
        """Keep sources, bars and ring as they are, where each knows the same ticks."""
        async with contextlib.AsyncExitStack() as held:
            for strand in self.strands:
                await held.enter_async_context(strand.between_lists())
            yield

    @property
    def watched(self) -> int:
        """The last sequence that the watch was told of."""
        return self._watched

    def take_up_health(self, state: dict[str, Any], watched: int, later_ns: int) -> None:
        """Let the watch know what another one knew, before it begins.

        Args:
            state: of that one.
            watched: the last sequence that it was told of; it is told of what the ring holds since.
            later_ns: our monotonic clock less that of the state, at the same moment.
        """
        ring, health = self.hub.broadcast.ring, self.strands[0].health
        health.restore(state, later_ns)
        after = max(watched, ring.oldest - 1)
        while after < ring.newest:
            ticks = ring.read(after, _SLICE_TICKS)
            if ticks:
                health.note(ticks, ring.ingestion_times_ns(after, len(ticks)))
                after += len(ticks)
            elif hole := ring.hole_after(after, ring.newest):
                after = hole.last
        if len(ring):
            health.rest(ring.ingested_ns(ring.newest))

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
        await self._inform_watch()
        for strand in self.strands:
            for _ in strand.health.learn(clock.wall_ns() - clock.mono_ns()):
                await asyncio.sleep(0)
            wall_ns = clock.wall_ns()
            found = strand.judge(clock.mono_ns(), wall_ns)
            if found.feed is not None:
                self._announce(strand, found.feed, wall_ns)
            if found.statuses:
                await strand.publish([*found.statuses])

    async def _inform_watch(self) -> None:
        """Tell the watch of the ticks that were published, from the ring and in slices."""
        ring = self.hub.broadcast.ring
        while self._watched < ring.newest:
            after = max(self._watched, ring.oldest - 1)
            ticks = ring.read(after, _SLICE_TICKS)
            if not ticks and (hole := ring.hole_after(after, ring.newest)) is not None:
                self._watched = hole.last
                continue
            self._watched = after + len(ticks)
            self.strands[0].health.note(ticks, ring.ingestion_times_ns(after, len(ticks)))
            await asyncio.sleep(0)

    def _announce(self, strand: Strand, feed: FeedHealth, wall_ns: int) -> None:
        state, name = feed.state, strand.name
        health_log.info("feed_state", state=state.value, source=name, reason=feed.reason)
        message = feed_message(state.value, name, feed.reason, wall_ns)
        self.hub.publisher.announce(message, down=state is Health.SOURCE_DOWN)

    def _note_change(self) -> None:
        self.changed.set()
        if any(strand.side.up for strand in self.strands):
            self.ready.set()
