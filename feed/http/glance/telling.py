"""Telling the market: what the writer says where there is one, else what this server's bars do."""

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web
from yarl import URL

from feed.http.access import identity_of
from feed.http.answers import paced
from feed.http.edge.forward import asker_of
from feed.http.glance.tables import Tell, readers_of
from feed.http.server import Server
from feed.market.glance.glance import Terms
from feed.market.glance.table import Base


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for, whoever asks.

    Attributes:
        path: of the request.
        query: all of it, what is usual included.
        base: what changes are measured from.
        terms: what stands out.
        tell: makes the document.
    """

    path: str
    query: Mapping[str, str | int]
    base: Base
    terms: Terms
    tell: Tell

    @property
    def target(self) -> str:
        """Path and query, the same for all that ask for the same."""
        return str(URL.build(path=self.path, query=self.query))


async def answer(asked: Asked, request: web.Request, server: Server) -> web.Response:
    """Answer a request.

    Raises:
        NotGranted: bars of not one symbol are.
    """
    identity = identity_of(request)
    grants, shared = identity.grants, server.edge.shared
    told = None
    if shared is not None:
        told = await shared.ask(asker_of(request, identity), asked.target, readers_of(grants))
    if told is None:
        told = await server.tables.tell(grants, asked.base, asked.terms, asked.tell)
    return paced(await told.answer(request), grants)
