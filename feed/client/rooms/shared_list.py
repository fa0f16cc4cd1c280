"""The list that a room keeps: symbols in an order, each with a note.

Each change says which version of the entry it is of. Where somebody else was faster it is refused,
and the refusal tells how the entry is now.
"""

import asyncio
from collections.abc import Callable

from feed.client.rooms.actions import Action, ChangeList, ListOp, Sent
from feed.client.rooms.outbox import Outbox
from feed.client.rooms.state import RoomState


class SharedList:
    """The list of one room. Its methods return and raise as `Room.say` does."""

    def __init__(
        self, state: RoomState, outbox: Outbox, do: Callable[[Action], "asyncio.Future[Sent]"]
    ) -> None:
        """Change nothing yet.

        Args:
            state: of the room.
            outbox: of the room.
            do: has an action done.
        """
        self._state = state
        self._outbox = outbox
        self._do = do

    def add(
        self, symbol: str, *, before: str | None = None, note: str | None = None
    ) -> "asyncio.Future[Sent]":
        """Add a symbol before another one, by default at the end."""
        return self._change("add", symbol, before, note)

    def remove(self, symbol: str) -> "asyncio.Future[Sent]":
        """Remove a symbol."""
        return self._change("remove", symbol)

    def move(self, symbol: str, *, before: str | None = None) -> "asyncio.Future[Sent]":
        """Move a symbol before another one, by default to the end."""
        return self._change("move", symbol, before)

    def note(self, symbol: str, note: str) -> "asyncio.Future[Sent]":
        """Note something on a symbol, in place of what was noted."""
        return self._change("note", symbol, note=note)

    def _change(
        self, op: ListOp, symbol: str, before: str | None = None, note: str | None = None
    ) -> "asyncio.Future[Sent]":
        known = self._state.version(symbol)
        version = self._outbox.version(symbol, known)
        return self._do(ChangeList(op, symbol, version, before, note))
