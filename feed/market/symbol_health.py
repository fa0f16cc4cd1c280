"""The health of symbols: which tick as usual, which have fallen silent, which are halted.

Theory of operation: a silence that is long for one symbol is usual for another, so each is measured
by its own *usual gap*: the wait for its next tick, on average over time, not over ticks. (A burst
of a thousand ticks lasts a second and counts for a second; an average over ticks would forget for
it how quiet the symbol is.) A symbol that is silent for `gaps` times that is stale, and live again
with its next tick. Of ticks that come at random, one gap in e^20 is ten times the usual one.

While the source as a whole is silent, nothing is known of a symbol, and its clock stands still:
then there is one thing to be told, not one a symbol. Only trades and quotes count; halts come from
statuses, and bars are made of earlier ticks. Times are monotonic, but for those of the statuses
that are returned. Knows no clock and no listener.
"""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from feed.market.pulse import Pulse
from feed.market.ticks import SECOND_NS, Quote, Status, Tick, Trade

# The usual gap is unknown before this much: of less, chance makes too much or too little.
LEAST_TICKS = 20
LEAST_FLOORS = 10  # times the shortest silence that is told
_UNKNOWN_FLOORS = 12  # until then the feed may be silent for this many floors
# The dialect's status codes (Alpaca, "trading status"; UTP and CTA specifications).
HALTED_CODES = frozenset({"H", "2", "P"})  # trading halt, on either tape; volatility pause
RESUMED_CODES = frozenset({"T", "3"})
_ALIVE_TYPES = frozenset({Trade, Quote})


class Health(StrEnum):
    """The state of a symbol; the label of a metric, and the status code of its ticks."""

    LIVE = "live"
    STALE = "stale"
    HALTED = "halted"
    SOURCE_DOWN = "source_down"


class SymbolHealth:
    """All symbols that ever ticked.

    Attributes:
        feed: the pulse of all of them together; None before the first tick.
    """

    __slots__ = (
        "_beats",
        "_floor_ns",
        "_gaps",
        "_halted",
        "_last_ns",
        "_pulses",
        "_stale",
        "_stopped_ns",
        "feed",
    )

    def __init__(self, *, gaps: float, floor_ns: int) -> None:
        """Set which silences are too long.

        Args:
            gaps: how many times its usual gap a symbol, or the feed, may be silent.
            floor_ns: the shortest silence that is told.
        """
        self._gaps = gaps
        self._floor_ns = floor_ns
        self._beats: Counter[str] = Counter()  # ticks that were noted and not learnt from
        self._last_ns: dict[str, int] = {}  # when the last of these came
        self._pulses: dict[str, Pulse] = {}
        self._stale: set[str] = set()
        self._halted: set[str] = set()
        self._stopped_ns: int | None = None  # since when nothing can come
        self.feed: Pulse | None = None

    def note(self, ticks: Sequence[Tick], ingested_ns: Sequence[int]) -> None:
        """Note ticks, in order: 0.15 µs a tick; `learn` draws the conclusions.

        Args:
            ticks: of any kind.
            ingested_ns: the times when they came, ascending.
        """
        symbols = [tick.symbol for tick in ticks if type(tick) in _ALIVE_TYPES]
        stamps = ingested_ns
        if len(symbols) < len(ticks):
            stamps = []
            for tick, at_ns in zip(ticks, ingested_ns, strict=True):
                if type(tick) in _ALIVE_TYPES:
                    stamps.append(at_ns)
                elif type(tick) is Status:
                    self._note_status(tick, at_ns)
        if not symbols:
            return
        self.go_on(stamps[0])
        if self.feed is None:
            self.feed = Pulse(stamps[0])
        self.feed.beat(len(symbols), stamps[-1])
        self._beats.update(symbols)
        self._last_ns.update(zip(symbols, stamps, strict=True))

    def learn(self, most_symbols: int, wall_offset_ns: int) -> list[Status] | None:
        """Learn from the noted ticks of some symbols: 0.6 µs a symbol.

        Args:
            most_symbols: the largest number of symbols.
            wall_offset_ns: the time of day less the monotonic one.

        Returns:
            a status for each symbol that is live again; None where nothing was noted.
        """
        if not self._beats:
            return None
        statuses = []
        for _ in range(min(most_symbols, len(self._beats))):
            symbol, count = self._beats.popitem()
            last_ns = self._last_ns.pop(symbol)
            pulse = self._pulses.get(symbol)
            if pulse is None:
                self._pulses[symbol] = Pulse(last_ns)
                continue
            pulse.beat(count, last_ns)
            if symbol in self._stale:
                self._stale.discard(symbol)
                statuses.append(
                    _status(symbol, Health.LIVE, "Ticks again", last_ns + wall_offset_ns)
                )
        return statuses

    def find_stale(self, mono_ns: int, wall_ns: int) -> list[Status]:
        """Return a status, at the time of day, for each symbol that has become stale."""
        feed = self.feed
        if feed is None or self._stopped_ns is not None:
            return []
        # The whole feed may have stopped: that is found out first.
        if 2 * (mono_ns - feed.last_ns) > self.silence_limit_ns:
            return []
        statuses = []
        for symbol, pulse in self._pulses.items():
            silent_ns = mono_ns - pulse.last_ns
            if silent_ns <= self._floor_ns or not self._knows(pulse):
                continue
            if silent_ns <= self._gaps * pulse.gap_ns:
                continue
            if symbol in self._stale or symbol in self._halted:
                continue
            self._stale.add(symbol)
            words = (
                f"No tick for {silent_ns / SECOND_NS:.1f} s; "
                f"its usual gap is {pulse.gap_ns / SECOND_NS:.3g} s"
            )
            statuses.append(_status(symbol, Health.STALE, words, wall_ns))
        return statuses

    @property
    def silence_limit_ns(self) -> int:
        """How long all symbols together may be silent."""
        if self.feed is None or not self._knows(self.feed):
            return _UNKNOWN_FLOORS * self._floor_ns
        return max(self._floor_ns, int(self._gaps * self.feed.gap_ns))

    def stop(self, since_ns: int) -> None:
        """Let all clocks stand still: nothing can come since then."""
        if self._stopped_ns is None:
            self._stopped_ns = since_ns

    def go_on(self, mono_ns: int) -> None:
        """Let the clocks run again, as if no time had passed."""
        if self._stopped_ns is None:
            return
        passed_ns = max(0, mono_ns - self._stopped_ns)
        self._stopped_ns = None
        for pulse in self._pulses.values():
            pulse.last_ns += passed_ns
        if self.feed is not None:
            self.feed.last_ns += passed_ns

    def state(self) -> dict[str, Any]:
        """Return all that it has learnt, as plain data."""
        return {
            "beats": [[symbol, *noted] for symbol, noted in self._noted()],
            "pulses": [[symbol, pulse.state()] for symbol, pulse in self._pulses.items()],
            "stale": sorted(self._stale),
            "halted": sorted(self._halted),
            "feed": None if self.feed is None else self.feed.state(),
            "stopped_ns": self._stopped_ns,
        }

    def restore(self, state: dict[str, Any], later_ns: int) -> None:
        """Take up what was learnt by a clock; ours shows `later_ns` more at the same moment."""
        for symbol, count, last_ns in state["beats"]:
            self._beats[symbol] = count
            self._last_ns[symbol] = last_ns + later_ns
        self._pulses = {
            symbol: Pulse.restored(pulse, later_ns) for symbol, pulse in state["pulses"]
        }
        self._stale, self._halted = set(state["stale"]), set(state["halted"])
        feed, stopped_ns = state["feed"], state["stopped_ns"]
        self.feed = None if feed is None else Pulse.restored(feed, later_ns)
        self._stopped_ns = None if stopped_ns is None else stopped_ns + later_ns

    def _noted(self) -> list[tuple[str, tuple[int, int]]]:
        return [(symbol, (count, self._last_ns[symbol])) for symbol, count in self._beats.items()]

    def is_halted(self, symbol: str) -> bool:
        """Tell whether a symbol was halted, and not resumed since, whatever ticked."""
        return symbol in self._halted

    def counts(self) -> dict[Health, int]:
        """Return how many symbols there are of each health."""
        known = len(self._pulses.keys() | self._halted)
        if self._stopped_ns is not None:
            return {**dict.fromkeys(Health, 0), Health.SOURCE_DOWN: known}
        halted = len(self._halted)
        stale = len(self._stale - self._halted)
        return {
            Health.LIVE: known - halted - stale,
            Health.STALE: stale,
            Health.HALTED: halted,
            Health.SOURCE_DOWN: 0,
        }

    def _knows(self, pulse: Pulse) -> bool:
        """Tell whether there were enough ticks to know the usual gap."""
        return pulse.known_ticks >= LEAST_TICKS and pulse.known_ns >= LEAST_FLOORS * self._floor_ns

    def _note_status(self, status: Status, at_ns: int) -> None:
        if status.status_code in HALTED_CODES:
            self._halted.add(status.symbol)
        elif status.status_code in RESUMED_CODES:
            self._halted.discard(status.symbol)
            pulse = self._pulses.get(status.symbol)
            if pulse is not None:  # its clock begins when it may tick again
                pulse.last_ns = max(pulse.last_ns, at_ns)


def _status(symbol: str, health: Health, words: str, wall_ns: int) -> Status:
    return Status(symbol, health.value.upper(), words, "", "", wall_ns)
