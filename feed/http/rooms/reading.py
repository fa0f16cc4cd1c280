"""`GET /v1/rooms` and what is under it: rooms, who is there, their messages and lists."""

from collections.abc import Iterator, Sequence

from aiohttp import web

from feed.errors import InvalidParameter, NotGranted
from feed.http.access import identity_of
from feed.http.answers import array_of, joined_answer, json_answer, limit_of
from feed.http.rooms.forms import RoomLine, RoomsAnswer
from feed.http.rooms.requests import bare_action
from feed.http.server import Server
from feed.hub.steps import Step
from feed.market.presence_words import PresenceWord
from feed.market.room_words import EntryWord, MessageWord
from feed.market.shared_list import in_order
from feed.market.word_channels import WordChannel
from feed.market.words import PartWord
from feed.trust.identity import Identity
from feed.wire.json_codec import JSON
from feed.wire.room_requests import Leave


async def rooms(request: web.Request, server: Server) -> web.Response:
    """Answer the rooms that may be read."""
    identity = identity_of(request)
    lines: list[RoomLine] = []
    readable = [
        room
        for room in sorted(server.rooms.names)
        if identity.grants.may_read(WordChannel.ROOMS, room)
    ]

    def telling() -> Iterator[None]:
        for room in readable:  # each may have thousands of messages
            lines.append(line_of(server, room))
            yield

    await server.hub.turns.in_slices(telling(), Step.ANSWER)
    answer: RoomsAnswer = {"rooms": lines}
    return json_answer(answer)


def line_of(server: Server, room: str) -> RoomLine:
    """Return how much there is of a room."""
    words = _here(server, WordChannel.ROOMS, room)
    return {
        "room": room,
        "messages": sum(isinstance(word, MessageWord) for word in words),
        "entries": sum(isinstance(word, EntryWord) for word in words),
        "members": len(_here(server, WordChannel.PRESENCE, room)),
    }


async def room(request: web.Request, server: Server) -> web.Response:
    """Answer a room as it is by now."""
    name = _readable(request)
    words = _here(server, WordChannel.ROOMS, name)
    members = [
        word for word in _here(server, WordChannel.PRESENCE, name) if isinstance(word, PresenceWord)
    ]
    head = {**_head(server, name), "messages": sum(isinstance(w, MessageWord) for w in words)}
    return joined_answer(head, {"members": _array(members), "entries": _array(_listed(words))})


async def messages(request: web.Request, server: Server) -> web.Response:
    """Answer the newest messages, or those before one, the oldest first.

    Raises:
        InvalidParameter: `limit` is no number, or there is no message `before`.
    """
    name, limit, before = _readable(request), limit_of(request), request.query.get("before")
    kept = [
        word for word in _here(server, WordChannel.ROOMS, name) if isinstance(word, MessageWord)
    ]
    if before is not None:
        index = next((at for at, word in enumerate(kept) if word.id == before), None)
        if index is None:
            raise InvalidParameter("before", before, "the id of a message that is kept")
        kept = kept[:index]
    page = kept[-limit:]
    older = page[0].id if len(page) < len(kept) else None
    return joined_answer({**_head(server, name), "before": older}, {"messages": _array(page)})


async def listed(request: web.Request, server: Server) -> web.Response:
    """Answer the list of a room, in order."""
    name = _readable(request)
    entries = _listed(_here(server, WordChannel.ROOMS, name))
    return joined_answer(_head(server, name), {"entries": _array(entries)})


def _readable(request: web.Request) -> str:
    """Return the room of a path, if whoever asks may read it.

    Raises:
        InvalidParameter: it is no name of a room.
        NotGranted: they may not.
    """
    identity: Identity = identity_of(request)
    name = bare_action(request, Leave, "leave").room
    if not identity.grants.may_read(WordChannel.ROOMS, name):
        raise NotGranted(f"the room {name}", identity.grants.words())
    return name


def _here(server: Server, channel: WordChannel, room: str) -> list[PartWord]:
    """Return what is kept of a room and not gone, in the order in which it began."""
    return server.hub.broadcast.keyed.here(channel, room)


def _listed(words: Sequence[PartWord]) -> list[EntryWord]:
    return in_order({word.entry: word for word in words if isinstance(word, EntryWord)})


def _head(server: Server, room: str) -> dict[str, str]:
    return {"room": room, "pos": str(server.hub.broadcast.position)}


def _array(words: Sequence[PartWord]) -> bytes:
    return array_of(JSON.encode(words))
