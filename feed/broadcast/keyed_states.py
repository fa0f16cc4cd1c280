"""Keyed states: what was said under each key of a channel of words, and the state that it makes.

Theory of operation: of a generation a *log* is kept, its words with their sequences, which fold
into a *state*: the text so far, whether it is over. Of any other key its *parts* are, each with its
newest word: the messages of a room, the members, a job. Late comers begin with the state, and lose
nothing although the ring has moved on; who comes back with a position reads here what the ring does
not hold any more. All of it is bounded; keys that are over are forgotten after a time, and earlier
where there are too many bytes. Knows no clock.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from feed.broadcast.kept_generation import KeptGeneration
from feed.broadcast.kept_parts import MOST_PARTS, KeptParts
from feed.market.generation_words import GenerationType, GenerationWord
from feed.market.word_channels import WordChannel
from feed.market.words import PartWord, Word
from feed.wire.selection import Selection

MAX_BYTES = 64 << 20  # of all keys
MAX_KEY_BYTES = 4 << 20  # of one
TTL_NS = 3_600_000_000_000  # that a key is kept which is over
_KEY_BYTES = 4_000  # of a key, with all that is kept of it elsewhere (measured: 3 to 5 kB)
Key = tuple[WordChannel, str]
_Kept = KeptGeneration | KeptParts


@dataclass(frozen=True, slots=True)
class KeptLog:
    """What is kept of a key, for another process.

    Attributes:
        key: its channel and name.
        base: of a generation: the state before the words; None: they begin with the first.
        upto: the sequence up to which that goes, or the newest of what was dropped.
        sequences: of the words.
        words: the log or its end; or the newest word of each part.
    """

    key: Key
    base: GenerationWord | None
    upto: int
    sequences: Sequence[int]
    words: Sequence[Word]


class KeyedStates:
    """What is kept of each key, as of the last cut.

    Attributes:
        max_bytes: the most that `used_bytes` may be, but for those that are not over.
        max_parts: the most that a key may have of parts, such as messages.
    """

    __slots__ = ("_kept", "_kept_bytes", "_max_key_bytes", "_ttl_ns", "max_bytes", "max_parts")

    def __init__(
        self,
        max_bytes: int = MAX_BYTES,
        max_key_bytes: int = MAX_KEY_BYTES,
        ttl_ns: int = TTL_NS,
        max_parts: int = MOST_PARTS,
    ) -> None:
        """Begin with nothing.

        Args:
            max_bytes: of all keys and what is kept of them; what is over is forgotten first, the
                oldest before.
            max_key_bytes: of one of them.
            ttl_ns: the time for which a key is kept that is over.
            max_parts: of one key.
        """
        self._kept: dict[Key, _Kept] = {}  # those with the oldest newest word first
        self.max_bytes = max_bytes
        self.max_parts = max_parts
        self._max_key_bytes = max_key_bytes
        self._ttl_ns = ttl_ns
        self._kept_bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def is_full(self) -> bool:
        """Whether there is more than there is room for."""
        return self.used_bytes > self.max_bytes

    @property
    def used_bytes(self) -> int:
        """Bytes of all that is kept."""
        return self._kept_bytes + _KEY_BYTES * len(self._kept)

    def keys(self) -> list[Key]:
        """Return every key of which something is kept."""
        return list(self._kept)

    def counts(self) -> Counter[WordChannel]:
        """Return of how many keys of each channel something is kept."""
        return Counter(channel for channel, _ in self._kept)

    def keys_of(self, channel: WordChannel) -> list[str]:
        """Return the keys of a channel of which something is kept."""
        return [key for each, key in self._kept if each is channel]

    def knows(self, channel: WordChannel, key: str) -> bool:
        """Tell whether something is kept of a key."""
        return (channel, key) in self._kept

    def bytes_of(self, channel: WordChannel, key: str) -> int:
        """Return the bytes of what is kept of a key."""
        kept = self._kept.get((channel, key))
        return 0 if kept is None else kept.used_bytes

    def note(self, words: Sequence[Word], first: int, mono_ns: int) -> None:
        """Take in the words of a cut, whose first has a sequence."""
        for sequence, word in enumerate(words, first):
            self._add(word, sequence, mono_ns)
        if self.is_full:
            self._make_room()

    def generation(self, key: str) -> KeptGeneration | None:
        """Return what is kept of a generation; None: nothing is known of it."""
        kept = self._kept.get((WordChannel.GENERATIONS, key))
        return kept if isinstance(kept, KeptGeneration) else None

    def parts(self, channel: WordChannel, key: str) -> Sequence[PartWord]:
        """Return the newest word of each part of a key, what is gone too, in sequence."""
        kept = self._kept.get((channel, key))
        return kept.words if isinstance(kept, KeptParts) else ()

    def here(self, channel: WordChannel, key: str) -> list[PartWord]:
        """Return the parts of a key that are not gone, in the order in which they began."""
        kept = self._kept.get((channel, key))
        return kept.here() if isinstance(kept, KeptParts) else []

    def part(self, channel: WordChannel, key: str, name: str) -> PartWord | None:
        """Return the newest word of a part of a key; None: there is none."""
        kept = self._kept.get((channel, key))
        return kept.word(name) if isinstance(kept, KeptParts) else None

    def first_sequence(self, channel: WordChannel, key: str, name: str) -> int:
        """Return the sequence of the first word of a part, as far as is known; 0: it is not."""
        kept = self._kept.get((channel, key))
        return kept.first_sequence(name) if isinstance(kept, KeptParts) else 0

    def sequences_of(self, channel: WordChannel, key: str, name: str) -> list[int] | None:
        """Return the sequences of all that was said of a part; None: not all of them are known."""
        kept = self._kept.get((channel, key))
        return kept.sequences_of(name) if isinstance(kept, KeptParts) else None

    def words_upto(self, channel: WordChannel, key: str, sequence: int) -> int:
        """Return how many words, or parts, a key has up to a sequence, as far as is known."""
        kept = self._kept.get((channel, key))
        return 0 if kept is None else kept.upto_sequence(sequence)

    def states(self, selection: Selection) -> list[Word]:
        """Return the states of the keys that a selection names, of those that are known."""
        found: list[Word] = []
        for name in _keys(selection):
            if (kept := self._kept.get(name)) is not None:
                found += kept.states()
        return found

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
            part = kept.numbered(after, upto)
            if part is None:
                return None
            found += part
        found.sort(key=lambda pair: pair[0])
        return found

    def forget(self, channel: WordChannel, key: str) -> None:
        """Know nothing of a key any more."""
        kept = self._kept.pop((channel, key), None)
        if kept is not None:
            self._kept_bytes -= kept.used_bytes

    def expire(self, mono_ns: int) -> None:
        """Forget the keys that have been over for too long; to be asked now and then."""
        for name, kept in list(self._kept.items()):
            if mono_ns - kept.newest_ns < self._ttl_ns:
                break  # whatever follows is newer
            if kept.is_over:
                self.forget(*name)

    def clear(self) -> None:
        """Know nothing any more."""
        self._kept.clear()
        self._kept_bytes = 0

    def logs(self) -> Iterator[KeptLog]:
        """Yield what is kept of each key, as of now, for another process."""
        for name, kept in list(self._kept.items()):
            base = kept.base if isinstance(kept, KeptGeneration) else None
            yield KeptLog(name, base, kept.upto, *kept.told())

    def restore(self, log: KeptLog, mono_ns: int) -> None:
        """Take up what `logs` yielded in another process."""
        self.forget(*log.key)
        channel, _ = log.key
        said = zip(log.sequences, log.words, strict=True)
        if channel is WordChannel.GENERATIONS:
            self._kept[log.key] = KeptGeneration(mono_ns, log.base, log.upto)
            for sequence, word in said:
                self._add(word, sequence, mono_ns)
            return
        parts = self._kept[log.key] = KeptParts(mono_ns, log.upto)
        for sequence, word in said:
            if not isinstance(word, GenerationWord):
                parts.take_up(word, sequence)
        self._kept_bytes += parts.used_bytes

    def _add(self, word: Word, sequence: int, mono_ns: int) -> None:
        name: Key = (word.kind, word.symbol)
        kept = self._kept.pop(name, None)
        if isinstance(word, GenerationWord):
            if kept is None and word.type is not GenerationType.GENERATION:
                return  # it began where this server was not told: whose it is, is not known
            log = kept if isinstance(kept, KeptGeneration) else KeptGeneration(mono_ns)
            before = log.used_bytes
            log.add(word, sequence)
            log.shorten(self._max_key_bytes)
            kept = log
        else:
            parts = kept if isinstance(kept, KeptParts) else KeptParts(mono_ns)
            before = parts.used_bytes
            parts.add(word, sequence)
            parts.shorten(self._max_key_bytes, self.max_parts)
            kept = parts
            if not parts:  # what was said is kept nowhere
                self._kept_bytes -= before
                return
        self._kept[name] = kept  # the newest is the last
        kept.newest_ns = mono_ns
        self._kept_bytes += kept.used_bytes - before

    def _make_room(self) -> None:
        """Forget keys that are over, the oldest first, until there is room."""
        for name, kept in list(self._kept.items()):
            if not self.is_full:
                return
            if kept.is_over:
                self.forget(*name)


def _keys(selection: Selection) -> Iterator[Key]:
    for channel, keys in selection.words:
        for key in sorted(keys):
            yield channel, key
