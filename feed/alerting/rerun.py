"""What rules are shown of the ring after a restart.

Ticks that an earlier server had committed only fill windows; those behind are evaluated, and each
rule is shown what came after it was made. Times are those at which ticks were ingested.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence

from feed.broadcast.ring import RingBuffer
from feed.market.alert_rules.index import AlertIndex
from feed.market.ticks import Tick, Trade

_PIECE = 4_096  # ticks that are read at once

Arm = Callable[[float | None], None]  # with the price of the symbol's newest trade, if it is known
Show = Callable[[Sequence[Tick], int, int], None]  # ticks, the first one's sequence, and when


def show_again(
    ring: RingBuffer, index: AlertIndex, seen: int, late: Iterable[tuple[int, str, Arm]], show: Show
) -> None:
    """Show an index what a ring has behind the index's cursor.

    Args:
        ring: whose ticks.
        index: has the rules that were made up to `seen`.
        seen: up to this sequence ticks only fill windows.
        late: the rules that were made behind it, each with the sequence after which it was made.
        show: evaluates ticks.
    """
    waiting = deque(sorted(late, key=lambda rule: rule[0]))
    prices: dict[str, float] = {}
    for first, ticks, mono_ns in _held(ring, index):
        filled = max(0, seen + 1 - first)
        index.warm(ticks[:filled], first, mono_ns)
        start = filled
        while waiting and waiting[0][0] < first + len(ticks):
            since, symbol, arm = waiting.popleft()
            end = min(max(start, since + 1 - first), len(ticks))
            show(ticks[start:end], first + start, mono_ns)
            _note_prices(ticks[:end], prices)
            arm(prices.get(symbol))
            start = end
        show(ticks[start:], first + start, mono_ns)
        if waiting:
            _note_prices(ticks, prices)
    for _, symbol, arm in waiting:
        arm(prices.get(symbol))


def _held(ring: RingBuffer, index: AlertIndex) -> Iterator[tuple[int, Sequence[Tick], int]]:
    """Yield the ticks behind an index's cursor in runs that were ingested at one time."""
    after = index.cursor
    while after < ring.newest:
        ticks = ring.read(after, min(_PIECE, ring.newest - after))
        if not ticks:
            hole = ring.hole_after(after, ring.newest)
            last = ring.newest if hole is None else hole.last
            index.note_hole(after + 1, last)
            after = last
            continue
        times_ns, start = ring.ingestion_times_ns(after, len(ticks)), 0
        for end in range(1, len(ticks) + 1):
            if end == len(ticks) or times_ns[end] != times_ns[start]:
                yield after + 1 + start, ticks[start:end], times_ns[start]
                start = end
        after += len(ticks)


def _note_prices(ticks: Sequence[Tick], prices: dict[str, float]) -> None:
    for tick in ticks:
        if isinstance(tick, Trade):
            prices[tick.symbol] = tick.price
