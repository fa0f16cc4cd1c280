"""What is said in rooms over one WebSocket: in order, and answered when it is published."""

import asyncio
import contextlib
from functools import partial

from feed.errors import FeedError, TooOften
from feed.http.rooms.floor import Floor, Said
from feed.http.rooms.refusals import unpublished
from feed.hub.hub import Hub
from feed.hub.session import Session
from feed.logger import logger_of
from feed.rooms.desk import Rooms
from feed.trust.identity import Identity
from feed.wire.control import InvalidAction
from feed.wire.dialect import Dialect
from feed.wire.messages import Message
from feed.wire.room_requests import Enter, Leave, RoomAction, Type

MOST_UNANSWERED = 64  # of one connection
_BUSY_S = 0.1

log = logger_of("feed.rooms")


class RoomConversation:
    """The rooms of one WebSocket."""

    __slots__ = (
        "_dialect",
        "_entered",
        "_floor",
        "_hub",
        "_order",
        "_rooms",
        "_session",
        "_unanswered",
    )

    def __init__(
        self, rooms: Rooms, floor: Floor, hub: Hub, session: Session, dialect: Dialect
    ) -> None:
        """Begin in no room.

        Args:
            rooms: of the server, which counts what is refused.
            floor: takes what is said.
            hub: counts limits that had an effect.
            session: whose connection it is.
            dialect: makes frames of what the client is told.
        """
        self._rooms = rooms
        self._floor = floor
        self._hub = hub
        self._session = session
        self._dialect = dialect
        self._entered: dict[str, str] = {}  # the name in each room
        self._unanswered: set[asyncio.Task[None]] = set()
        self._order: asyncio.Lock | None = None  # of a floor that does not keep it, once needed

    def refuse(self, action: InvalidAction) -> None:
        """Say that what was said is not accepted."""
        self._hub.door.note(action)
        self._say(unpublished(action.room, action.id, action))

    def act(self, action: RoomAction) -> None:
        """Do what a client says."""
        try:
            match action:
                case Enter():
                    self._enter(action)
                case Leave():
                    self._leave(action.room)
                case Type():
                    name = self._entered.get(action.room, action.name)
                    self._floor.types(self._session.identity, action.room, name)
                case _:
                    self._answer(action)
        except FeedError as error:
            self._rooms.note_refused(error)
            self._say(unpublished(action.room, None, error))

    def _enter(self, action: Enter) -> None:
        """Be in a room until the session ends, under one name."""
        if self._entered.get(action.room) not in {None, action.name}:
            self._leave(action.room)
        self._floor.enter(self._session.identity, action.room, action.name, self._session.id)
        if not self._entered:
            self._session.ended.add_done_callback(lambda _: self._leave_all())
        self._entered[action.room] = action.name

    def _leave(self, room: str) -> None:
        name = self._entered.pop(room, None)
        if name is not None:
            self._floor.leave(self._session.identity, room, name, self._session.id)

    def _leave_all(self) -> None:
        for room in list(self._entered):
            self._leave(room)

    def _answer(self, said: Said) -> None:
        """Answer when something is published; what is said next may be published meanwhile."""
        if len(self._unanswered) >= MOST_UNANSWERED:
            raise TooOften("messages that are not published yet", MOST_UNANSWERED, _BUSY_S)
        if self._order is None and not self._floor.keeps_order:
            self._order = asyncio.Lock()
        task = asyncio.create_task(self._publish(said, self._session.identity))
        self._unanswered.add(task)
        task.add_done_callback(partial(self._settle, said))

    async def _publish(self, said: Said, identity: Identity) -> None:
        connection = self._session.connection
        try:
            async with self._order or contextlib.nullcontext():
                told = await self._floor.say(identity, connection.peer, connection.place, said)
        except FeedError as error:
            self._rooms.note_refused(error)
            told = unpublished(said.room, said.id, error)
        self._say(told)

    def _settle(self, said: Said, task: "asyncio.Task[None]") -> None:
        self._unanswered.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("publishing_failed", room=said.room, exc_info=error)

    def _say(self, message: Message) -> None:
        if not self._session.ended.done():  # nothing follows a Close frame
            self._session.connection.write_last(self._dialect.say(message))
