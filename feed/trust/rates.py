"""Rates: how often each of very many may do something, in little memory.

For each of them there is one number: when all that was let through would have been due, had it come
evenly (the generic cell rate algorithm, ITU-T I.371 §A). Whoever has been quiet for long is
forgotten, and of too many the one that was seen longest ago; a flood by 100,000 addresses takes no
more than a flood by the most that are kept. (aiolimiter has an object and a heap for each, waits
where this refuses, and takes its time from the loop.) Knows no clock.
"""

from collections import OrderedDict
from collections.abc import Hashable

MOST_KNOWN = 16_384
_NS_PER_S = 1_000_000_000


class Rates:
    """The rates of some action, by who does it."""

    __slots__ = ("_burst_s", "_due_ns", "_most")

    def __init__(self, burst_s: float, most: int = MOST_KNOWN) -> None:
        """Begin with nobody.

        Args:
            burst_s: as much as is let through in these seconds may come at once.
            most: how many are known at once.
        """
        self._burst_s = burst_s
        self._most = most
        self._due_ns: OrderedDict[Hashable, int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._due_ns)

    def wait_ns(self, who: Hashable, per_s: int, mono_ns: int) -> int:
        """Return for how long somebody has to wait; 0: they may go on."""
        early_ns = self._due_ns.get(who, mono_ns) - mono_ns
        return max(0, early_ns - self._slack_ns(per_s))

    def spend(self, who: Hashable, per_s: int, mono_ns: int) -> int:
        """Count an action if it is let through; return how long to wait otherwise, or 0."""
        wait_ns = self.wait_ns(who, per_s, mono_ns)
        if not wait_ns:
            self.count(who, per_s, mono_ns)
        return wait_ns

    def count(self, who: Hashable, per_s: int, mono_ns: int, amount: int = 1) -> None:
        """Count an action, or some at once, whether they were let through or not."""
        due_ns = max(self._due_ns.pop(who, mono_ns), mono_ns) + _NS_PER_S * amount // per_s
        self._due_ns[who] = due_ns  # behind all others
        while self._due_ns and (len(self._due_ns) > self._most or self._oldest_ns() <= mono_ns):
            self._due_ns.popitem(last=False)

    def _oldest_ns(self) -> int:
        return next(iter(self._due_ns.values()))

    def _slack_ns(self, per_s: int) -> int:
        return max(0, int(self._burst_s * _NS_PER_S) - _NS_PER_S // per_s)
