"""What people say in rooms, validated: over a WebSocket as actions, by HTTP as bodies."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from feed.market.symbols import SYMBOL_SHAPE, TRADED_PATTERN, is_symbol
from feed.wire.room_texts import (
    ID,
    ID_SHAPE,
    MOST_LETTERS,
    MOST_NAME_LETTERS,
    MOST_NOTE_LETTERS,
    NAME_SHAPE,
    NOTE_SHAPE,
    TEXT_SHAPE,
    is_id,
    is_name,
    is_note,
    is_text,
)
from feed.wire.validation import Strict, refusal
from feed.wire.word_keys import ROOM_PATTERN, ROOM_SHAPE, is_room


class ListOp(StrEnum):
    """What is done to an entry of a room's list."""

    ADD = "add"
    REMOVE = "remove"
    MOVE = "move"
    NOTE = "note"


def _check_room(text: str) -> str:
    if not is_room(text):
        raise refusal(ROOM_SHAPE)
    return text


def _check_id(text: str) -> str:
    if not is_id(text):
        raise refusal(ID_SHAPE)
    return text


def _check_text(text: str) -> str:
    if not is_text(text):
        raise refusal(TEXT_SHAPE)
    return text


def _check_note(text: str) -> str:
    if not is_note(text):
        raise refusal(NOTE_SHAPE)
    return text


def _check_name(text: str) -> str:
    if not is_name(text):
        raise refusal(NAME_SHAPE)
    return text.strip()


def _check_listed(text: str) -> str:
    if not is_symbol(text):
        raise refusal(SYMBOL_SHAPE)
    return text


def _said(pattern: str) -> WithJsonSchema:
    """Return what documents say of a text; a test holds it against what is accepted."""
    return WithJsonSchema({"type": "string", "pattern": pattern})


# What documents say of texts is simpler than what is accepted: letters of ASCII and spaces between.
_PLAIN = r"[!-~]([ -~]{0,%d}[!-~])?"
Room = Annotated[str, AfterValidator(_check_room), _said(ROOM_PATTERN)]
MessageId = Annotated[str, AfterValidator(_check_id), _said(f"^{ID.pattern}$")]
Text = Annotated[str, AfterValidator(_check_text), _said(f"^{_PLAIN % (MOST_LETTERS - 2)}$")]
Note = Annotated[
    str, AfterValidator(_check_note), _said(f"^({_PLAIN % (MOST_NOTE_LETTERS - 2)})?$")
]
Name = Annotated[
    str, AfterValidator(_check_name), _said(f"^({_PLAIN % (MOST_NAME_LETTERS - 2)})?$")
]
Listed = Annotated[str, AfterValidator(_check_listed), _said(TRADED_PATTERN)]
Version = Annotated[int, Field(ge=0, le=1 << 53)]


class MessageBody(Strict):
    """A message for a room. The id is the client's, so that it is published once."""

    text: Text
    id: MessageId | None = None
    name: Name = ""


class Publish(MessageBody):
    """The same as an action."""

    action: Literal["publish"]
    room: Room


class EditBody(Strict):
    """A message reads otherwise from now on."""

    text: Text


class Edit(EditBody):
    """The same as an action."""

    action: Literal["edit"]
    room: Room
    id: MessageId


class Delete(Strict):
    """A message is gone."""

    action: Literal["delete"]
    room: Room
    id: MessageId


class ListBody(Strict):
    """An entry of a room's list is added, removed, moved or has another note.

    Attributes:
        before: the symbol that it stands before; None: it stands at the end.
        version: of the entry that its author saw, 0 where there was none; None: whatever it is.
        id: comes back with the answer.
    """

    op: Annotated[ListOp, Field(strict=False)]
    symbol: Listed
    before: Listed | None = None
    note: Note | None = None
    version: Version | None = None
    id: MessageId | None = None
    name: Name = ""


class ChangeList(ListBody):
    """The same as an action."""

    action: Literal["list"]
    room: Room


class NameBody(Strict):
    """Who is there: what an anonymous one calls itself."""

    name: Name = ""


class Enter(NameBody):
    """Somebody is in a room from now on."""

    action: Literal["enter"]
    room: Room


class Leave(Strict):
    """Somebody is in a room no more."""

    action: Literal["leave"]
    room: Room


class Type(NameBody):
    """Somebody is typing in a room."""

    action: Literal["typing"]
    room: Room


RoomAction = Publish | Edit | Delete | ChangeList | Enter | Leave | Type
ROOM_ACTIONS: dict[str, type[RoomAction]] = {
    "publish": Publish,
    "edit": Edit,
    "delete": Delete,
    "list": ChangeList,
    "enter": Enter,
    "leave": Leave,
    "typing": Type,
}
