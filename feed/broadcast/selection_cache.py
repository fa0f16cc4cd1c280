"""A cache of what was made for selections, weighed by bytes.

Its keys are selections and a rest, such as the number of a segment. A selection of 5,000 symbols is
itself half a megabyte, so selections are weighed too, each once, however many entries it has. The
longest unused entries go where there are too many bytes; the newest stays, whatever it weighs.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from feed.wire.selection import Selection

ENTRY_BYTES = 400  # a key, its tuples and its place (measured)
SYMBOL_BYTES = 110  # a short text, and its place in a set (measured)

Rest = TypeVar("Rest", bound=Hashable)
Value = TypeVar("Value")


class SelectionCache(Generic[Rest, Value]):
    """Values by selection and rest.

    Attributes:
        max_bytes: the most that all entries may weigh together.
        used_bytes: their weight now.
    """

    __slots__ = ("_entries", "_held", "max_bytes", "used_bytes")

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.used_bytes = 0
        self._entries: OrderedDict[tuple[Selection, Rest], tuple[Value, int]] = OrderedDict()
        self._held: Counter[Selection] = Counter()  # entries of each selection

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, selection: Selection, rest: Rest) -> Value | None:
        """Return a value, which counts as used now; None: there is none."""
        known = self._entries.get((selection, rest))
        if known is None:
            return None
        self._entries.move_to_end((selection, rest))
        return known[0]

    def put(self, selection: Selection, rest: Rest, value: Value, value_bytes: int) -> None:
        """Keep a value, in place of another with the same key; let go of others if need be."""
        if (selection, rest) in self._entries:
            self._drop(selection, rest)
        self._entries[selection, rest] = value, value_bytes
        if not self._held[selection]:
            self.used_bytes += _weight(selection)
        self._held[selection] += 1
        self.used_bytes += ENTRY_BYTES + value_bytes
        while self.used_bytes > self.max_bytes and len(self._entries) > 1:
            self.drop_oldest()

    @property
    def oldest(self) -> tuple[Selection, Rest] | None:
        """The key of the longest unused entry; None: there is none."""
        return next(iter(self._entries), None)

    def drop_oldest(self) -> None:
        """Let go of the longest unused entry, which there must be."""
        selection, rest = next(iter(self._entries))
        self._drop(selection, rest)

    def drop_where(self, chosen: Callable[[Rest], bool]) -> None:
        """Let go of the entries whose rest is chosen; O(entries)."""
        for selection, rest in [key for key in self._entries if chosen(key[1])]:
            self._drop(selection, rest)

    def clear(self) -> None:
        """Let go of everything."""
        self._entries.clear()
        self._held.clear()
        self.used_bytes = 0

    def _drop(self, selection: Selection, rest: Rest) -> None:
        _, value_bytes = self._entries.pop((selection, rest))
        self.used_bytes -= ENTRY_BYTES + value_bytes
        self._held[selection] -= 1
        if not self._held[selection]:
            del self._held[selection]
            self.used_bytes -= _weight(selection)


def _weight(selection: Selection) -> int:
    return SYMBOL_BYTES * selection.entries
