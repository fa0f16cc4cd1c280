"""Errors of rooms: a branch of the FeedError family.

    FeedError
    └── Unsaid    the room is closed, and what was said had not arrived

What the server says no to is `Refused`, as everywhere; `room.unsent` keeps it with its reason.
"""

from feed.client.rooms.actions import Unsent
from feed.errors import FeedError


class Unsaid(FeedError):
    """The room is closed, and of what was said here it is not known that it arrived.

    Attributes:
        room: its name.
        unsent: what that is, in order.
        reason: why it could not be sent, in words.
    """

    def __init__(self, room: str, unsent: tuple[Unsent, ...], reason: str) -> None:
        self.room = room
        self.unsent = unsent
        self.reason = reason
        super().__init__(f"{len(unsent)} of what was said in the room {room} is unsent: {reason}")
