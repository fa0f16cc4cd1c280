"""The forms of the answers on rooms, key by key: for type checkers, and for documents."""

from typing import Annotated, Any, NotRequired

from pydantic import Field, WithJsonSchema
from typing_extensions import TypedDict

from feed.wire.message_models import Count, PositionText

# Words are fragments that are encoded already: see `feed.http.contract.words`.
_Message = Annotated[dict[str, Any], WithJsonSchema({"x-of": "MessageWord"})]
_Entry = Annotated[dict[str, Any], WithJsonSchema({"x-of": "EntryWord"})]
_Present = Annotated[dict[str, Any], WithJsonSchema({"x-of": "PresentWord"})]


class PublishedAnswer(TypedDict):
    """What was said has a position."""

    room: str
    id: str
    pos: Annotated[
        PositionText | None, Field(description="null: it was so already, and nothing was published")
    ]
    durable: NotRequired[
        Annotated[bool, Field(description="whether a kill would leave it; where anything is kept")]
    ]


class RoomLine(TypedDict):
    """A room, in a list of all."""

    room: str
    messages: Count
    entries: Count
    members: Count


class RoomsAnswer(TypedDict):
    """The rooms that may be read."""

    rooms: list[RoomLine]


class RoomPortrait(RoomLine):
    """A room, as administrators see it."""

    bytes: Annotated[Count, Field(description="of what is kept of it")]


class AllRoomsAnswer(TypedDict):
    """A page of all rooms."""

    rooms: list[RoomPortrait]
    next: Annotated[str | None, Field(description="the `after` of the next page; null: the last")]
    total: Annotated[Count, Field(description="all of which something is kept")]


class RoomAnswer(TypedDict):
    """A room as it is by now, without its messages."""

    room: str
    pos: PositionText
    messages: Annotated[Count, Field(description="that are kept")]
    members: list[_Present]
    entries: Annotated[list[_Entry], Field(description="of its list, in order")]


class MessagesAnswer(TypedDict):
    """Messages of a room, the oldest first."""

    room: str
    pos: PositionText
    messages: list[_Message]
    before: Annotated[
        str | None,
        Field(description="`before` of the page with older ones; null: there are none"),
    ]


class ListAnswer(TypedDict):
    """The list of a room, in order."""

    room: str
    pos: PositionText
    entries: list[_Entry]
