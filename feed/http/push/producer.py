"""`GET /v1/ingest/{producer}`: what is remembered of a producer of whoever asks."""

from http import HTTPStatus

from aiohttp import web

from feed.http.access import identity_of
from feed.http.answer_models import ProducerAnswer
from feed.http.answers import json_answer
from feed.http.problems import problem
from feed.http.push.asked import producer_of
from feed.http.push.refusals import problem_of_batch
from feed.http.server import Server
from feed.sources.pushed.flaws import BatchRefused
from feed.wire.rfc3339 import rfc3339


async def producer(request: web.Request, server: Server) -> web.Response:
    """Answer what was applied of a producer: `{"producer","last","missing","pos",…}`.

    Raises:
        InvalidParameter: its name is none, or it is not clear at which source.
    """
    name = producer_of(request.match_info["producer"])
    assert name is not None, "it stands in the path"
    try:
        entrance = server.desk.entrance(request.query.get("source"))
    except BatchRefused as refused:
        return problem_of_batch(refused)
    hub = server.hub
    known = hub.broadcast.receipts.look(entrance.producer(identity_of(request), name))
    if known is None:
        words = f"the producer {name} has pushed nothing, or not for a day; accepted: one of yours"
        return problem(HTTPStatus.NOT_FOUND, words)
    applied, heard_ns = known
    place = applied.place(applied.newest)
    upto = None if server.keeper is None else server.keeper.durable()
    durable = upto is not None and (place is None or place <= upto)
    answer: ProducerAnswer = {
        "producer": name,
        "last": applied.newest,
        "missing": [list(run) for run in applied.missing()],
        "pos": None if place is None else str(hub.broadcast.ring.position(place)),
        "durable": durable,
        "heard": rfc3339(hub.clock.wall_ns() - hub.clock.mono_ns() + heard_ns),
    }
    return json_answer(answer)
