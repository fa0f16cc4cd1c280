"""A subscriber within the process: the client's stream, over a transport of memory.

It is a subscriber like any other, in the lane of all that read the same as lines of JSON: what it
is told, how it is held back, and what becomes of it when it is slow is decided where that of all
others is. The client's stream reads it, and comes back where it stood when it was sent away.
"""

import asyncio
from collections.abc import Mapping

from feed.broadcast.payload_key import PayloadKey
from feed.broadcast.standing import Written
from feed.client.link import Lost, Order
from feed.client.parsers import Message, NdjsonParser
from feed.client.shown import Shown
from feed.hub.connection import Connection
from feed.hub.hub import Hub
from feed.hub.session import Session
from feed.hub.steps import Step
from feed.library.memory_transport import MemoryTransport
from feed.market.intervals import format_interval
from feed.trust.identity import ANONYMOUS, owner_key
from feed.wire.delimiter import Delimiter
from feed.wire.disconnect import Disconnect, Reason
from feed.wire.framing import StreamFraming, goodbye_envelope
from feed.wire.json_codec import JSON
from feed.wire.requests import Request, lossy_only

URL = "http://in-process"  # stands where the words of the client name a server
_FRAMING = StreamFraming(Delimiter.LINE_FEED, chunked=False)
_NOBODY = ""  # the place of a program: no limit of addresses counts it


class InProcessLink:
    """A subscription of this process: a `Link` of the client."""

    __slots__ = ("_hub", "_parser", "_session", "_transport", "conflate", "connection", "url")

    retry_ms = None

    def __init__(self, hub: Hub, transport: MemoryTransport, session: Session) -> None:
        self.url = URL
        intervals_ms = session.subscriber.selection.intervals_ms
        self.conflate: Mapping[str, str] = {
            channel.value: format_interval(every_ms) for channel, every_ms in intervals_ms
        }
        self.connection: int | None = session.id
        self._hub = hub
        self._transport = transport
        self._session = session
        self._parser = NdjsonParser()

    async def receive(self) -> tuple[list[Message], int]:
        """Return the messages that wait."""
        data = await self._transport.read()
        if not data:
            words = "the broadcaster has ended the subscription"
            raise Lost(words, for_good=self._hub.leaving)
        return self._parser.feed(data), len(data)

    async def refresh(self, shown: Shown) -> bool:
        """Return False: nobody has to say who it is."""
        del shown
        return False

    async def close(self) -> None:
        """Leave."""
        self._hub.close(self._session, Reason.CLIENT_LEFT)


async def subscribe(hub: Hub, order: Order) -> InProcessLink:
    """Join, as `/v1/stream` would have it.

    Raises:
        Lost: the broadcaster is full, or leaves for good.
        LimitExceeded: the selection is too large.
    """
    query = order.subscription.query(after=order.after, snapshot=order.snapshot, last=order.last)
    asked = Request.of_query(query.items(), most_symbols=hub.settings.max_symbols_per_connection)
    asked = asked.of(owner_key(ANONYMOUS))

    def say_goodbye(reason: Disconnect) -> None:
        lane = session.subscriber.lane
        goodbye = goodbye_envelope(lane.framing, lane.codec, reason)
        session.subscriber.send(goodbye, Written.LAST_WORDS)

    def let_go(ended: "asyncio.Future[Reason]") -> None:
        del ended
        transport.close()
        session.release()

    async with hub.turns.turn(Step.JOIN):
        refusal = hub.refusal(ANONYMOUS, _NOBODY)
        if refusal is not None:
            raise Lost(refusal.told.words, for_good=hub.leaving)
        grants = ANONYMOUS.grants
        granted = grants.select_named(asked.symbols(), lossy_only(asked.conflate or {}))
        transport = MemoryTransport()
        connection = Connection(
            transport, hub.settings.high_water_bytes, peer="in process", place=_NOBODY
        )
        session = hub.open(
            connection,
            PayloadKey(granted.selection, asked.project(JSON), marks=True),
            _FRAMING,
            say_goodbye,
            identity=ANONYMOUS,
        )
        session.ended.add_done_callback(let_go)
        session.subscriber.open(b"")
        hub.subscriptions.begin(
            session,
            session.subscriber.selection,
            after=asked.after,
            last=asked.last,
            snapshot=bool(asked.snapshot),
            on_lag=asked.on_lag,
            named=granted.names,
        )
    return InProcessLink(hub, transport, session)
