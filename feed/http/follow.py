"""Following: `GET /v1/follow`, the whole ring with its sequences, for servers of our own.

Whoever follows has the grant `follow`, and gets every event whatever else it may read. Its frames
are those of `feed.wire.follow_frames`; its standing, its ladder and its way back are as those of
any subscriber. It is also told of instruments: of all when it comes, of others as they come up.
"""

import asyncio
from collections.abc import Iterable, Iterator
from functools import partial

from aiohttp import hdrs, web

from feed.broadcast.payload_key import PayloadKey
from feed.http.answers import refuse_parameters
from feed.http.negotiation import choose
from feed.http.server import Server
from feed.http.streaming import Endless, respond, speaks_chunks
from feed.hub.hub import Hub
from feed.sources.reference import Reference
from feed.sources.source import Instrument
from feed.wire.codec import Codec
from feed.wire.follow_frames import follow_message, instruments_message
from feed.wire.framing import StreamFraming, message_envelope
from feed.wire.json_codec import JSON
from feed.wire.messages import Message
from feed.wire.position import BEGINNING
from feed.wire.requests import Request
from feed.wire.selection import EVERY_EVENT

PARAMETERS = ("after", "snapshot", "compress")
LOOK_S = 1.0  # between two looks for new instruments
LOOKS_UNASKED = 15  # after so many it looks though no symbol is new: words may have changed
_MOST_IN_MESSAGE = 500  # instruments: 100 KB


async def follow(request: web.Request, server: Server) -> web.StreamResponse:
    """Serve `GET /v1/follow?after=…`; without a position: all of the ring, and the state.

    The `Accept` header chooses lines of JSON, or the frames of the bus.
    """
    return await respond(request, server, partial(_endless, server=server))


def _endless(request: web.Request, most_symbols: int, server: Server) -> Endless:
    """Read a request.

    Raises:
        InvalidParameter: a parameter is not accepted.
    """
    refuse_parameters(request, PARAMETERS)
    asked = Request.of_query(request.query.items(), most_symbols=most_symbols)
    after = BEGINNING if asked.after is None else asked.after
    if after == BEGINNING and asked.snapshot is None:
        asked = asked.model_copy(update={"snapshot": True})
    bus = server.hub.bus_codec
    offers = [*JSON.media_types, *bus.media_types]
    accepted = choose(request.headers.get(hdrs.ACCEPT), offers)
    codec: Codec = bus if accepted in bus.media_types else JSON
    framing = StreamFraming(codec.delimiter, chunked=speaks_chunks(request))
    greeting = _greeting(server.hub, codec, live=server.is_live)
    words = (greeting, *_listed(server.reference.instruments()))
    return Endless(
        key=PayloadKey(EVERY_EVENT, codec, marks=True),
        framing=framing,
        content_type=codec.media_types[0],
        asked=asked,
        after=after,
        prelude=b"".join(message_envelope(framing, codec, message) for message in words),
    )


def _greeting(hub: Hub, codec: Codec, *, live: bool) -> Message:
    ring = hub.broadcast.ring
    carried = [each.name for each in hub.bus_codec.carried] if codec is hub.bus_codec else []
    return follow_message(
        hub.broadcast.position,  # what is newer has not been told anybody, and a kill may take it
        ring.oldest,
        whole=ring.is_whole,
        live=live,
        keepalive_ms=int(hub.settings.keepalive_s * 1e3),
        mono_ns=hub.clock.mono_ns(),
        wall_ns=hub.clock.wall_ns(),
        feeds=hub.audience.behind.announced,
        carried=carried,
    )


def _listed(instruments: Iterable[Instrument]) -> Iterator[Message]:
    """Yield the messages that list instruments."""
    some = list(instruments)
    for start in range(0, len(some), _MOST_IN_MESSAGE):
        yield instruments_message(some[start : start + _MOST_IN_MESSAGE])


class InstrumentNews:
    """Tells those that follow of instruments that come up, or are described otherwise."""

    def __init__(self, hub: Hub, reference: Reference) -> None:
        """Begin with nobody who follows.

        Args:
            hub: theirs.
            reference: knows the instruments.
        """
        self._hub = hub
        self._reference = reference
        self._known: dict[str, Instrument] = {}
        self._symbols = 0  # that had a tick when it looked last
        self._looks = 0  # since then, in vain

    async def run(self) -> None:
        """Look every second, for ever."""
        while True:
            await asyncio.sleep(LOOK_S)
            self.look()

    def look(self) -> None:
        """Tell everybody who follows what is new."""
        hub = self._hub
        if not hub.broadcast.lanes.following:
            return
        symbols = len(hub.broadcast.snapshot.symbols)
        self._looks += 1
        if symbols == self._symbols and self._looks < LOOKS_UNASKED:
            return
        self._symbols, self._looks = symbols, 0
        known = {each.symbol: each for each in self._reference.instruments()}
        news = [each for each in known.values() if self._known.get(each.symbol) != each]
        self._known = known
        if not news:
            return
        messages, mono_ns = list(_listed(news)), hub.clock.mono_ns()
        for subscriber in list(hub.sessions):
            if subscriber.is_open and subscriber.lane.payload.follows:
                hub.audience.tell_now(subscriber, messages, mono_ns)
