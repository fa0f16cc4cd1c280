"""A route: one path and its handler, and all that is said of it.

A row says the path, the method, the handler, the parameters that a query may have, and in words the
answer. The application builds its routes from rows, requests of finite answers are held against
them, and documents are made from them.
"""

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from http import HTTPStatus
from typing import Protocol

from aiohttp import hdrs, web
from pydantic import BaseModel

from feed.errors import FeedError, NotNow
from feed.http.access import keep_identity
from feed.http.answers import refuse_parameters
from feed.http.content_encoding import encoded
from feed.http.edge.forward import Terms, ask_first
from feed.http.edge.link import Link
from feed.http.generations.apis import CHAT, PLAIN, RESPONSES, Api
from feed.http.generations.forms import OpenAiError, PlainError
from feed.http.problems import Handler, with_problems
from feed.http.scopes import Scope
from feed.http.server import Server
from feed.hub.hub import ASK_EDGES
from feed.wire.disconnect import Reason


class Answer(Protocol):
    """A handler: a request, and the server that it is answered from."""

    def __call__(self, request: web.Request, server: Server) -> Awaitable[web.StreamResponse]:
        """Answer."""


class HandOn(Protocol):
    """A handler of an edge: it hands a request on to the writer."""

    def __call__(
        self, request: web.Request, *, server: Server, link: Link, terms: Terms
    ) -> Awaitable[web.StreamResponse]:
        """Hand on."""


NOT_READY_S = 1.0  # after which somebody may come again who was too early
BUS_FULL_S = 1.0  # after which somebody may come again who found a bus that is full
TEXT = "text"  # in place of a form: the answer is not JSON
BYTES = "bytes"  # likewise: it is of a program's own


_RESPONSES_PATH = "/v1/responses"


class Body(Enum):
    """The treatment of an answer on its way out."""

    ENDLESS = "it does not end; its handler reports errors and compresses by itself"
    ENCODED = "it is compressed as the client accepts, if it is worth it"
    AS_IS = "it is empty, or compressed by its handler"


@dataclass(frozen=True, slots=True)
class Route:
    """One path and its handler.

    Attributes:
        path: as aiohttp writes it.
        answer: the handler.
        scope: who may ask, where nothing else is configured.
        words: the answer, for documents.
        parameters: names that its query may have.
        refuses_others: whether a query with any other name is refused.
        body: its treatment on the way out.
        method: GET, POST or DELETE.
        in_line: whether only some requests are answered at once, and the others wait for them.
        rated: whether it counts towards the finite requests a second; not for who asks whether the
            server lives, nor for what is pushed.
        says: the form of the answer of each status that is a success; None: it is empty. TEXT and
            BYTES: it is not JSON.
        refuses: statuses by which it alone refuses.
        asks: the form of the body that it takes.
        media_types: of the body, where it is not JSON of a form.
        streams: whether the answer may be a stream of events instead, as the request says.
        errors: the form of its errors, where they are those of another API.
        hand_on: what an edge does with it, where the writer answers; None: any server answers.
        writer_first: likewise, but an edge answers by itself where there is no writer to ask, from
            what came to it.
        named_pages: whether pages of other origins have to be allowed by their name.
        of_ring: whether it tells what the ring holds, which a writer of a bus tells nobody.
        settles: whether what it tells has to be acknowledged, where it is a writer of a bus that
            answers what edges hand on.
    """

    path: str
    answer: Answer
    scope: Scope
    words: str
    parameters: tuple[str, ...] = ()
    refuses_others: bool = True
    body: Body = Body.ENCODED
    method: str = hdrs.METH_GET
    in_line: bool = True
    rated: bool = True
    says: Mapping[int, object] = field(default_factory=dict)
    refuses: tuple[HTTPStatus, ...] = ()
    asks: type[BaseModel] | None = None
    media_types: tuple[str, ...] = ()
    streams: bool = False
    errors: type | None = None
    hand_on: HandOn | None = None
    writer_first: bool = False
    named_pages: bool = False
    of_ring: bool = False
    settles: bool = True

    def to_aiohttp(self, server: Server) -> web.RouteDef:
        """Return the route as aiohttp has it, for a server.

        Its handler is made of partials, not closures: a closure's frame would stay for as long as
        each subscriber does.
        """
        if self.hand_on is not None and server.edge.link is not None:
            hand_on = partial(
                self.hand_on, server=server, link=server.edge.link, terms=self._terms_of_edges()
            )
            if self.method == hdrs.METH_GET:
                return web.get(self.path, hand_on, allow_head=self.body is not Body.ENDLESS)
            return web.route(self.method, self.path, hand_on)
        if self.body is Body.ENDLESS:
            # No HEAD: an endless answer has no headers of a finished one.
            answer = partial(self.answer, server=server)
            if self.method == hdrs.METH_GET:
                return web.get(self.path, answer, allow_head=False)
            return web.route(self.method, self.path, answer)
        handler = with_problems(partial(_answer, self, server))
        if self.body is Body.ENCODED:
            handler = encoded(handler)
        if self.in_line:
            handler = partial(_answer_in_line, handler, server.hub.answering)
        if self.hand_on is not None and self.settles:
            handler = partial(_answer_settled, handler, server)
        handler = with_problems(partial(_admit, self, server, handler))
        if self.writer_first and server.edge.link is not None:
            terms = self._terms_of_edges()
            handler = partial(
                ask_first, server=server, link=server.edge.link, terms=terms, otherwise=handler
            )
        if self.method == hdrs.METH_GET:
            return web.get(self.path, handler)
        return web.route(self.method, self.path, handler)

    def _terms_of_edges(self) -> Terms:
        """Return the terms on which an edge hands it on."""
        return Terms(
            self.scope,
            counts=self.rated,
            named_pages=self.named_pages or self.scope is Scope.ADMIN,
            may_take_long=self.body is Body.ENDLESS,
            api=self._api,
        )

    @property
    def _api(self) -> Api | None:
        """In whose shape its errors are, where they are not ours."""
        if self.errors is OpenAiError:
            return RESPONSES if self.path.startswith(_RESPONSES_PATH) else CHAT
        return PLAIN if self.errors is PlainError else None


async def _admit(
    route: Route, server: Server, handler: Handler, request: web.Request
) -> web.StreamResponse:
    """Answer those who may ask, from pages that may; nobody else stands in line."""
    server.origins.check_unsafe(request)
    admit = server.access.admit_once if route.rated else server.access.admit
    keep_identity(request, await admit(request, route.scope))
    return await handler(request)


async def _answer_in_line(
    handler: Handler, answering: asyncio.Semaphore, request: web.Request
) -> web.StreamResponse:
    """Answer when it is one's turn.

    Hundreds may ask at once for what takes some milliseconds, and each would be a step of the same
    turn of the loop.
    """
    async with answering:
        return await handler(request)


async def _answer_settled(
    handler: Handler, server: Server, request: web.Request
) -> web.StreamResponse:
    """Answer what a writer alone knows, once a bus has acknowledged what was said by then."""
    response = await handler(request)
    if not response.prepared:
        await server.hub.publisher.words_settled()
    return response


def _check_ring(route: Route, server: Server) -> None:
    """Refuse what a writer of a bus does not answer, or a server that has not begun to follow.

    Raises:
        NotNow: it tells nobody what its ring holds; or it can take nothing more for now; or it has
            nothing in its ring, and no position of it means anything.
    """
    if route.of_ring and not server.hub.knows_epoch:
        raise NotNow(Reason.NOT_READY.value.words, NOT_READY_S)
    bus = server.hub.publisher.bus
    if bus is None:
        return
    if route.of_ring:
        raise NotNow(ASK_EDGES, None)
    if bus.is_full and route.scope is Scope.GRANTED and route.method != hdrs.METH_GET:
        raise NotNow("the bus takes nothing now, and as much waits for it as may", BUS_FULL_S)


async def _answer(route: Route, server: Server, request: web.Request) -> web.StreamResponse:
    if route.refuses_others:
        refuse_parameters(request, route.parameters)
    try:
        _check_ring(route, server)
        return await route.answer(request, server)
    except FeedError as error:
        server.hub.door.note(error)
        raise
