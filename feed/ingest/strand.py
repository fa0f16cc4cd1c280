"""A strand: all that one source gives, or a pair of them, with a clock of its own.

Bars, health and passes are those of a strand, and so is waiting: a recording that is held for the
slowest subscriber holds nobody else's ticks. Each list is published whole before the strand's next
one, so that a status never stands within a list, however long that has to wait. When a source dies
it is opened again; subscribers stay, and so do the other strands.

Statuses of health bear the server's time and not the market's, so they bypass the bars, whose clock
they would move.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable, Sequence

from feed.hub.hub import Hub
from feed.ingest.health_watch import Findings, HealthWatch
from feed.ingest.side import Side
from feed.logger import logger_of
from feed.market.bars import BarBuilder
from feed.market.ticks import SECOND_NS, Tick
from feed.sources.source import Steerable

_FIRST_BACKOFF_S = 0.5
_LONGEST_BACKOFF_S = 30.0

log = logger_of("feed.ingest")


class Strand:
    """Runs the source of one market for as long as the server runs; publishes its ticks and bars.

    Attributes:
        name: by which it is told.
        side: its source, and how that is.
        bars: builds and keeps its bars.
        health: judges it and its symbols.
        waits: how often it was held for the slowest lossless subscriber.
    """

    def __init__(self, hub: Hub, side: Side, changed: Callable[[], None]) -> None:
        """Begin without a tick.

        Args:
            hub: its ticks go there.
            side: its source.
            changed: called when that comes, or goes.
        """
        settings = hub.settings
        self.name = side.name
        self.side = side
        self.bars = BarBuilder()
        self.health = HealthWatch(
            live=side.source.live,
            gaps=settings.stale_after_gaps,
            floor_ns=int(settings.stale_floor_s * SECOND_NS),
        )
        self.waits = 0
        self._hub = hub
        self._changed = changed
        self._passes: int | None = None  # of the source, since it was opened
        self._publishing = asyncio.Lock()

    @contextlib.asynccontextmanager
    async def between_lists(self) -> AsyncIterator[None]:
        """Keep source, bars and ring as they are, where each knows the same ticks."""
        async with self._publishing:
            yield

    async def run(self) -> None:
        """Produce until the source ends, opening it again with backoff when it dies."""
        side, backoff_s = self.side, _FIRST_BACKOFF_S
        while not side.finished:
            taken_ticks = side.taken_ticks
            try:
                await self._produce(side)
                side.finished = True
            except Exception as error:  # of any kind: the server stays
                known = side.fail(error, begun=side.taken_ticks > taken_ticks)
                log.error(  # noqa: TRY400 - a SourceError says all; a trace would bury it
                    "source_failed",
                    source=side.name,
                    error=side.last_error,
                    retry_s=None if side.finished else backoff_s,
                    exc_info=None if known else error,
                )
            finally:
                side.up = False
                self._changed()
                await side.source.close()
            if side.finished:
                log.info("source_finished", source=side.name)
                return
            if side.taken_ticks > taken_ticks:
                backoff_s = _FIRST_BACKOFF_S
            await asyncio.sleep(backoff_s * random.uniform(0.5, 1))
            backoff_s = min(2 * backoff_s, _LONGEST_BACKOFF_S)

    def judge(self, mono_ns: int, wall_ns: int) -> Findings:
        """Let the watch judge the ticks that it was told of; return its findings."""
        side = self.side
        return self.health.judge(
            mono_ns,
            wall_ns,
            up=side.up,
            paused=isinstance(side.source, Steerable) and side.source.paused,
            finished=side.finished,
            failed=side.failures > 0,
            last_tick_ns=side.last_tick_mono_ns,
        )

    async def publish(self, ticks: list[Tick]) -> None:
        """Give ticks their sequences, as one uninterrupted run among those of the strand."""
        async with self._publishing:
            await self._give(ticks)

    async def _produce(self, side: Side) -> None:
        source, bars = side.source, self.bars
        await source.open()
        bars.source_opened(source.recorded_kinds)
        side.come()
        self._changed()
        log.info("source_opened", source=side.name)
        await self._await_subscribers()
        self._passes = None
        async for ticks in source.batches():
            async with self._publishing:
                if source.passes != self._passes and self._passes is not None:
                    await self._give(bars.restart())
                self._passes = source.passes
                side.note(ticks)
                await self._give(bars.weave(ticks, source.clocks_ns), ticks)
            await asyncio.sleep(0)  # a source that never waits must not starve the cuts
        async with self._publishing:
            await self._give(bars.finish())

    async def _give(self, ticks: list[Tick], source_ticks: Sequence[Tick] = ()) -> None:
        await self._hub.publisher.publish(
            ticks,
            wait=self.side.source.can_wait,
            source_ticks=source_ticks,
            held=self._note_wait,
        )

    def _note_wait(self) -> None:
        self.waits += 1

    async def _await_subscribers(self) -> None:
        """Hold production until as many subscribers as wished are there, or the time is up."""
        wished = self._hub.settings.wait_for
        if not wished:
            return
        try:
            async with asyncio.timeout(self._hub.settings.wait_for_timeout_s):
                await self._hub.subscriptions.reach(wished)
        except TimeoutError:
            log.warning("wait_for_timed_out", wished=wished, here=len(self._hub.sessions))
