"""Judging the health of the feed: is the source there, does it speak, which symbols have stopped.

It is told what the ring has taken and how the source is, and hands over what has changed since the
last look. It holds neither ring nor hub, so that nothing it finds is told but by the writer. Of a
source that is not live, silence is not said to be anything: a recording may pause. Knows no clock.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from feed.market.symbol_health import Health, SymbolHealth
from feed.market.ticks import Status, Tick

_SLICE_SYMBOLS = 1_024  # that it learns from between two turns of the loop: 0.6 ms


@dataclass(frozen=True, slots=True)
class FeedHealth:
    """Whether anything can come.

    Attributes:
        state: LIVE or SOURCE_DOWN.
        reason: why it is down: "silent", "failed" or "finished"; "" while it is live.
    """

    state: Health
    reason: str = ""


LIVE = FeedHealth(Health.LIVE)


@dataclass(frozen=True, slots=True)
class Findings:
    """What has changed since the last look.

    Attributes:
        feed: the health of all symbols together, where it is another one now; else None.
        statuses: one for each symbol that has become stale, or ticks again.
    """

    feed: FeedHealth | None
    statuses: list[Status]


class HealthWatch:
    """Judges the source and every symbol.

    Attributes:
        feed: the health of all symbols together, as of the last look.
        counts: symbols by health, as of the last look.
        silence_limit_ns: after how long without ticks the source counts as silent.
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
        self._recovered: list[Status] = []  # of this look, so far
        self.feed = LIVE
        self.silence_limit_ns = self._symbols.silence_limit_ns
        self.counts = self._symbols.counts()

    def note(self, ticks: Sequence[Tick], ingested_ns: Sequence[int]) -> None:
        """Take in ticks that were published, in order, with the times when they came, monotonic."""
        self._symbols.note(ticks, ingested_ns)

    def learn(self) -> Iterator[None]:
        """Learn from the noted ticks, in slices; yield after each, so that others have a turn."""
        while (recovered := self._symbols.learn(_SLICE_SYMBOLS)) is not None:
            self._recovered += recovered
            yield

    def judge(
        self,
        mono_ns: int,
        wall_ns: int,
        *,
        up: bool,
        finished: bool,
        failed: bool,
        last_tick_ns: int,
    ) -> Findings:
        """End a look, once all is learnt; return what has changed since the one before.

        Args:
            mono_ns: when it ends, monotonic.
            wall_ns: the same moment by the time of day, for statuses.
            up: the source is open and produces.
            finished: it came to its end.
            failed: it died at least once.
            last_tick_ns: when it gave its newest tick, monotonic.
        """
        statuses, self._recovered = self._recovered, []
        self.silence_limit_ns = self._symbols.silence_limit_ns
        silent = self._live and mono_ns - last_tick_ns > self.silence_limit_ns
        if finished:
            feed = FeedHealth(Health.SOURCE_DOWN, "finished")
        elif not up:
            # Before the first attempt to open it there is nothing to tell.
            feed = FeedHealth(Health.SOURCE_DOWN, "failed") if failed else self.feed
        else:
            feed = FeedHealth(Health.SOURCE_DOWN, "silent") if silent else LIVE
        if feed.state is Health.SOURCE_DOWN:
            self._symbols.stop(last_tick_ns)
        elif self._live:
            statuses += self._symbols.judge(mono_ns)
        self.counts = self._symbols.counts()
        before, self.feed = self.feed, feed
        for status in statuses:  # nobody has seen them yet
            status.event_ns += wall_ns - mono_ns
        return Findings(None if feed == before else feed, statuses)
