"""The outbox of a room: what was done here and is not known to have arrived.

One after the other, in order, each under an id of its own, by which the server takes it once
however often it is sent. What the server refuses stays, with its reason, until it is discarded.
Bounded. Knows no socket and no clock, and sends nothing.
"""

from dataclasses import replace
from http import HTTPStatus
from typing import Any, cast

from feed.client.errors import Refused
from feed.client.rooms.actions import Action, ChangeList, Delete, Sent, Unsent, check, letters_of
from feed.client.rooms.words import Entry, Removed
from feed.errors import LimitExceeded

MOST_ACTIONS = 1_000  # that are held
MOST_LETTERS = 1_000_000  # of them


class Outbox:
    """What one room holds."""

    __slots__ = ("_held", "_letters", "_reached")

    def __init__(self) -> None:
        """Hold nothing yet."""
        self._held: dict[str, Unsent] = {}  # by id, in order
        self._letters = 0
        # Versions that entries have by what was sent from here: their words may come later.
        self._reached: dict[str, int] = {}

    @property
    def unsent(self) -> tuple[Unsent, ...]:
        """All that is held, in order."""
        return tuple(self._held.values())

    @property
    def waiting(self) -> tuple[Unsent, ...]:
        """The same without what was refused."""
        return tuple(held for held in self._held.values() if held.refused is None)

    @property
    def next(self) -> Unsent | None:
        """What is due next; None: nothing is."""
        return next((held for held in self._held.values() if held.refused is None), None)

    def add(self, id_: str, action: Action, wall_ns: int) -> Unsent:
        """Take an action; return it as it is held.

        Raises:
            InvalidParameter: no server takes it.
            LimitExceeded: too much is held.
        """
        check(action)
        if len(self._held) >= MOST_ACTIONS:
            raise LimitExceeded("what waits to be sent", len(self._held) + 1, MOST_ACTIONS)
        letters = self._letters + letters_of(action)
        if letters > MOST_LETTERS:
            raise LimitExceeded("characters that wait to be sent", letters, MOST_LETTERS)
        self._letters = letters
        held = self._held[id_] = Unsent(id_, action, wall_ns)
        return held

    def version(self, symbol: str, known: int) -> int:
        """Return the version that an entry will have once what waits is done.

        Args:
            symbol: of the entry.
            known: the version that was told last; 0: none was.
        """
        changes = self._changes(symbol)
        if changes:
            last = changes[-1].action
            assert isinstance(last, ChangeList)
            return last.version + 1
        reached = self._reached.get(symbol, 0)
        if known >= reached:
            self._reached.pop(symbol, None)
        return max(known, reached)

    def start_over(self) -> None:
        """Note that the server begins anew: versions count from the beginning."""
        self._reached.clear()

    def settle(self, id_: str, answer: dict[str, Any]) -> Sent:
        """Note that the server has it; return what its author is told."""
        held = self._take(id_)
        if held is not None and isinstance(held.action, ChangeList):
            # Also where it was so already: by a first try, as far as is known here.
            self._reached[held.action.symbol] = held.action.version + 1
        position = answer.get("pos")
        return Sent(id_, position if isinstance(position, str) else None)

    def refuse(self, id_: str, error: Refused) -> Unsent | Sent | None:
        """Note that the server does not take it; return what its author is told.

        That is nothing where it is to be sent once more, and that it is sent where what was asked
        for is so already: the first answer was lost, and it stands in the way of itself.
        """
        held = self._held.get(id_)
        if held is None:
            return None
        entry = _entry_of(error)
        if _is_done(held.action, error, entry):
            return self.settle(id_, {})
        if self._count_again(held, error, entry):
            return None
        refused = self._held[id_] = replace(held, refused=error, entry=entry)
        return refused

    def discard(self, id_: str) -> Unsent | None:
        """Forget what was refused, or does not have to be sent any more; None: it is not held."""
        return self._take(id_)

    def _changes(self, symbol: str) -> list[Unsent]:
        """Return what waits of one entry."""
        return [
            held
            for held in self._held.values()
            if held.refused is None
            and isinstance(held.action, ChangeList)
            and held.action.symbol == symbol
        ]

    def _count_again(self, held: Unsent, error: Refused, entry: Entry | Removed | None) -> bool:
        """Take the version that a server has, where no change of somebody else is lost by it.

        It is behind what was counted here, where a change before found it so already, and made no
        version of its own, or where the server has begun anew. And what is to be added may have
        been removed before: that it is not there is what its author saw.
        """
        version, action = error.problem.get("version"), held.action
        if error.code != HTTPStatus.CONFLICT or not isinstance(action, ChangeList):
            return False
        if type(version) is not int or version < 0 or version == action.version:
            return False
        is_gone = entry is not None and entry.get("T") == "removed"
        if version > action.version and not (action.op == "add" and is_gone):
            return False
        for each in self._changes(action.symbol):
            change = cast("ChangeList", each.action)
            counted = max(0, change.version + version - action.version)
            self._held[each.id] = replace(each, action=replace(change, version=counted))
        return True

    def _take(self, id_: str) -> Unsent | None:
        held = self._held.pop(id_, None)
        if held is not None:
            self._letters -= letters_of(held.action)
        return held


def _entry_of(error: Refused) -> Entry | Removed | None:
    """Return the entry that a refusal tells of."""
    entry = error.problem.get("entry")
    return cast("Entry | Removed", entry) if isinstance(entry, dict) else None


def _is_done(action: Action, error: Refused, entry: Entry | Removed | None) -> bool:
    """Tell whether what is refused is as it was to be: what was asked for is so already."""
    if isinstance(action, Delete):
        return error.code in {HTTPStatus.GONE, HTTPStatus.NOT_FOUND}
    if not isinstance(action, ChangeList) or error.code != HTTPStatus.CONFLICT or entry is None:
        return False
    if entry.get("version") != action.version + 1:
        return False
    is_removed = entry.get("T") == "removed"
    match action.op:
        case "remove":
            return is_removed
        case "add" | "note":
            return not is_removed and entry.get("note", "") == (action.note or "")
        case "move":
            return False  # where it was to go is not told
