"""Two sides that tell the same market: each tick comes once, from the side that has it first.

Theory of operation: equal ticks are counted, and of each as many are told as the side has given
that has given most of them. So a tick that really came twice is told twice, whatever the order in
which the sides give it. Of the two counts only their difference matters: a side that is behind by
that tick gives what was told already. A tick that both have given as often is forgotten; what only
one side has given is remembered for some time, since the other one may be late by so much, and then
counted as what that one never gave. So a side that is later than the window tells ticks again: a
repeat is better than a hole. Knows no source, and no clock: the time comes as an argument.
"""

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from feed.market.ticks import SECOND_NS, Bar, Quote, Status, Tick, Trade

WINDOW_NS = 60 * SECOND_NS
WINDOW_TICKS = 1 << 17  # ticks of which the other side has given none: 60 MB
SIDES = 2


def _fields(kind: type[Tick], *, without: Iterable[str] = ()) -> "attrgetter[tuple[object, ...]]":
    names = [name for name in kind.__match_args__ if name not in without]
    return attrgetter("kind", *names)


_KEYS = {kind: _fields(kind) for kind in (Trade, Quote, Bar, Status)}
_KEYS_WITHOUT_IDS = {**_KEYS, Trade: _fields(Trade, without=("trade_id",))}


@dataclass(slots=True)
class SideCounts:
    """What one side has given.

    Attributes:
        firsts: ticks that came first from it, and were told.
        repeats: ticks that the other side had given, and that were not told.
        missed: ticks of the other side that it has not given within the window.
    """

    firsts: int = 0
    repeats: int = 0
    missed: int = 0


class TwinWindow:
    """What one side of a pair has given, and the other has not yet.

    Attributes:
        counts: of each side.
    """

    __slots__ = ("_ahead", "_most_ticks", "_window_ns", "counts")

    def __init__(self, window_ns: int = WINDOW_NS, most_ticks: int = WINDOW_TICKS) -> None:
        """Begin without ticks.

        Args:
            window_ns: how late a side may be.
            most_ticks: the most different ticks that are remembered of the side that is ahead.
        """
        self._window_ns = window_ns
        self._most_ticks = most_ticks
        # By tick: how many the first side has given more than the second, and when the last came.
        self._ahead: OrderedDict[Hashable, tuple[int, int]] = OrderedDict()
        self.counts = [SideCounts() for _ in range(SIDES)]

    def __len__(self) -> int:
        """Return how many different ticks are remembered."""
        return len(self._ahead)

    def news(
        self, side: int, ticks: Sequence[Tick], mono_ns: int, *, numbered: bool = False
    ) -> list[bool]:
        """Tell of each tick of a list whether it is to be told.

        Args:
            side: 0 or 1, which gave it.
            ticks: in order.
            mono_ns: now; never less than before.
            numbered: the ids of trades may be numbers of our own, that differ between the sides.

        Complexity: 0.6 µs a tick.
        """
        self._forget(mono_ns)
        ahead, keys = self._ahead, _KEYS_WITHOUT_IDS if numbered else _KEYS
        step = 1 if side == 0 else -1
        news = []
        for tick in ticks:
            key = keys[type(tick)](tick)
            before = ahead.pop(key, (0, 0))[0]
            now = before + step
            if now:
                ahead[key] = now, mono_ns
            news.append(before * step >= 0)
        firsts, counts = sum(news), self.counts[side]
        counts.firsts += firsts
        counts.repeats += len(news) - firsts
        while len(ahead) > self._most_ticks:
            self._forget_oldest()
        return news

    def state(self) -> list[list[Any]]:
        """Return what is remembered, as plain data: each tick, how many times more, and when."""
        return [[key, more, at_ns] for key, (more, at_ns) in self._ahead.items()]

    def restore(self, state: Iterable[Sequence[Any]]) -> None:
        """Remember what another process of this machine did, whose clock is the same."""
        self._ahead = OrderedDict((_frozen(key), (more, at_ns)) for key, more, at_ns in state)

    def _forget(self, mono_ns: int) -> None:
        """Forget what the other side has not given within the window."""
        ahead, since_ns = self._ahead, mono_ns - self._window_ns
        while ahead and next(iter(ahead.values()))[1] < since_ns:
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        _, (more, _) = self._ahead.popitem(last=False)
        self.counts[1 if more > 0 else 0].missed += abs(more)


def _frozen(value: Any) -> Hashable:  # noqa: ANN401 - what a tick has
    """Return what a field was before it was plain data: lists were tuples."""
    return tuple(map(_frozen, value)) if isinstance(value, (list, tuple)) else value
