"""What is kept of one generation: its log, and the state that it makes.

A log that is too long keeps its end, and what was before is in the state alone. Knows no clock.
"""

from array import array
from bisect import bisect_right
from collections.abc import Sequence

from feed.market.generation_words import GenerationWord, fold
from feed.market.words import Word

_WORD_BYTES = 200  # of a word without its texts (measured: 184 and its reference and sequence)
_DROPPED_SHARE = 4  # of a log that is too long one part in so many is dropped at once


class KeptGeneration:
    """The words of a generation, or the last of them.

    Attributes:
        newest_ns: when the last word came, monotonic.
        words: the log, or its end.
        sequences: of these.
        base: the state before them; None: they begin with the first.
        upto: the sequence up to which `base` goes.
        used_bytes: of the log.
    """

    __slots__ = (
        "_folded",
        "_state",
        "base",
        "newest_ns",
        "sequences",
        "upto",
        "used_bytes",
        "words",
    )

    def __init__(self, newest_ns: int, base: GenerationWord | None = None, upto: int = 0) -> None:
        """Begin with a state, or with nothing; the arguments are the attributes."""
        self.newest_ns = newest_ns
        self.words: list[GenerationWord] = []
        self.sequences: array[int] = array("q")
        self.base = base
        self.upto = upto
        self.used_bytes = 0
        self._state: GenerationWord | None = None
        self._folded = 0  # words that are in it

    @property
    def is_whole(self) -> bool:
        """Whether the log begins with the first word."""
        return self.base is None

    @property
    def is_over(self) -> bool:
        """Whether nothing follows."""
        newest = self.words[-1] if self.words else self.base
        return newest is None or newest.is_over

    @property
    def state(self) -> GenerationWord | None:
        """The state after all words; None: there is nothing."""
        if self._folded < len(self.words) or self._state is None:
            self._state = fold(self._state or self.base, self.words[self._folded :])
            self._folded = len(self.words)
        return self._state

    def states(self) -> list[Word]:
        """Return what late comers are told."""
        return [] if self.state is None else [self.state]

    def add(self, word: GenerationWord, sequence: int) -> None:
        """Take the next word in."""
        self.words.append(word)
        self.sequences.append(sequence)
        self.used_bytes += _size(word)

    def upto_sequence(self, sequence: int) -> int:
        """Return how many words there are up to a sequence, as far as is known."""
        index = bisect_right(self.sequences, sequence)
        last = self.words[index - 1] if index else self.base
        return 0 if last is None else last.number + 1

    def numbered(self, after: int, upto: int) -> list[tuple[int, Word]] | None:
        """Return the words after a sequence up to another; None: not all are kept any more."""
        if self.upto > after:
            return None
        part = slice(bisect_right(self.sequences, after), bisect_right(self.sequences, upto))
        return list(zip(self.sequences[part], self.words[part], strict=True))

    def told(self) -> tuple[Sequence[int], Sequence[GenerationWord]]:
        """Return the words with their sequences, as of now."""
        return list(self.sequences), list(self.words)

    def shorten(self, most_bytes: int) -> None:
        """Leave the beginning of a log that is too long to its state."""
        if self.used_bytes <= most_bytes or self.state is None:
            return
        drop = max(1, len(self.words) // _DROPPED_SHARE)
        gone = self.words[:drop]
        self.base, self.upto = fold(self.base, gone), self.sequences[drop - 1]
        del self.words[:drop]
        del self.sequences[:drop]
        self._folded -= drop
        self.used_bytes -= sum(map(_size, gone))


def _size(word: GenerationWord) -> int:
    return _WORD_BYTES + len(word.text) + len(word.facts)
