"""What is said by HTTP, read as the action that it would be over a WebSocket."""

from typing import Any, TypeVar

from aiohttp import web
from pydantic import BaseModel

from feed.errors import HIDDEN, InvalidParameter
from feed.http.bodies import small_json
from feed.http.server import Server
from feed.wire.validation import map_of, validate

MOST_BYTES = 64 << 10  # of a body: 4,000 characters as \\uXXXX\\uXXXX, and what stands around them
_Action = TypeVar("_Action", bound=BaseModel)


async def action_of(
    request: web.Request, server: Server, action: type[_Action], name: str, key: str
) -> _Action | web.Response:
    """Return what a request says; or the refusal, where its body is too long or comes too slowly.

    Args:
        request: which.
        server: says how long its body may take.
        action: what it says.
        name: of the action.
        key: that its body should have.

    Raises:
        HTTPUnsupportedMediaType, InvalidInput: it is not accepted.
    """
    body = await small_json(request, server, most_bytes=MOST_BYTES, noun="the body")
    if isinstance(body, web.Response):
        return body
    fields, given = map_of(body, key), {**in_path(request), "action": name}
    for said in given:
        if said in fields:
            raise InvalidParameter(said, HIDDEN, "nothing here: the path and the method say it")
    return validate(action, {**fields, **given})


def bare_action(request: web.Request, action: type[_Action], name: str) -> _Action:
    """Return what a request without a body says.

    Raises:
        InvalidParameter: a name in its path is not accepted.
    """
    return validate(action, {**in_path(request), "action": name})


def in_path(request: web.Request) -> dict[str, Any]:
    """Return the names in a path, as an action has them."""
    names = {"room": "room", "message": "id"}
    return {names[name]: value for name, value in request.match_info.items()}
