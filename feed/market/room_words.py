"""The words of rooms: messages, and the entries of the list that a room keeps together.

A room is a key; within it a message has an id, and an entry a symbol: what is said of the same one
later takes the place of what was said before.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import ClassVar

from feed.market.word_channels import WordChannel


class RoomType(StrEnum):
    """What a word of a room says: its `T` on the wire."""

    MESSAGE = "message"  # somebody says something; for late comers as it was edited last
    EDITED = "edited"  # it reads otherwise from now on
    DELETED = "deleted"  # it is gone, wherever it was kept
    ENTRY = "entry"  # a symbol stands in the list, or has another place or note
    REMOVED = "removed"  # it does not any more


@dataclass(slots=True)
class MessageWord:
    """A message of a room, or what becomes of it.

    Attributes:
        symbol: the key: the room's name.
        type: MESSAGE, EDITED or DELETED.
        id: of the message, within the room.
        event_ns: when it was said, since the Unix epoch.
        sender: who says so, for people.
        by: the same for programs: a digest, equal for all words of one identity.
        name: what an anonymous sender calls itself.
        text: of the message; "" where it is deleted.
        edited_ns: when it was edited last; 0: never.
    """

    kind: ClassVar[WordChannel] = WordChannel.ROOMS
    symbol: str
    type: RoomType
    id: str
    event_ns: int
    sender: str = ""
    by: str = ""
    name: str = ""
    text: str = ""
    edited_ns: int = 0

    @property
    def part(self) -> str:
        """What it is of, within its key."""
        return f"message {self.id}"

    @property
    def is_gone(self) -> bool:
        """Whether late comers need not know it."""
        return self.type is RoomType.DELETED

    @property
    def texts_bytes(self) -> int:
        """Bytes of what somebody wrote in it."""
        return len(self.text) + len(self.id) + len(self.name)

    def after(self, earlier: "MessageWord") -> "MessageWord":
        """Return what is kept once this was said after an earlier word of the same message."""
        if earlier.is_gone:  # for good: no text comes back
            return earlier
        if self.type is not RoomType.EDITED:
            return self
        return replace(earlier, text=self.text, edited_ns=self.event_ns)

    def erased(self) -> "MessageWord":
        """Return it as it is where its message was deleted, under the same sequence."""
        return replace(self, type=RoomType.DELETED, text="", name="", edited_ns=0)


@dataclass(slots=True)
class EntryWord:
    """An entry of a room's list, or that it is removed.

    Attributes:
        symbol: the key: the room's name.
        type: ENTRY or REMOVED.
        entry: the symbol that stands in the list.
        event_ns: when it was written, since the Unix epoch.
        version: of the entry: 1, 2, 3 ... within the room, removals included.
        place: entries stand in the order of their places.
        note: on the symbol.
        sender, by, name: as of a message.
    """

    kind: ClassVar[WordChannel] = WordChannel.ROOMS
    symbol: str
    type: RoomType
    entry: str
    event_ns: int
    version: int
    place: float = 0.0
    note: str = ""
    sender: str = ""
    by: str = ""
    name: str = ""

    @property
    def part(self) -> str:
        """What it is of, within its key."""
        return f"entry {self.entry}"

    @property
    def is_gone(self) -> bool:
        """Whether late comers need not know it."""
        return self.type is RoomType.REMOVED

    @property
    def texts_bytes(self) -> int:
        """Bytes of what somebody wrote in it."""
        return len(self.note) + len(self.entry) + len(self.name)

    def after(self, earlier: "EntryWord") -> "EntryWord":  # noqa: ARG002 - as of messages
        """Return what is kept once this was said: it is whole."""
        return self
