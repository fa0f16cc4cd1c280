"""The lifeline of a stream: its connection, made anew however often it ends.

Theory of operation: one step either makes a connection or receives from it, and its events go into
the stream's queue. When a connection ends, however it ends, the next one asks for the ticks after
the ledger's position; an identity that ends is renewed meanwhile. Time comes from a `Clock`, so
that tests need not wait. Knows no consumer, but that one has to be woken.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import aiohttp
from yarl import URL

from feed.client.attempts import Attempts
from feed.client.backoff import Backoff
from feed.client.clock import Clock
from feed.client.errors import Malformed, NotAFeed, Refused
from feed.client.events import Connected, Disconnected, Event
from feed.client.http_link import HttpLink
from feed.client.http_words import USER_AGENT
from feed.client.ledger import Ledger
from feed.client.link import Dial, Link, Lost, Order
from feed.client.papers import TOKEN_TIMEOUT_S, Papers
from feed.client.renewal import Renewal, left_s
from feed.client.shown import NOTHING, Shown
from feed.client.subscription import Subscription
from feed.client.websocket_link import WebSocketLink
from feed.wire.codec_name import CodecName
from feed.wire.transport import Transport

OPEN_TIMEOUT_S = 10.0  # to connect, and to be told that the subscription stands
_NO_TICKS = "the connection stands, and brings no ticks"


@dataclass(frozen=True, slots=True)
class Wish:
    """What every connection of one stream asks for.

    Attributes:
        base: the server's URL.
        subscription: channels and symbols.
        codec: how ticks are to be written.
        compress: accept compressed bytes.
        heartbeat_s: the longest silence of a connection that is taken to stand.
        begins: the time to begin at, or the while ago, until there is a position.
        last: likewise the number of ticks to begin back.
    """

    base: URL
    subscription: Subscription
    codec: CodecName
    compress: bool
    heartbeat_s: float
    begins: str | None = None
    last: int | None = None


class Lifeline:
    """The connections of one stream, one after the other.

    Attributes:
        transport: that of the connection that stands, or stood last; None before the first.
        session: of aiohttp, by which they are made; None before the first, unless it was given.
        shown: who the last one said that it is.
        is_over: there will be no other one: what was connected to has ended.
    """

    def __init__(
        self,
        wish: Wish,
        ledger: Ledger,
        events: deque[Event],
        *,
        attempts: Attempts,
        papers: Papers,
        backoff: Backoff,
        clock: Clock,
        session: aiohttp.ClientSession | None,
        dial: Dial | None,
        wake: Callable[[], None],
    ) -> None:
        """Make no connection yet.

        Args:
            wish: what each connection asks for.
            ledger: knows from where on, and takes what comes.
            events: takes what happens.
            attempts: know which transport is next, and when.
            papers: know who asks.
            backoff: the waits of renewals.
            clock: the time.
            session: to connect by; None: one of its own, which ends with it.
            dial: opens links itself; None: they go over the network.
            wake: ends the step that somebody waits in, since there is something else to do.
        """
        self.transport: Transport | None = None
        self.session = session
        self.shown = NOTHING
        self.is_over = False
        self._wish = wish
        self._ledger = ledger
        self._events = events
        self._attempts = attempts
        self._papers = papers
        self._backoff = backoff
        self._clock = clock
        self._owns_session = session is None
        self._dial = dial
        self._wake = wake
        self._counters = ledger.counters
        self._fresh: tuple[Shown, float] | None = None  # for the next connection, and since when
        self._renewal: Renewal | None = None  # of this connection's identity
        self._ending: Shown | None = None  # what this connection was who it is by, before that
        self._ends_s = 0.0  # when that is not good any more
        self._link: Link | None = None
        self._silent_s = 0.0  # waited for the link so far, since it said something
        self._left_off_s = 0.0  # when the link was last asked for something

    @property
    def stands(self) -> bool:
        """Whether there is a connection."""
        return self._link is not None

    async def step(self) -> None:
        """Connect, or receive.

        Raises:
            Refused, NotAFeed, Malformed, GaveUp, Expired: it cannot go on.
        """
        if self._link is None or self._fresh is not None:
            await self.drop()
            await self._connect()
            return
        begun_s = self._clock.mono_s()
        self._attempts.forgive(begun_s - self._left_off_s)
        patience_s = self._attempts.patience_s(begun_s)
        silence_s = self._wish.heartbeat_s - self._silent_s
        batches = self._counters.batches
        try:
            async with self._clock.timeout(min(silence_s, patience_s)):
                messages, size = await self._link.receive()
            self._silent_s = 0.0
            self._counters.received_bytes += size
            for message in messages:
                if self._ledger.enter(message, self._events):
                    self._attempts.succeed()
            self._renew()
        except TimeoutError:
            if patience_s < silence_s:
                await self.drop()
                raise self._attempts.give_up(_NO_TICKS, self._clock.mono_s()) from None
            self._counters.silences += 1
            await self._lose(f"nothing came for {self._wish.heartbeat_s:g} s", unanswered=True)
        except Malformed as error:
            await self._lose_malformed(error)
        except Lost as lost:
            await self._lose(
                str(lost),
                retry_after_s=lost.retry_after_s,
                stay_away_s=self._ledger.stay_away_s,
                for_good=lost.for_good,
            )
        except asyncio.CancelledError:  # the consumer's timeout is shorter than ours
            self._silent_s += self._clock.mono_s() - begun_s
            raise
        finally:
            self._left_off_s = self._clock.mono_s()
            if self._counters.batches > batches:
                self._attempts.note_data(self._left_off_s)

    async def drop(self) -> None:
        """End the connection, if there is one."""
        self._stop_renewal()
        self._ending = None
        link, self._link = self._link, None
        if link is not None:
            await link.close()

    async def close(self) -> None:
        """End the connection, and make none any more."""
        await self.drop()
        if self.session is not None and self._owns_session:
            await self.session.close()
            self.session = None

    async def _connect(self) -> None:
        """Wait until it is due, then try once."""
        mono_s = self._clock.mono_s()
        self._attempts.begin(mono_s)
        if self._attempts.retry_at_s > mono_s:
            await self._clock.sleep(self._attempts.retry_at_s - mono_s)
        transport = self._attempts.transport
        try:
            self.shown = await self._show()
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
            self._counters.failures += 1
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

    async def _open_link(self, transport: Transport, order: Order) -> Link:
        if self._dial is not None:
            return await self._dial(order)
        if self.session is None:
            self.session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0), headers=USER_AGENT
            )
        if transport is Transport.WEBSOCKET:
            return await WebSocketLink.open(self.session, order)
        return await HttpLink.open(self.session, transport, order)

    def _order(self) -> Order:
        wish, ledger = self._wish, self._ledger
        return Order(
            base=wish.base,
            subscription=wish.subscription,
            codec=wish.codec,
            after=ledger.position or wish.begins,
            last=None if ledger.position else wish.last,
            resuming=ledger.position is not None
            and self._counters.connects > 0
            and not ledger.snapshot_due,
            snapshot=ledger.snapshot_due,
            shown=self.shown,
            compress=wish.compress,
        )

    async def _lose_malformed(self, error: Malformed) -> None:
        self._counters.malformed += 1
        try:
            self._attempts.break_protocol(error)
        except Malformed:
            await self.drop()
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
            self.is_over = True
            await self.drop()
            return
        self._counters.failures += 1
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
            await self.drop()

    # Who it is.

    async def _show(self) -> Shown:
        """Return what a renewal has found for this connection, or what the caller knows."""
        fresh, self._fresh = self._fresh, None
        if fresh is not None and self._clock.mono_s() - fresh[1] <= TOKEN_TIMEOUT_S:
            return fresh[0]
        return await self._papers.show()

    def _renew(self) -> None:
        """Begin a renewal where the server has said that the identity ends, or stays as it was."""
        expiring, refused = self._ledger.take_expiring(), self._ledger.take_refresh_refused()
        if self._link is None or not self._papers.can_renew:
            return
        mono_s = self._clock.mono_s()
        if expiring is not None:
            self._ending = self.shown
            self._ends_s = mono_s + left_s(expiring, self._clock.wall_ns())
        elif not (refused and self._ending):
            return
        self.shown = self._ending or self.shown
        self._papers.note_end(self.shown, self._ends_s)
        self._stop_renewal()
        self._renewal = Renewal(
            self._link,
            self._papers,
            max(0.0, self._ends_s - mono_s),
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
            self.shown = shown
        else:
            self._fresh = shown, self._clock.mono_s()
            self._wake()

    def _stop_renewal(self) -> None:
        if self._renewal is not None:
            self._renewal.stop()
            self._renewal = None
