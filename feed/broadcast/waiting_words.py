"""Words that wait for a cut, and who is told where they went."""

from array import array
from collections import deque
from collections.abc import Callable, Sequence

from feed.market.words import Word

Heard = Callable[[int], None]


class WaitingWords:
    """Words in the order in which they were said; they come behind the ticks of the next cut."""

    __slots__ = ("_heard", "_holds", "_kept_back", "_said", "_stamps", "_words")

    def __init__(self) -> None:
        """Begin with none."""
        self._words: list[Word] = []
        self._stamps = array("q")  # of these, where they came with some
        self._said = 0  # cut or not
        self._heard: deque[tuple[int, Heard]] = deque()  # of so many words said
        self._holds = False
        self._kept_back: list[tuple[Sequence[Word], Heard | None]] = []

    def __len__(self) -> int:
        return len(self._words)

    def hold(self) -> None:
        """Keep back what is said here from now on: another server is about to give sequences."""
        self._holds = True

    def release(self) -> None:
        """Let what was kept back wait, and all that comes: the sequences are given here again."""
        self._holds = False
        kept_back, self._kept_back = self._kept_back, []
        for words, heard in kept_back:
            self.say(words, heard)

    def say(
        self,
        words: Sequence[Word],
        heard: Heard | None = None,
        *,
        stamps: "array[int] | None" = None,
    ) -> None:
        """Let words wait for the next cut.

        Args:
            words: in order.
            heard: is told the sequence of the last of them, in the cut.
            stamps: when each of them was ingested, monotonic, where that is not when it is cut:
                for all words, or for none.
        """
        if self._holds and stamps is None:
            self._kept_back.append((words, heard))
            return
        self._words += words
        if stamps is not None:
            self._stamps += stamps
        self._said += len(words)
        if heard is not None:
            self._heard.append((self._said, heard))

    def take(self, most: int) -> tuple[list[Word], "array[int]"]:
        """Take the oldest words out, at most so many, with the stamps that they came with."""
        words, stamps = self._words[:most], self._stamps[:most]
        del self._words[:most], self._stamps[:most]
        return words, stamps

    def tell(self, upto: int) -> None:
        """Tell who asked where words went; the newest that was taken has the sequence `upto`."""
        taken = self._said - len(self._words)
        while self._heard and self._heard[0][0] <= taken:
            said, heard = self._heard.popleft()
            heard(upto - (taken - said))
