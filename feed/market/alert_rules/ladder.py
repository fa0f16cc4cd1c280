"""Ladders: the thresholds of one series of values, sorted, and the rules that wait on them."""

from bisect import bisect_left, bisect_right, insort
from heapq import heappop, heappush
from math import inf

from feed.market.alert_rules.rule import Phase, Rule

_Step = tuple[float, int, Rule]  # the threshold (negated on a falling ladder) and the rule's number


class Ladder:
    """The rules of one series and one way of comparing.

    Complexity: a value costs O(1), and O(log rules) and a move in memory for each that it reaches.
    """

    __slots__ = ("_armed", "_cooling", "_crosses", "_resting", "_sign")

    def __init__(self, *, falls: bool = False, crosses: bool = False) -> None:
        """Make a ladder without rules.

        Args:
            falls: values reach thresholds that they are not above.
            crosses: only a value that comes from the other side reaches a threshold.
        """
        self._sign = -1.0 if falls else 1.0
        self._crosses = crosses
        self._armed: list[_Step] = []
        self._resting: list[_Step] = []
        self._cooling: list[_Step] = []  # a heap, by the end of the cooldown

    def __bool__(self) -> bool:
        """Tell whether any rule is on it."""
        return bool(self._armed or self._resting or self._cooling)

    def put(self, rule: Rule) -> None:
        """Put a rule where its phase belongs."""
        if rule.phase is Phase.COOLING:
            heappush(self._cooling, (float(rule.cools_until_ns), rule.number, rule))
        elif rule.phase is not Phase.OVER:
            steps = self._armed if rule.phase is Phase.ARMED else self._resting
            insort(steps, self._step(rule))

    def remove(self, rule: Rule) -> None:
        """Take a rule off."""
        if rule.phase is Phase.COOLING:
            self._cooling = [step for step in self._cooling if step[2] is not rule]
            self._cooling.sort()  # a sorted list is a heap
            return
        steps = self._armed if rule.phase is Phase.ARMED else self._resting
        del steps[bisect_left(steps, self._step(rule)[:2], key=_place)]

    def reach(self, value: float, before: float | None, mono_ns: int) -> list[Rule]:
        """Return the rules that a value reaches, and let them rest or cool; others are armed again.

        Args:
            value: the newest of the series.
            before: the one before; None: there is none, and nothing crosses.
            mono_ns: the time now.
        """
        while self._cooling and self._cooling[0][0] <= mono_ns:
            self._move(heappop(self._cooling)[2], Phase.ARMED)
        height = self._sign * value
        reached: list[Rule] = []
        if self._armed and self._armed[0][0] <= height:
            reached = self._take_reached(height, before)
            for rule in reached:
                self._fire(rule, mono_ns)
        if self._resting and self._resting[-1][0] > height:
            start = bisect_right(self._resting, (height, inf), key=_place)
            steps = self._resting[start:]
            del self._resting[start:]
            for _, _, rule in steps:
                is_cool = rule.cools_until_ns <= mono_ns
                self._move(rule, Phase.ARMED if is_cool else Phase.COOLING)
        return reached

    def _take_reached(self, height: float, before: float | None) -> list[Rule]:
        start = 0
        if self._crosses:
            if before is None:
                return []
            start = bisect_right(self._armed, (self._sign * before, inf), key=_place)
        end = bisect_right(self._armed, (height, inf), key=_place)
        reached = [step[2] for step in self._armed[start:end]]
        if reached:
            del self._armed[start:end]
        return reached

    def _fire(self, rule: Rule, mono_ns: int) -> None:
        rule.armings += 1
        if rule.once:
            rule.phase = Phase.OVER
            return
        rule.cools_until_ns = mono_ns + rule.cooldown_ns
        self._move(rule, Phase.COOLING if self._crosses else Phase.RESTING)

    def _move(self, rule: Rule, phase: Phase) -> None:
        rule.phase = phase
        self.put(rule)

    def _step(self, rule: Rule) -> _Step:
        return (self._sign * rule.condition.threshold, rule.number, rule)


def _place(step: _Step) -> tuple[float, int]:
    return step[:2]
