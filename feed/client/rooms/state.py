"""The state of a room as its words make it: messages, members, entries, who is typing.

A word is news if it changes something: so each is told once, however often it comes. A snapshot
restates all of a channel; what it leaves out that was known is gone, and is told as that. Knows no
socket and no clock.
"""

from collections.abc import Iterable

from feed.client.rooms.words import (
    Entry,
    Message,
    Present,
    RoomWord,
    Typing,
    after,
    channel_of,
    gone,
    is_gone,
    member_of,
    part_of,
)
from feed.market.word_channels import WordChannel

TYPING_S = 3.0  # who types is told again within this time, or has stopped
MOST_REMOVED = 1_000  # versions of removed entries that are remembered


class RoomState:
    """One room."""

    def __init__(self, room: str) -> None:
        """Know nothing of a room but its name."""
        self._room = room
        self._parts: dict[str, RoomWord] = {}
        self._typing: dict[str, tuple[Typing, float]] = {}  # and until when
        self._removed: dict[str, int] = {}
        # What the snapshot that is coming has told, of each channel.
        self._coming: dict[WordChannel, set[str]] = {}
        self._messages: tuple[Message, ...] | None = ()  # None: to be made anew, as all below
        self._members: tuple[Present, ...] | None = ()
        self._entries: tuple[Entry, ...] | None = ()

    @property
    def messages(self) -> tuple[Message, ...]:
        """What was said, the oldest first."""
        if self._messages is None:
            messages = [word for word in self._parts.values() if word["T"] == "message"]
            # Times are texts of one length, which stand as their times do.
            self._messages = tuple(sorted(messages, key=lambda word: word["t"]))
        return self._messages

    @property
    def members(self) -> tuple[Present, ...]:
        """The members of the room, since the longest first."""
        if self._members is None:
            members = [word for word in self._parts.values() if word["T"] == "present"]
            self._members = tuple(sorted(members, key=lambda word: word["since"]))
        return self._members

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The list that the room keeps, in its order."""
        if self._entries is None:
            entries = [word for word in self._parts.values() if word["T"] == "entry"]
            in_order = sorted(entries, key=lambda word: (word["place"], word["symbol"]))
            self._entries = tuple(in_order)
        return self._entries

    def typing(self, mono_s: float) -> tuple[Typing, ...]:
        """Return who types just now."""
        return tuple(word for word, until_s in self._typing.values() if until_s > mono_s)

    def version(self, symbol: str) -> int:
        """Return the version of an entry, also of one that was removed; 0: none is known."""
        word = self._parts.get(f"entry {symbol}")
        if word is not None and word["T"] == "entry":
            return word["version"]
        return self._removed.get(symbol, 0)

    def take(self, words: Iterable[RoomWord], mono_s: float, *, snapshot: bool) -> list[RoomWord]:
        """Take words in; return those that are news. Words of other rooms are none of ours."""
        ours = (word for word in words if word["room"] == self._room)
        return [word for word in ours if self._take_one(word, mono_s, snapshot=snapshot)]

    def end_snapshot(self, *, of_all: bool) -> list[RoomWord]:
        """Note that a snapshot is complete; return what it says is gone.

        Args:
            of_all: it restates the room, also where it told nothing of it.
        """
        coming, self._coming = self._coming, {}
        if of_all:
            self._removed.clear()
        news: list[RoomWord] = []
        for part, word in list(self._parts.items()):
            told = coming.get(channel_of(word))
            if of_all if told is None else part not in told:
                self._forget(part, word)
                news.append(gone(word))
        return news

    def restart(self) -> None:
        """Forget a snapshot that was cut off."""
        self._coming = {}

    def _take_one(self, word: RoomWord, mono_s: float, *, snapshot: bool) -> bool:
        """Take a word in; return whether it is news."""
        if word["T"] == "typing":
            self._types(word, mono_s)
            return True
        part = part_of(word)
        assert part is not None
        if snapshot:
            self._coming.setdefault(channel_of(word), set()).add(part)
        if word["T"] in {"message", "absent"}:
            self._typing.pop(member_of(word), None)  # said, or left
        earlier = self._parts.get(part)
        kept = after(word, earlier)
        if kept is None or (is_gone(kept) if earlier is None else kept == earlier):
            return False
        if is_gone(kept):
            self._forget(part, kept)
        else:
            self._parts[part] = kept
            self._note_change(kept)
        return True

    def _types(self, word: Typing, mono_s: float) -> None:
        stopped = [who for who, (_, until_s) in self._typing.items() if until_s <= mono_s]
        for who in stopped:
            del self._typing[who]
        self._typing[member_of(word)] = word, mono_s + TYPING_S

    def _forget(self, part: str, word: RoomWord) -> None:
        """Let go of a part; of an entry its version stays known."""
        self._parts.pop(part, None)
        if word["T"] == "removed":
            self._removed[word["symbol"]] = word["version"]
            if len(self._removed) > MOST_REMOVED:
                del self._removed[next(iter(self._removed))]
        self._note_change(word)

    def _note_change(self, word: RoomWord) -> None:
        if word["T"] in {"entry", "removed"}:
            self._entries = None
        elif word["T"] in {"present", "absent"}:
            self._members = None
        else:
            self._messages = None
