"""Words of rooms as a client gets them, typed by their `T`, and what each is of.

Words are plain dicts at run time, as ticks are. Of a room *parts* are kept, such as a message or a
member: what is said later of the same part takes the place of what was said before. People's texts
are data, whatever they look like.
"""

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict, cast, final

from feed.client.errors import Malformed
from feed.errors import shorten
from feed.market.word_channels import WordChannel

_From = TypedDict("_From", {"from": str})  # a keyword cannot be the name of a field


class _Said(_From):
    """Who said so, where and when.

    `from` is for people: the identity's name, or "anonymous"; `by` the same for programs, equal for
    all words of one identity; `name` what an anonymous one calls itself.
    """

    room: str
    by: str
    t: str
    name: NotRequired[str]


@final
class Message(_Said):
    """Somebody says something; to late comers as it was `edited` last."""

    T: Literal["message"]
    id: str
    text: str
    edited: NotRequired[str]


@final
class Edited(_Said):
    """A message reads otherwise from now on."""

    T: Literal["edited"]
    id: str
    text: str


@final
class Deleted(_Said):
    """A message is gone, wherever it was kept."""

    T: Literal["deleted"]
    id: str


@final
class Entry(_Said):
    """A symbol stands in the list of a room, or has another place or note.

    Entries stand in the order of their places; `version` counts the changes of one, removals
    included.
    """

    T: Literal["entry"]
    symbol: str
    version: int
    place: float
    note: str


@final
class Removed(_Said):
    """A symbol does not stand in the list any more."""

    T: Literal["removed"]
    symbol: str
    version: int


@final
class Present(_Said):
    """Somebody is in a room."""

    T: Literal["present"]
    since: str
    connections: int


@final
class Absent(_Said):
    """Nobody of that name is any more."""

    T: Literal["absent"]


@final
class Typing(_Said):
    """Somebody is typing."""

    T: Literal["typing"]


RoomWord: TypeAlias = Message | Edited | Deleted | Entry | Removed | Present | Absent | Typing


@final
class Unpublished(TypedDict):
    """What was said here is not published: the server says no, and why.

    As the server says it over a WebSocket. `id` is that of the unsent action; `entry` is how an
    entry of the list is now that somebody else changed meanwhile.
    """

    T: Literal["unpublished"]
    room: str
    id: str
    status: int
    msg: str
    entry: NotRequired[Entry | Removed]


RoomEvent: TypeAlias = RoomWord | Unpublished

_TEXTS_OF_ALL = ("room", "by", "t")
# Of each word its channel, and the texts and numbers that it has beside those of all.
_FORMS: dict[str, tuple[WordChannel, tuple[str, ...], tuple[str, ...]]] = {
    "message": (WordChannel.ROOMS, ("id", "text"), ()),
    "edited": (WordChannel.ROOMS, ("id", "text"), ()),
    "deleted": (WordChannel.ROOMS, ("id",), ()),
    "entry": (WordChannel.ROOMS, ("symbol",), ("version", "place")),
    "removed": (WordChannel.ROOMS, ("symbol",), ("version",)),
    "present": (WordChannel.PRESENCE, ("since",), ("connections",)),
    "absent": (WordChannel.PRESENCE, (), ()),
    "typing": (WordChannel.PRESENCE, (), ()),
}


def word_of(told: dict[str, Any]) -> RoomWord | None:
    """Return what a server told as a word of a room; None: it is a word of something else.

    Raises:
        Malformed: it lacks what such a word has.
    """
    form = _FORMS.get(told["T"])
    if form is None:
        return None
    _, texts, numbers = form
    whole = all(isinstance(told.get(name), str) for name in (*_TEXTS_OF_ALL, *texts))
    if not whole or any(type(told.get(name)) not in {int, float} for name in numbers):
        names = ", ".join((*_TEXTS_OF_ALL, *texts, *numbers))
        raise Malformed(f"a word {told['T']} has {names}, not {shorten(told)}")
    told.setdefault("from", "")  # what is empty may be left out
    if told["T"] == "entry":
        told.setdefault("note", "")
    return cast("RoomWord", told)


def channel_of(word: RoomWord) -> WordChannel:
    """Return the channel of a word."""
    return _FORMS[word["T"]][0]


def part_of(word: RoomWord) -> str | None:
    """Return what a word is of, within its room; None: it is kept nowhere."""
    match word["T"]:
        case "message" | "edited" | "deleted":
            return f"message {word['id']}"
        case "entry" | "removed":
            return f"entry {word['symbol']}"
        case "present" | "absent":
            return f"member {member_of(word)}"
    return None


def member_of(word: RoomWord) -> str:
    """Return who said so, anonymous ones by their names."""
    return f"{word['by']} {word.get('name', '')}"


def is_gone(word: RoomWord) -> bool:
    """Tell whether late comers need not know of it, since its part is no more."""
    return word["T"] in {"deleted", "removed", "absent"}


def after(word: RoomWord, earlier: RoomWord | None) -> RoomWord | None:
    """Return what is kept of a part once this was said; None: an edit of what is not known."""
    if word["T"] != "edited":
        return word
    if earlier is None or earlier["T"] != "message":
        return None
    edited: Message = {**earlier, "text": word["text"], "edited": word["t"]}
    return edited


def gone(word: RoomWord) -> RoomWord:
    """Return the word that says that a part is gone, where none came."""
    said = {key: word[key] for key in ("room", "from", "by", "name", "t") if key in word}
    if word["T"] == "entry":
        told = {"T": "removed", "symbol": word["symbol"], "version": word["version"], **said}
    elif word["T"] == "present":
        told = {"T": "absent", **said}
    else:
        told = {"T": "deleted", "id": cast("Message", word)["id"], **said}
    return cast("RoomWord", told)
