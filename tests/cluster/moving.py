"""Subscribers that move between edges, each with a position, and check every sequence that comes.

All events are trades whose number is their sequence, so that what a subscriber is told says by
itself whether it follows. A position is where the subscriber stood, or any that the stream still
has. Nothing may be missing, and nothing may come twice.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.fakes.messages import Message
from tests.fakes.nats import BusWriter
from tests.fakes.patience import PROGRAM_PATIENCE_S
from tests.fakes.readers import TRANSPORTS, open_reader
from tests.fakes.servers import trades
from tests.fakes.wire import Address

_MOST_IN_BATCH = 40
_OLD = 0.4  # of all moves are to a position of the past
_LONGEST_STAY = 3_000  # events


@dataclass
class Outcome:
    """What was seen.

    Attributes:
        counts: moves, events, and what was wrong.
        findings: the same in words.
    """

    counts: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)


@dataclass
class Wanderer:
    """A subscriber that moves.

    Attributes:
        chance: decides where to, by which transport, and from where on.
        edges: where it may go.
        newest: returns the newest sequence of the writer.
        outcome: takes what it sees.
    """

    chance: random.Random
    edges: Sequence[Address]
    newest: Callable[[], int]
    outcome: Outcome
    epoch: str
    stands: int = 0  # the sequence that it has
    _place: int = -1

    async def move(self) -> None:
        """Go to an edge with a position, and stay for a while."""
        chance, counts, newest = self.chance, self.outcome.counts, self.newest()
        place = chance.randrange(len(self.edges))
        after = self.stands
        if chance.random() < _OLD:
            after = chance.randrange(newest)
            counts["to a position of the past"] += 1
        counts["moves"] += 1
        counts["to another edge"] += place != self._place
        counts[f"to edge {place}"] += 1
        counts["events behind, at most"] = max(counts["events behind, at most"], newest - after)
        self._place = place
        upto = min(newest, after + chance.randint(1, _LONGEST_STAY))
        transport = chance.choice(TRANSPORTS)
        story = f"edge {place}, {transport}, after {after}"
        async with asyncio.timeout(PROGRAM_PATIENCE_S):
            position = f"{self.epoch}-{after}"
            reader = await open_reader(transport, self.edges[place], after=position)
            try:
                while after < upto:
                    for message in (await reader.read())[0]:
                        after = self.hear(message, after, story)
            finally:
                reader.abort()
        self.stands = after

    def hear(self, message: Message, after: int, story: str) -> int:
        """Take a message behind a sequence; return where that leads."""
        kind, counts = message["T"], self.outcome.counts
        if kind == "t":
            number = int(str(message["i"]))
            counts["events"] += 1
            if number != after + 1:
                counts["doubles" if number <= after else "holes"] += 1
                self.outcome.findings.append(f"{story}: {number} came behind {after}")
            self.stands = number
            return number
        if kind == "gap":
            counts["gaps"] += 1
            self.outcome.findings.append(f"{story}: {message}")
        return after


async def wander(
    writer: BusWriter,
    edges: Sequence[Address],
    *,
    seed: int,
    moves: int,
    wanderers: int,
    ticks_per_s: float,
    say: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Let subscribers move while a writer writes; return what they saw."""
    chance, outcome = random.Random(seed), Outcome()
    going = [
        Wanderer(
            random.Random(chance.random()), edges, lambda: writer.newest, outcome, writer.epoch
        )
        for _ in range(wanderers)
    ]
    writing = asyncio.create_task(_write(writer, random.Random(chance.random()), ticks_per_s))
    left = iter(range(moves))

    async def go(one: Wanderer) -> None:
        for number in left:
            await one.move()
            if number and number % 100 == 0:
                say(f"{number} moves, {outcome.counts['events']} events")

    try:
        async with asyncio.TaskGroup() as tasks:
            for one in going:
                tasks.create_task(go(one))
    finally:
        writing.cancel()
    if writing.done() and not writing.cancelled():
        writing.result()
    outcome.counts["written"] = writer.newest
    return outcome


async def _write(writer: BusWriter, chance: random.Random, ticks_per_s: float) -> None:
    """Write trades for ever."""
    while True:
        count = chance.randint(1, _MOST_IN_BATCH)
        await writer.write(*trades(writer.newest + 1, writer.newest + count))
        await asyncio.sleep(count / ticks_per_s)
