"""The one writer of the ring: every event gets its sequence here.

It takes a source's ticks and weaves their bars in. Once a second, and at once when the source comes
or goes, it states the findings of the health watch: a change of one symbol as a status tick, a
change of all of them as one message to everybody. Each list is published whole before the next one,
so that a status never stands within a source's list, however long that has to wait for the slowest
subscriber. Between two lists, and only there, all that is known is of one moment. When the source
dies it is opened again; subscribers stay.

Statuses of health bear the server's time and not the market's, so they bypass the bars, whose clock
they would move.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Sequence
from typing import Any

import structlog

from feed.errors import SourceError
from feed.hub.hub import Hub
from feed.ingest.health_watch import FeedHealth, HealthWatch
from feed.market.bars import BarBuilder
from feed.market.symbol_health import Health
from feed.market.ticks import Bar, Tick
from feed.sources.source import Source
from feed.wire.messages import feed_message

HEALTH_INTERVAL_S = 1.0
_SLICE_TICKS = 2_048  # that the watch notes between two turns of the loop: 0.4 ms
_FIRST_BACKOFF_S = 0.5
_LONGEST_BACKOFF_S = 30.0

log = structlog.get_logger("feed.ingest")
health_log = structlog.get_logger("feed.health")


class Ingest:
    """Runs one source for as long as the server runs; publishes its ticks, bars and health.

    Attributes:
        source: the origin of ticks.
        bars: builds and keeps its bars.
        health: judges it and its symbols.
        up: whether it is open and produces.
        ready: set once it was opened for the first time.
        failures: the number of its deaths.
        last_error: the reason of the last one in words; "" before the first.
        finished: it came to its end (a recording that does not loop).
        last_tick_mono_ns: the monotonic time when it gave its newest tick, or was opened since; at
            first, when the server began.
        last_tick_wall_ns: the same moment by the time of day.
        changed: set when it comes, or goes.
    """

    def __init__(self, hub: Hub, source: Source, bars: BarBuilder, health: HealthWatch) -> None:
        self.hub = hub
        self.source = source
        self.bars = bars
        self.health = health
        self.up = False
        self.ready = asyncio.Event()
        self.failures = 0
        self.last_error = ""
        self.finished = False
        self.last_tick_mono_ns = hub.clock.mono_ns()
        self.last_tick_wall_ns = hub.clock.wall_ns()
        self.changed = asyncio.Event()
        self._publishing = asyncio.Lock()
        self._watched = hub.broadcast.ring.newest  # the last sequence that the watch was told of
        self._tasks: tuple[asyncio.Task[None], ...] = ()

    def start(self) -> None:
        """Produce and watch, in tasks of their own, until `stop`."""
        self._tasks = (
            asyncio.create_task(self.run(), name="ingest"),
            asyncio.create_task(self.watch_health(), name="health"),
        )

    async def stop(self) -> None:
        """End both tasks; from then on no event gets a sequence any more, and nothing is told.

        A list that has begun is published whole before, whoever is behind.
        """
        self.hub.hurry()
        async with self.between_lists():
            for task in self._tasks:
                task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    @contextlib.asynccontextmanager
    async def between_lists(self) -> AsyncIterator[None]:
        """Keep source, bars and ring as they are, where each knows the same ticks."""
        async with self._publishing:
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
        ring, health = self.hub.broadcast.ring, self.health
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

    async def run(self) -> None:
        """Produce until the source ends, opening it again with backoff when it dies."""
        backoff_s = _FIRST_BACKOFF_S
        while not self.finished:
            published = self.hub.broadcast.ring.newest
            try:
                await self._produce()
                self.finished = True
            except Exception as error:  # of any kind: the server stays
                self.failures += 1
                # A recording would begin again from its first tick: told and over, not repeated.
                begun = self.hub.broadcast.ring.newest > published
                self.finished = self.source.can_wait and begun
                self.last_error = str(error) or type(error).__name__
                known = isinstance(error, SourceError)
                log.error(  # noqa: TRY400 - a SourceError says all; a trace would bury it
                    "source_failed",
                    source=self.source.name,
                    error=self.last_error,
                    retry_s=None if self.finished else backoff_s,
                    exc_info=None if known else error,
                )
            finally:
                self.up = False
                self.changed.set()
                await self.source.close()
            if self.finished:
                log.info("source_finished", source=self.source.name)
                return
            if self.hub.broadcast.ring.newest > published:
                backoff_s = _FIRST_BACKOFF_S
            await asyncio.sleep(backoff_s * random.uniform(0.5, 1))
            backoff_s = min(2 * backoff_s, _LONGEST_BACKOFF_S)

    async def watch_health(self) -> None:
        """State the feed's health once a second, and at once when the source comes or goes."""
        while True:
            try:
                async with asyncio.timeout(HEALTH_INTERVAL_S):
                    await self.changed.wait()
            except TimeoutError:
                pass
            self.changed.clear()
            await self.state_health()

    async def state_health(self) -> None:
        """Let the watch judge the ticks since the last time; publish its findings."""
        clock = self.hub.clock
        await self._inform_watch()
        for _ in self.health.learn(clock.wall_ns() - clock.mono_ns()):
            await asyncio.sleep(0)
        wall_ns = clock.wall_ns()
        found = self.health.judge(
            clock.mono_ns(),
            wall_ns,
            up=self.up,
            finished=self.finished,
            failed=self.failures > 0,
            last_tick_ns=self.last_tick_mono_ns,
        )
        if found.feed is not None:
            self._announce(found.feed, wall_ns)
        if found.statuses:
            await self._publish([*found.statuses])

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
            self.health.note(ticks, ring.ingestion_times_ns(after, len(ticks)))
            await asyncio.sleep(0)

    def _announce(self, feed: FeedHealth, wall_ns: int) -> None:
        state, source = feed.state, self.source.name
        health_log.info("feed_state", state=state.value, source=source, reason=feed.reason)
        message = feed_message(state.value, source, feed.reason, wall_ns)
        self.hub.announce(message, down=state is Health.SOURCE_DOWN)

    async def _produce(self) -> None:
        source, bars = self.source, self.bars
        await source.open()
        bars.source_opened(source.recorded_kinds)
        self.up = True
        self._note_time()
        self.changed.set()
        self.ready.set()
        log.info("source_opened", source=source.name)
        await self._await_subscribers()
        passes = None
        async for ticks in source.batches():
            async with self._publishing:
                if source.passes != passes and passes is not None:
                    await self._give(bars.restart())
                passes = source.passes
                self._note(ticks)
                await self._give(bars.weave(ticks, source.clocks_ns), ticks)
            await asyncio.sleep(0)  # a source that never waits must not starve the cuts
        async with self._publishing:
            await self._give(bars.finish())

    async def _publish(self, ticks: list[Tick]) -> None:
        """Give ticks their sequences, as one uninterrupted run of them."""
        async with self._publishing:
            await self._give(ticks)

    async def _give(self, ticks: list[Tick], source_ticks: Sequence[Tick] = ()) -> None:
        await self.hub.publish(ticks, wait=self.source.can_wait, source_ticks=source_ticks)

    def _note(self, ticks: list[Tick]) -> None:
        """Note the time of a list from the source, and the age of its oldest tick."""
        self._note_time()
        oldest = ticks[0]
        if self.source.live and not isinstance(oldest, Bar):  # a bar's time is its beginning
            age_ns = self.last_tick_wall_ns - oldest.event_ns
            self.hub.instruments.source_age.observe(max(0, age_ns))  # its clock may be ahead

    def _note_time(self) -> None:
        self.last_tick_mono_ns = self.hub.clock.mono_ns()
        self.last_tick_wall_ns = self.hub.clock.wall_ns()

    async def _await_subscribers(self) -> None:
        """Hold production until as many subscribers as wished are there, or the time is up."""
        wished = self.hub.settings.wait_for
        if not wished:
            return
        try:
            async with asyncio.timeout(self.hub.settings.wait_for_timeout_s):
                await self.hub.subscribers_reach(wished)
        except TimeoutError:
            log.warning("wait_for_timed_out", wished=wished, here=len(self.hub.sessions))
