"""A batch: the ticks that a producer pushes at once, which all enter one cut, or none does."""

from collections.abc import Callable
from dataclasses import dataclass, field

from feed.market.receipts import Producer, Verdict
from feed.market.ticks import Kind, Tick, Trade

MOST_TICKS = 10_000
_RING_SHARES = 8  # a batch, and the bars that it may finish, are well below half of the ring


def most_ticks_in(capacity: int) -> int:
    """Return how many ticks a batch may have, for a ring of this capacity."""
    return max(1, min(MOST_TICKS, capacity // _RING_SHARES))


# A trade, and the two ids that its producer gave it; a tuple, since there are very many.
Unnumbered = tuple[Trade, int | str | None, str]
Largest = dict[str, int]  # id, by symbol, of trades that have plain ones


@dataclass(slots=True)
class Batch:
    """Ticks that were read, and are all accepted.

    Attributes:
        ticks: in order.
        numbering: in order, the trades among them whose ids are not plain numbers, and the largest
            ids of the others.
        firsts: where each symbol comes up for the first time, by kind.
        receipt: whose batch it is, and its number; None: it has none, and is applied each time.
        judge: says whether it is to be applied, when that is about to be done.
    """

    ticks: list[Tick]
    numbering: list[Unnumbered | Largest] = field(default_factory=list)
    firsts: dict[Kind, dict[str, int]] = field(default_factory=lambda: {kind: {} for kind in Kind})
    receipt: tuple[Producer, int] | None = None
    judge: Callable[[], Verdict] | None = None
