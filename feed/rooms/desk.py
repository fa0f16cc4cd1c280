"""The desk of rooms: takes what people say, and publishes it once.

Theory of operation: a message has an id, which its author makes, and whoever does not know whether
it came through says it again: what is published, or about to be, is answered by its position. All
that is known for that is what rooms keep anyway (`broadcast.keyed`), so it holds over restarts too.
What is on its way to the next cut is kept here until it is cut.
"""

import asyncio
import secrets
from dataclasses import dataclass, replace
from typing import TypeVar

from feed.errors import Clash, FeedError, LimitExceeded, Missing, NotGranted, NotNow, TooOften
from feed.hub.door import owner_of
from feed.hub.hub import Hub
from feed.market.room_words import EntryWord, MessageWord, RoomType
from feed.market.shared_list import Change, Wanted, changes
from feed.market.word_channels import WordChannel
from feed.market.words import PartWord
from feed.rooms.keeping import Keeping
from feed.rooms.members import who_is
from feed.rooms.presence import Presence, check_grant
from feed.rooms.tally import Refusal, Tally
from feed.trust.identity import Identity, owner_key
from feed.trust.rates import Rates
from feed.wire.room_requests import ChangeList, Delete, Edit, ListOp, Publish

BURST_S = 5.0
LOOK_S = 1.0
FULL_RETRY_S = 60.0
_ROOMS = WordChannel.ROOMS
_ID_BYTES = 16
_PartWord = TypeVar("_PartWord", MessageWord, EntryWord)


@dataclass(frozen=True, slots=True)
class Published:
    """What became of what somebody said.

    Attributes:
        id: of the message; of a list that of the request.
        sequence: that it has; 0: it was so already, and nothing was published.
        is_again: it was published before.
        durable: whether a kill would leave it; None: nothing is kept here.
    """

    id: str
    sequence: int
    is_again: bool = False
    durable: bool | None = None


class Rooms:
    """All rooms of a server.

    Attributes:
        presence: who is where.
        tally: what is counted of them.
    """

    def __init__(self, hub: Hub, keeping: Keeping | None) -> None:
        """Begin with nobody.

        Args:
            hub: whose ring all goes through, and whose clock and settings are meant.
            keeping: of words over restarts; None: nothing is kept.
        """
        self.tally = Tally()
        self.presence = Presence(hub, self.tally)
        self._hub = hub
        self._keeping = keeping
        self._rates = Rates(BURST_S)
        self._coming: dict[tuple[str, str], asyncio.Future[int]] = {}
        self._words: dict[tuple[str, str], PartWord] = {}  # of these
        hub.broadcast.keyed.max_parts = hub.settings.rooms_max_messages

    @property
    def names(self) -> list[str]:
        """The rooms of which something is kept."""
        return self._hub.broadcast.keyed.keys_of(_ROOMS)

    # What is said.

    async def publish(self, identity: Identity, place: str, asked: Publish) -> Published:
        """Publish a message, once.

        Raises:
            Clash: its id is another message's, or of somebody else.
            Missing: it was deleted.
            NotGranted, TooOften, LimitExceeded, NotNow: it is not published.
        """
        self._admit(identity, place, asked.room)
        id_ = asked.id or secrets.token_hex(_ID_BYTES)
        word = MessageWord(
            asked.room,
            RoomType.MESSAGE,
            id_,
            self._hub.clock.wall_ns(),
            text=asked.text,
        )
        _sign(word, identity, asked.name)
        earlier = self._newest(word)
        if earlier is None:
            self._check_room(asked.room)
            return replace(await self._say([word]), id=id_)
        if earlier.is_gone:
            raise Missing(f"the message {id_} was deleted", was_there=True)
        if earlier.by != word.by:
            raise Clash(f"the id {id_} is of somebody else's message; accepted: another one")
        if earlier.text != word.text and not earlier.edited_ns:
            raise Clash(f"the message {id_} was published with another text; accepted: that one")
        self.tally.repeated += 1
        return replace(await self._again(word), id=id_)

    async def edit(self, identity: Identity, place: str, asked: Edit) -> Published:
        """Let a message of somebody's own read otherwise.

        Raises:
            Missing: there is none, or it was deleted.
            NotGranted: it is somebody else's.
            TooOften, NotNow: nothing is published.
        """
        self._admit(identity, place, asked.room)
        earlier = self._own_message(identity, asked.room, asked.id)
        if earlier.is_gone:
            raise Missing(f"the message {asked.id} was deleted", was_there=True)
        if earlier.text == asked.text:
            return replace(await self._again(earlier), id=asked.id)
        at_ns = self._hub.clock.wall_ns()
        word = replace(earlier, type=RoomType.EDITED, text=asked.text, event_ns=at_ns, edited_ns=0)
        return replace(await self._say([word]), id=asked.id)

    async def delete(self, identity: Identity, place: str, asked: Delete) -> Published:
        """Delete a message: one's own, or as an administrator anybody's.

        Raises:
            Missing: there is none.
            NotGranted: it is somebody else's.
            TooOften, NotNow: nothing is published.
        """
        self._admit(identity, place, asked.room)
        earlier = self._own_message(identity, asked.room, asked.id)
        if earlier.is_gone:
            return replace(await self._again(earlier), id=asked.id)
        word = replace(earlier.erased(), event_ns=self._hub.clock.wall_ns())
        published = await self._say([word])
        self._withdraw(asked.room)
        return replace(published, id=asked.id)

    async def change_list(self, identity: Identity, place: str, asked: ChangeList) -> Published:
        """Change the list of a room.

        Raises:
            Clash: the entry is another version by now; it is in the error.
            Missing: it, or the one that it goes before, does not stand in the list.
            NotGranted, TooOften, LimitExceeded, NotNow: nothing is published.
        """
        self._admit(identity, place, asked.room)
        entries = self._entries(asked.room)
        try:
            wanted = changes(entries, _wanted(asked))
        except Clash as clash:
            there = entries.get(asked.symbol)
            raise Clash(str(clash), **clash.there, entry=there) from None
        if not wanted:
            self.tally.repeated += 1
            return Published(asked.id or "", 0, is_again=True, durable=await self._kept(0))
        self._check_room(asked.room)
        at_ns = self._hub.clock.wall_ns()
        words = [_entry(asked.room, change, at_ns) for change in wanted]
        for word in words:
            _sign(word, identity, asked.name)
        return replace(await self._say(words), id=asked.id or "")

    # While the server runs.

    async def run(self) -> None:
        """Look for those who are there no more, for ever."""
        while True:
            await asyncio.sleep(LOOK_S)
            self.presence.look(self._hub.clock.mono_ns())

    def note_refused(self, error: FeedError) -> None:
        """Count what is not published."""
        self.tally.refused[Refusal.of(error)] += 1

    # Inside.

    def _admit(self, identity: Identity, place: str, room: str) -> None:
        """Refuse whoever may not publish there, or says too much."""
        check_grant(identity, room)
        if self._hub.follows:
            raise NotNow("this server follows another one, where things are published", None)
        most = self._hub.settings.rooms_messages_per_s
        owner = owner_of(identity, place) or "nobody"
        wait_ns = self._rates.spend(owner, most, self._hub.clock.mono_ns())
        if wait_ns:
            raise TooOften("messages a second", most, wait_ns / 1e9)

    def _check_room(self, room: str) -> None:
        """Refuse a room more than there may be, and whatever there is no memory for."""
        keyed, most = self._hub.broadcast.keyed, self._hub.settings.rooms_max
        if keyed.is_full:
            raise NotNow("there is no room for more words", FULL_RETRY_S)
        if not keyed.knows(_ROOMS, room) and len(names := self.names) >= most:
            raise LimitExceeded("rooms", len(names) + 1, most)

    def _withdraw(self, room: str) -> None:
        """Make anew what waits for those who read a room and are behind, without what is gone."""
        sessions, subscriptions = self._hub.sessions, self._hub.subscriptions
        for subscriber in list(self._hub.audience.behind):
            if room in dict(subscriber.selection.words).get(_ROOMS, ()):
                subscriptions.withdraw(sessions[subscriber])

    def _newest(self, word: _PartWord) -> _PartWord | None:
        """Return what was said last of the same part, cut or not."""
        coming = self._words.get((word.symbol, word.part))
        kept = self._hub.broadcast.keyed.part(_ROOMS, word.symbol, word.part)
        found = kept if coming is None else coming
        return found if isinstance(found, type(word)) else None

    def _own_message(self, identity: Identity, room: str, id_: str) -> MessageWord:
        """Return a message that somebody may change.

        Raises:
            Missing: there is none.
            NotGranted: it is somebody else's.
        """
        found = self._newest(MessageWord(room, RoomType.MESSAGE, id_, 0))
        if found is None:
            raise Missing(f"there is no message {id_} in the room {room}, or not any more")
        if found.by != owner_key(identity) and not identity.grants.admin:
            raise NotGranted(f"the message {id_}, which is somebody else's,", "reading it")
        return found

    def _entries(self, room: str) -> dict[str, EntryWord]:
        parts = [
            *self._hub.broadcast.keyed.parts(_ROOMS, room),
            *(word for (key, _), word in self._words.items() if key == room),
        ]
        return {word.entry: word for word in parts if isinstance(word, EntryWord)}

    async def _say(self, words: list[MessageWord] | list[EntryWord]) -> Published:
        """Publish words of one room, and wait until they are cut, and kept where anything is."""
        spoken = asyncio.ensure_future(self._hub.publisher.said(words))
        for word in words:
            self.tally.said[word.type] += 1
            key = (word.symbol, word.part)
            coming = self._words.get(key)
            self._words[key] = word
            if isinstance(word, MessageWord) and isinstance(coming, MessageWord):
                self._words[key] = word.after(coming)
            self._coming[key] = spoken
        spoken.add_done_callback(lambda _: self._forget(words, spoken))
        sequence = await asyncio.shield(spoken)
        return Published("", sequence, durable=await self._kept(sequence))

    def _forget(
        self, words: list[MessageWord] | list[EntryWord], spoken: "asyncio.Future[int]"
    ) -> None:
        """Let go of what is cut by now, unless more was said of it."""
        for word in words:
            key = (word.symbol, word.part)
            if self._coming.get(key) is spoken:
                del self._coming[key], self._words[key]

    async def _again(self, word: MessageWord) -> Published:
        """Return what became of what was said before."""
        coming = self._coming.get((word.symbol, word.part))
        if coming is not None:
            await asyncio.shield(coming)
        first = self._hub.broadcast.keyed.first_sequence(_ROOMS, word.symbol, word.part)
        return Published("", first, is_again=True, durable=await self._kept(first))

    async def _kept(self, sequence: int) -> bool | None:
        """Wait until a kill would leave a word; tell whether that is so."""
        return None if self._keeping is None else await self._keeping.kept(sequence)


def _sign(word: MessageWord | EntryWord, identity: Identity, name: str) -> None:
    """Say in a word that nobody has yet whose it is."""
    who = who_is(identity, word.symbol, name)
    word.sender, word.by, word.name = who.sender, who.by, who.name


def _wanted(asked: ChangeList) -> Wanted:
    """Return what a request wants of a list."""
    as_seen = Wanted(asked.symbol, note=asked.note, version=asked.version)
    match asked.op:
        case ListOp.ADD:
            moves = "before" in asked.model_fields_set
            return replace(as_seen, here=True, moves=moves, before=asked.before)
        case ListOp.REMOVE:
            return replace(as_seen, here=False)
        case ListOp.MOVE:
            return replace(as_seen, moves=True, before=asked.before)
        case ListOp.NOTE:
            return replace(as_seen, note=asked.note or "")


def _entry(room: str, change: Change, at_ns: int) -> EntryWord:
    return EntryWord(
        *(room, change.type, change.symbol, at_ns, change.version, change.place, change.note)
    )
