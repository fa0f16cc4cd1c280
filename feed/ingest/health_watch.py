"""Watching the health of the feed: is the source there, does it speak, which symbols have stopped.

It reads the ring like a subscriber, once a second and in slices, so that it costs the cut nothing.
What changes for one symbol becomes a status tick; what changes for all of them, one message to
everybody. Only of live sources silence is said to be anything: a recording may pause.
"""

import asyncio
import time
from dataclasses import dataclass

import structlog

from feed.hub.hub import Hub
from feed.ingest.runner import Ingest
from feed.market.symbol_health import Health, SymbolHealth
from feed.market.ticks import SECOND_NS, Status
from feed.wire.messages import feed_message

LOOK_S = 1.0
_SLICE_TICKS = 2_048  # between two turns of the loop: 0.4 ms
_SLICE_SYMBOLS = 1_024

log = structlog.get_logger("feed.health")


@dataclass(frozen=True, slots=True)
class FeedState:
    """Whether anything can come.

    Attributes:
        health: LIVE or SOURCE_DOWN.
        reason: why it is down: "silent", "failed" or "finished"; "" while it is live.
    """

    health: Health
    reason: str = ""


LIVE = FeedState(Health.LIVE)


class HealthWatch:
    """Looks at the source and at every symbol.

    Attributes:
        state: of the feed, as subscribers were told.
        counts: symbols by health, as of the last look.
        silence_limit_ns: after how long without ticks the source counts as silent.
    """

    def __init__(self, hub: Hub, ingest: Ingest) -> None:
        settings = hub.settings
        self.state = LIVE
        self._hub = hub
        self._ingest = ingest
        self._symbols = SymbolHealth(
            gaps=settings.stale_after_gaps, floor_ns=int(settings.stale_floor_s * SECOND_NS)
        )
        self.silence_limit_ns = self._symbols.silence_limit_ns
        self.counts = self._symbols.counts()
        self._read = hub.broadcast.ring.newest  # the last sequence that was looked at

    async def run(self) -> None:
        """Look once a second, and at once when the source comes or goes; for ever."""
        changed = self._ingest.changed
        while True:
            try:
                async with asyncio.timeout(LOOK_S):
                    await changed.wait()
            except TimeoutError:
                pass
            changed.clear()
            await self.look()

    async def look(self) -> None:
        """Take in what was published since the last look, and tell what has changed."""
        await self._read_ring()
        statuses: list[Status] = []
        while (recovered := self._symbols.settle(_SLICE_SYMBOLS)) is not None:
            statuses += recovered
            await asyncio.sleep(0)
        now_ns = time.time_ns()
        self.silence_limit_ns = self._symbols.silence_limit_ns
        state = self._judge_source(now_ns)
        if state.health is Health.SOURCE_DOWN:
            self._symbols.stop(self._ingest.last_tick_ns)
        elif self._ingest.live:
            statuses += self._symbols.judge(now_ns)
        self.counts = self._symbols.counts()
        if state != self.state:
            self.state = state
            self._tell(state, now_ns)
        if statuses:
            await self._hub.publish([*statuses], wait=False)

    async def _read_ring(self) -> None:
        ring = self._hub.broadcast.ring
        while self._read < ring.newest:
            after = max(self._read, ring.oldest - 1)
            ticks = ring.read(after, _SLICE_TICKS)
            self._read = after + len(ticks)
            self._symbols.note(ticks, ring.ingestion_times_ns(after, len(ticks)))
            await asyncio.sleep(0)

    def _judge_source(self, now_ns: int) -> FeedState:
        ingest = self._ingest
        if ingest.finished:
            return FeedState(Health.SOURCE_DOWN, "finished")
        if not ingest.up:
            # Before the first attempt to open it there is nothing to tell.
            return FeedState(Health.SOURCE_DOWN, "failed") if ingest.failures else self.state
        if ingest.live and now_ns - ingest.last_tick_ns > self.silence_limit_ns:
            return FeedState(Health.SOURCE_DOWN, "silent")
        return LIVE

    def _tell(self, state: FeedState, now_ns: int) -> None:
        source = self._ingest.source.name
        log.info("feed_state", state=state.health.value, source=source, reason=state.reason)
        message = feed_message(state.health.value, source, state.reason, now_ns)
        self._hub.announce(message, down=state.health is Health.SOURCE_DOWN)
