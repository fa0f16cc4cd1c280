"""A visit: one connection over which a producer pushes many batches, and what it is told.

It takes batch after batch, in order, and says what became of each; those that are acknowledged are
told once more when a kill would leave them. Knows no framing: what is said is written by its shell.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from functools import partial

from feed.http.server import Server
from feed.ingest.desk import Entrance, Owner
from feed.sources.pushed.decoding import Coding, numbered_runs, runs_of, runs_of_values
from feed.sources.pushed.flaws import BatchRefused
from feed.sources.pushed.runs import Run
from feed.sources.pushed.splitting import Part
from feed.trust.identity import Identity
from feed.wire.messages import Message
from feed.wire.push_messages import ack_message, durable_message, producer_message, refused_message

SETTLE_S = 5.0  # at the end of a body: the disk may be full


class Visit:
    """One producer, while it is connected.

    Attributes:
        identity: whose it is, as it is now.
        entrance: where it pushes.
        producer: its name; None: it has none.
        owner: as what it counts.
    """

    __slots__ = (
        "_acknowledged",
        "_awaits_durable",
        "_is_over",
        "_say",
        "_server",
        "_settled",
        "entrance",
        "identity",
        "owner",
        "producer",
    )

    def __init__(
        self,
        server: Server,
        entrance: Entrance,
        identity: Identity,
        *,
        producer: str | None,
        owner: Owner,
        say: Callable[[Message], None],
    ) -> None:
        """Begin; nothing is said before `greet`.

        Args:
            server: whose ring it is.
            entrance: where it pushes.
            identity: whose it is.
            producer: its name.
            owner: as what it counts.
            say: writes a message to it, now or later, in order.
        """
        self.entrance = entrance
        self.identity = identity
        self.producer = producer
        self.owner = owner
        self._server = server
        self._say = say
        self._acknowledged = 0  # the number of the batch that was acknowledged last
        self._is_over = False
        self._settled = asyncio.Event()  # nothing is awaited
        self._settled.set()
        self._awaits_durable = False  # somebody was asked to tell when that survives a kill

    def greet(self) -> None:
        """Say what is remembered of the producer, and what it may send."""
        server, keeper = self._server, self._server.keeper
        last = durable = None
        missing: list[tuple[int, int]] = []
        if self.producer is not None:
            key = self.entrance.producer(self.identity, self.producer)
            known = server.hub.broadcast.receipts.hear(key, server.hub.clock.mono_ns())
            if known is not None and known.newest:
                last, missing = known.newest, list(known.missing())
                if keeper is not None and (upto := keeper.durable()) is not None:
                    place = known.place(last)
                    durable = last if place is None or place <= upto else None
        self._say(
            producer_message(
                self.producer,
                last,
                missing,
                durable,
                keeps=keeper is not None,
                most_ticks=self.entrance.most_ticks,
            )
        )

    async def settle(self) -> None:
        """Wait until all that was acknowledged was told to survive a kill, but not for ever."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_S):
                await self._settled.wait()

    def close(self) -> None:
        """Say nothing more."""
        self._is_over = True

    async def push(self, part: Part, coding: Coding) -> None:
        """Apply a batch of a body, and say what became of it.

        Raises:
            CredentialRefused: its identity has ended.
            SourceError: nothing is taken any more.
        """
        if part.flaw is not None:
            self.entrance.source.count_refused(part.flaw.flaw)
            self._refuse(None, part.flaw, part.line)
            return
        number: int | None = None
        try:
            if self.producer is None:
                read = runs_of_values if coding is Coding.MSGPACK else partial(runs_of, coding)
                runs = read(part.data)
            else:
                number, runs = await self.entrance.in_turn(
                    partial(numbered_runs, coding, part.data)
                )
        except BatchRefused as refused:
            self.entrance.source.count_refused(refused.flaw)
            self._refuse(None, refused, part.line)
            return
        await self._apply(number, runs, part.line)

    async def _apply(self, number: int | None, runs: Iterator[Run], line: int) -> None:
        entrance = self.entrance
        self.identity = self._server.access.renew(self.identity)
        receipt = None
        if number is not None and self.producer is not None:
            receipt = entrance.producer(self.identity, self.producer), number
        try:
            taken = await entrance.take(runs, self.identity, self.owner, receipt)
        except BatchRefused as refused:
            self._refuse(number, refused, line)
            return
        message = ack_message(
            self.producer,
            number,
            None if taken.last is None else str(taken.last),
            taken.ticks,
            durable=False,
            duplicate=taken.duplicate,
        )
        if number is None:
            message["line"] = line
        self._say(message)
        if number is not None:
            self._acknowledged = number
            self._await_durable()

    def _refuse(self, number: int | None, refused: BatchRefused, line: int) -> None:
        message = refused_message(
            number, refused.flaw.code, refused.flaw.value, refused.row, str(refused)
        )
        if number is None:
            message["line"] = line
        self._say(message)

    def _await_durable(self) -> None:
        """Have it told once that all that was acknowledged by now would survive a kill."""
        keeper = self._server.keeper
        if keeper is not None and not self._awaits_durable:
            self._awaits_durable = True
            self._settled.clear()
            tell = partial(self._tell_durable, self._acknowledged)
            keeper.when_durable(self._server.hub.broadcast.ring.newest, tell)

    def _tell_durable(self, number: int) -> None:
        self._awaits_durable = False
        if self._is_over:
            return
        self._say(durable_message(number))
        if number != self._acknowledged:
            self._await_durable()
        else:
            self._settled.set()
