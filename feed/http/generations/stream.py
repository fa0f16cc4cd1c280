"""One generation as a stream of an API: what is said of it so far, and then live, until it is over.

Whoever reads is a subscriber of the audience like all others, in a lane with all that read the same
generation by the same API. What was said before they came is their own, and written first: from
there on nothing is missing, since a subscriber that joins stands at the last cut.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from aiohttp import hdrs, web

from feed.broadcast.beginnings import note_reading
from feed.broadcast.flight_record import Reads
from feed.broadcast.payload_key import PayloadKey
from feed.broadcast.standing import Written
from feed.generations.errors import Unavailable
from feed.generations.generation import Generation
from feed.http.callers import caller_of
from feed.http.generations.apis import Api, record_of
from feed.http.generations.preludes import Prelude
from feed.http.protocol.headers import CONNECTION_HEADER, GENERATION_HEADER
from feed.http.server import Server
from feed.http.streaming import NEVER_STORED, speaks_chunks
from feed.hub.connection import Connection
from feed.hub.session import Session
from feed.hub.steps import Step
from feed.market.generation_words import GenerationState, GenerationType, GenerationWord
from feed.market.word_channels import WordChannel
from feed.trust.identity import Identity
from feed.wire.codec import Codec
from feed.wire.disconnect import Disconnect, Reason
from feed.wire.generations.framing import ForeignFraming
from feed.wire.request_fields import OnLag
from feed.wire.selection import Selection

RETRY_S = 5.0  # of those who are not let in
_POLL_S = 0.02


async def stream(
    request: web.Request,
    server: Server,
    identity: Identity,
    generation: Generation,
    *,
    api: Api,
    prelude: Prelude,
) -> web.StreamResponse:
    """Serve a stream until its generation is over, and all of it is written.

    Args:
        request: the request for it.
        server: whose hub the reader joins.
        identity: who reads.
        generation: which.
        api: in whose shape.
        prelude: what comes first.

    Raises:
        Unavailable: nobody more is let in.
        LimitExceeded: they are in as many lanes as they may be.
        CredentialRefused: their identity has ended.
        InvalidParameter: of the prelude.
    """
    hub = server.hub
    codec = api.codec(generation, partial(record_of, server.generations.archive))
    log, pieces = generation.log(), list[bytes]()
    await hub.turns.in_slices(_gathering(prelude.make(codec, log), pieces), Step.JOIN)
    async with hub.turns.turn(Step.JOIN):
        identity = server.access.renew(identity)
        check_room(request, server, identity)
        server.generations.cut()  # so that whoever joins stands behind all that is said
        first = b"".join((*pieces, *codec.encode(generation.log()[len(log) :])))
        framing = ForeignFraming(chunked=speaks_chunks(request), keepalive=api.keepalive)
        connection = server.connection_of(request)
        response = _response(generation, api, framing)
        if connection is None:
            return response
        if hub.publisher.bus is not None:
            connection.hold_back(hub.publisher.bus, lambda: hub.broadcast.cut_sequence)
        session = _open(server, connection, identity, generation, codec=codec, framing=framing)
    server.watch_end(request, session)
    response.headers[CONNECTION_HEADER] = str(session.id)
    try:
        await response.prepare(request)
        server.forget_head(request, response)
        async with hub.turns.turn(Step.JOIN):
            if not (connection.closing or session.ended.done()):
                session.subscriber.open(first)
                # Whoever lost a part could not be told so in this shape.
                session.subscriber.ladder.on_lag = OnLag.DISCONNECT
                _note(server, session, generation, prelude)
                hub.subscriptions.release(session)
        del first, pieces, log
        await _written(server, session, generation)
        hub.close(session, Reason.COMPLETE)
    finally:
        hub.close(session, Reason.CLIENT_LEFT)
        session.release()
    await connection.finish()
    return response


def check_room(request: web.Request, server: Server, identity: Identity) -> None:
    """Refuse a reader more than there may be.

    Raises:
        Unavailable: there are as many, or the server ends.
    """
    refusal = server.hub.refusal(identity, caller_of(request).place, of_its_own=True)
    if refusal is not None:
        server.hub.note_refusal(refusal.reason)
        retry_ms = refusal.told.retry_ms
        raise Unavailable(refusal.told.words, RETRY_S if retry_ms is None else retry_ms / 1_000)


def _gathering(pieces: Iterator[bytes], gathered: list[bytes]) -> Iterator[None]:
    for piece in pieces:
        gathered.append(piece)
        yield


def _open(
    server: Server,
    connection: Connection,
    identity: Identity,
    generation: Generation,
    *,
    codec: Codec,
    framing: ForeignFraming,
) -> Session:
    """Let a reader join, held.

    Raises:
        LimitExceeded: they are in too many lanes.
    """

    def say_goodbye(told: Disconnect) -> None:
        subscriber = session.subscriber
        is_whole = generation.is_over and subscriber.is_open and not subscriber.ladder.is_paused
        if connection.closing or is_whole:
            return
        if not subscriber.is_open:
            subscriber.open(b"")
        (goodbye,) = codec.encode([_torn(generation, told)])
        subscriber.send(goodbye, Written.LAST_WORDS)

    def look_at_grants(session: Session) -> None:
        if not generation.ownership.may_watch(session.identity, generation.id):
            server.hub.disconnect(session, Reason.NOT_GRANTED)

    selection = Selection.of_words(WordChannel.GENERATIONS, (generation.id,))
    key = PayloadKey(selection, codec, marks=False)
    session = server.hub.open(
        connection,
        key,
        framing,
        say_goodbye,
        identity=identity,
        reselect=look_at_grants,
        hears_notices=_never,
    )
    return session


def _note(server: Server, session: Session, generation: Generation, prelude: Prelude) -> None:
    """Put on record, and count, where a reader begins."""
    reads, had = Reads.REST, prelude.had
    if prelude.is_state:
        reads, had = Reads.STATE, generation.last.number + 1
    channel = WordChannel.GENERATIONS
    note_reading(session.subscriber, channel, generation.id, had, reads)
    if prelude.resumption is not None:
        server.generations.tally.resumed[prelude.resumption] += 1


def _never() -> bool:
    """Return False: words on the connection have no place in these streams."""
    return False


def _torn(generation: Generation, told: Disconnect) -> GenerationWord:
    """Return the end of a stream whose reader is sent away before its generation is over."""
    last = generation.last
    is_shutdown = told.name == Reason.SHUTDOWN.value.name
    state = GenerationState.INTERRUPTED if is_shutdown else GenerationState.FAILED
    code = state.value if is_shutdown else told.name
    number, words = last.number + 1, told.words
    end = replace(last, type=GenerationType.GENERATED, number=number, text="", words=words)
    return replace(end, state=state, code=code)


def _response(generation: Generation, api: Api, framing: ForeignFraming) -> web.StreamResponse:
    """Return the response, before its headers leave."""
    headers = {
        **NEVER_STORED,
        **api.headers,
        hdrs.CONTENT_TYPE: "text/event-stream; charset=utf-8",
        GENERATION_HEADER: generation.id,
    }
    response = web.StreamResponse(headers=headers)
    if framing.chunked:
        response.enable_chunked_encoding()
    else:
        response.force_close()
        response.headers[hdrs.CONNECTION] = "close"  # aiohttp leaves it out towards HTTP/1.0
    return response


async def _written(server: Server, session: Session, generation: Generation) -> None:
    """Wait until all of a generation is written to a reader, or they are gone."""
    ends = (session.ended, generation.ended)
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    server.generations.cut()
    # Whoever is behind is given the rest when their socket has room; there is no event for it.
    while not (session.ended.done() or session.subscriber.live):  # noqa: ASYNC110
        await asyncio.sleep(_POLL_S)
    bus = server.hub.publisher.bus
    if bus is not None and not session.ended.done():  # the end is held back, as all before it
        acknowledged = asyncio.get_running_loop().create_future()
        bus.when_durable(server.hub.broadcast.cut_sequence, partial(_resolve, acknowledged))
        await asyncio.wait((session.ended, acknowledged), return_when=asyncio.FIRST_COMPLETED)


def _resolve(acknowledged: "asyncio.Future[None]") -> None:
    if not acknowledged.done():
        acknowledged.set_result(None)
