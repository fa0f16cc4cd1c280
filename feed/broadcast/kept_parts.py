"""What is kept of a key whose words are of parts of it: of each part the newest.

A part is a message of a room, an entry of its list, a member, a firing, a job. Who missed something
is given each part that changed meanwhile, as it is now: an edit in between is in the message, and
what is gone comes as the word that says so. Knows no clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from feed.market.job_words import JobWord
from feed.market.presence_words import PresenceType
from feed.market.room_words import MessageWord, RoomType
from feed.market.words import PartWord, Word

MOST_PARTS = 10_000  # of one key
_PART_BYTES = 500  # of a part without its texts
_DROPPED_SHARE = 8  # of too many one in so many is dropped at once


@dataclass(slots=True)
class _Part:
    """The newest word of a part, its sequence, that of the first one, and those between.

    None: they are not known, but to another process.
    """

    first: int
    last: int
    word: PartWord
    between: tuple[int, ...] | None = ()


class KeptParts:
    """The parts of one key.

    Attributes:
        newest_ns: when the last word came, monotonic.
        upto: the newest sequence of what was dropped, since there was too much.
        used_bytes: of all parts.
    """

    __slots__ = ("_parts", "newest_ns", "upto", "used_bytes")

    def __init__(self, newest_ns: int, upto: int = 0) -> None:
        """Begin with nothing; the arguments are the attributes."""
        self.newest_ns = newest_ns
        self.upto = upto
        self.used_bytes = 0
        self._parts: dict[str, _Part] = {}  # that with the oldest newest word first

    def __len__(self) -> int:
        return len(self._parts)

    @property
    def words(self) -> Sequence[PartWord]:
        """The newest word of each part, what is gone too, in sequence."""
        return [part.word for part in self._parts.values()]

    @property
    def is_over(self) -> bool:
        """Whether nothing is here that somebody may want: all of it is gone, or has ended."""
        return all(_has_ended(part.word) for part in self._parts.values())

    def word(self, name: str) -> PartWord | None:
        """Return the newest word of a part; None: there is none."""
        part = self._parts.get(name)
        return None if part is None else part.word

    def first_sequence(self, name: str) -> int:
        """Return the sequence of the first word of a part; 0: there is none."""
        part = self._parts.get(name)
        return 0 if part is None else part.first

    def states(self) -> list[Word]:
        """Return what late comers are told."""
        return [*self.here()]

    def here(self) -> list[PartWord]:
        """Return what is not gone, in the order in which it began."""
        here = [part for part in self._parts.values() if not part.word.is_gone]
        return [part.word for part in sorted(here, key=lambda part: part.first)]

    def add(self, word: PartWord, sequence: int) -> None:
        """Take a word in; it takes the place of the one before."""
        if word.type is PresenceType.TYPING:
            return  # is kept nowhere
        part = _Part(sequence, sequence, word)
        earlier = self._parts.pop(part.word.part, None)
        if earlier is not None:
            part.first, part.between = earlier.first, earlier.between
            if part.between is not None and earlier.last != earlier.first:
                part.between += (earlier.last,)
            self.used_bytes -= _size(earlier.word)
            word = part.word = _after(word, earlier.word)
        elif word.type is RoomType.EDITED:
            part.between = None  # it was dropped, or said where this server was not told
        self._parts[word.part] = part
        self.used_bytes += _size(word)

    def take_up(self, word: PartWord, sequence: int) -> None:
        """Take in the newest word of a part, as another process had it."""
        self._parts[word.part] = _Part(sequence, sequence, word, None)
        self.used_bytes += _size(word)

    def sequences_of(self, name: str) -> list[int] | None:
        """Return the sequences of all that was said of a part; None: not all of them are known."""
        part = self._parts.get(name)
        if part is None or part.between is None:
            return None
        return [part.first, *part.between, part.last]

    def upto_sequence(self, sequence: int) -> int:
        """Return how many parts there are up to a sequence, as far as is known."""
        return sum(part.first <= sequence for part in self._parts.values())

    def numbered(self, after: int, upto: int) -> list[tuple[int, Word]] | None:
        """Return each part that changed after a sequence up to another, in sequence.

        What has changed again since comes as it is now. None: something that changed then is not
        kept any more.
        """
        if self.upto > after:
            return None
        found: list[tuple[int, Word]] = []
        for part in self._parts.values():
            if after < part.last <= upto:
                found.append((part.last, part.word))
            elif after < part.first <= upto:
                found.append((part.first, part.word))
        found.sort(key=lambda pair: pair[0])
        return found

    def told(self) -> tuple[Sequence[int], Sequence[PartWord]]:
        """Return the newest words with their sequences, as of now."""
        return [part.last for part in self._parts.values()], self.words

    def shorten(self, most_bytes: int, most_parts: int = MOST_PARTS) -> None:
        """Drop the oldest of what is too much: what is gone before messages; nothing else is."""
        if self.used_bytes <= most_bytes and len(self._parts) <= most_parts:
            return
        parts = list(self._parts.items())
        dropped = [name for name, part in parts if part.word.is_gone]
        dropped += [
            name
            for name, part in parts
            if isinstance(part.word, MessageWord) and not part.word.is_gone
        ]
        left = max(1, len(parts) // _DROPPED_SHARE)
        for name in dropped[:left]:
            part = self._parts.pop(name)
            self.upto = max(self.upto, part.last)
            self.used_bytes -= _size(part.word)


def _after(word: PartWord, earlier: PartWord) -> PartWord:
    """Return what is kept of a part once a word was said after an earlier one."""
    if type(word) is not type(earlier):  # a message is never an entry
        return word
    kept: PartWord = word.after(earlier)  # type: ignore[arg-type]  # of the same class
    return kept


def _has_ended(word: PartWord) -> bool:
    return word.is_over if isinstance(word, JobWord) else word.is_gone


def _size(word: PartWord) -> int:
    return _PART_BYTES + word.texts_bytes
