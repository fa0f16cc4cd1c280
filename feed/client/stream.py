"""The stream: a subscription that outlives its connections.

Theory of operation: the consumer pulls. One step either makes a connection or receives from it, and
its events wait in a queue until they are asked for; nothing is read that nobody wants, so a slow
consumer slows the server's writes to it, and the server's ladder applies. When a connection ends,
however it ends, the next one asks for the ticks after the ledger's position. Time comes from a
`Clock`, so that tests need not wait.
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
    check_patience,
    check_session,
    check_switch,
)
from feed.client.attempts import Attempts
from feed.client.backoff import Backoff
from feed.client.clock import Clock
from feed.client.errors import Malformed, NotAFeed, Refused
from feed.client.events import (
    Batch,
    Bye,
    Connected,
    Counters,
    Disconnected,
    Event,
    Expiring,
    Mark,
    Notice,
    Refreshed,
    Snapshot,
    Unknown,
)
from feed.client.feedback import FeedbackReporter
from feed.client.http_link import HttpLink
from feed.client.http_words import USER_AGENT
from feed.client.ledger import Ledger
from feed.client.link import Dial, Link, Lost, Order
from feed.client.papers import TOKEN_TIMEOUT_S, Papers, TokenSource
from feed.client.renewal import Renewal, left_s
from feed.client.shown import NOTHING, Shown
from feed.client.subscription import Subscription, parse_url
from feed.client.tables import Library, Tables, tables_of
from feed.client.websocket_link import WebSocketLink
from feed.wire.codec_name import CodecName
from feed.wire.error_codes import Consequence, consequence_of
from feed.wire.position import Position
from feed.wire.transport import Transport, TransportName

HEARTBEAT_S = 15.0  # the server says something every 10 s at least
OPEN_TIMEOUT_S = 10.0  # to connect, and to be told that the subscription stands
_NO_TICKS = "the connection stands, and brings no ticks"
MAX_UNKNOWN_KINDS = 100  # that are logged, once each

# The order of "auto": the transport with the fewest bytes and a way to answer first, the one that
# passes every proxy last.
_AUTO = (Transport.WEBSOCKET, Transport.STREAM, Transport.SSE)

_log = logging.getLogger("feed.client")


class Stream:
    """Ticks of one subscription, across however many connections.

    Iterate over it for batches; then gaps, goodbyes and reconnects go to the logger `feed.client`
    and into `counters`, and a batch after a gap carries it. Iterate over `events()` to get all of
    them in order. One consumer at a time.

    Attributes:
        subscription: channels and symbols.
        counters: totals over all its connections.
        position: where the consumer stands: after the last event that it was given. Give it as
            `after` to another stream, on any transport, to go on there.
        transport: that of the connection that stands, or stood last; None before the first.
    """

    def __init__(
        self,
        url: str,
        subscription: Subscription,
        *,
        transport: TransportName = "auto",
        codec: CodecName = "json",
        after: str | None = None,
        snapshot: bool = False,
        key: str | None = None,
        secret: str | None = None,
        token: TokenSource | None = None,
        compress: bool = True,
        heartbeat_s: float = HEARTBEAT_S,
        give_up_after_s: float | None = None,
        feedback: bool = False,
        session: aiohttp.ClientSession | None = None,
        dial: Dial | None = None,
        clock: Clock | None = None,
        backoff: Backoff | None = None,
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
        self.subscription = subscription
        self.counters = Counters()
        self.position = after
        self.transport: Transport | None = None
        self._base = parse_url(url)
        self._codec: CodecName = codec
        self._clock = clock or Clock()
        self._papers = Papers(key, secret, token, self._clock)
        self._shown = NOTHING  # on the last connection
        self._fresh: tuple[Shown, float] | None = None  # for the next connection, and since when
        self._renewal: Renewal | None = None  # of this connection's identity
        self._compress = compress
        self._heartbeat_s = heartbeat_s
        self._session = session
        self._dial = dial
        self._owns_session = session is None
        self._backoff = backoff or Backoff()
        self._attempts = Attempts(
            str(self._base),
            _AUTO if transport == "auto" else (Transport(transport),),
            backoff=self._backoff,
            give_up_after_s=give_up_after_s,
        )
        self._ledger = Ledger(
            self.counters,
            after=None if after is None else Position.parse(after),
            snapshot=snapshot,
            conflated=bool(subscription.conflate),
        )
        self._events: deque[Event] = deque()  # received, not asked for yet
        self._link: Link | None = None
        self._silent_s = 0.0  # waited for the link so far, since it said something
        self._left_off_s = 0.0  # when the link was last asked for something
        self._consumer: asyncio.Task[object] | None = None  # the task that waits in a step
        self._woken = False  # to look anew at what there is to do
        self._wants_feedback = feedback
        self._feedback: FeedbackReporter | None = None
        self._unknown_kinds: set[str] = set()  # that were logged
        self._closed = False

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
            _log.log(self._log_level(event), "%s: %s", self._base, event)

    async def events(self) -> AsyncIterator[Event]:
        """Yield batches and everything else that happens, in order."""
        while (event := await self.next_event()) is not None:
            yield event

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
            if self._closed:
                return None
            await self._step_until_closed()
        event = self._events.popleft()
        if isinstance(event, Notice) and consequence_of(event.code) is Consequence.ENDS_FOR_GOOD:
            await self._drop_link()
            raise Refused(str(self._base), event.code, event.words, by_feed=True)
        if isinstance(event, Bye) and not event.may_reconnect:
            await self._drop_link()
            raise Refused(str(self._base), None, event.words or event.reason, by_feed=True)
        if isinstance(event, Batch | Mark):
            self.position = event.position or self.position
            if isinstance(event, Batch):
                self._note_ages(event)
        elif isinstance(event, Snapshot) and event.state == "end":
            self.position = event.position
        return event

    async def open(self) -> None:
        """Connect now, rather than when the first event is asked for; returns once it stands."""
        while self._link is None and not self._closed:
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
        await self._drop_link()
        if self._session is not None and self._owns_session:
            await self._session.close()
            self._session = None

    async def _step_until_closed(self) -> None:
        """Do one step; return early where another task closes the stream meanwhile."""
        if self._consumer is not None:
            raise RuntimeError("a stream has one consumer at a time")
        self._consumer = task = asyncio.current_task()
        try:
            await self._step()
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

    async def _step(self) -> None:
        """Connect, or receive."""
        if self._link is None or self._fresh is not None:
            await self._drop_link()
            await self._connect()
            return
        begun_s = self._clock.mono_s()
        self._attempts.forgive(begun_s - self._left_off_s)
        patience_s = self._attempts.patience_s(begun_s)
        silence_s = self._heartbeat_s - self._silent_s
        batches = self.counters.batches
        try:
            async with self._clock.timeout(min(silence_s, patience_s)):
                messages, size = await self._link.receive()
            self._silent_s = 0.0
            self.counters.received_bytes += size
            for message in messages:
                if self._ledger.enter(message, self._events):
                    self._attempts.succeed()
            self._renew()
        except TimeoutError:
            if patience_s < silence_s:
                await self._drop_link()
                raise self._attempts.give_up(_NO_TICKS, self._clock.mono_s()) from None
            self.counters.silences += 1
            await self._lose(f"nothing came for {self._heartbeat_s:g} s", unanswered=True)
        except Malformed as error:
            await self._lose_malformed(error)
        except Lost as lost:
            stay_away_s = self._ledger.stay_away_s
            await self._lose(
                str(lost),
                retry_after_s=lost.retry_after_s,
                stay_away_s=stay_away_s,
                for_good=lost.for_good,
            )
        except asyncio.CancelledError:  # the consumer's timeout is shorter than ours
            self._silent_s += self._clock.mono_s() - begun_s
            raise
        finally:
            self._left_off_s = self._clock.mono_s()
            if self.counters.batches > batches:
                self._attempts.note_data(self._left_off_s)

    async def _connect(self) -> None:
        """Wait until it is due, then try once."""
        mono_s = self._clock.mono_s()
        self._attempts.begin(mono_s)
        if self._attempts.retry_at_s > mono_s:
            await self._clock.sleep(self._attempts.retry_at_s - mono_s)
        transport = self._attempts.transport
        try:
            self._shown = await self._show()
            async with self._clock.timeout(OPEN_TIMEOUT_S):
                order = self._order()
                self._link = await self._open_link(transport, order)
        except TimeoutError:
            await self._lose(f"no answer within {OPEN_TIMEOUT_S:g} s", unanswered=True)
        except Malformed as error:
            await self._lose_malformed(error)
        except Lost as lost:
            await self._lose(
                str(lost),
                retry_after_s=lost.retry_after_s,
                stay_away_s=lost.stay_away_s,
                unanswered=lost.unanswered,
                for_good=lost.for_good,
            )
        except (Refused, NotAFeed) as error:
            self.counters.failures += 1
            self._attempts.refuse(error)
        else:
            self.transport = transport
            self._silent_s = 0.0
            self._left_off_s = self._clock.mono_s()
            link = self._link
            self._events.append(
                Connected(
                    transport,
                    link.url,
                    order.after,
                    link.conflate,
                    self._attempts.fallbacks,
                    link.connection,
                )
            )
            self._ledger.connect(self._events)
            if self._wants_feedback and self._feedback is None:
                self._feedback = FeedbackReporter(self._base, self._clock.mono_s())

    async def _open_link(self, transport: Transport, order: Order) -> Link:
        if self._dial is not None:
            return await self._dial(order)
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0), headers=USER_AGENT
            )
        if transport is Transport.WEBSOCKET:
            return await WebSocketLink.open(self._session, order)
        return await HttpLink.open(self._session, transport, order)

    async def _show(self) -> Shown:
        """Return what a renewal has found for this connection, or what the caller knows."""
        fresh, self._fresh = self._fresh, None
        if fresh is not None and self._clock.mono_s() - fresh[1] <= TOKEN_TIMEOUT_S:
            return fresh[0]
        return await self._papers.show()

    def _renew(self) -> None:
        """Begin a renewal where the server has said that the identity ends."""
        expiring = self._ledger.take_expiring()
        if expiring is None or self._link is None or not self._papers.can_renew:
            return
        remaining_s = left_s(expiring, self._clock.wall_ns())
        self._papers.note_end(self._shown, self._clock.mono_s() + remaining_s)
        self._stop_renewal()
        self._renewal = Renewal(
            self._link,
            self._papers,
            remaining_s,
            clock=self._clock,
            backoff=self._backoff.another(),
            tell=self._tell,
            found=self._found,
        )

    def _tell(self, event: Event) -> None:
        self._events.append(event)
        self._wake()

    def _found(self, shown: Shown, refreshed: bool) -> None:
        """Take what a renewal has found: it was shown, or the next connection shows it, at once."""
        if refreshed:
            self._shown = shown
        else:
            self._fresh = shown, self._clock.mono_s()
            self._wake()

    def _stop_renewal(self) -> None:
        if self._renewal is not None:
            self._renewal.stop()
            self._renewal = None

    def _note_ages(self, batch: Batch) -> None:
        """Note how old a batch is, and report now and then, for those who opted in."""
        if self._feedback is not None and self._session is not None and self.transport is not None:
            self._feedback.note(
                batch, self._session, self.transport, self._clock.mono_s(), self._shown.headers
            )

    def _order(self) -> Order:
        return Order(
            base=self._base,
            subscription=self.subscription,
            codec=self._codec,
            after=self._ledger.position,
            resuming=self.counters.connects > 0 and not self._ledger.snapshot_due,
            snapshot=self._ledger.snapshot_due,
            shown=self._shown,
            compress=self._compress,
        )

    def _log_level(self, event: Event) -> int:
        if isinstance(event, Mark | Snapshot | Connected | Expiring | Refreshed):
            return logging.INFO
        if isinstance(event, Unknown):  # there may be one in every message
            kind = event.message["T"]
            if kind in self._unknown_kinds or len(self._unknown_kinds) >= MAX_UNKNOWN_KINDS:
                return logging.DEBUG
            self._unknown_kinds.add(kind)
        return logging.WARNING

    async def _lose_malformed(self, error: Malformed) -> None:
        self.counters.malformed += 1
        try:
            self._attempts.break_protocol(error)
        except Malformed:
            await self._drop_link()
            raise
        await self._lose(f"the server broke the protocol: {error}")

    async def _lose(
        self,
        reason: str,
        *,
        retry_after_s: float = 0.0,
        stay_away_s: float | None = None,
        unanswered: bool = False,
        for_good: bool = False,
    ) -> None:
        """Account for a connection that ended or was not made, and arrange for the next one."""
        if for_good:
            self._closed = True
            await self._drop_link()
            return
        self.counters.failures += 1
        try:
            wait_s = self._attempts.fail(
                reason,
                self._clock.mono_s(),
                retry_ms=None if self._link is None else self._link.retry_ms,
                retry_after_s=retry_after_s,
                stay_away_s=stay_away_s,
                unanswered=unanswered,
            )
            self._events.append(Disconnected(reason, wait_s))
        finally:
            await self._drop_link()

    async def _drop_link(self) -> None:
        self._stop_renewal()
        link, self._link = self._link, None
        if link is not None:
            await link.close()
