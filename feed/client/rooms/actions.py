"""What can be done in a room, and the call that does it. Knows no socket and no clock."""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from feed.client.calls import Call
from feed.client.errors import Refused
from feed.client.rooms.words import Entry, Removed
from feed.errors import InvalidParameter
from feed.market.symbols import SYMBOL_SHAPE, is_symbol
from feed.wire.room_texts import ID_SHAPE, NOTE_SHAPE, TEXT_SHAPE, is_id, is_note, is_text

ListOp = Literal["add", "remove", "move", "note"]
_NO_PARTS = {".", ".."}  # of a path, as every library reads it


@dataclass(frozen=True, slots=True)
class Say:
    """Somebody here says something."""

    text: str


@dataclass(frozen=True, slots=True)
class Edit:
    """A message of one's own reads otherwise from now on."""

    message: str
    text: str


@dataclass(frozen=True, slots=True)
class Delete:
    """A message of one's own is gone."""

    message: str


@dataclass(frozen=True, slots=True)
class ChangeList:
    """An entry of the list is changed.

    Attributes:
        op: how.
        symbol: which.
        version: of the entry, as it was seen; 0: there was none.
        before: the symbol that it goes before; None: to the end.
        note: on it; None: as it is.
    """

    op: ListOp
    symbol: str
    version: int
    before: str | None = None
    note: str | None = None


Action: TypeAlias = Say | Edit | Delete | ChangeList


@dataclass(frozen=True, slots=True)
class Unsent:
    """Something that was done here and has not arrived, or was refused.

    Attributes:
        id: its own; of what is said, that of the message.
        action: what it is.
        since_ns: when it was done here, since the Unix epoch.
        refused: why the server does not take it; None: it waits.
        entry: how an entry is now that somebody else changed meanwhile.
    """

    id: str
    action: Action
    since_ns: int
    refused: Refused | None = None
    entry: Entry | Removed | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """Something that was done here, and that the server has.

    Attributes:
        id: its own; of what is said, that of the message.
        position: of its words; None: it was so already, and nothing was published.
    """

    id: str
    position: str | None


def check(action: Action) -> None:
    """See that a server can take an action.

    Raises:
        InvalidParameter: it is not accepted.
    """
    if isinstance(action, Edit | Delete):
        message = action.message
        if not (isinstance(message, str) and is_id(message)) or message in _NO_PARTS:
            raise InvalidParameter("message", message, ID_SHAPE)
    if isinstance(action, Say | Edit) and not (
        isinstance(action.text, str) and is_text(action.text)
    ):
        raise InvalidParameter("text", action.text, TEXT_SHAPE)
    if isinstance(action, ChangeList):
        for name, symbol in (("symbol", action.symbol), ("before", action.before)):
            if symbol is None and name == "before":
                continue
            if not (isinstance(symbol, str) and is_symbol(symbol)):
                raise InvalidParameter(name, symbol, SYMBOL_SHAPE)
        note = action.note
        if note is not None and not (isinstance(note, str) and is_note(note)):
            raise InvalidParameter("note", note, NOTE_SHAPE)


def letters_of(action: Action) -> int:
    """Return how many characters somebody wrote."""
    if isinstance(action, Say | Edit):
        return len(action.text)
    return len(action.note or "") if isinstance(action, ChangeList) else 0


def call_for(room: str, name: str, held: Unsent) -> Call:
    """Return the call that does what is held, in a room, by somebody of a name."""
    path = ("v1", "rooms", room)
    own: dict[str, Any] = {"name": name} if name else {}
    match held.action:
        case Say(text):
            return Call("POST", (*path, "messages"), {"id": held.id, "text": text, **own})
        case Edit(message, text):
            return Call("PATCH", (*path, "messages", message), {"text": text})
        case Delete(message):
            return Call("DELETE", (*path, "messages", message))
        case ChangeList(op, symbol, version, before, note):
            body = {"op": op, "symbol": symbol, "version": version, "id": held.id, **own}
            optional = {"before": before, "note": note}
            body |= {key: value for key, value in optional.items() if value is not None}
            return Call("POST", (*path, "list"), body)
