"""The stream: a subscription that outlives its connections.

Theory of operation: the consumer pulls. Each step of the lifeline (`feed.client.lifeline`) makes a
connection or receives from it, and its events wait in a queue until they are asked for; nothing is
read that nobody wants, so a slow consumer slows the server's writes to it, and the server's ladder
applies.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self, get_args

import aiohttp

from feed.client.arguments import (
    check_choice,
    check_heartbeat,
    check_last,
    check_patience,
    check_session,
    check_switch,
)
from feed.client.attempts import Attempts
from feed.client.backoff import Backoff
from feed.client.clock import Clock
from feed.client.errors import Refused
from feed.client.events import (
    Batch,
    Bye,
    Connected,
    Counters,
    Event,
    Expiring,
    Mark,
    Notice,
    Refreshed,
    Snapshot,
    Unknown,
)
from feed.client.feedback import FeedbackReporter
from feed.client.ledger import Ledger
from feed.client.lifeline import Lifeline, Wish
from feed.client.link import Dial
from feed.client.papers import Papers, TokenSource
from feed.client.subscription import Subscription, parse_url
from feed.client.tables import Library, Tables, tables_of
from feed.client.words import Words
from feed.wire.beginning import read_beginning
from feed.wire.codec_name import CodecName
from feed.wire.error_codes import Consequence, consequence_of
from feed.wire.position import Position
from feed.wire.transport import Transport, TransportName

HEARTBEAT_S = 15.0  # the server says something every 10 s at least
MAX_UNKNOWN_KINDS = 100  # that are logged, once each

# The order of "auto": the transport with the fewest bytes and a way to answer first, the one that
# passes every proxy last.
_AUTO = (Transport.WEBSOCKET, Transport.STREAM, Transport.SSE)

_log = logging.getLogger("feed.client")


class Stream:
    """Ticks of one subscription, across however many connections.

    Iterate over it for batches; then gaps, goodbyes and reconnects go to the logger `feed.client`
    and into `counters`, and a batch after a gap carries it. Iterate over `words()` for answers of
    language models, and over `events()` to get all of them in order. One consumer at a time.

    Attributes:
        subscription: channels and symbols.
        counters: totals over all its connections.
        position: where the consumer stands: after the last event that it was given. Give it as
            `after` to another stream, on any transport, to go on there.
    """

    def __init__(
        self,
        url: str,
        subscription: Subscription,
        *,
        transport: TransportName = "auto",
        codec: CodecName = "json",
        after: str | None = None,
        last: int | None = None,
        snapshot: bool = False,
        key: str | None = None,
        secret: str | None = None,
        token: TokenSource | None = None,
        compress: bool = True,
        heartbeat_s: float = HEARTBEAT_S,
        give_up_after_s: float | None = None,
        feedback: bool = False,
        session: aiohttp.ClientSession | None = None,
        clock: Clock | None = None,
        backoff: Backoff | None = None,
        dial: Dial | None = None,
    ) -> None:
        """Make a stream; `connect` explains the arguments. `dial`: opens its links itself.

        Raises:
            InvalidParameter: one of them is not accepted.
        """
        check_choice("transport", transport, get_args(TransportName))
        check_choice("codec", codec, get_args(CodecName))
        for name, switch in (
            ("snapshot", snapshot),
            ("compress", compress),
            ("feedback", feedback),
        ):
            check_switch(name, switch)
        check_heartbeat(heartbeat_s)
        check_patience(give_up_after_s)
        check_session(session)
        check_last(last, after)
        self.subscription = subscription
        self.counters = Counters()
        begins = None if after is None else read_beginning(after)
        position = begins if isinstance(begins, Position) else None
        self.position = None if position is None else after
        base = parse_url(url)
        self._url = str(base)
        self._clock = clock = clock or Clock()
        backoff = backoff or Backoff()
        self._events: deque[Event] = deque()  # received, not asked for yet
        self._lifeline = Lifeline(
            Wish(
                base,
                subscription,
                codec,
                compress,
                heartbeat_s,
                begins=after if position is None else None,
                last=last,
            ),
            Ledger(
                self.counters,
                after=position,
                snapshot=snapshot,
                conflated=bool(subscription.conflate),
                letters=subscription.letters if codec == "protobuf" else None,
            ),
            self._events,
            attempts=Attempts(
                self._url,
                _AUTO if transport == "auto" else (Transport(transport),),
                backoff=backoff,
                give_up_after_s=give_up_after_s,
            ),
            papers=Papers(key, secret, token, clock),
            backoff=backoff,
            clock=clock,
            session=session,
            dial=dial,
            wake=self._wake,
        )
        self._consumer: asyncio.Task[object] | None = None  # the task that waits in a step
        self._woken = False  # to look anew at what there is to do
        self._feedback = FeedbackReporter(base, clock.mono_s()) if feedback else None
        self._unknown_kinds: set[str] = set()  # that were logged
        self._closed = False

    @property
    def transport(self) -> Transport | None:
        """The transport of the connection that stands, or stood last; None before the first."""
        return self._lifeline.transport

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Batch:
        """Return the next batch.

        Raises:
            StopAsyncIteration: the stream was closed.
            Refused, NotAFeed, Malformed, GaveUp, Expired: it cannot go on; `position` tells where
                it stands.
        """
        while True:
            event = await self.next_event()
            if event is None:
                raise StopAsyncIteration
            if isinstance(event, Batch):
                return event
            _log.log(self._log_level(event), "%s: %s", self._url, event)

    async def events(self) -> AsyncIterator[Event]:
        """Yield batches and everything else that happens, in order."""
        while (event := await self.next_event()) is not None:
            yield event

    async def words(self) -> AsyncIterator[Words]:
        """Yield what language models answer, as far as it is subscribed to: ticks are passed over.

        What else happens goes to the logger, as in iterating over batches. After a gap that
        concerns words their states come, with the texts so far.
        """
        async for event in self.events():
            if isinstance(event, Words):
                yield event
            elif not isinstance(event, Batch):
                _log.log(self._log_level(event), "%s: %s", self._url, event)

    def frames(self, library: Library | None = None, *, rows: int = 1) -> AsyncIterator[Tables]:
        """Yield ticks as frames of pandas or polars, one per channel: `tables["trades"]`.

        Args:
            library: by default pandas where it is installed, else polars.
            rows: the smallest number of ticks, over all channels, that is handed out. Ticks that
                wait when iteration is broken off are lost, unless `position` is gone back to.

        Raises:
            MissingLibrary: neither is installed, or not the one asked for.
            InvalidParameter: an argument is not accepted.
        """
        return tables_of(self, library, rows=rows)

    async def next_event(self) -> Event | None:
        """Return the next event, or None once the stream is closed.

        May be cancelled, by a timeout for one, and called again; nothing is lost.
        """
        while not self._events:
            if self._closed or self._lifeline.is_over:
                return None
            await self._step_until_closed()
        event = self._events.popleft()
        if isinstance(event, Notice) and consequence_of(event.code) is Consequence.ENDS_FOR_GOOD:
            await self._lifeline.drop()
            raise Refused(self._url, event.code, event.words, by_feed=True)
        if isinstance(event, Bye) and not event.may_reconnect:
            await self._lifeline.drop()
            raise Refused(self._url, None, event.words or event.reason, by_feed=True)
        if isinstance(event, Batch | Words | Mark):
            self.position = event.position or self.position
            if isinstance(event, Batch):
                self._note_ages(event)
        elif isinstance(event, Snapshot) and event.state == "end":
            self.position = event.position
        return event

    async def open(self) -> None:
        """Connect now, rather than when the first event is asked for; returns once it stands."""
        line = self._lifeline
        while not (line.stands or line.is_over or self._closed):
            await self._step_until_closed()

    async def close(self) -> None:
        """End the connection; iteration ends when what had been received is consumed.

        May be called by another task than the consumer.
        """
        self._closed = True
        if self._consumer is not None:
            self._consumer.cancel()
            self._consumer = None
        if self._feedback is not None:
            self._feedback.close()
        await self._lifeline.close()

    async def _step_until_closed(self) -> None:
        """Do one step; return early where another task closes the stream meanwhile."""
        if self._consumer is not None:
            raise RuntimeError("a stream has one consumer at a time")
        self._consumer = task = asyncio.current_task()
        try:
            await self._lifeline.step()
        except asyncio.CancelledError:
            closed_from_elsewhere = self._closed and self._consumer is None
            ours = closed_from_elsewhere or self._woken
            if not ours or task is None or task.uncancel():
                raise
        finally:
            self._consumer = None
            self._woken = False

    def _wake(self) -> None:
        """Let a consumer that waits in a step begin another one."""
        if self._consumer is not None and not self._woken:
            self._woken = True
            self._consumer.cancel()

    def _note_ages(self, batch: Batch) -> None:
        """Note how old a batch is, and report now and then, for those who opted in."""
        line = self._lifeline
        if self._feedback and line.session is not None and line.transport is not None:
            self._feedback.note(
                batch, line.session, line.transport, self._clock.mono_s(), line.shown.headers
            )

    def _log_level(self, event: Event) -> int:
        if isinstance(event, Words | Mark | Snapshot | Connected | Expiring | Refreshed):
            return logging.INFO
        if isinstance(event, Unknown):  # there may be one in every message
            kind = event.message["T"]
            if kind in self._unknown_kinds or len(self._unknown_kinds) >= MAX_UNKNOWN_KINDS:
                return logging.DEBUG
            self._unknown_kinds.add(kind)
        return logging.WARNING
