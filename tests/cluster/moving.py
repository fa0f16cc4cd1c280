"""Subscribers that move between edges, each with a position, and check every sequence that comes.

All events are trades whose number is their sequence, so that what a subscriber is told says by
itself whether it follows. A position is where the subscriber stood, or any that the stream still
has. Nothing may be missing, and nothing may come twice. Some conflate: then each trade says for
which it stands, and none may be left out. Some ask for pages of history.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from tests.fakes.messages import Message
from tests.fakes.nats import BusWriter
from tests.fakes.patience import PROGRAM_PATIENCE_S
from tests.fakes.raw_http import RawHttp
from tests.fakes.readers import TRANSPORTS, open_reader
from tests.fakes.servers import trades
from tests.fakes.wire import Address, Ended

_MOST_IN_BATCH = 40
_OLD = 0.4  # of all moves are to a position of the past
_CONFLATE = 0.15  # of all moves conflate
_ASK = 0.15  # and as many ask for history
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
        edges: where it may go.
        newest: returns the newest sequence of the writer.
        outcome: takes what it sees.
    """

    edges: Sequence[Address]
    newest: Callable[[], int]
    outcome: Outcome
    epoch: str
    stands: int = 0  # the sequence that it has
    _place: int = -1

    async def move(self, chance: random.Random) -> None:
        """Go to an edge with a position, and stay for a while.

        Args:
            chance: decides from where on, where to, and by which transport.
        """
        counts, newest = self.outcome.counts, self.newest()
        is_old = chance.random() < _OLD
        place = chance.randrange(len(self.edges))
        after = self.stands
        if is_old:
            after = chance.randrange(newest)
            counts["to a position of the past"] += 1
        counts["moves"] += 1
        counts["to another edge"] += place != self._place
        counts[f"to edge {place}"] += 1
        counts["events behind, at most"] = max(counts["events behind, at most"], newest - after)
        self._place = place
        upto = min(newest, after + chance.randint(1, _LONGEST_STAY))
        transport = chance.choice(TRANSPORTS)
        way = chance.random()
        async with asyncio.timeout(PROGRAM_PATIENCE_S):
            if way < _ASK:
                await self._ask(self.edges[place], after, upto, f"edge {place}, after {after}")
                return
            conflates = way < _ASK + _CONFLATE
            counts["to conflate"] += conflates
            await self._listen(transport, place, after, upto, conflates=conflates)

    async def _listen(
        self, transport: str, place: int, after: int, upto: int, *, conflates: bool
    ) -> None:
        """Be a subscriber up to a sequence."""
        story = f"edge {place}, {transport}, after {after}{', conflated' * conflates}"
        query: dict[str, Any] = {"after": f"{self.epoch}-{after}"}
        if conflates:
            is_message = transport.startswith("websocket")
            query["conflate"] = {"trades": "100ms"} if is_message else "trades:100ms"
        reader = await open_reader(transport, self.edges[place], **query)
        told = ""
        try:
            while after < upto:
                for message in (await reader.read())[0]:
                    told = message["T"]
                    after = self.hear(message, after, story)
        except Ended:  # it may be sent away, in words, and comes back for the rest
            self.outcome.counts["sent away"] += 1
            if told != "bye":
                self.outcome.findings.append(f"{story}: ended without a word, behind {after}")
        finally:
            reader.abort()
        self.stands = after

    async def _ask(self, edge: Address, after: int, upto: int, story: str) -> None:
        """Read history up to a sequence, page by page."""
        self.outcome.counts["to ask"] += 1
        while after < upto:
            target = f"/v1/history?trades=*&limit={upto - after}&after={self.epoch}-{after}"
            answer = await RawHttp.get(edge, target)
            page = await answer.document()
            answer.wire.abort()
            if answer.status == HTTPStatus.SERVICE_UNAVAILABLE:  # it is not that far, or is busy
                self.outcome.counts["not now"] += 1
                continue
            for message in [*([page["gap"]] if "gap" in page else []), *page["ticks"]]:
                after = self.hear(message, after, f"{story}, history")
        self.stands = after

    def hear(self, message: Message, after: int, story: str) -> int:
        """Take a message behind a sequence; return where that leads."""
        kind, counts = message["T"], self.outcome.counts
        if kind == "t":
            number = int(str(message["i"]))
            first = int(str(message.get("fi", number)))
            counts["events"] += number - first + 1
            is_conflated = "n" in message  # it may stand for some that came before, too
            is_double = number <= after and not is_conflated
            is_short = is_conflated and message["n"] != number - first + 1
            if is_double or is_short or first > after + 1:
                counts["doubles" if is_double else "holes"] += 1
                self.outcome.findings.append(f"{story}: {message} came behind {after}")
            self.stands = max(number, after if is_conflated else 0)
            return self.stands
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
    """Let subscribers move while a writer writes; return what they saw.

    What each move is to be is drawn for itself: so it does not matter who makes how many.
    """
    outcome = Outcome()
    going = [
        Wanderer(edges, lambda: writer.newest, outcome, writer.epoch) for _ in range(wanderers)
    ]
    writing = asyncio.create_task(_write(writer, random.Random(seed), ticks_per_s))
    left = iter(range(moves))

    async def go(one: Wanderer) -> None:
        for number in left:
            await one.move(random.Random(f"{seed}, {number}"))
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
