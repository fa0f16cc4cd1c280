"""The receipts of the batches that a ring holds, by sequence, for whoever is told of its cuts.

The ring of a server that follows may be all that is left of a cut; with the receipts beside it,
whoever takes the cut from there knows whose batches it holds. Bounded by the ring.
"""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Sequence
from itertools import islice
from operator import attrgetter

from feed.market.receipts import Receipt

_LAST = attrgetter("last")


class RecentReceipts:
    """The receipts behind a sequence, oldest first."""

    __slots__ = ("_receipts",)

    def __init__(self) -> None:
        """Begin without any."""
        self._receipts: deque[Receipt] = deque()

    def note(self, receipt: Receipt, oldest: int) -> None:
        """Note one whose batch ends behind all others.

        Args:
            receipt: of the batch.
            oldest: the first sequence that the ring holds: older ones are forgotten.
        """
        receipts = self._receipts
        while receipts and receipts[0].last < oldest:
            receipts.popleft()
        receipts.append(receipt)

    def within(self, first: int, last: int) -> Sequence[Receipt]:
        """Return those whose batches end within a range of sequences, both ends included."""
        receipts = self._receipts
        if not receipts or receipts[-1].last < first:
            return ()
        begin = bisect_left(receipts, first, key=_LAST)
        end = bisect_right(receipts, last, begin, key=_LAST)
        return list(islice(receipts, begin, end))

    def clear(self) -> None:
        """Forget all."""
        self._receipts.clear()
