"""Bodies that need not end: batch after batch, and what becomes of each in the answer.

The answer begins at once. While it is not read no more of the body is; a batch that stalls midway,
and a peer that takes nothing, end it. What was acknowledged stays.
"""

import asyncio

import aiohttp
import msgpack
import orjson
from aiohttp import hdrs, web

from feed.errors import CredentialRefused, InvalidMessage, SourceError
from feed.http.callers import caller_of
from feed.http.negotiation import choose
from feed.http.push.asked import owner_for
from feed.http.push.body import Held
from feed.http.push.visit import Visit
from feed.http.server import Server
from feed.http.streaming import NEVER_STORED, speaks_chunks
from feed.hub.connection import Connection
from feed.ingest.desk import Entrance
from feed.sources.pushed.decoding import Coding
from feed.sources.pushed.flaws import BatchRefused
from feed.sources.pushed.splitting import Splitter, Unsplittable
from feed.trust.identity import Identity
from feed.wire.delimiter import Delimiter
from feed.wire.framing import StreamFraming
from feed.wire.messages import Message, error_of, leaving_message

NDJSON, MSGPACK = "application/x-ndjson", "application/vnd.msgpack"
_PACKED = (MSGPACK, "application/msgpack", "application/x-msgpack")
_ANSWERS = (NDJSON, *_PACKED)
_KEEPALIVE = b"\n"
_POLL_S = 0.02


class Ended(ConnectionError):
    """Nothing more of a body is taken."""


class PushStream:
    """One body, and its answer."""

    def __init__(
        self,
        request: web.Request,
        server: Server,
        entrance: Entrance,
        identity: Identity,
        producer: str | None,
    ) -> None:
        """Begin; nothing is written before `run`."""
        caller = caller_of(request)
        assert request.transport is not None, "somebody asks"
        self._request = request
        self._server = server
        self._packs = choose(request.headers.get(hdrs.ACCEPT), _ANSWERS) in _PACKED
        self._framing = StreamFraming(Delimiter.NONE, chunked=speaks_chunks(request))
        settings = server.hub.settings
        self._high_water_bytes = settings.high_water_bytes
        self._connection = Connection(
            request.transport,
            settings.high_water_bytes,
            server.last_words_s,
            caller.address,
            caller.place,
        )
        owner = owner_for(request, identity, entrance, producer)
        self._visit = Visit(
            server, entrance, identity, producer=producer, owner=owner, say=self._say
        )
        self._spoke_s = 0.0  # when something was written last, by the loop's clock
        self._beat: asyncio.TimerHandle | None = None

    async def run(self, splitter: Splitter, coding: Coding) -> web.StreamResponse:
        """Take all that comes."""
        server, visit = self._server, self._visit
        kind = MSGPACK if self._packs else NDJSON
        response = web.StreamResponse(headers={**NEVER_STORED, hdrs.CONTENT_TYPE: kind})
        if self._framing.chunked:
            response.enable_chunked_encoding()
        else:
            response.force_close()
            response.headers[hdrs.CONNECTION] = "close"
        await response.prepare(self._request)
        forget = visit.entrance.source.when_closed(self._end)
        server.desk.enter(visit.owner)
        try:
            visit.greet()
            self._keep_alive()
            if visit.entrance.source.is_open:
                await self._take_all(splitter, coding)
            else:
                self._say_leaving()
        except (Ended, SourceError):
            self._say_leaving()
            response.force_close()
        except (CredentialRefused, BatchRefused, Unsplittable) as error:
            self._say(error_of(error))
            response.force_close()
        except (ConnectionError, aiohttp.ClientPayloadError):
            response.force_close()  # the peer has gone
        except web.HTTPException as error:  # what follows is not a body
            self._say(error_of(InvalidMessage(error.text)))
            response.force_close()
        finally:
            visit.close()
            forget()
            server.desk.leave(visit.owner)
            if self._beat is not None:
                self._beat.cancel()
        return response

    async def _take_all(self, splitter: Splitter, coding: Coding) -> None:
        """Take batch after batch.

        Raises:
            Ended: nothing more is taken.
            ConnectionError, ClientPayloadError: the peer has gone.
            CredentialRefused: its identity has ended.
            Unsplittable: what comes cannot be split into batches, or stalls within one.
            HTTPBadRequest: it is not in chunks, though it says so.
        """
        visit, content = self._visit, self._request.content
        with Held(visit.entrance.holdings, visit.owner) as held:
            while True:
                piece = await self._piece(splitter.held_bytes > 0)
                for part in splitter.split(piece):
                    await self._await_turn()
                    await visit.push(part, coding)
                if not piece and content.at_eof():
                    await visit.settle()
                    return
                await self._hold(held, splitter.held_bytes)

    async def _piece(self, within_batch: bool) -> bytes:
        """Return what has come: at any time, but in a batch that has begun."""
        stall_s = self._server.hub.settings.head_timeout_s if within_batch else None
        try:
            async with asyncio.timeout(stall_s):
                return await self._request.content.readany()
        except TimeoutError:
            words = f"the rest of a batch did not come within {stall_s:g} s"
            raise Unsplittable(words) from None

    async def _await_turn(self) -> None:
        """Wait until a producer may push more, and has read what it was told."""
        if wait_s := self._visit.entrance.wait_s(self._visit.owner):
            await asyncio.sleep(wait_s)
        if self._connection.buffered_bytes() > self._high_water_bytes:
            try:
                async with asyncio.timeout(self._server.hub.settings.slow_timeout_s):
                    await self._connection.room(self._high_water_bytes)
            except TimeoutError:
                self._connection.transport.abort()
                raise ConnectionResetError from None
        if self._connection.closing:
            raise ConnectionResetError

    async def _hold(self, held: Held, size_bytes: int) -> None:
        """Hold what is not a whole batch yet; wait while there is no room for it.

        Raises:
            BatchRefused: there is none for so long that somebody else may have it.
        """
        held.give_back()
        if not size_bytes:
            return
        loop = asyncio.get_running_loop()
        ends = loop.time() + self._server.hub.settings.head_timeout_s
        while True:
            try:
                held.take(size_bytes)
            except BatchRefused:
                if loop.time() > ends:
                    raise
                await asyncio.sleep(_POLL_S)
            else:
                return

    def _say(self, message: Message) -> None:
        data = msgpack.packb(message) if self._packs else orjson.dumps(message) + b"\n"
        self._spoke_s = asyncio.get_running_loop().time()
        self._connection.write_last(self._framing.wrap(data))

    def _say_leaving(self) -> None:
        refusal = self._server.hub.departure.refusal()
        self._say(leaving_message(refusal.retry_ms or 0))

    def _keep_alive(self) -> None:
        """Write something now and then, so that nobody in between takes it for dead."""
        loop, keepalive_s = asyncio.get_running_loop(), self._server.hub.settings.keepalive_s
        if self._connection.closing:
            return
        if loop.time() - self._spoke_s >= keepalive_s and not self._packs:
            self._connection.write_last(self._framing.wrap(_KEEPALIVE))
            self._spoke_s = loop.time()
        self._beat = loop.call_later(keepalive_s, self._keep_alive)

    def _end(self) -> None:
        """Take nothing more: whoever waits for the body is told."""
        self._request.content.set_exception(Ended())
