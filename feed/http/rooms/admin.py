"""`GET /v1/admin/rooms`: all rooms, as administrators see them; without what is said there."""

import re
from collections.abc import Iterator

from aiohttp import web

from feed.errors import InvalidParameter
from feed.http.admin import limit_of_page, page_behind
from feed.http.answers import json_answer
from feed.http.rooms.forms import AllRoomsAnswer, RoomPortrait
from feed.http.rooms.reading import line_of
from feed.http.server import Server
from feed.hub.steps import Step
from feed.market.word_channels import WordChannel
from feed.wire.word_keys import ROOM_PATTERN


async def all_rooms(request: web.Request, server: Server) -> web.Response:
    """List rooms by name, page by page: `{"rooms","next","total"}`.

    Raises:
        HTTPForbidden: it comes from a page of another origin.
        InvalidParameter: a parameter is not accepted.
    """
    server.origins.check_named(request)
    limit, after = limit_of_page(request), request.query.get("after")
    if after is not None and not re.fullmatch(ROOM_PATTERN, after):
        raise InvalidParameter("after", after, "the name of a room")
    names = sorted(server.rooms.names)
    page, following = page_behind(names, after, limit)
    lines: list[RoomPortrait] = []

    def telling() -> Iterator[None]:
        for room in page:  # each may have thousands of messages
            kept_bytes = server.hub.broadcast.keyed.bytes_of(WordChannel.ROOMS, room)
            lines.append({**line_of(server, room), "bytes": kept_bytes})
            yield

    await server.hub.turns.in_slices(telling(), Step.ANSWER)
    answer: AllRoomsAnswer = {
        "rooms": lines,
        "next": following,
        "total": len(names),
    }
    return json_answer(answer)
