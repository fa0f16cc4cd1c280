"""What a process has left undone: deleted messages whose texts some file has still.

It learns what the log and the checkpoint say while they are read. Knows no file.
"""

from collections.abc import Iterable, Sequence

from feed.broadcast.log import Deletion
from feed.market.room_words import MessageWord
from feed.state.erasing.texts import Name


class Undone:
    """What was said and deleted, as it is read."""

    __slots__ = ("_deleted", "_said")

    def __init__(self) -> None:
        """Begin with nothing."""
        self._deleted: dict[Name, int] = {}  # the last sequence under which it is deleted
        self._said: dict[Name, int] = {}  # the first one under which the log has a text

    @property
    def deleted(self) -> frozenset[Name]:
        """All messages that are deleted."""
        return frozenset(self._deleted)

    def note_kept(self, words: Iterable[object], sequences: Iterable[int]) -> None:
        """Note what a checkpoint has of a key: words and their sequences."""
        for word, sequence in zip(words, sequences, strict=True):
            if type(word) is MessageWord and word.is_gone:
                self._note_deleted(word, sequence)

    def note_logged(self, events: Iterable[object], first: int) -> None:
        """Note the events of a record of the log, whose first has a sequence."""
        for sequence, event in enumerate(events, first):
            if type(event) is MessageWord:
                if event.is_gone:
                    self._note_deleted(event, sequence)
                else:
                    self._said.setdefault((event.symbol, event.id), sequence)

    def deletions(self, checkpointed: int) -> Sequence[Deletion]:
        """Return what is to be erased: what the log has still, and the checkpoint perhaps.

        Args:
            checkpointed: the sequence of the checkpoint; it may have what was deleted later.
        """
        return [
            Deletion(*name, self._said.get(name, 0), last)
            for name, last in self._deleted.items()
            if name in self._said or last > checkpointed
        ]

    def forget(self, upto: int) -> None:
        """Forget what was said up to a sequence: of what is deleted later it is not known where."""
        for name in [name for name, first in self._said.items() if first <= upto]:
            del self._said[name]

    def _note_deleted(self, word: MessageWord, sequence: int) -> None:
        name = word.symbol, word.id
        self._deleted[name] = max(self._deleted.get(name, 0), sequence)
