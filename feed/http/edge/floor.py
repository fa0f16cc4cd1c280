"""The floor of an edge: what is said there in rooms goes to the writer, one thing after the other.

A position comes back, and the word itself by the log, as to everybody. While there is no writer, or
another one takes its place, what was said is held for some seconds, and said again: by its id it is
published once.
"""

import asyncio
import secrets
from http import HTTPStatus
from typing import Any

import orjson
from aiohttp import hdrs

from feed.errors import NotNow
from feed.http.edge.link import Asker, Link, WriterAway
from feed.http.edge.presence import PresenceLink
from feed.http.rooms.floor import Said
from feed.trust.identity import Identity
from feed.wire.messages import Message
from feed.wire.room_messages import published_message, unpublished_message
from feed.wire.room_requests import ChangeList, Delete, Edit, Publish

HELD_S = 5.0  # for a writer that is away: another one, or the same again, may be there by then
_AGAIN_S = 0.25
_ID_BYTES = 16
_JSON: dict[str, str] = {hdrs.CONTENT_TYPE: "application/json"}
_OF_ENTRIES = ("version", "entry")  # what a clash tells of
_NO_KEY = (
    "over a WebSocket of this server nothing is published, since it has no --cluster-key to say "
    "by whom; accepted: POST with a credential, or the server that it follows"
)


class EdgeFloor:
    """Says it at the writer."""

    keeps_order = False

    def __init__(self, link: Link, presence: PresenceLink) -> None:
        """Say it over a link; who is there is told otherwise."""
        self._link = link
        self.enter = presence.enter
        self.leave = presence.leave
        self.types = presence.types

    async def say(self, identity: Identity, peer: str, place: str, said: Said) -> Message:
        """Have something published; return what its author is told of that.

        Raises:
            NotNow: there is no writer, or it cannot be told who says it.
            LimitExceeded: what they are granted cannot be said.
        """
        if not self._link.may_speak_for_anybody:
            raise NotNow(_NO_KEY, None)
        if isinstance(said, Publish) and said.id is None:  # so that it may be said again
            said = said.model_copy(update={"id": secrets.token_hex(_ID_BYTES)})
        asker, loop = Asker(identity, peer, place), asyncio.get_running_loop()
        ends_s = loop.time() + HELD_S
        while True:
            try:
                return await self._say(asker, said)
            except WriterAway as away:
                is_over = loop.time() >= ends_s
                if is_over or (away.may_be_done and isinstance(said, ChangeList)):
                    raise
            await asyncio.sleep(_AGAIN_S)

    async def _say(self, asker: Asker, said: Said) -> Message:
        method, target, body = _request_of(said)
        response = await self._link.ask(
            asker, method, target, headers=_JSON if body else None, body=body
        )
        async with response:
            with self._link.telling_of_ends():
                told = _document(await response.read())
        if response.status < HTTPStatus.BAD_REQUEST and "pos" in told:
            durable = told.get("durable")
            return published_message(said.room, told["id"], told["pos"], durable=durable)
        if "detail" not in told:  # somebody between us and the writer has answered
            raise WriterAway(may_be_done=True)
        more = {name: told[name] for name in _OF_ENTRIES if name in told}
        if "parameter" in told:
            more["accepted"] = told["accepted"]
        retry_after = response.headers.get(hdrs.RETRY_AFTER, "")
        if retry_after.isdecimal():
            more["retry_s"] = float(retry_after)
        return unpublished_message(said.room, said.id, response.status, told["detail"], **more)


def _document(body: bytes) -> dict[str, Any]:
    """Return what an answer says; nothing, where it is none of the writer's."""
    try:
        told: object = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return told if isinstance(told, dict) else {}


def _request_of(said: Said) -> tuple[str, str, bytes | None]:
    """Return method, target and body of the request that says the same.

    Names of rooms and ids have no letters that a path would have to write otherwise.
    """
    room = f"/v1/rooms/{said.room}"
    body = said.model_dump(mode="json", exclude_unset=True, exclude={"action", "room"})
    match said:
        case Publish():
            return hdrs.METH_POST, f"{room}/messages", orjson.dumps(body)
        case Edit():
            del body["id"]
            return hdrs.METH_PATCH, f"{room}/messages/{said.id}", orjson.dumps(body)
        case Delete():
            return hdrs.METH_DELETE, f"{room}/messages/{said.id}", None
        case ChangeList():
            return hdrs.METH_POST, f"{room}/list", orjson.dumps(body)
