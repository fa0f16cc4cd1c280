"""A room for scripts and notebooks that have no event loop, or one that is busy.

It lives on a loop in a thread of its own, which reads and sends while the caller does something
else.
"""

import asyncio
from collections.abc import Callable
from typing import Self, TypeVar

from feed.client.loop_thread import LoopThread
from feed.client.rooms.actions import Sent, Unsent
from feed.client.rooms.room import Room
from feed.client.rooms.shared_list import SharedList
from feed.client.rooms.words import Entry, Message, Present, RoomEvent, Typing
from feed.client.twins import BlockingBlock

Value = TypeVar("Value")


class BlockingRoom(BlockingBlock):
    """A `Room` whose methods wait; use it in a `with` block.

    Attributes:
        room: the room itself.
        list: its list, whose methods wait too.
    """

    def __init__(self, room: Room) -> None:
        super().__init__(room, "a blocking room")
        self.room = room
        self.list = BlockingList(room.list, self._thread)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> RoomEvent:
        """Return the next word, or what was refused; raises as `Room.__anext__` does."""
        try:
            return self._thread.wait(self.room.__anext__())
        except StopAsyncIteration:
            raise StopIteration from None

    @property
    def messages(self) -> tuple[Message, ...]:
        """What was said, the oldest first."""
        return self._value(lambda: self.room.messages)

    @property
    def members(self) -> tuple[Present, ...]:
        """The members, since the longest first."""
        return self._value(lambda: self.room.members)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The list of the room as the server has it, in its order."""
        return self._value(lambda: self.room.entries)

    @property
    def expected(self) -> tuple[Entry, ...]:
        """The same as it will be once all that waits here has arrived."""
        return self._value(lambda: self.room.expected)

    @property
    def typing(self) -> tuple[Typing, ...]:
        """Who has been typing within the last three seconds."""
        return self._value(lambda: self.room.typing)

    @property
    def unsent(self) -> tuple[Unsent, ...]:
        """What was done here and waits to be sent, or was refused, in order."""
        return self._value(lambda: self.room.unsent)

    @property
    def by(self) -> str | None:
        """By what programs know who speaks from here; None: not told yet."""
        return self._value(lambda: self.room.by)

    def open(self) -> None:
        """Wait for the history, as `Room.open` does."""
        self._thread.wait(self.room.open())

    def say(self, text: str) -> Sent:
        """Say something, and wait until the server has it; raises as `Room.say` does."""
        return self._thread.wait(_done(lambda: self.room.say(text)))

    def edit(self, message: str, text: str) -> Sent:
        """Let a message of one's own read otherwise; as `say`."""
        return self._thread.wait(_done(lambda: self.room.edit(message, text)))

    def delete(self, message: str) -> Sent:
        """Delete a message of one's own, wherever it is kept; as `say`."""
        return self._thread.wait(_done(lambda: self.room.delete(message)))

    def type(self) -> None:
        """Tell that somebody types here, as `Room.type` does."""
        self._thread.wait(self.room.type())

    def discard(self, id_: str) -> None:
        """Forget something unsent, as `Room.discard` does."""
        self._value(lambda: self.room.discard(id_))

    def _value(self, read: Callable[[], Value]) -> Value:
        """Return what is read on the loop, where it does not change meanwhile."""
        return self._thread.wait(_read(read))


class BlockingList:
    """The list of a room, whose methods wait until the server has a change."""

    def __init__(self, listed: SharedList, thread: LoopThread) -> None:
        self._list = listed
        self._thread = thread

    def add(self, symbol: str, *, before: str | None = None, note: str | None = None) -> Sent:
        """Add a symbol before another one, by default at the end."""
        return self._thread.wait(_done(lambda: self._list.add(symbol, before=before, note=note)))

    def remove(self, symbol: str) -> Sent:
        """Remove a symbol."""
        return self._thread.wait(_done(lambda: self._list.remove(symbol)))

    def move(self, symbol: str, *, before: str | None = None) -> Sent:
        """Move a symbol before another one, by default to the end."""
        return self._thread.wait(_done(lambda: self._list.move(symbol, before=before)))

    def note(self, symbol: str, note: str) -> Sent:
        """Note something on a symbol, in place of what was noted."""
        return self._thread.wait(_done(lambda: self._list.note(symbol, note)))


async def _done(begin: Callable[[], "asyncio.Future[Sent]"]) -> Sent:
    return await begin()


async def _read(read: Callable[[], Value]) -> Value:
    return read()
