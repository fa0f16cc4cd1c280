"""Keyed states: what was said under each key of a channel of words, and the state that it makes.

Theory of operation: a key has a *log*, its words with their sequences, and a *state*, which they
fold into: the text so far, whether it is over. Late comers begin with the state, and lose nothing
although the ring has moved on; who comes back with a position reads in the log what the ring does
not hold any more. Both are bounded: a log that is too long keeps its end, and what was before is in
the state alone; keys that are over are forgotten after a time, and earlier where there are too many
bytes. Knows no clock.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from feed.market.words import Word, WordChannel, fold
from feed.wire.selection import Selection

MAX_BYTES = 64 << 20  # of all logs
MAX_LOG_BYTES = 4 << 20  # of one
TTL_NS = 3_600_000_000_000  # that a key is kept which is over
_KEY_BYTES = 4_000  # of a key, with all that is kept of it elsewhere (measured: 3 to 5 kB)
_WORD_BYTES = 200  # of a word without its texts (measured: 184 and its reference and sequence)
_DROPPED_SHARE = 4  # of a log that is too long one part in so many is dropped at once
Key = tuple[WordChannel, str]


@dataclass(slots=True)
class _Kept:
    """What is kept of a key.

    Attributes:
        words: its log, or the end of it.
        sequences: of these.
        base: the state before them; None: they begin with the first.
        upto: the sequence up to which `base` goes.
        newest_ns: when the last word came, monotonic.
        used_bytes: of the log.
        state, folded: the state after so many of the words; made when it is asked for.
    """

    newest_ns: int
    words: list[Word] = field(default_factory=list)
    sequences: "array[int]" = field(default_factory=lambda: array("q"))
    base: Word | None = None
    upto: int = 0
    used_bytes: int = 0
    state: Word | None = None
    folded: int = 0


@dataclass(frozen=True, slots=True)
class KeptLog:
    """What is kept of a key.

    Attributes:
        key: its channel and name.
        base: the state before the words; None: they begin with the first.
        upto: the sequence up to which that goes.
        sequences: of the words.
        words: the log, or its end.
    """

    key: Key
    base: Word | None
    upto: int
    sequences: Sequence[int]
    words: Sequence[Word]


class KeyedStates:
    """The log and the state of each key, as of the last cut.

    Attributes:
        max_bytes: the most that `used_bytes` may be, but for those that are not over.
    """

    __slots__ = ("_kept", "_max_log_bytes", "_ttl_ns", "_words_bytes", "max_bytes")

    def __init__(
        self,
        max_bytes: int = MAX_BYTES,
        max_log_bytes: int = MAX_LOG_BYTES,
        ttl_ns: int = TTL_NS,
    ) -> None:
        """Begin with nothing.

        Args:
            max_bytes: of all logs and their keys; what is over is forgotten first, the oldest
                before.
            max_log_bytes: of one log.
            ttl_ns: the time for which a key is kept that is over.
        """
        self._kept: dict[Key, _Kept] = {}  # those with the oldest newest word first
        self.max_bytes = max_bytes
        self._max_log_bytes = max_log_bytes
        self._ttl_ns = ttl_ns
        self._words_bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def is_full(self) -> bool:
        """Whether there is more than there is room for."""
        return self.used_bytes > self.max_bytes

    @property
    def used_bytes(self) -> int:
        """Bytes of all logs, and of their keys."""
        return self._words_bytes + _KEY_BYTES * len(self._kept)

    def keys(self) -> list[Key]:
        """Return every key of which something is kept."""
        return list(self._kept)

    def note(self, words: Sequence[Word], first: int, mono_ns: int) -> None:
        """Take in the words of a cut, whose first has a sequence."""
        for sequence, word in enumerate(words, first):
            self._add((word.kind, word.symbol), word, sequence, mono_ns)
        if self.is_full:
            self._make_room()

    def log(self, channel: WordChannel, key: str) -> Sequence[Word] | None:
        """Return the words of a key that are kept, in order; None: nothing is known of it."""
        kept = self._kept.get((channel, key))
        return None if kept is None else kept.words

    def is_whole(self, channel: WordChannel, key: str) -> bool:
        """Tell whether the log of a key begins with its first word."""
        kept = self._kept.get((channel, key))
        return kept is not None and kept.base is None

    def sequences(self, channel: WordChannel, key: str) -> Sequence[int]:
        """Return the sequences of the words that `log` returns."""
        kept = self._kept.get((channel, key))
        return () if kept is None else kept.sequences

    def words_upto(self, channel: WordChannel, key: str, sequence: int) -> int:
        """Return how many words of a key there are up to a sequence, as far as is known."""
        kept = self._kept.get((channel, key))
        if kept is None:
            return 0
        index = bisect_right(kept.sequences, sequence)
        last = kept.words[index - 1] if index else kept.base
        return 0 if last is None else last.number + 1

    def state(self, channel: WordChannel, key: str) -> Word | None:
        """Return the state of a key; None: nothing is known of it."""
        kept = self._kept.get((channel, key))
        if kept is None:
            return None
        if kept.folded < len(kept.words) or kept.state is None:
            kept.state = fold(kept.state or kept.base, kept.words[kept.folded :])
            kept.folded = len(kept.words)
        return kept.state

    def states(self, selection: Selection) -> list[Word]:
        """Return the states of the keys that a selection names, of those that are known."""
        found = (self.state(channel, key) for channel, key in _keys(selection))
        return [state for state in found if state is not None]

    def between(self, selection: Selection, after: int, upto: int) -> list[Word] | None:
        """Return the words of a selection after a sequence, and up to another, in order.

        None: not all of them are kept any more; the state of such a key is.
        """
        found = self.numbered(selection, after, upto)
        return None if found is None else [word for _, word in found]

    def numbered(
        self, selection: Selection, after: int, upto: int
    ) -> list[tuple[int, Word]] | None:
        """Return what `between` does, each word with its sequence before it."""
        found: list[tuple[int, Word]] = []
        for name in _keys(selection):
            kept = self._kept.get(name)
            if kept is None:
                continue
            if kept.upto > after:
                return None
            part = slice(bisect_right(kept.sequences, after), bisect_right(kept.sequences, upto))
            found += zip(kept.sequences[part], kept.words[part], strict=True)
        found.sort(key=lambda pair: pair[0])
        return found

    def forget(self, channel: WordChannel, key: str) -> None:
        """Know nothing of a key any more."""
        kept = self._kept.pop((channel, key), None)
        if kept is not None:
            self._words_bytes -= kept.used_bytes

    def expire(self, mono_ns: int) -> None:
        """Forget the keys that have been over for too long; to be asked now and then."""
        for name, kept in list(self._kept.items()):
            if mono_ns - kept.newest_ns < self._ttl_ns:
                break  # whatever follows is newer
            if _is_over(kept):
                self.forget(*name)

    def clear(self) -> None:
        """Know nothing any more."""
        self._kept.clear()
        self._words_bytes = 0

    def logs(self) -> Iterator[KeptLog]:
        """Yield what is kept of each key, as of now, for another process."""
        for name, kept in list(self._kept.items()):
            yield KeptLog(name, kept.base, kept.upto, list(kept.sequences), list(kept.words))

    def restore(self, log: KeptLog, mono_ns: int) -> None:
        """Take up what `logs` yielded in another process."""
        kept = self._kept[log.key] = _Kept(mono_ns, base=log.base, upto=log.upto)
        for sequence, word in zip(log.sequences, log.words, strict=True):
            self._append(kept, word, sequence)

    def _add(self, name: Key, word: Word, sequence: int, mono_ns: int) -> None:
        kept = self._kept.pop(name, None) or _Kept(mono_ns)
        self._kept[name] = kept  # the newest is the last
        kept.newest_ns = mono_ns
        self._append(kept, word, sequence)
        if kept.used_bytes > self._max_log_bytes:
            self._shorten(name, kept)

    def _append(self, kept: _Kept, word: Word, sequence: int) -> None:
        kept.words.append(word)
        kept.sequences.append(sequence)
        size = _size(word)
        kept.used_bytes += size
        self._words_bytes += size

    def _shorten(self, name: Key, kept: _Kept) -> None:
        """Leave the beginning of a log to its state."""
        self.state(*name)
        drop = max(1, len(kept.words) // _DROPPED_SHARE)
        gone = kept.words[:drop]
        kept.base, kept.upto = fold(kept.base, gone), kept.sequences[drop - 1]
        del kept.words[:drop]
        del kept.sequences[:drop]
        kept.folded -= drop
        size = sum(map(_size, gone))
        kept.used_bytes -= size
        self._words_bytes -= size

    def _make_room(self) -> None:
        """Forget keys that are over, the oldest first, until there is room."""
        for name, kept in list(self._kept.items()):
            if not self.is_full:
                return
            if _is_over(kept):
                self.forget(*name)


def _keys(selection: Selection) -> Iterator[Key]:
    for channel, keys in selection.words:
        for key in sorted(keys):
            yield channel, key


def _is_over(kept: _Kept) -> bool:
    newest = kept.words[-1] if kept.words else kept.base
    return newest is None or newest.is_over


def _size(word: Word) -> int:
    return _WORD_BYTES + len(word.text) + len(word.facts)
