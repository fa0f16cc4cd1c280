"""The judgement of the feed's health: is the source there, does it speak, which symbols are silent.

It is told of the published ticks and of the source's state, and hands over the changes since the
last judgement. It holds neither ring nor hub, so that its findings are told by the writer alone.
The silence of a source that is not live means nothing: a recording may pause. Knows no clock.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from feed.market.symbol_health import Health, SymbolHealth
from feed.market.ticks import Status, Tick

_SLICE_SYMBOLS = 1_024  # that it learns from between two turns of the loop: 0.6 ms


@dataclass(frozen=True, slots=True)
class FeedHealth:
    """Whether anything can come.

    Attributes:
        state: LIVE or SOURCE_DOWN.
        reason: why it is down: "silent", "failed", "finished" or "paused"; "" while it is live.
    """

    state: Health
    reason: str = ""


LIVE = FeedHealth(Health.LIVE)
PAUSED = FeedHealth(Health.SOURCE_DOWN, "paused")


@dataclass(frozen=True, slots=True)
class Findings:
    """The changes since the last judgement.

    Attributes:
        feed: the new health of all symbols together; None where it is as before.
        statuses: one for each symbol that has become stale, or ticks again.
    """

    feed: FeedHealth | None
    statuses: list[Status]


class HealthWatch:
    """Judges the source and every symbol.

    Attributes:
        feed: the health of all symbols together, as of the last judgement.
        counts: symbols by health, as of the last judgement.
        silence_limit_ns: the longest time without ticks of a source that is not silent.
    """

    def __init__(self, *, live: bool, gaps: float, floor_ns: int) -> None:
        """Watch a source that has not been opened yet.

        Args:
            live: its ticks happen now, so that silence means something.
            gaps: how many times its usual gap a symbol, or the feed, may be silent.
            floor_ns: the shortest silence that is told.
        """
        self._live = live
        self._symbols = SymbolHealth(gaps=gaps, floor_ns=floor_ns)
        self._recovered: list[Status] = []  # since the last judgement
        self.feed = LIVE
        self.silence_limit_ns = self._symbols.silence_limit_ns
        self.counts = self._symbols.counts()

    def note(self, ticks: Sequence[Tick], ingested_ns: Sequence[int]) -> None:
        """Note ticks that were published, in order, with the monotonic times when they came."""
        self._symbols.note(ticks, ingested_ns)

    def is_halted(self, symbol: str) -> bool:
        """Tell whether a symbol is halted, as far as the watch was told."""
        return self._symbols.is_halted(symbol)

    def state(self) -> dict[str, Any]:
        """Return all that it has learnt, as plain data.

        Symbols of which it has not been told yet that they tick again are silent as before.
        """
        state = self._symbols.state()
        untold = {status.symbol for status in self._recovered}
        return {**state, "stale": sorted(untold.union(state["stale"]))}

    def restore(self, state: dict[str, Any], later_ns: int) -> None:
        """Take up what a watch had learnt by a clock; ours shows `later_ns` more."""
        self._symbols.restore(state, later_ns)

    def rest(self, since_ns: int) -> None:
        """Count no silence since a time, until a tick comes: nobody was there to hear one."""
        self._symbols.stop(since_ns)

    def learn(self, wall_offset_ns: int) -> Iterator[None]:
        """Learn from the noted ticks, in slices; yield after each, so that others have a turn.

        Args:
            wall_offset_ns: the time of day less the monotonic one.
        """
        while (recovered := self._symbols.learn(_SLICE_SYMBOLS, wall_offset_ns)) is not None:
            self._recovered += recovered
            yield

    def judge(
        self,
        mono_ns: int,
        wall_ns: int,
        *,
        up: bool,
        paused: bool = False,
        finished: bool,
        failed: bool,
        last_tick_ns: int,
    ) -> Findings:
        """Judge the source, and the symbols once all is learnt; return the changes.

        Args:
            mono_ns: the monotonic time now.
            wall_ns: the time of day now, for statuses.
            up: the source is open and produces.
            paused: somebody has stopped it for a while.
            finished: it came to its end.
            failed: it died at least once.
            last_tick_ns: the monotonic time of its newest tick.
        """
        statuses, self._recovered = self._recovered, []
        self.silence_limit_ns = self._symbols.silence_limit_ns
        silent = self._live and mono_ns - last_tick_ns > self.silence_limit_ns
        if finished:
            feed = FeedHealth(Health.SOURCE_DOWN, "finished")
        elif not up:
            # Before the first attempt to open it there is nothing to tell.
            feed = FeedHealth(Health.SOURCE_DOWN, "failed") if failed else self.feed
        elif paused:
            feed = PAUSED
        else:
            feed = FeedHealth(Health.SOURCE_DOWN, "silent") if silent else LIVE
        if feed.state is Health.SOURCE_DOWN:
            self._symbols.stop(last_tick_ns)
        elif self._live:
            statuses += self._symbols.find_stale(mono_ns, wall_ns)
        self.counts = self._symbols.counts()
        before, self.feed = self.feed, feed
        return Findings(None if feed == before else feed, statuses)
