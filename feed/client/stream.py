"""The stream: a subscription that outlives its connections.

Theory of operation: whoever iterates pulls. One step either makes a connection or receives from it,
and what comes of it waits in a queue until it is asked for; nothing is read that nobody wants, so a
slow consumer slows the server's writes to it, and the server's ladder applies. When a connection
ends, however it ends, the next one asks for what follows the ledger's position. Time comes from a
`Clock`, so that tests need not wait.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Literal, Self, get_args

import aiohttp

from feed import __version__
from feed.client.backoff import Backoff
from feed.client.clock import Clock
from feed.client.errors import GaveUp, Malformed, NotAFeed, Refused
from feed.client.events import (
    Batch,
    Bye,
    Connected,
    Counters,
    Disconnected,
    Event,
    Mark,
    Notice,
    Snapshot,
    Transport,
)
from feed.client.http_link import HttpLink
from feed.client.ledger import Ledger
from feed.client.link import Link, Lost, Order
from feed.client.parsers import Codec
from feed.client.subscription import Subscription, parse_url
from feed.client.tables import Library, Tables, tables_of
from feed.client.websocket_link import WebSocketLink
from feed.errors import InvalidParameter
from feed.ring import Position

HEARTBEAT_S = 15.0  # the server says something every 10 s at least
OPEN_TIMEOUT_S = 10.0  # to connect, and to be told that the subscription stands
MAX_MALFORMED = 5  # connections in a row that sent no message before they broke the protocol

TransportName = Literal["auto", "ws", "sse", "stream"]
CodecName = Literal["json", "msgpack"]

# What "auto" tries: the one with the fewest bytes and a way to answer first, the one that passes
# every proxy last.
_AUTO = (Transport.WEBSOCKET, Transport.STREAM, Transport.SSE)
# The dialect's errors that end a subscription for good: it is not, or no longer, permitted.
_FATAL_CODES = {401, 402, 404, 409}

_log = logging.getLogger("feed.client")


class Stream:
    """Ticks of one subscription, across however many connections.

    Iterate over it for batches; then gaps, goodbyes and reconnects go to the logger `feed.client`
    and into `counters`, and a batch after a gap carries it. Iterate over `events()` to get all of
    them in order. One consumer at a time.

    Attributes:
        subscription: what is asked for.
        counters: what it has seen.
        position: where the consumer stands: after the last event that it was given. Give it as
            `after` to another stream, on whatever transport, to go on there.
        transport: of the connection that stands, or stood last; None before the first.
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
        compress: bool = True,
        heartbeat_s: float = HEARTBEAT_S,
        give_up_after_s: float | None = None,
        session: aiohttp.ClientSession | None = None,
        clock: Clock | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        """Make a stream; `connect` explains the arguments.

        Raises:
            InvalidParameter: one of them is not accepted.
        """
        if transport not in get_args(TransportName):
            raise InvalidParameter("transport", transport, ", ".join(get_args(TransportName)))
        if codec not in get_args(CodecName):
            raise InvalidParameter("codec", codec, ", ".join(get_args(CodecName)))
        self.subscription = subscription
        self.counters = Counters()
        self.position = after
        self.transport: Transport | None = None
        self._base = parse_url(url)
        self._codec = Codec(codec)
        self._identity = (key, secret)
        self._compress = compress
        self._heartbeat_s = heartbeat_s
        self._give_up_after_s = give_up_after_s
        self._clock = clock or Clock()
        self._backoff = backoff or Backoff()
        self._session = session
        self._owns_session = session is None
        # In the order to be tried; one that cannot work here is taken out.
        self._candidates = deque(_AUTO if transport == "auto" else (Transport(transport),))
        self._why_not: dict[Transport, str] = {}  # the candidates that did not work
        self._ledger = Ledger(
            self.counters,
            after=None if after is None else Position.parse(after),
            snapshot=snapshot,
            conflated=bool(subscription.conflate),
        )
        self._events: deque[Event] = deque()  # received, not asked for yet
        self._link: Link | None = None
        self._spoken = False  # the transport in use has delivered something
        self._silent_s = 0.0  # waited for the link so far, since it said something
        self._retry_at_s = 0.0  # when the next attempt is due
        self._malformed_in_a_row = 0
        self._trying_since_s: float | None = None  # when data last flowed, or the first attempt
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
            Refused, NotAFeed, Malformed, GaveUp: it cannot go on; `position` tells where it stands.
        """
        while True:
            event = await self.next_event()
            if event is None:
                raise StopAsyncIteration
            if isinstance(event, Batch):
                return event
            routine = isinstance(event, Mark | Snapshot | Connected)
            _log.log(logging.INFO if routine else logging.WARNING, "%s: %s", self._base, event)

    async def events(self) -> AsyncIterator[Event]:
        """Yield batches and everything else that happens, in order."""
        while (event := await self.next_event()) is not None:
            yield event

    def frames(self, library: Library | None = None, *, rows: int = 1) -> AsyncIterator[Tables]:
        """Yield ticks as frames of pandas or polars, one per channel: `tables["trades"]`.

        Args:
            library: which; by default pandas where it is installed, else polars.
            rows: how many ticks at least, over all channels, before they are handed out. What was
                collected when iteration is broken off is lost, unless `position` is gone back to.

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
            await self._step()
        event = self._events.popleft()
        if isinstance(event, Notice) and event.code in _FATAL_CODES:
            await self._drop_link()
            raise Refused(str(self._base), event.code, event.words, by_feed=True)
        if isinstance(event, Bye) and not event.may_reconnect:
            await self._drop_link()
            raise Refused(str(self._base), None, event.words or event.reason, by_feed=True)
        if isinstance(event, Batch | Mark):
            self.position = event.position or self.position
        elif isinstance(event, Snapshot) and event.state == "end":
            self.position = event.position
        return event

    async def open(self) -> None:
        """Connect now, rather than when the first event is asked for; returns once it stands."""
        while self._link is None and not self._closed:
            await self._step()

    async def close(self) -> None:
        """End the connection; iteration ends when what had been received is consumed."""
        self._closed = True
        await self._drop_link()
        if self._session is not None and self._owns_session:
            await self._session.close()
            self._session = None

    async def _step(self) -> None:
        """Connect, or receive."""
        if self._link is None:
            await self._connect()
            return
        begun_s = self._clock.now_s()
        try:
            async with self._clock.timeout(self._heartbeat_s - self._silent_s):
                messages, size = await self._link.receive()
            self._silent_s = 0.0
            self.counters.received_bytes += size
            for message in messages:
                if self._ledger.take(message, self._events):
                    self._data_flowed()
        except TimeoutError:
            self.counters.silences += 1
            await self._lose(f"nothing came for {self._heartbeat_s:g} s", unanswered=True)
        except Malformed as error:
            await self._lose_malformed(error)
        except Lost as lost:
            await self._lose(str(lost), retry_after_s=lost.retry_after_s)
        except asyncio.CancelledError:  # the consumer's timeout is shorter than ours
            self._silent_s += self._clock.now_s() - begun_s
            raise

    async def _connect(self) -> None:
        """Wait until it is due, then try once."""
        now_s = self._clock.now_s()
        if self._trying_since_s is None:
            self._trying_since_s = now_s
        if self._retry_at_s > now_s:
            await self._clock.sleep(self._retry_at_s - now_s)
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                headers={"User-Agent": f"feed-broadcaster/{__version__}"},
            )
        transport, order = self._candidates[0], self._order()
        try:
            async with self._clock.timeout(OPEN_TIMEOUT_S):
                self._link = await _open_link(self._session, transport, order)
        except TimeoutError:
            await self._lose(f"no answer within {OPEN_TIMEOUT_S:g} s", unanswered=True)
        except Malformed as error:
            await self._lose_malformed(error)
        except Lost as lost:
            await self._lose(
                str(lost), retry_after_s=lost.retry_after_s, unanswered=lost.unanswered
            )
        except (Refused, NotAFeed) as error:
            self.counters.failures += 1
            if len(self._candidates) == 1 or (isinstance(error, Refused) and error.by_feed):
                raise
            self._why_not[self._candidates.popleft()] = str(error)
            self._spoken = False
        else:
            self.transport = transport
            self._silent_s = 0.0
            why = "; ".join(f"not {name}: {words}" for name, words in self._why_not.items())
            self._events.append(
                Connected(transport, self._link.url, order.after, self._link.conflate, why)
            )
            self._ledger.connect(self._events)

    def _order(self) -> Order:
        key, secret = self._identity
        return Order(
            base=self._base,
            subscription=self.subscription,
            codec=self._codec,
            after=self._ledger.position,
            resuming=self.counters.connects > 0 and not self._ledger.snapshot_due,
            snapshot=self._ledger.snapshot_due,
            key=key,
            secret=secret,
            compress=self._compress,
        )

    def _data_flowed(self) -> None:
        self._spoken = True
        self._why_not.pop(self._candidates[0], None)
        self._malformed_in_a_row = 0
        self._trying_since_s = self._clock.now_s()
        self._backoff.reset()

    async def _lose_malformed(self, error: Malformed) -> None:
        self.counters.malformed += 1
        self._malformed_in_a_row += 1
        if self._malformed_in_a_row >= MAX_MALFORMED:
            await self._drop_link()
            raise Malformed(f"{self._base}, {MAX_MALFORMED} connections in a row: {error}")
        await self._lose(f"the server broke the protocol: {error}")

    async def _lose(
        self, reason: str, *, retry_after_s: float = 0.0, unanswered: bool = False
    ) -> None:
        """Account for a connection that ended or was not made, and arrange for the next one."""
        self.counters.failures += 1
        if self._link is not None and self._link.retry_ms is not None:
            self._backoff.ask(self._link.retry_ms / 1000)
        if unanswered and not self._spoken and len(self._candidates) > 1:
            self._why_not[self._candidates[0]] = reason
            self._candidates.rotate(-1)
        wait_s = self._backoff.next_s(retry_after_s)
        now_s = self._clock.now_s()
        self._retry_at_s = now_s + wait_s
        tried_s = 0.0 if self._trying_since_s is None else now_s - self._trying_since_s
        if self._give_up_after_s is not None and tried_s + wait_s > self._give_up_after_s:
            await self._drop_link()
            raise GaveUp(str(self._base), tried_s, reason)
        self._events.append(Disconnected(reason, wait_s))
        await self._drop_link()

    async def _drop_link(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            await link.close()


async def _open_link(session: aiohttp.ClientSession, transport: Transport, order: Order) -> Link:
    if transport is Transport.WEBSOCKET:
        return await WebSocketLink.open(session, order)
    return await HttpLink.open(session, transport, order)
