"""The link of an edge to its writer: requests, with the word of the edge on who asks.

Where the writer is the source knows that is followed, and it is asked anew for each request. Of an
edge with the cluster key the word on who asks counts; of one without, what the caller shows goes
along, and the writer judges that by itself.
"""

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import aiohttp
from aiohttp import hdrs
from aiohttp.abc import AbstractStreamWriter
from yarl import URL

from feed.errors import NotNow
from feed.hub.clock import Clock
from feed.hub.handed_on import HandedOn
from feed.sources.connecting import connector_to
from feed.sources.writer_place import WriterPlace
from feed.trust.assertion import AS_ANYBODY, AS_SHOWN, HEADER, Asserted, Assertions
from feed.trust.forwarding import FOR
from feed.trust.identity import NOBODY, Identity, Kind
from feed.wire.grants import Grants

CONNECT_S = 5.0
ANSWER_S = 30.0  # for the head of an answer that does not wait for anything
RETRY_S = 2.0  # in which another writer, or the same one again, may be there
# Shorter than any server keeps a connection that is silent: none is used that is just being closed.
_KEPT_S = 10.0
_MOST_PLACES = 4  # to which connections are kept: the last ones
_NAME_BYTES = 8
AWAY = "what is asked for is done by the writer, which cannot be reached just now; come back"
CUT = (
    "the writer, which does what is asked for, went away before it answered: it may have been done "
    "or not; come back"
)


class WriterAway(NotNow):
    """There is no writer just now.

    Attributes:
        may_be_done: it had been asked, and nobody knows whether it did what it was asked for.
    """

    def __init__(self, *, may_be_done: bool) -> None:
        self.may_be_done = may_be_done
        super().__init__(CUT if may_be_done else AWAY, RETRY_S)


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks an edge for what the writer does.

    Attributes:
        identity: who, as the edge knows them.
        address: whence; "": that is not known.
        place: as what that counts in limits; "": as nobody's, as of this machine.
        shown: the headers in which they show a credential.
    """

    identity: Identity
    address: str
    place: str
    shown: Mapping[str, str] = field(default_factory=dict, repr=False)


class _Pieces(aiohttp.AsyncIterablePayload):
    """A body that comes piece by piece; the head before it goes at once, and not with the first."""

    async def write_with_length(
        self, writer: AbstractStreamWriter, content_length: int | None
    ) -> None:
        """Send the head, and then the pieces."""
        writer.send_headers()
        await super().write_with_length(writer, content_length)


class Link:
    """The way to the writer.

    Attributes:
        edge: the name of this edge, another one in each process.
        speaks_for: whether the word of this edge on who asks counts there.
    """

    def __init__(
        self,
        writer: Callable[[], WriterPlace | None],
        assertions: Assertions | None,
        clock: Clock,
        counts: Counter[HandedOn],
        *,
        knows_callers: bool,
    ) -> None:
        """Make a link that has no connections yet.

        Args:
            writer: returns where the writer is now; None: there is none.
            assertions: makes the word of this edge on who asks; None: it has no cluster key.
            clock: what the time is.
            counts: requests, by what became of them.
            knows_callers: whether this edge lets nobody in without a credential.
        """
        self.edge = secrets.token_hex(_NAME_BYTES)
        self.speaks_for = assertions is not None
        self._counts = counts
        self._writer = writer
        self._assertions = assertions
        self._clock = clock
        self._knows_callers = knows_callers
        self._itself = Identity(Kind.EDGE, self.edge, self.edge, Grants.of((), follow=True))
        self._sessions: dict[WriterPlace, aiohttp.ClientSession] = {}
        self._closing: set[asyncio.Future[None]] = set()
        self._streams: dict[object, Callable[[], None]] = {}  # what ends each answer

    def own_word(self, method: str, target: str) -> dict[str, str]:
        """Return the headers by which this edge says that it asks itself; none without the key."""
        if self._assertions is None:
            return {}
        said = Asserted(self._itself, "")
        return {HEADER: self._assertions.make(said, method, target, self._clock.wall_ns())}

    @property
    def may_speak_for_anybody(self) -> bool:
        """Whether somebody may be spoken for of whom no credential is at hand."""
        return self.speaks_for or not self._knows_callers

    async def ask(
        self,
        asker: Asker | None,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: AsyncIterable[bytes] | bytes | None = None,
        answer_s: float | None = ANSWER_S,
    ) -> aiohttp.ClientResponse:
        """Ask the writer; return its answer, of which the head is there.

        Args:
            asker: for whom; None: the edge itself.
            method: of the request.
            target: its path and query, as they are written.
            headers: of the request.
            body: likewise.
            answer_s: after which there is none; None: it may take as long as it likes.

        Raises:
            WriterAway: there is none, or it went away meanwhile.
            LimitExceeded: what they are granted cannot be said.
        """
        place = self._place()
        told = {**(headers or {}), **self._word(asker, place, method, target)}
        data = body if body is None or isinstance(body, bytes) else _Pieces(body)
        with self.telling_of_ends():
            async with asyncio.timeout(answer_s):
                response = await self._session(place).request(
                    method,
                    URL(place.url + target, encoded=True),
                    headers=told,
                    data=data,
                    allow_redirects=False,
                )
        self._counts[HandedOn.ANSWERED] += 1
        return response

    async def open_socket(
        self, asker: Asker, target: str, *, most_bytes: int
    ) -> aiohttp.ClientWebSocketResponse:
        """Open a WebSocket to the writer, on which messages of any kind are read one by one.

        Raises:
            WriterAway: there is none.
            LimitExceeded: what they are granted cannot be said.
            WSServerHandshakeError: the writer refuses.
        """
        place = self._place()
        with self.telling_of_ends():
            async with asyncio.timeout(ANSWER_S):
                socket = await self._session(place).ws_connect(
                    URL(place.url + target, encoded=True),
                    headers=self._word(asker, place, hdrs.METH_GET, target),
                    autoping=False,
                    autoclose=False,
                    max_msg_size=most_bytes,
                    compress=0,
                )
        self._counts[HandedOn.ANSWERED] += 1
        return socket

    @contextmanager
    def telling_of_ends(self) -> Iterator[None]:
        """Tell in words that there is no writer, or that it went away before its answer was whole.

        Raises:
            WriterAway: so it is.
        """
        try:
            yield
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            self._counts[HandedOn.AWAY] += 1
            raise WriterAway(may_be_done=False) from error
        except aiohttp.WSServerHandshakeError:
            raise
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            self._counts[HandedOn.CUT] += 1
            raise WriterAway(may_be_done=True) from error

    @contextmanager
    def streaming(self, end: Callable[[], None] | None) -> Iterator[None]:
        """Know of an answer that need not end, and of what ends it; None: it ends by itself."""
        if end is None:
            yield
            return
        key = object()
        self._streams[key] = end
        try:
            yield
        finally:
            self._streams.pop(key, None)

    def end_streams(self) -> None:
        """Break off all answers that need not end; their readers come back, to another server."""
        streams, self._streams = list(self._streams.values()), {}
        for end in streams:
            end()

    async def close(self) -> None:
        """Let go of all connections."""
        sessions, self._sessions = list(self._sessions.values()), {}
        for session in sessions:
            await session.close()

    # Inside.

    def _place(self) -> WriterPlace:
        place = self._writer()
        if place is None:
            self._counts[HandedOn.AWAY] += 1
            raise WriterAway(may_be_done=False)
        return place

    def _word(
        self, asker: Asker | None, place: WriterPlace, method: str, target: str
    ) -> dict[str, str]:
        """Return the headers that say who asks."""
        identity, address = self._itself, ""
        if asker is not None:
            identity, address = asker.identity, asker.address if asker.place else ""
        # Whoever asks is behind a proxy from there: nothing is of the writer's own machine.
        told = {FOR: address or "unknown"}
        if self._assertions is not None and identity is not NOBODY:
            said = Asserted(identity, address)
            told[HEADER] = self._assertions.make(said, method, target, self._clock.wall_ns())
        elif asker is None:
            if place.authorization:
                told[hdrs.AUTHORIZATION] = place.authorization
        else:
            if self._assertions is None:
                told.update(asker.shown)
            told[HEADER] = AS_SHOWN if self._knows_callers else AS_ANYBODY
        return told

    def _session(self, place: WriterPlace) -> aiohttp.ClientSession:
        """Return the connections to a place; those to places of long ago are let go of."""
        found = self._sessions.pop(place, None) or _session_to(place)
        self._sessions[place] = found  # the newest is the last
        if len(self._sessions) > _MOST_PLACES:
            oldest = self._sessions.pop(next(iter(self._sessions)))
            closing = asyncio.ensure_future(oldest.close())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
        return found


def _session_to(place: WriterPlace) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=connector_to(place, most=0, kept_s=_KEPT_S),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S),
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=(hdrs.ACCEPT, hdrs.ACCEPT_ENCODING, hdrs.CONTENT_TYPE, hdrs.USER_AGENT),
    )
