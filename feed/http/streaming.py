"""An HTTP response that does not end: the common part of SSE and plain streams.

Headers leave at once; from then on everything goes straight to the transport, in frames built once
per lane. The handler only waits for the session's end, and sees to it that the end does end.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from typing import Self

from aiohttp import HttpVersion11, hdrs, web

from feed.broadcast.payload_key import PayloadKey
from feed.broadcast.standing import Written
from feed.errors import FeedError, NotGranted, TooOften
from feed.http.browsers import TICKETS_IN_URLS
from feed.http.callers import caller_of
from feed.http.mount import path_of
from feed.http.negotiation import choose
from feed.http.problems import problem, problem_for
from feed.http.protocol.headers import CONFLATE_HEADER, CONNECTION_HEADER, conflate_header
from feed.http.protocol.turned_away import events_of
from feed.http.server import Server
from feed.hub.connection import Connection
from feed.hub.door import Refusal
from feed.hub.hub import Hub
from feed.hub.session import Session
from feed.hub.steps import Step
from feed.trust.identity import Identity, owner_key
from feed.wire.beginning import Beginning
from feed.wire.compression import Compression
from feed.wire.disconnect import Disconnect, Reason
from feed.wire.framing import SseFraming, StreamFraming, goodbye_envelope
from feed.wire.grants import Granted, Grants
from feed.wire.limit import Limit
from feed.wire.messages import refusal_words
from feed.wire.requests import Request, lossy_only
from feed.wire.selection import Selection

NEVER_STORED: Mapping[str, str] = {
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",  # nginx would collect events otherwise
}


_MS_PER_S = 1_000


@dataclass(frozen=True, slots=True)
class Endless:
    """One request for an endless response.

    Attributes:
        key, framing: the lane.
        content_type: of the response.
        asked: the other parameters, such as `snapshot`.
        after: where to begin; a str is a position that could not be read.
        prelude: the body's first bytes, this subscriber's own.
    """

    key: PayloadKey
    framing: SseFraming | StreamFraming
    content_type: str
    asked: Request
    after: Beginning | str | None
    prelude: bytes = b""

    def of(self, identity: Identity) -> Self:
        """Return it as somebody asks it, whose own a `*` stands for among words."""
        return replace(self, asked=self.asked.of(owner_key(identity)))


def speaks_chunks(request: web.Request) -> bool:
    """Tell whether the client knows HTTP/1.1 chunks; nginx's default towards us is 1.0."""
    return request.version >= HttpVersion11


def gzip_if_accepted(request: web.Request, asked: Request) -> Compression | None:
    """Return the shared gzip stream for clients that accept one."""
    accepted = ", ".join(request.headers.getall(hdrs.ACCEPT_ENCODING, ()))
    if asked.compress is False or not accepted.strip():  # empty is plain too (RFC 9110 §12.5.3)
        return None
    return Compression() if choose(accepted, ["gzip", "identity"]) == "gzip" else None


async def respond(
    request: web.Request, server: Server, read: Callable[[web.Request, int], Endless]
) -> web.StreamResponse:
    """Serve an endless response until the subscriber leaves or is disconnected.

    Args:
        request: the request for it.
        server: whose hub the subscriber joins.
        read: reads the request, which may name so many symbols; raises an error of ours where it is
            not accepted.
    """
    hub = server.hub
    try:
        identity = await server.access.admit_without_end(request)
        async with hub.turns.turn(Step.JOIN):
            endless = read(request, hub.settings.max_symbols_per_connection).of(identity)
            identity = server.access.renew(identity)
            granted = _granted(endless, identity.grants)
            endless = replace(endless, key=replace(endless.key, selection=granted.selection))
            refusal = hub.refusal(identity, caller_of(request).place)
            connection = server.connection_of(request)
            if connection is None:
                return _response(endless, compressed=False)
            if refusal is None:
                session = _open(request, hub, connection, endless, identity)
        if refusal is not None:
            return await _refuse(request, hub, connection, endless, refusal)
    except Exception as error:  # noqa: BLE001 - any error is answered or raised again
        if isinstance(error, TooOften):
            return _too_often(request, error)
        if isinstance(error, FeedError):
            hub.door.note(error)
            server.access.count_refused(request)
        return problem_for(error, request.path)
    server.watch_end(request, session)
    let_go = server.access.browsers.hold_ticket(
        request, partial(hub.disconnect, session, Reason.REPLACED)
    )
    compressed = session.subscriber.lane.compression is not None
    response = _response(endless, compressed=compressed)
    response.headers[CONNECTION_HEADER] = str(session.id)
    wish = Selection.of(granted.symbols, lossy_only(endless.asked.conflate or {}))
    follows = granted.selection.every
    session.wish = None if follows or wish == granted.selection else wish
    # Only the lane's own selection is kept, which all of its subscribers share.
    begin = partial(
        hub.subscriptions.begin,
        session,
        after=endless.after,
        last=endless.asked.last,
        snapshot=bool(endless.asked.snapshot),
        on_lag=endless.asked.on_lag,
        named=granted.names,
        silent=endless.asked.silent_channels,
        refused=granted.refused,
    )
    prelude = endless.prelude
    selection = session.subscriber.selection  # what the head says
    del endless, granted, wish
    try:
        await response.prepare(request)
        server.forget_head(request, response)
        async with hub.turns.turn(Step.JOIN):
            if not (connection.closing or session.ended.done()):
                session.subscriber.open(prelude)
                if session.subscriber.selection != selection:  # grants have changed meanwhile
                    hub.entitlement.tell(session)
                begin(session.subscriber.selection)
        del begin
        if not connection.closing:
            # Shielded: a handler that is cancelled would cancel the future, which is the hub's.
            await asyncio.shield(session.ended)
    finally:
        hub.close(session, Reason.CLIENT_LEFT)
        session.release()
        let_go()
    await connection.finish()
    return response


def _granted(endless: Endless, grants: Grants) -> Granted:
    """Return what is granted of what is asked for.

    Raises:
        NotGranted: nothing is.
        LimitExceeded: it names more symbols than are granted.
    """
    transport = endless.framing.transport
    if transport not in grants.transports:
        raise NotGranted(f"the transport {transport}", grants.words())
    if endless.key.selection.every:
        if not grants.follow:
            raise NotGranted("following this server", grants.words())
        return Granted(endless.key.selection, {}, ())
    asked = endless.asked
    granted = grants.select_named(asked.symbols(), lossy_only(asked.conflate or {}))
    if not granted.selection.symbols:
        raise NotGranted(refusal_words(granted.refused), grants.words())
    grants.check_number(granted.symbols)
    return granted


def _open(
    request: web.Request, hub: Hub, connection: Connection, endless: Endless, identity: Identity
) -> Session:
    """Let a subscriber join, held.

    Raises:
        LimitExceeded: it asks for too much.
    """

    def say_goodbye(reason: Disconnect) -> None:
        if connection.closing:
            return
        subscriber, lane = session.subscriber, session.subscriber.lane
        goodbye = goodbye_envelope(lane.framing, lane.codec, reason)
        if not subscriber.is_open:  # its headers are written, and nothing of its body
            subscriber.open(b"")
            goodbye = prelude + goodbye
        subscriber.send(goodbye, Written.LAST_WORDS)

    prelude = endless.prelude
    session = hub.open(
        connection,
        endless.key,
        endless.framing,
        say_goodbye,
        # Words are framed plain, and a compressed stream has no plain parts.
        compression=(
            None if endless.key.selection.words else gzip_if_accepted(request, endless.asked)
        ),
        identity=identity,
    )
    return session


async def _refuse(
    request: web.Request, hub: Hub, connection: Connection, endless: Endless, refusal: Refusal
) -> web.StreamResponse:
    """Say why the subscriber is not let in, and end.

    To an EventSource never by 429 or 503: it would not come back (facts/sse-clients).
    """
    if refusal.reason is Reason.OVERLOADED and not endless.framing.named_events:
        hub.note_refusal(refusal.reason)
        return _overloaded(refusal.told)
    response = _response(endless, compressed=False)
    await response.prepare(request)
    hub.note_refusal(refusal.reason)
    framing = endless.framing
    goodbye = goodbye_envelope(framing, endless.key.codec, refusal.told)
    connection.write_last(framing.wrap(endless.prelude + goodbye))
    await connection.finish()
    return response


def _too_often(request: web.Request, error: TooOften) -> web.Response:
    """Say that somebody comes too often: to an EventSource so that it comes back."""
    if path_of(request) != TICKETS_IN_URLS:
        return problem_for(error, request.path)
    events = events_of(error)
    return web.Response(body=events, content_type="text/event-stream", headers=NEVER_STORED)


def _overloaded(told: Disconnect) -> web.Response:
    response = problem(HTTPStatus.SERVICE_UNAVAILABLE, told.words, limit=Limit.MEMORY)
    response.headers[hdrs.RETRY_AFTER] = str((told.retry_ms or 0) // _MS_PER_S)
    response.force_close()
    return response


def _response(endless: Endless, *, compressed: bool) -> web.StreamResponse:
    """Return the response whose headers leave at once."""
    response = web.StreamResponse(headers={**NEVER_STORED, "Content-Type": endless.content_type})
    if compressed:
        response.headers[hdrs.CONTENT_ENCODING] = "gzip"
    if endless.key.selection.intervals_ms:
        intervals_ms = dict(endless.key.selection.intervals_ms)
        response.headers[CONFLATE_HEADER] = conflate_header(intervals_ms)
    response.headers[hdrs.VARY] = f"{hdrs.ACCEPT}, {hdrs.ACCEPT_ENCODING}"
    if endless.framing.chunked:
        response.enable_chunked_encoding()
    else:
        response.force_close()
        response.headers["Connection"] = "close"  # aiohttp leaves it out towards HTTP/1.0
    return response
