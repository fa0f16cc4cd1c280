"""Rates that several processes keep together: one table in a file that all map and write.

For each of whom is known there is one number (`feed.trust.rates`), by a monotonic clock that all
processes of a machine share. Nothing is locked: two that count for somebody at the same moment may
count one action, and that is as far as it goes, since both say when it is over. Of a bucket that is
full whoever is due first is forgotten.
"""

import mmap
import os
from collections.abc import Hashable
from pathlib import Path

from feed.trust.rates import Rates
from feed.trust.shared_counts import key_of

_NS_PER_S = 1_000_000_000
_WORD_BYTES = 8
_CELL_WORDS = 2  # the key, when all that was let through would have been due
_CELLS_OF_BUCKET = 8
BUCKETS = 1 << 12  # 32,768 in all, in 512 kB


class SharedRates(Rates):
    """The rates of some action, by who does it, over all processes that map a file."""

    __slots__ = ("_action", "_map", "_words")

    def __init__(self, path: Path, action: str, burst_s: float) -> None:
        """Map the file; make it, where nobody has.

        Args:
            path: of the file.
            action: which; others in the same file are counted apart.
            burst_s: as much as is let through in these seconds may come at once.

        Raises:
            OSError: there is no room.
        """
        super().__init__(burst_s)
        self._action = action
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            size = BUCKETS * _CELLS_OF_BUCKET * _CELL_WORDS * _WORD_BYTES
            os.ftruncate(fd, size)  # pages that nobody writes take no room
            self._map = mmap.mmap(fd, size)
        finally:
            os.close(fd)
        self._words = memoryview(self._map).cast("Q")

    def __len__(self) -> int:
        """Return how many are known, of all actions."""
        return sum(map(bool, self._words[::_CELL_WORDS]))

    def wait_ns(self, who: Hashable, per_s: int, mono_ns: int) -> int:
        """Return for how long somebody has to wait; 0: they may go on."""
        key = key_of((self._action, who))
        at = self._find(key)
        due_ns = self._words[at + 1] if self._words[at] == key else mono_ns
        return max(0, due_ns - mono_ns - self._slack_ns(per_s))

    def count(self, who: Hashable, per_s: int, mono_ns: int, amount: int = 1) -> None:
        """Count an action, or some at once, whether they were let through or not."""
        words, key = self._words, key_of((self._action, who))
        at = self._find(key)
        due_ns = max(words[at + 1], mono_ns) if words[at] == key else mono_ns
        words[at + 1] = due_ns + _NS_PER_S * amount // per_s
        words[at] = key

    def close(self) -> None:
        """Map it no longer."""
        self._words.release()
        self._map.close()

    def _find(self, key: int) -> int:
        """Return the place of a key, or the one of its bucket that is due first."""
        words = self._words
        begin = (key >> 1) % BUCKETS * _CELLS_OF_BUCKET * _CELL_WORDS
        places = range(begin, begin + _CELLS_OF_BUCKET * _CELL_WORDS, _CELL_WORDS)
        for at in places:
            if words[at] == key:
                return at
        return min(places, key=lambda at: words[at + 1])
