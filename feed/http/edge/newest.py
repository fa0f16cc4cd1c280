"""How far the writer is, as an edge asks it."""

from http import HTTPStatus

import orjson
from aiohttp import hdrs

from feed.errors import FeedError
from feed.http.edge.link import Link
from feed.wire.position import Position

ANSWER_S = 2.0


async def newest_of(link: Link) -> Position | None:
    """Return the newest position that the writer has told anybody; None: it cannot be asked."""
    target = f"/v1/edges/{link.edge}"
    try:
        response = await link.ask(None, hdrs.METH_GET, target, answer_s=ANSWER_S)
        async with response:
            with link.telling_of_ends():
                said = await response.read()
        if response.status != HTTPStatus.OK:
            return None
        return Position.parse(orjson.loads(said)["pos"], "pos")
    except (FeedError, orjson.JSONDecodeError, LookupError, TypeError):
        return None  # whoever waits asks again
