"""`POST /v1/ingest`: one batch as a body, or many in a body that need not end.

One batch is answered once it has its sequences. Whoever tells a length but no number pushes one as
well, without a receipt; other bodies are `feed.http.push.stream`.
"""

import asyncio
from http import HTTPStatus

from aiohttp import hdrs, web

from feed.errors import FeedError, SourceError
from feed.http.answers import json_answer, refuse_parameters
from feed.http.problems import problem, problem_for
from feed.http.push.asked import PARAMETERS, asked_of, coding_of, owner_for
from feed.http.push.body import MOST_BODY_BYTES, Held, encoding_of, not_inflated, whole_body
from feed.http.push.refusals import problem_of_batch
from feed.http.push.stream import PushStream
from feed.http.server import Server
from feed.ingest.desk import Entrance
from feed.sources.pushed.decoding import runs_of
from feed.sources.pushed.flaws import BatchRefused, Flaw
from feed.sources.pushed.splitting import splitter_of
from feed.trust.identity import Identity
from feed.wire.push_messages import ack_message

RETRY_S = 1  # while the source is not open


async def ingest(request: web.Request, server: Server) -> web.StreamResponse:
    """Apply what is pushed."""
    try:
        return await _ingest(request, server)
    except BatchRefused as refused:
        return problem_of_batch(refused)
    except SourceError as error:
        response = problem(HTTPStatus.SERVICE_UNAVAILABLE, str(error))
        response.headers[hdrs.RETRY_AFTER] = str(RETRY_S)
        return response
    except Exception as error:  # noqa: BLE001 - any error is answered or raised again
        if isinstance(error, FeedError):
            server.hub.door.note(error)
        return problem_for(error, request.path)


async def entrance_for(request: web.Request, server: Server) -> tuple[Entrance, Identity]:
    """Return where a request may push, and who asks.

    Raises:
        HTTPForbidden: it comes from a page of another origin.
        BatchRefused: no source is pushed into.
        InvalidParameter: it is not clear into which.
    """
    server.origins.check_named(request)
    identity = await server.access.admit_producer(request)
    refuse_parameters(request, PARAMETERS)
    return server.desk.entrance(request.query.get("source")), identity


async def _ingest(request: web.Request, server: Server) -> web.StreamResponse:
    entrance, identity = await entrance_for(request, server)
    if not entrance.source.is_open:
        raise SourceError(f"{entrance.name} takes nothing now: the server starts, or ends")
    entrance.check_room()
    coding = coding_of(request)
    asked = asked_of(request, keeps=server.keeper is not None)
    if asked.number is None and (asked.producer is not None or request.content_length is None):
        splitter = splitter_of(coding, MOST_BODY_BYTES, numbered=asked.producer is not None)
        if splitter is not None:
            stream = _stream(request, server, entrance, identity, asked.producer)
            return await stream.run(splitter, coding)
    owner = owner_for(request, identity, entrance, asked.producer)
    if wait_s := entrance.wait_s(owner):
        words = f"more than {entrance.source.ticks_per_s} ticks a second"
        raise BatchRefused(Flaw.FLOOD, words, retry_s=wait_s)
    receipt = None
    if asked.producer is not None and asked.number is not None:
        receipt = entrance.producer(identity, asked.producer), asked.number
    with Held(entrance.holdings, owner) as held:
        body = await whole_body(request, server.hub, held)
        taken = await entrance.take(runs_of(coding, body), identity, owner, receipt)
    keeper = server.keeper
    if asked.waits and keeper is not None:
        durable = asyncio.Event()
        keeper.when_durable(server.hub.broadcast.ring.newest, durable.set)
        await durable.wait()
    return json_answer(
        ack_message(
            asked.producer,
            asked.number,
            None if taken.last is None else str(taken.last),
            taken.ticks,
            durable=asked.waits,
            duplicate=taken.duplicate,
        )
    )


def _stream(
    request: web.Request,
    server: Server,
    entrance: Entrance,
    identity: Identity,
    producer: str | None,
) -> PushStream:
    """Begin to take a body that need not end.

    Raises:
        LimitExceeded: its producer has as many connections as it may have.
        HTTPUnsupportedMediaType: it is compressed.
    """
    if (encoding := encoding_of(request)) not in {"", "identity"}:
        raise not_inflated(encoding, "identity, for a body without a sequence")
    server.desk.check_visitor(owner_for(request, identity, entrance, producer))
    return PushStream(request, server, entrance, identity, producer)
