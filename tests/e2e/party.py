"""A party: clients that share what is compressed once, and what they are put through."""

import time
from collections.abc import Callable
from contextlib import AsyncExitStack

from feed.broadcast.deflate import KEYFRAME_EVERY
from feed.broadcast.deflated_lane import DeflatedLane
from feed.market.ticks import Tick
from feed.wire.compression import Compression
from tests.e2e.listeners import Listener, RawListener
from tests.fakes.deflated_readers import noisy, salted
from tests.fakes.patience import PROGRAM_PATIENCE_S, until
from tests.fakes.servers import Feed, Serve

HIGH_WATER_BYTES = 8_192
FAR_BEHIND_TICKS = 2_000
MOST_FRAMES_UNREAD = 500  # who took so many is not paused


class Party:
    """A server, a plain reader, three that share a lane from the start, and who joins later."""

    def __init__(self, feed: Feed, transport: str) -> None:
        self.feed = feed
        self.plain = RawListener(transport, None)
        self.others = [RawListener(transport, Compression()) for _ in range(3)]
        self.joiners: dict[Listener, int] = {}  # and the first number that each is due
        self.last = 0

    async def publish(
        self, frames: int, ticks: int = 5, make: Callable[[int], Tick] = salted
    ) -> None:
        for _ in range(frames):
            numbers = range(self.last + 1, self.last + 1 + ticks)
            await self.feed.publish(*map(make, numbers))
            self.last = numbers[-1]

    async def begin(self, stack: AsyncExitStack) -> None:
        for other in (self.plain, *self.others):
            await other.start(self.feed, stack)
        await until(lambda: self._all_subscribed(4), PROGRAM_PATIENCE_S)
        await self.publish(10)

    async def join(self, listener: Listener, stack: AsyncExitStack) -> None:
        """Let one join in the middle."""
        known = set(self.feed.hub.sessions)
        await listener.start(self.feed, stack)
        await until(lambda: self._all_subscribed(len(known) + 1), PROGRAM_PATIENCE_S)
        (subscriber,) = set(self.feed.hub.sessions) - known
        listener.session = self.feed.hub.sessions[subscriber]
        assert subscriber.lane.compression == listener.compression
        self.joiners[listener] = self.last + 1
        await self.publish(3)

    async def be_silent(self) -> None:
        """Publish nothing until each lane has said so: keepalives, and marks."""
        since_ns = time.monotonic_ns()
        lanes = [reader.lane for reader in self.feed.hub.sessions]
        silent = [lane for lane in lanes if lane.framing.transport != "websocket"]
        await until(lambda: all(lane.spoke_ns > since_ns for lane in silent), PROGRAM_PATIENCE_S)

    async def hear_all(self) -> None:
        for listener in (self.plain, *self.others, *self.joiners):
            await listener.catch_up(self.last)

    async def pause_all(self) -> None:
        """Pause all who joined until each has missed frames, and let them catch up."""
        for listener in self.joiners:
            await listener.pause()
        for _ in range(MOST_FRAMES_UNREAD):
            await self.publish(1, ticks=200, make=noisy)
            if all(self._lag_ticks(listener) > FAR_BEHIND_TICKS for listener in self.joiners):
                break
        else:
            raise AssertionError("one that is paused read on")
        for listener in self.joiners:
            await listener.resume()
        await self.publish(KEYFRAME_EVERY)  # some of it while they catch up
        await until(lambda: not self.feed.hub.audience.behind, PROGRAM_PATIENCE_S)

    def check(self) -> None:
        """See that everybody heard what the plain reader heard."""
        assert [tick["i"] for tick in self.plain.ticks] == list(range(1, self.last + 1))
        for other in self.others:
            assert other.ticks == self.plain.ticks
        for listener, first in self.joiners.items():
            assert listener.ticks == self.plain.ticks[first - 1 :]
        hub = self.feed.hub
        assert hub.audience.ladder.paused >= len(self.joiners)
        assert hub.audience.ladder.gap == 0
        assert not hub.ended

    def check_sharing(self) -> None:
        """See that whoever may is in the context that all others are in."""
        for listener in self.joiners:
            assert listener.session is not None
            subscriber = listener.session.subscriber
            if listener.compression is not None and listener.compression.shared:
                assert isinstance(subscriber.lane, DeflatedLane)
                assert subscriber in subscriber.lane.live

    def _lag_ticks(self, listener: Listener) -> int:
        assert listener.session is not None
        return listener.session.subscriber.lag_ticks

    def _all_subscribed(self, count: int) -> bool:
        sessions = self.feed.hub.sessions
        return (
            len(sessions) == count
            and all(reader.lane.payload.key.selection.symbols for reader in sessions)
            and not self.feed.hub.audience.behind
        )


async def compare(serve: Serve, transport: str, *joiners: Listener) -> None:
    """Let listeners join in the middle, miss frames and catch up, and hear all of it."""
    feed = await serve(
        high_water_bytes=HIGH_WATER_BYTES,
        slow_timeout_s=600,  # who is paused is waited for, however busy the machine is
        keepalive_s=0.05,
        mark_interval_s=0.2,
        ping_interval_s=0.2,
    )
    party = Party(feed, transport)
    async with AsyncExitStack() as stack:
        await party.begin(stack)
        for listener in joiners:
            await party.join(listener, stack)
        await party.publish(KEYFRAME_EVERY)
        await party.be_silent()
        await party.hear_all()
        party.check_sharing()
        await party.pause_all()
        await party.be_silent()
        await party.publish(KEYFRAME_EVERY)
        await party.hear_all()
        party.check_sharing()
        party.check()
