"""Readers that are cut off at any moment and come back, on whatever transport, lose nothing.

Randomised: a seed decides who is cut when and comes back how; what interleaves with it is real.
"""

import asyncio
import random
from dataclasses import dataclass, field

import pytest

from tests.fakes.messages import Message
from tests.fakes.patience import until
from tests.fakes.readers import TRANSPORTS, Reader, open_reader
from tests.fakes.servers import Feed, Serve, trades
from tests.fakes.wire import Ended

SEEDS = pytest.mark.parametrize("seed", range(3))
READERS = 10


@dataclass
class Wanderer:
    """A client that is cut off again and again, and checks every sequence that it is told.

    Attributes:
        position: where it stands: what it was told last.
        seen: the sequences it has, over all its lives.
        gaps: those it was told of; how many ticks were in them.
        lives: how often it connected.
        changes: how often it came back on another transport than the one it had been on.
    """

    feed: Feed
    rng: random.Random
    position: str
    seen: list[int] = field(default_factory=list)
    gaps: int = 0
    lost: int = 0
    lives: int = 0
    changes: int = 0
    _transport: str = ""
    _in_snapshot: bool = False

    @property
    def sequence(self) -> int:
        return int(self.position.partition("-")[2])

    async def live_until(self, last: int) -> None:
        while self.sequence < last:
            reader = await self._connect()
            try:
                await self._read(reader, self.rng.choice((0, 1, 2, 5, 12)), last)
            except Ended as error:
                raise AssertionError("the server ended the connection") from error
            finally:
                reader.abort()  # whatever was on its way is lost

    async def _connect(self) -> Reader:
        transport = self.rng.choice(TRANSPORTS)
        self.changes += bool(self._transport) and transport != self._transport
        self._transport = transport
        self._in_snapshot = False
        self.lives += 1
        return await open_reader(
            transport,
            (self.feed.host, self.feed.port),
            after=self.position,
            receive_buffer_bytes=self.rng.choice((None, 4_096)),
        )

    async def _read(self, reader: Reader, frames: int, last: int) -> None:
        expected = self.sequence + 1
        for _ in range(frames):
            if self.sequence >= last:
                return
            messages, position = await reader.read()
            for message in messages:
                expected = self._check(message, expected)
            if position is not None:
                assert position == self.feed.position(expected - 1)
                self.position = position

    def _check(self, message: Message, expected: int) -> int:
        """Check that a message is what is due; return the sequence that is expected next."""
        match message["T"]:
            case "t" if not self._in_snapshot:
                assert message["i"] == expected
                self.seen.append(expected)
                return expected + 1
            case "t":
                assert message["i"] == expected - 1, "the state is that of where it stands"
            case "gap":
                assert message["reason"] == "overrun"
                assert message["from"] == self.feed.position(expected)
                first_after = int(message["to"].partition("-")[2]) + 1
                assert first_after > expected
                self.gaps += 1
                self.lost += first_after - expected
                return first_after
            case "snapshot":
                self._in_snapshot = message["state"] == "begin"
                assert message["pos"] == self.feed.position(expected - 1)
            case kind:
                assert kind == "mark"
        return expected


async def publish_all(feed: Feed, last: int, wanderers: list[Wanderer], rng: random.Random) -> None:
    """Publish batches of any size, never far ahead of the slowest, so that cuts fall among them."""
    first = 1
    while first <= last:
        size = rng.choice((1, 1, 3, 10, 40))
        await feed.source.publish(trades(first, min(last, first + size - 1)))
        first += size
        await until(lambda: min(w.sequence for w in wanderers) > first - 150)  # noqa: B023 - awaited here


@pytest.mark.long
@SEEDS
async def test_every_sequence_is_seen_exactly_once(serve: Serve, seed: int) -> None:
    rng = random.Random(seed)
    last = 2_000
    feed = await serve(high_water_bytes=8_192, slow_timeout_s=600)
    wanderers = [
        Wanderer(feed, random.Random(rng.random()), feed.position(0)) for _ in range(READERS)
    ]
    async with asyncio.TaskGroup() as group:
        group.create_task(publish_all(feed, last, wanderers, rng))
        for wanderer in wanderers:
            group.create_task(wanderer.live_until(last))
    for wanderer in wanderers:
        assert wanderer.seen == list(range(1, last + 1))
        assert wanderer.gaps == 0
    assert sum(wanderer.lives for wanderer in wanderers) > 15 * READERS
    assert sum(wanderer.changes for wanderer in wanderers) > 10 * READERS
    assert feed.hub.audience.ladder.gap == 0


@pytest.mark.long
@SEEDS
async def test_every_sequence_is_seen_once_or_told_missing_once(serve: Serve, seed: int) -> None:
    rng = random.Random(seed)
    last = 8_000
    feed = await serve(high_water_bytes=8_192, ring=128, slow_timeout_s=600)
    wanderers = [
        Wanderer(feed, random.Random(rng.random()), feed.position(0)) for _ in range(READERS)
    ]

    async def publish() -> None:
        """Publish without regard for anybody."""
        first = 1
        while first <= last:
            size = rng.choice((1, 10, 40, 100))
            await feed.source.publish(trades(first, min(last, first + size - 1)))
            first += size
            for _ in range(rng.choice((0, 0, 1, 4, 16))):
                await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        group.create_task(publish())
        for wanderer in wanderers:
            group.create_task(wanderer.live_until(last))
    for wanderer in wanderers:
        assert wanderer.seen == sorted(set(wanderer.seen)), "nothing twice"
        # A gap that was told right before a cut is told again: the position did not move.
        assert len(wanderer.seen) + wanderer.lost >= last
    assert sum(wanderer.gaps for wanderer in wanderers) >= 5
    assert sum(len(wanderer.seen) for wanderer in wanderers) > last // 10


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_position_of_the_server_before_a_restart_is_told_and_then_nothing_is_missed(
    serve: Serve, transport: str
) -> None:
    before, after = await serve(), await serve()
    await before.publish(*trades(1, 10))
    await after.publish(*trades(1, 3))
    reader = await open_reader(transport, (after.host, after.port), after=before.position(10))
    await after.sessions_reach(1)
    await after.publish(*trades(4, 5))
    read = [await reader.read() for _ in range(6)]
    ((gap,), _), (first, _), ((begin,), _), (state, _), ((end,), position), (ticks, at) = read
    assert gap == {
        "T": "gap",
        "from": before.position(11),
        "to": after.position(0),
        "reason": "epoch",
    }
    assert [tick["i"] for tick in first if tick["T"] == "t"] == [1, 2, 3]
    assert (begin["state"], end["state"]) == ("begin", "end")
    assert [tick["i"] for tick in state] == [3]
    assert position == after.position(3)
    assert [tick["i"] for tick in ticks if tick["T"] == "t"] == [4, 5]
    assert at == after.position(5)
