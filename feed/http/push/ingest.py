"""`POST /v1/ingest`: one batch as a body, or many in a body that need not end.

One batch is answered once it has its sequences. Whoever tells a length but no number pushes one as
well, without a receipt; other bodies are `feed.http.push.stream`.
"""

from http import HTTPStatus

from aiohttp import web

from feed.errors import FeedError, SourceError
from feed.http.answers import json_answer, refuse_parameters
from feed.http.problems import problem, problem_for
from feed.http.push.asked import PARAMETERS, asked_of, coding_of, owner_for
from feed.http.push.body import Held, whole_body
from feed.http.push.refusals import problem_of_batch
from feed.http.server import Server
from feed.ingest.desk import Entrance
from feed.sources.pushed.decoding import rows_of
from feed.sources.pushed.flaws import BatchRefused, Flaw
from feed.trust.identity import Identity
from feed.wire.push_messages import ack_message


async def ingest(request: web.Request, server: Server) -> web.StreamResponse:
    """Apply what is pushed."""
    try:
        return await _ingest(request, server)
    except BatchRefused as refused:
        return problem_of_batch(refused)
    except SourceError as error:
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, str(error))
    except Exception as error:  # noqa: BLE001 - any error is answered or raised again
        if isinstance(error, FeedError):
            server.hub.door.note(error)
        return problem_for(error, request.path)


async def entrance_for(request: web.Request, server: Server) -> tuple[Entrance, Identity]:
    """Return where a request may push, and who asks.

    Raises:
        HTTPForbidden: it comes from a page of another origin, or no such grant is there.
        HTTPNotFound: no source is pushed into.
        InvalidParameter: it is not clear into which.
    """
    server.origins.check_named(request)
    identity = await server.access.admit_producer(request)
    refuse_parameters(request, PARAMETERS)
    entrance = server.desk.entrance(request.query.get("source"))
    if entrance is None:
        raise web.HTTPNotFound
    return entrance, identity


async def _ingest(request: web.Request, server: Server) -> web.StreamResponse:
    entrance, identity = await entrance_for(request, server)
    coding = coding_of(request)
    asked = asked_of(request, keeps=server.keeper is not None)
    owner = owner_for(request, identity, entrance, asked.producer)
    if wait_s := entrance.wait_s(owner):
        words = f"more than {entrance.source.ticks_per_s} ticks a second"
        raise BatchRefused(Flaw.FLOOD, words, retry_s=wait_s)
    receipt = None
    if asked.producer is not None and asked.number is not None:
        receipt = entrance.producer(identity, asked.producer), asked.number
    with Held(entrance.holdings, owner) as held:
        body = await whole_body(request, server.hub, held)
        taken = await entrance.take(rows_of(coding, body), identity, owner, receipt)
    return json_answer(
        ack_message(
            asked.producer,
            asked.number,
            None if taken.last is None else str(taken.last),
            taken.ticks,
            durable=False,
            duplicate=taken.duplicate,
        )
    )
