"""The room: what a desk says to itself, read and said over however many connections.

Theory of operation: one task reads the room from a stream, with a snapshot first and resumed by
position; one sends what was done here (`feed.client.rooms.sender`); one says that somebody is
there. So a room goes over any transport, and what is said while away waits.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self, cast

from feed.client.calls import Caller
from feed.client.clock import Clock
from feed.client.errors import Refused
from feed.client.event_log import event_logger
from feed.client.event_queue import EventQueue
from feed.client.events import Batch, Connected, Event, Gap, Mark, ServerWarning, Snapshot
from feed.client.rooms.actions import Action, Delete, Edit, Say, Sent, Unsent
from feed.client.rooms.errors import Unsaid
from feed.client.rooms.expected import entries_with
from feed.client.rooms.presence import Presence
from feed.client.rooms.sender import Sender
from feed.client.rooms.shared_list import SharedList
from feed.client.rooms.state import RoomState
from feed.client.rooms.words import (
    Entry,
    Message,
    Present,
    RoomEvent,
    RoomWord,
    Typing,
    Unpublished,
    word_of,
)
from feed.client.stream import Stream
from feed.client.words import Words
from feed.errors import FeedError

_log = logging.getLogger("feed.client")


class Room:
    """A room of a server; use it in an `async with` block.

    Iterate over it for its words, each once and in order, over cuts, and for what the server says
    no to (`Unpublished`). One consumer at a time. Before the first is asked for, the newest 10,000
    wait; from then on nothing is passed over.

    Attributes:
        name: of the room.
        list: the list that it keeps: added to, noted, moved and removed from by all.
    """

    def __init__(
        self,
        name: str,
        own_name: str,
        stream: Stream,
        caller: Caller,
        clock: Clock,
        *,
        present: bool,
        close_timeout_s: float,
        on_event: Callable[[Event], object] | None,
    ) -> None:
        """Make a room that does not run; `feed.client.rooms.making.room` explains what is chosen.

        Args:
            name: of the room.
            own_name: what an anonymous one calls itself; "": nothing.
            stream: of its words, and of who is there.
            caller: calls the server.
            clock: the time.
            present: be among the members.
            close_timeout_s: for what waits when the block ends.
            on_event: is called with what happens to connections; None: it is logged.
        """
        self.name = name
        self._own_name = own_name
        self._stream = stream
        self._caller = caller
        self._clock = clock
        self._close_timeout_s = close_timeout_s
        self._on_event = on_event or event_logger(f"the room {name}")
        self._state = RoomState(name)
        self._sender = Sender(name, own_name, caller, clock, self._tell_refused, self._on_event)
        self._presence = Presence(name, own_name, caller, clock)
        self._present = present
        self.list = SharedList(self._state, self._sender.outbox, self._do)
        self._events: EventQueue[RoomEvent] = EventQueue()
        self._said: set[str] = set()  # messages that have not come back
        self._changed = asyncio.Event()  # whoever waits may look again; another one each time
        self._tasks: list[asyncio.Task[None]] = []
        self._failure: Exception | None = None  # what ended it for good
        self._by: str | None = None
        self._loaded = False
        self._started_over = False  # a gap over epochs was told: the next snapshot is all there is
        self._closed = False

    # What is known of it.

    @property
    def messages(self) -> tuple[Message, ...]:
        """What was said, the oldest first; a message that was deleted is not among it."""
        return self._state.messages

    @property
    def members(self) -> tuple[Present, ...]:
        """The members, since the longest first."""
        return self._state.members

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The list of the room as the server has it, in its order."""
        return self._state.entries

    @property
    def expected(self) -> tuple[Entry, ...]:
        """The same as it will be once all that waits here has arrived."""
        return entries_with(self._state.entries, self._sender.outbox.unsent, self.name)

    @property
    def typing(self) -> tuple[Typing, ...]:
        """Who has been typing within the last three seconds."""
        return self._state.typing(self._clock.mono_s())

    @property
    def unsent(self) -> tuple[Unsent, ...]:
        """What was done here and waits to be sent, or was refused, in order."""
        return self._sender.outbox.unsent

    @property
    def is_loaded(self) -> bool:
        """Whether the history is here."""
        return self._loaded

    @property
    def by(self) -> str | None:
        """By what programs know who speaks from here, `by` of its words; None: not told yet."""
        return self._by

    # Being there.

    async def __aenter__(self) -> Self:
        """Begin to connect; `open` waits for the history."""
        if self._closed or self._tasks:
            raise RuntimeError("a room is entered once")
        self._begin(self._read)
        self._begin(self._sender.run)
        if self._present:
            self._begin(lambda: self._presence.stay(self._tell_absent))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            await self.close()
        except FeedError as problem:
            if error is None:
                raise
            _log.warning("%s", problem)

    async def open(self) -> None:
        """Wait until the history is here.

        Raises:
            Refused, NotAFeed, Malformed, GaveUp, Expired: it cannot be.
        """
        while not self._loaded:
            self._check()
            await self._changed.wait()

    async def close(self) -> None:
        """Send what waits within `close_timeout_s`, and leave; harmless when called twice.

        Raises:
            Unsaid: of something it is not known that it arrived.
        """
        if self._closed:
            return
        try:
            if self._tasks and self._failure is None:
                async with self._clock.timeout(self._close_timeout_s):
                    await self._sender.until_sent()
        except TimeoutError:
            _log.debug("the room %s is left while something waits", self.name)
        finally:
            self._closed = True
            await self._end()
        if waiting := self._sender.outbox.waiting:
            reason = str(self._failure or self._sender.problem)
            raise Unsaid(self.name, waiting, reason) from self._failure

    # Reading it.

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> RoomEvent:
        """Return the next word, or what was refused; may be cancelled, nothing is lost.

        Raises:
            StopAsyncIteration: the room was closed.
            Refused, NotAFeed, Malformed, GaveUp, Expired: it cannot be read on.
        """
        event = await self._events.take()
        if event is None:
            raise StopAsyncIteration
        return event

    # Talking in it.

    def say(self, text: str) -> asyncio.Future[Sent]:
        """Say something, at any time: while away it waits, and is sent once there is a connection.

        Await what is returned until the server has it, or leave it alone. Cancelling it takes
        nothing back; `discard` does.

        Raises:
            InvalidParameter: at once: no server takes it.
            LimitExceeded: at once: 1,000 things, or 1,000,000 characters, wait already.
            Refused: when awaited: the server says no.
            Unsaid: when awaited: the room was closed before, or it was discarded.
        """
        return self._do(Say(text))

    def edit(self, message: str, text: str) -> asyncio.Future[Sent]:
        """Let a message of one's own read otherwise; as `say`."""
        return self._do(Edit(message, text))

    def delete(self, message: str) -> asyncio.Future[Sent]:
        """Delete a message of one's own, wherever it is kept; as `say`."""
        return self._do(Delete(message))

    async def type(self) -> None:
        """Tell that somebody types here; to be called as often as they do.

        Raises:
            Refused: the server says no.
        """
        self._check()
        await self._presence.type()

    def discard(self, id_: str) -> None:
        """Forget something unsent, by its id: what was refused, or is not to be sent any more."""
        self._sender.discard(id_)

    # Inside.

    def _do(self, action: Action) -> asyncio.Future[Sent]:
        self._check()
        id_, author = self._sender.do(action)
        if isinstance(action, Say):
            self._said.add(id_)
        return author

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._closed or not self._tasks:
            raise RuntimeError("a room is talked in within its `async with` block")

    def _begin(self, work: Callable[[], Awaitable[None]]) -> None:
        self._tasks.append(asyncio.create_task(self._run(work)))

    async def _run(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do the work of one task; what ends it ends the room, and is told to all who wait."""
        try:
            await work()
        except Exception as error:
            self._failure = self._failure or error
            self._sender.end(self._failure)
            self._events.end(self._failure)
            self._ring()
            if not isinstance(error, FeedError):
                raise

    async def _read(self) -> None:
        async for event in self._stream.events():
            self._take(event)
            await self._events.space()

    def _take(self, event: Event) -> None:
        if isinstance(event, Words):
            told = cast("list[dict[str, Any]]", event)
            words = [word for each in told if (word := word_of(each)) is not None]
            mono_s = self._clock.mono_s()
            self._give(self._state.take(words, mono_s, snapshot=event.snapshot))
        elif isinstance(event, Snapshot):
            if event.state == "end":
                self._give(self._state.end_snapshot(of_all=self._started_over))
                self._started_over, self._loaded = False, True
                self._ring()
        elif not isinstance(event, Batch | Mark):
            if isinstance(event, Gap) and event.missing is None:
                self._started_over = True
                self._sender.outbox.start_over()
            elif isinstance(event, Connected):
                self._state.restart()
                self._caller.wake()
            self._on_event(event)

    def _give(self, news: list[RoomWord]) -> None:
        for word in news:
            self._learn(word)
            self._events.put(word)

    def _learn(self, word: RoomWord) -> None:
        """Learn who the server takes one for: from what was said here, or under one's own name."""
        if word["T"] == "message" and word["id"] in self._said:
            self._said.discard(word["id"])
            self._by = word["by"]
        elif self._by is None and self._own_name and word.get("name") == self._own_name:
            self._by = word["by"]

    def _tell_refused(self, held: Unsent, error: Refused) -> None:
        told: Unpublished = {
            "T": "unpublished",
            "room": self.name,
            "id": held.id,
            "status": error.code or 0,
            "msg": error.words,
        }
        if held.entry is not None:
            told["entry"] = held.entry
        self._events.put(told)

    def _tell_absent(self, refused: Refused) -> None:
        """Tell that one reads, and is not among the members."""
        words = f"you are no member of the room {self.name}: {refused.words}"
        self._on_event(ServerWarning("not_present", words, (self.name,)))

    def _ring(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def _end(self) -> None:
        """End all tasks and connections, and tell whoever waits."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._failure is None:
            await self._presence.leave()
        await self._stream.close()
        await self._caller.close()
        self._sender.end()
        self._events.end()
        self._ring()
