"""Bringing a source's ticks into the hub, and the source back when it dies."""

import asyncio
import random
import time

import structlog

from feed.errors import SourceError
from feed.hub.hub import Hub
from feed.market.ticks import Bar, Tick
from feed.sources.source import Source

_FIRST_BACKOFF_S = 0.5
_LONGEST_BACKOFF_S = 30.0

log = structlog.get_logger("feed.ingest")


class Ingest:
    """Runs one source for as long as the server runs; subscribers stay when it dies.

    Attributes:
        source: where ticks come from.
        up: whether it is open and produces.
        ready: set once it was opened for the first time.
        failures: how often it died.
        last_error: in words, why it died last; "" while it never did.
        finished: it came to its end (a recording that does not loop).
        live: its ticks happen now, so that their age means something.
        last_tick_ns: when it gave its newest tick, or was opened since; at first, when we began.
        changed: set when it comes, or goes.
    """

    def __init__(self, hub: Hub, source: Source) -> None:
        self.hub = hub
        self.source = source
        self.up = False
        self.ready = asyncio.Event()
        self.failures = 0
        self.last_error = ""
        self.finished = False
        self.live = not source.can_wait and hub.settings.start is None
        self.last_tick_ns = time.time_ns()
        self.changed = asyncio.Event()
        hub.feedback.live = self.live

    async def run(self) -> None:
        """Produce until the source ends, opening it again with backoff when it dies."""
        backoff_s = _FIRST_BACKOFF_S
        while not self.finished:
            published = self.hub.broadcast.ring.newest
            try:
                await self._produce()
                self.finished = True
            except Exception as error:  # whatever a source dies of, the server stays
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

    async def _produce(self) -> None:
        source, hub = self.source, self.hub
        bars = hub.broadcast.bars
        await source.open()
        bars.recorded_kinds = source.recorded_kinds
        self.up = True
        self.last_tick_ns = time.time_ns()
        self.changed.set()
        self.ready.set()
        log.info("source_opened", source=source.name)
        await self._await_subscribers()
        passes = None
        async for ticks in source.batches():
            if source.passes != passes and passes is not None:
                await hub.publish(bars.restart(), wait=source.can_wait)
            passes = source.passes
            self._note(ticks)
            await hub.publish(bars.weave(ticks), wait=source.can_wait)
            await asyncio.sleep(0)  # a source that never waits must not starve the cuts
        await hub.publish(bars.finish(), wait=source.can_wait)

    def _note(self, ticks: list[Tick]) -> None:
        """Note when the source gave ticks, and how old the oldest of them was."""
        self.last_tick_ns = time.time_ns()
        oldest = ticks[0]
        if self.live and not isinstance(oldest, Bar):  # a bar's time is its beginning
            age_ns = self.last_tick_ns - oldest.event_ns
            self.hub.instruments.source_age.observe(max(0, age_ns))  # its clock may be ahead

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
