"""The words of presence: who is in a room, and who is typing there."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from feed.market.word_channels import WordChannel


class PresenceType(StrEnum):
    """What a word of presence says: its `T` on the wire."""

    PRESENT = "present"  # somebody is there, or over more or fewer connections than before
    ABSENT = "absent"  # nobody of that name is any more
    TYPING = "typing"  # is kept nowhere


@dataclass(slots=True)
class PresenceWord:
    """Who is in a room.

    Attributes:
        symbol: the key: the room's name.
        type: what it says.
        event_ns: when, since the Unix epoch.
        sender, by, name: who, as of a message.
        since_ns: since when they are there.
        connections: over how many connections.
    """

    kind: ClassVar[WordChannel] = WordChannel.PRESENCE
    symbol: str
    type: PresenceType
    event_ns: int
    sender: str
    by: str
    name: str = ""
    since_ns: int = 0
    connections: int = 0

    @property
    def part(self) -> str:
        """What it is of, within its key."""
        return f"{self.by} {self.name}"

    @property
    def is_gone(self) -> bool:
        """Whether late comers need not know it."""
        return self.type is not PresenceType.PRESENT

    @property
    def texts_bytes(self) -> int:
        """Bytes of what somebody wrote in it."""
        return len(self.name)

    def after(self, earlier: "PresenceWord") -> "PresenceWord":  # noqa: ARG002 - as of messages
        """Return what is kept once this was said: it is whole."""
        return self
