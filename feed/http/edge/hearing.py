"""`/v1/edges/{edge}`: what an edge tells of its clients, to the writer, and asks it."""

import re
from http import HTTPStatus

from aiohttp import web

from feed.errors import InvalidParameter, NotGranted
from feed.http.access import identity_of
from feed.http.answer_models import EdgeAnswer, NewestAnswer
from feed.http.answers import json_answer
from feed.http.bodies import small_json
from feed.http.edge.report import EdgeReport
from feed.http.problems import problem
from feed.http.server import Server
from feed.rooms.edge_members import EDGE_LASTS_NS
from feed.wire.validation import map_of, validate

MOST_BYTES = 8 << 20  # 10,000 members, whose names and senders are long
EDGE_PATTERN = r"^[0-9a-f]{16}$"
_NS_PER_S = 1_000_000_000


async def hear_edge(request: web.Request, server: Server) -> web.Response:
    """Take up who is in rooms over an edge.

    Raises:
        NotGranted: whoever tells it may not follow, and is no edge.
        InvalidInput: it is not accepted.
    """
    edge = edge_of(request)
    body = await small_json(request, server, most_bytes=MOST_BYTES, noun="the report")
    if isinstance(body, web.Response):
        return body
    report = validate(EdgeReport, map_of(body, "number")).report(edge)
    if not server.rooms.presence.hear_edge(edge, report.news, report.typing):
        words = "this edge is not known here, or not any more; accepted: all of who is there"
        return problem(HTTPStatus.CONFLICT, words)
    answer: EdgeAnswer = {"lasts_s": EDGE_LASTS_NS // _NS_PER_S}
    return json_answer(answer)


async def newest(request: web.Request, server: Server) -> web.Response:
    """Answer the newest position that anybody was told.

    Raises:
        NotGranted: whoever asks may not follow, and is no edge.
        InvalidInput: it is not accepted.
    """
    edge_of(request)
    answer: NewestAnswer = {"pos": str(server.hub.broadcast.position)}
    return json_answer(answer)


def edge_of(request: web.Request) -> str:
    """Return the name of the edge that asks."""
    identity, edge = identity_of(request), request.match_info["edge"]
    if not identity.grants.follow:
        raise NotGranted("speaking for clients of an edge", identity.grants.words())
    if not re.fullmatch(EDGE_PATTERN, edge):
        raise InvalidParameter("edge", edge, "the name of an edge, 16 hexadecimal digits")
    return edge
