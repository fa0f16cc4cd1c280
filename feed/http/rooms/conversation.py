"""What is said in rooms over one WebSocket: in order, and answered when it is published."""

import asyncio
from collections.abc import Awaitable
from functools import partial

from feed.errors import FeedError, TooOften
from feed.http.rooms.refusals import unpublished
from feed.hub.hub import Hub
from feed.hub.session import Session
from feed.logger import logger_of
from feed.rooms.desk import Published, Rooms
from feed.wire.control import InvalidAction
from feed.wire.dialect import Dialect
from feed.wire.messages import Message
from feed.wire.room_messages import published_message
from feed.wire.room_requests import (
    ChangeList,
    Delete,
    Edit,
    Enter,
    Leave,
    Publish,
    RoomAction,
    Type,
)

MOST_UNANSWERED = 64  # of one connection
_BUSY_S = 0.1

log = logger_of("feed.rooms")


class RoomConversation:
    """The rooms of one WebSocket."""

    __slots__ = ("_dialect", "_entered", "_hub", "_rooms", "_session", "_unanswered")

    def __init__(self, rooms: Rooms, hub: Hub, session: Session, dialect: Dialect) -> None:
        """Begin in no room.

        Args:
            rooms: of the server.
            hub: whose ring has the positions.
            session: whose connection it is.
            dialect: makes frames of what the client is told.
        """
        self._rooms = rooms
        self._hub = hub
        self._session = session
        self._dialect = dialect
        self._entered: dict[str, str] = {}  # the name in each room
        self._unanswered: set[asyncio.Task[None]] = set()

    def refuse(self, action: InvalidAction) -> None:
        """Say that what was said is not accepted."""
        self._hub.door.note(action)
        self._say(unpublished(action.room, action.id, action))

    def act(self, action: RoomAction) -> None:
        """Do what a client says."""
        identity, place = self._session.identity, self._session.connection.place
        try:
            match action:
                case Publish():
                    self._answer(action, self._rooms.publish(identity, place, action))
                case Edit():
                    self._answer(action, self._rooms.edit(identity, place, action))
                case Delete():
                    self._answer(action, self._rooms.delete(identity, place, action))
                case ChangeList():
                    self._answer(action, self._rooms.change_list(identity, place, action))
                case Enter():
                    self._enter(action)
                case Leave():
                    self._leave(action.room)
                case Type():
                    name = self._entered.get(action.room, action.name)
                    self._rooms.types(identity, action.room, name)
        except FeedError as error:
            self._rooms.note_refused(error)
            self._say(unpublished(action.room, None, error))

    def _enter(self, action: Enter) -> None:
        """Be in a room until the session ends, under one name."""
        if self._entered.get(action.room) not in {None, action.name}:
            self._leave(action.room)
        self._rooms.enter(self._session.identity, action.room, action.name, self._session.id)
        if not self._entered:
            self._session.ended.add_done_callback(lambda _: self._leave_all())
        self._entered[action.room] = action.name

    def _leave(self, room: str) -> None:
        name = self._entered.pop(room, None)
        if name is not None:
            self._rooms.leave(self._session.identity, room, name, self._session.id)

    def _leave_all(self) -> None:
        for room in list(self._entered):
            self._leave(room)

    def _answer(
        self, action: Publish | Edit | Delete | ChangeList, spoken: Awaitable[Published]
    ) -> None:
        """Answer when something is published; what is said next may be published meanwhile."""
        if len(self._unanswered) >= MOST_UNANSWERED:
            spoken.close()  # type: ignore[attr-defined]  # a coroutine that has not begun
            raise TooOften("messages that are not published yet", MOST_UNANSWERED, _BUSY_S)
        task = asyncio.ensure_future(self._publish(action, spoken))
        self._unanswered.add(task)
        task.add_done_callback(partial(self._settle, action))

    async def _publish(
        self, action: Publish | Edit | Delete | ChangeList, spoken: Awaitable[Published]
    ) -> None:
        try:
            published = await spoken
        except FeedError as error:
            self._rooms.note_refused(error)
            self._say(unpublished(action.room, action.id, error))
            return
        sequence = published.sequence
        position = str(self._hub.broadcast.ring.position(sequence)) if sequence else None
        self._say(published_message(action.room, published.id, position, durable=published.durable))

    def _settle(
        self, action: Publish | Edit | Delete | ChangeList, task: "asyncio.Task[None]"
    ) -> None:
        self._unanswered.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("publishing_failed", room=action.room, exc_info=error)

    def _say(self, message: Message) -> None:
        if not self._session.ended.done():  # nothing follows a Close frame
            self._session.connection.write_last(self._dialect.say(message))
