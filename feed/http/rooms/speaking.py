"""`POST /v1/rooms/{room}/messages` and the like: what is published by HTTP.

What a form of a page of another origin could send is refused before: it is not JSON.
"""

from collections.abc import Awaitable
from http import HTTPStatus

from aiohttp import web

from feed.errors import Clash, FeedError
from feed.http.access import identity_of
from feed.http.answers import json_answer
from feed.http.callers import caller_of
from feed.http.rooms.forms import PublishedAnswer
from feed.http.rooms.refusals import plain_entry
from feed.http.rooms.requests import action_of, bare_action
from feed.http.server import Server
from feed.rooms.desk import Published
from feed.wire.room_requests import ChangeList, Delete, Edit, Enter, Leave, Publish, Type


async def publish(request: web.Request, server: Server) -> web.Response:
    """Publish a message: 201, or 200 where it was published before."""
    asked = await action_of(request, server, Publish, "publish", "text")
    if isinstance(asked, web.Response):
        return asked
    spoken = server.rooms.publish(identity_of(request), _place(request), asked)
    return await _answer(server, asked.room, spoken, HTTPStatus.CREATED)


async def edit(request: web.Request, server: Server) -> web.Response:
    """Let a message read otherwise."""
    asked = await action_of(request, server, Edit, "edit", "text")
    if isinstance(asked, web.Response):
        return asked
    spoken = server.rooms.edit(identity_of(request), _place(request), asked)
    return await _answer(server, asked.room, spoken)


async def delete(request: web.Request, server: Server) -> web.Response:
    """Delete a message."""
    asked = bare_action(request, Delete, "delete")
    spoken = server.rooms.delete(identity_of(request), _place(request), asked)
    return await _answer(server, asked.room, spoken)


async def change_list(request: web.Request, server: Server) -> web.Response:
    """Change the list of a room."""
    asked = await action_of(request, server, ChangeList, "list", "op")
    if isinstance(asked, web.Response):
        return asked
    spoken = server.rooms.change_list(identity_of(request), _place(request), asked)
    return await _answer(server, asked.room, spoken)


async def enter(request: web.Request, server: Server) -> web.Response:
    """Let whoever asks be in a room for 30 seconds."""
    asked = await action_of(request, server, Enter, "enter", "name")
    if isinstance(asked, web.Response):
        return asked
    identity = identity_of(request)
    server.rooms.presence.enter(identity, asked.room, asked.name, _visitor(request), lasts=False)
    return web.Response(status=HTTPStatus.NO_CONTENT)


async def leave(request: web.Request, server: Server) -> web.Response:
    """Let whoever asks be in a room no more."""
    asked = bare_action(request, Leave, "leave")
    name = request.query.get("name", "")
    server.rooms.presence.leave(identity_of(request), asked.room, name, _visitor(request))
    return web.Response(status=HTTPStatus.NO_CONTENT)


async def types(request: web.Request, server: Server) -> web.Response:
    """Tell that whoever asks is typing."""
    asked = await action_of(request, server, Type, "typing", "name")
    if isinstance(asked, web.Response):
        return asked
    server.rooms.presence.types(identity_of(request), asked.room, asked.name)
    return web.Response(status=HTTPStatus.NO_CONTENT)


async def _answer(
    server: Server, room: str, spoken: Awaitable[Published], status: HTTPStatus = HTTPStatus.OK
) -> web.Response:
    try:
        published = await spoken
    except FeedError as error:
        server.rooms.note_refused(error)
        if isinstance(error, Clash):
            raise Clash(str(error), **plain_entry(error.there)) from None
        raise
    sequence = published.sequence
    position = str(server.hub.broadcast.ring.position(sequence)) if sequence else None
    answer: PublishedAnswer = {"room": room, "id": published.id, "pos": position}
    if published.durable is not None:
        answer["durable"] = published.durable
    return json_answer(answer, HTTPStatus.OK if published.is_again else status)


def _place(request: web.Request) -> str:
    return caller_of(request).place


def _visitor(request: web.Request) -> str:
    """Return what tells a visitor without a connection from others of the same identity."""
    return f"http {_place(request)}"
