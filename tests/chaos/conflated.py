"""What conflated channels owe to one reader, and have told it.

A conflated tick stands for a stretch of its key, and is the newest of it. A trade says which
stretch: those must follow each other without a hole. Of the others the newest value of every
interval must come: once a value of an interval's length and a half later was told, nothing older
may be untold.
"""

from typing import Any

from tests.chaos.market import Key, Market
from tests.chaos.times import Times

LONGEST_INTERVALS = 1.5  # that an interval lasts, where the wall clock steps
# The readers' idea of when a tick was made is coarse.
SLACK_US = 100_000
# After which a value is told at the latest, besides two intervals: catching up takes its time.
SILENCE_US = 8_000_000


class Wrong(Exception):
    """Something came that was not due, or did not come."""


class Conflated:
    """The conflated channels of one reader.

    Attributes:
        intervals_ms: of each conflated key.
        told: the newest number that was told of each; None: its beginning is not known yet.
        late: keys that begin with their first tick, and not at a position.
        owed: of keys that are not conflated any more, the newest value that was not told.
    """

    def __init__(self, market: Market, times: Times) -> None:
        self.intervals_ms: dict[Key, int] = {}
        self.told: dict[Key, int | None] = {}
        self.owed: dict[Key, int] = {}
        self.late: set[Key] = set()
        self.heard = 0
        self._market = market
        self._times = times
        self._newest: dict[int, int] = {}  # the newest number told, by interval
        self._fresh: set[int] = set()  # intervals of which something was told since the last check

    def reselect(
        self,
        intervals_ms: dict[Key, int],
        told: dict[Key, int | None],
        at: int | None,
        *,
        goes_on: bool = True,
    ) -> None:
        """Take other keys; what was told of those that are conflated as before counts.

        Args:
            intervals_ms: of the keys.
            told: of those that are new, what counts as told.
            at: the position of the reader; None: it has none.
            goes_on: the connection is the same: another interval owes what the last one had.
        """
        for key, interval_ms in self.intervals_ms.items():
            before = self.told[key]
            if key in intervals_ms and (goes_on or intervals_ms[key] == interval_ms):
                if before is not None or goes_on:
                    told[key] = before
            elif key in told and key not in intervals_ms and at is not None and before is not None:
                newest = self._market.numbers[key].last(at)
                if newest > before:
                    self.owed[key] = newest
        self.intervals_ms = intervals_ms
        self.told = {key: told.get(key) for key in intervals_ms}
        self.late &= intervals_ms.keys()
        self._newest.clear()
        self._fresh.clear()

    def hear(self, key: Key, number: int, message: dict[str, Any]) -> None:
        """Take a conflated tick.

        Raises:
            Wrong: it does not stand for what it says, or leaves something out.
        """
        self.heard += 1
        self.late.discard(key)
        told = self.told[key]
        if key[0] == "t":
            first = check_stretch(self._market, key, number, message)
            if told is not None and first > (due := self._market.numbers[key].next(told)):
                raise Wrong(
                    f"conflated {key} begins at {first}, and {due} was due: {told} was told last"
                )
        if told is None or number > told:
            self.told[key] = number
        interval_ms = self.intervals_ms[key]
        self._newest[interval_ms] = max(self._newest.get(interval_ms, 0), number)
        self._fresh.add(interval_ms)

    def cover(self, first: int, last: int, at: int) -> None:
        """Note that a stretch will not come, as was told.

        Where it begins at the reader's position or before, the server does not know how much was
        not told there, but that the ring has lost it; a snapshot follows.
        """
        for key, told in self.told.items():
            if told is not None and told < last:
                newest = self._market.numbers[key].last(first - 1)
                if newest <= told or first <= at + 1:
                    self.told[key] = last

    def settle(self, key: Key, number: int) -> None:
        """Note that the last known state of a key was told."""
        if key in self.told:
            self.told[key] = max(self.told[key] or 0, number)
        if number >= self.owed.get(key, number + 1):
            del self.owed[key]

    def reach(self, position: int, *, begins: bool = True) -> None:
        """Hold what was told against a position that the reader was told.

        Args:
            position: which.
            begins: what has no beginning yet begins there.

        Raises:
            Wrong: a value is missing.
        """
        for key, told in self.told.items():
            if begins and told is None and key not in self.late:
                self.told[key] = position
        for interval_ms in self._fresh:
            age_us = int(interval_ms * 1_000 * LONGEST_INTERVALS) + SLACK_US
            self._check(interval_ms, self._times.before(self._newest[interval_ms], age_us))
        self._fresh.clear()

    def check_silence(self, position: int) -> None:
        """Look for values that should have come long ago.

        Raises:
            Wrong: there is one.
        """
        for interval_ms in {*self.intervals_ms.values()}:
            age_us = 2_000 * interval_ms + SILENCE_US
            self._check(interval_ms, self._times.before(position, age_us))
        limit = self._times.before(position, SILENCE_US)
        for key, number in self.owed.items():
            if number < limit:
                raise Wrong(f"{key}: {number} was never told after its interval ended")

    def untold(self, position: int) -> list[tuple[Key, int, int | None]]:
        """Return the keys whose newest value up to a position was not told."""
        return [
            (key, newest, told)
            for key, told in self.told.items()
            if told is not None and (newest := self._market.numbers[key].last(position)) > told
        ]

    def _check(self, interval_ms: int, upto: int) -> None:
        for key, told in self.told.items():
            if self.intervals_ms[key] == interval_ms and told is not None:
                newest = self._market.numbers[key].last(upto)
                if newest > told:
                    raise Wrong(
                        f"conflated {key} every {interval_ms} ms: {newest} was not told, nor a "
                        f"newer one ({told} was the last), but {self._newest.get(interval_ms)} of "
                        f"another key was"
                    )


def check_stretch(market: Market, key: Key, number: int, message: dict[str, Any]) -> int:
    """Return the first trade that a conflated one stands for.

    Raises:
        Wrong: their count is not that of the trades between.
    """
    first, count = int(message["fi"]), int(message["n"])
    numbers = market.numbers[key]
    due = numbers.count(number) - numbers.count(first - 1)
    if market.key(first) != key or due != count:
        raise Wrong(f"conflated {key} from {first} to {number} counts {count} trades; due: {due}")
    return first
