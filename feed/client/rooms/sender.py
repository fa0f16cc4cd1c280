"""The sender of a room: has what was done here done by the server, one after the other.

Theory of operation: what is done goes into the outbox, and whoever did it is given a future. The
next is sent again until the server has an answer, by HTTP, and only then the one after it; so all
arrive in order, and each once by its id.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable
from typing import Any

from feed.client.calls import Caller
from feed.client.clock import Clock
from feed.client.errors import Refused
from feed.client.events import Disconnected
from feed.client.rooms.actions import Action, Sent, Unsent, call_for
from feed.client.rooms.errors import Unsaid
from feed.client.rooms.outbox import Outbox

_ID_BYTES = 16
_log = logging.getLogger("feed.client")


class Sender:
    """Sends what is done in one room.

    Attributes:
        outbox: holds it.
        problem: why the newest attempt failed, in words.
    """

    def __init__(  # noqa: PLR0917 - its parts
        self,
        room: str,
        name: str,
        caller: Caller,
        clock: Clock,
        tell_refused: Callable[[Unsent, Refused], object],
        tell_problem: Callable[[Disconnected], object],
    ) -> None:
        """Send nothing yet.

        Args:
            room: which.
            name: what an anonymous one calls itself; "": nothing.
            caller: calls the server.
            clock: the time.
            tell_refused: is called with what the server says no to.
            tell_problem: is called with each attempt that failed.
        """
        self.outbox = Outbox()
        self.problem = "there was no time"
        self._room = room
        self._name = name
        self._caller = caller
        self._clock = clock
        self._tell_refused = tell_refused
        self._tell_problem = tell_problem
        self._authors: dict[str, asyncio.Future[Sent]] = {}  # who waits, by what was done
        self._changed = asyncio.Event()  # another one each time

    def do(self, action: Action) -> tuple[str, asyncio.Future[Sent]]:
        """Hold an action until it is sent; return its id, and what becomes of it.

        Raises:
            InvalidParameter, LimitExceeded: it is not held.
        """
        id_ = secrets.token_hex(_ID_BYTES)
        self.outbox.add(id_, action, self._clock.wall_ns())
        author = self._authors[id_] = asyncio.get_running_loop().create_future()
        author.add_done_callback(_hear)
        self._ring()
        return id_, author

    def discard(self, id_: str) -> None:
        """Forget something that is held."""
        held = self.outbox.discard(id_)
        if held is not None:
            self._answer(id_, Unsaid(self._room, (held,), "it was discarded"))
            self._ring()

    async def run(self) -> None:
        """Send what waits, one after the other, until it is cancelled."""
        while True:
            held = self.outbox.next
            if held is None:
                await self._changed.wait()
                continue
            call = call_for(self._room, self._name, held)
            try:
                answer = await self._caller.until_answered(call, self._note_problem)
            except Refused as refused:
                self._refuse(held.id, refused)
            else:
                self._settle(held.id, answer)
            self._ring()

    async def until_sent(self) -> None:
        """Wait until nothing waits."""
        while self.outbox.next is not None:
            await self._changed.wait()

    def end(self, reason: Exception | None = None) -> None:
        """Tell all who wait that nothing is sent any more, and why."""
        for held in self.outbox.waiting:
            self._answer(held.id, reason or Unsaid(self._room, (held,), self.problem))

    def _settle(self, id_: str, answer: dict[str, Any]) -> None:
        self._answer(id_, self.outbox.settle(id_, answer))

    def _refuse(self, id_: str, error: Refused) -> None:
        told = self.outbox.refuse(id_, error)
        if isinstance(told, Sent):
            self._answer(id_, told)
        elif told is not None:
            self._answer(id_, error)
            _log.warning("in the room %s something is not published: %s", self._room, error)
            self._tell_refused(told, error)

    def _answer(self, id_: str, answer: Sent | Exception) -> None:
        author = self._authors.pop(id_, None)
        if author is None or author.done():  # it was cancelled
            return
        if isinstance(answer, Exception):
            author.set_exception(answer)
        else:
            author.set_result(answer)

    def _note_problem(self, event: Disconnected) -> None:
        self.problem = event.reason
        self._tell_problem(event)

    def _ring(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


def _hear(author: asyncio.Future[Sent]) -> None:
    """Let what nobody awaits go without a complaint: a refusal is told by an event too."""
    if not author.cancelled():
        author.exception()
