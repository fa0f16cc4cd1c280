"""Handing on: a request that the writer answers, whichever server is asked.

The edge judges who asks, and from which page; all else is the writer's business. Bodies go both
ways as they come, and nothing of them is kept. An answer that breaks off is broken off here too, so
that nobody takes a part of it for all.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus

import aiohttp
from aiohttp import HttpVersion11, hdrs, web

from feed.errors import CredentialRefused, FeedError, LimitExceeded
from feed.http.callers import caller_of
from feed.http.edge import headers
from feed.http.edge.link import ANSWER_S, Asker, Link, WriterAway
from feed.http.generations.apis import Api
from feed.http.generations.refusals import refuse
from feed.http.mount import mount_of
from feed.http.problems import problem_for
from feed.http.protocol.handler import Handler
from feed.http.scopes import Scope
from feed.http.server import Server
from feed.trust.identity import Identity

# A writer may not know who asks, and a server of another version not what is asked for.
_UNKNOWN = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}
FIRST_S = 2.0  # for a writer whose answer is the better one, and not the only one
_WITHOUT_BODY = {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}


@dataclass(frozen=True, slots=True)
class Terms:
    """On which a request is handed on.

    Attributes:
        scope: who may ask.
        counts: whether it counts towards the finite requests a second.
        named_pages: whether pages of other origins have to be allowed by their name.
        may_take_long: whether its answer may begin late: a model is asked, or a body need not end.
        api: in whose shape errors are; None: problem documents.
    """

    scope: Scope
    counts: bool = True
    named_pages: bool = False
    may_take_long: bool = False
    api: Api | None = None

    def refuse(self, error: Exception, request: web.Request, server: Server) -> web.Response:
        """Return an error as the route tells it.

        Raises:
            HTTPException, ConnectionError: it is none, or nobody is there to read of it.
        """
        if self.api is not None:
            return refuse(error, request, server, self.api)
        if isinstance(error, FeedError):
            server.hub.door.note(error)
        return problem_for(error, request.path)


async def forward(
    request: web.Request, *, server: Server, link: Link, terms: Terms
) -> web.StreamResponse:
    """Hand a request on to the writer, and its answer back.

    Args:
        request: which.
        server: the edge that is asked.
        link: to the writer.
        terms: of its route.
    """
    try:
        identity = await _admit(request, server, terms)
        answer_s = None if terms.may_take_long else ANSWER_S
        answer = await _ask(request, server, link, identity, answer_s)
    except Exception as error:  # noqa: BLE001 - any error is answered or raised again
        return terms.refuse(error, request, server)
    async with answer:
        return await _hand_back(request, server, link, identity, answer)


async def ask_first(
    request: web.Request,
    *,
    server: Server,
    link: Link,
    terms: Terms,
    otherwise: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> web.StreamResponse:
    """Hand a request on, or answer it here where no writer answers it.

    Args:
        request: which; it has no body.
        server: the edge that is asked.
        link: to the writer.
        terms: of its route.
        otherwise: answers it here.
    """
    try:
        identity = await _admit(request, server, terms)
        answer = await _ask(request, server, link, identity, FIRST_S)
    except (WriterAway, LimitExceeded):
        return await otherwise(request)
    except Exception as error:  # noqa: BLE001 - any error is answered or raised again
        return terms.refuse(error, request, server)
    async with answer:
        knows = answer.status < HTTPStatus.INTERNAL_SERVER_ERROR
        if knows and answer.status not in _UNKNOWN:
            return await _hand_back(request, server, link, identity, answer)
    return await otherwise(request)


def asker_of(request: web.Request, identity: Identity) -> Asker:
    """Return who asks, for the writer."""
    caller = caller_of(request)
    return Asker(identity, caller.address, caller.place, headers.shown_in(request.headers))


def target_of(request: web.Request) -> str:
    """Return path and query of a request, as the writer is asked for them."""
    return request.rel_url.raw_path_qs.removeprefix(mount_of(request))


async def _admit(request: web.Request, server: Server, terms: Terms) -> Identity:
    if terms.named_pages:
        server.origins.check_named(request)
    else:
        server.origins.check_unsafe(request)
    access = server.access
    if terms.counts:
        return await access.admit_once(request, terms.scope)
    return await access.admit_producer(request)


async def _ask(
    request: web.Request, server: Server, link: Link, identity: Identity, answer_s: float | None
) -> aiohttp.ClientResponse:
    body = _Body(request, server, identity)
    try:
        return await link.ask(
            asker_of(request, identity),
            request.method,
            target_of(request),
            headers=headers.of_request(request.headers),
            body=body.pieces() if request.body_exists else None,
            answer_s=answer_s,
        )
    except FeedError:
        if body.failed is not None:  # not the writer went away
            raise body.failed from None
        raise


class _Body:
    """The body of a request, on its way to the writer.

    Attributes:
        failed: what ended it before its end.
    """

    def __init__(self, request: web.Request, server: Server, identity: Identity) -> None:
        self._request = request
        self._server = server
        self._identity = identity
        self.failed: Exception | None = None

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield it as it comes, for as long as whoever sends it may."""
        try:
            async for piece in self._request.content.iter_any():
                self._server.access.renew(self._identity)
                yield piece
        except Exception as error:
            self.failed = error
            raise


async def _hand_back(
    request: web.Request,
    server: Server,
    link: Link,
    identity: Identity,
    answer: aiohttp.ClientResponse,
) -> web.StreamResponse:
    """Hand the writer's answer back as it comes."""
    response = web.StreamResponse(
        status=answer.status, reason=answer.reason, headers=headers.of_answer(answer.headers)
    )
    is_stream = hdrs.CONTENT_LENGTH not in answer.headers
    if is_stream and not _may_stream(request, response):
        return response
    await response.prepare(request)
    with link.streaming(answer.close if is_stream else None):
        try:
            async for piece in answer.content.iter_any():
                server.access.renew(identity)
                await response.write(piece)
        except (aiohttp.ClientError, OSError, CredentialRefused):
            if request.transport is not None:
                request.transport.abort()
            return response
    await response.write_eof()
    return response


def _may_stream(request: web.Request, response: web.StreamResponse) -> bool:
    """Prepare for an answer whose length nobody knows; False: its reader has gone meanwhile."""
    if response.status in _WITHOUT_BODY or request.method == hdrs.METH_HEAD:
        return True
    if request.version >= HttpVersion11:
        response.enable_chunked_encoding()
    else:
        response.force_close()
    handler = request.protocol
    if isinstance(handler, Handler) and request.content.at_eof():
        return handler.take_over()  # from now on a client that sends no more has gone
    return True
