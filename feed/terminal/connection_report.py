"""The connection of a stream, as its events tell it, in words for one or two lines.

Knows no stream, terminal or clock: it is given events, counters and the time.
"""

from collections import deque
from dataclasses import dataclass
from enum import Enum, auto

from feed.client.events import (
    Bye,
    Connected,
    Counters,
    Disconnected,
    Event,
    FeedState,
    Gap,
    Notice,
    ServerWarning,
)
from feed.market.ticks import SECOND_NS
from feed.terminal import words

RATE_WINDOW_NS = 5 * SECOND_NS


class Phase(Enum):
    """The phases of a connection."""

    CONNECTING = auto()
    LIVE = auto()
    LOST = auto()


@dataclass(frozen=True, slots=True)
class Incident:
    """An event worth a line; the last one stays on the screen."""

    words: str
    wall_ns: int


class Rate:
    """The growth of a total, over the last few seconds."""

    __slots__ = ("_samples",)

    def __init__(self) -> None:
        self._samples: deque[tuple[int, int]] = deque()  # when, total

    def sample(self, total: int, wall_ns: int) -> None:
        """Note a total."""
        self._samples.append((wall_ns, total))
        while len(self._samples) > 2 and self._samples[1][0] <= wall_ns - RATE_WINDOW_NS:  # noqa: PLR2004 - two make a difference
            self._samples.popleft()

    @property
    def per_s(self) -> float | None:
        """The rate; None until there were two totals."""
        if not self._samples:
            return None
        (first_ns, first), (last_ns, last) = self._samples[0], self._samples[-1]
        return (last - first) * SECOND_NS / (last_ns - first_ns) if last_ns > first_ns else None


class ConnectionReport:
    """The state of a stream's connection, in words.

    Attributes:
        phase: connecting, live or lost.
        incident: the last event worth a line.
    """

    def __init__(self, counters: Counters) -> None:
        self.phase = Phase.CONNECTING
        self._down: dict[str, str] = {}  # sources that are down, with the server's words for why
        self.incident: Incident | None = None
        self._counters = counters
        self._transport = ""
        self._reason = ""  # of the loss
        self._retry_ns = 0
        self._lost_ns: int | None = None  # when data last could come
        self._heard_bytes = 0  # of the total, when there was more of it last
        self._heard_ns = 0  # and when that was, or it was connected
        self._ticks = Rate()
        self._bytes = Rate()

    def note(self, event: Event, wall_ns: int) -> None:
        """Note an event of this moment, by a wall clock; some events change nothing."""
        if isinstance(event, Connected):
            self._connect(event, wall_ns)
        elif isinstance(event, Disconnected):
            if self._lost_ns is None:
                self._lost_ns = wall_ns
            self.phase = Phase.LOST
            self._reason = words.printable(event.reason)
            self._retry_ns = wall_ns + int(event.retry_in_s * SECOND_NS)
        elif isinstance(event, Gap):
            self.note_incident(_words_of(event), wall_ns)
        elif isinstance(event, Bye | Notice | ServerWarning):
            self.note_incident(str(event), wall_ns)
        elif isinstance(event, FeedState):
            self._down.pop(event.source, None)
            if not event.live:
                self._down[event.source] = event.reason

    @property
    def source_down(self) -> str | None:
        """Which sources are down, with the server's words for why; None where none is."""
        down = (f"{source}: {reason}" for source, reason in self._down.items())
        return words.printable(", ".join(down)) if self._down else None

    def note_incident(self, what: str, wall_ns: int) -> None:
        """Note an event worth a line."""
        self.incident = Incident(words.printable(what, 200), wall_ns)

    def sample(self, wall_ns: int) -> None:
        """Read the counters, for rates and silence; to be called a few times a second."""
        if self._counters.received_bytes != self._heard_bytes:
            self._heard_bytes, self._heard_ns = self._counters.received_bytes, wall_ns
        self._ticks.sample(self._counters.ticks, wall_ns)
        self._bytes.sample(self._counters.received_bytes, wall_ns)

    def state(self, wall_ns: int) -> str:
        """Return the phase, for the head of the screen."""
        if self.phase is Phase.CONNECTING:
            return "connecting"
        if self.phase is Phase.LIVE:
            down = "" if self.source_down is None else f", SOURCE DOWN ({self.source_down})"
            return f"live over {self._transport}{down}"
        wait_ns = self._retry_ns - wall_ns
        when = f"trying again in {words.age(wait_ns)}" if wait_ns > 0 else "trying again"
        if not self._counters.connects:
            return f"NOT CONNECTED, {when}"
        return f"LOST {words.age(wall_ns - (self._lost_ns or wall_ns))} ago, {when}"

    def stopped_ns(self, newest_ns: int | None) -> int | None:
        """Return the time that prices are of, where no new ones can come; None where they can.

        Args:
            newest_ns: the time of the newest tick, by its own clock.
        """
        if self.phase is not Phase.LIVE and self._lost_ns is not None:
            return self._lost_ns
        return newest_ns if self.source_down is not None else None

    def silent_ns(self, wall_ns: int) -> int:
        """Return for how long not a byte has come over a connection that stands."""
        return max(0, wall_ns - self._heard_ns) if self.phase is Phase.LIVE else 0

    def traffic(self) -> str:
        """Return the rates of ticks and bytes."""
        ticks, size = words.count(self._ticks.per_s), words.data_size(self._bytes.per_s)
        return f"{ticks} ticks/s, {size}/s"

    def account(self, wall_ns: int) -> str:
        """Return how often it was lost and ticks were missing, and the last incident."""
        counters = self._counters
        reconnects = f"{counters.reconnects} reconnect{'s' * (counters.reconnects != 1)}"
        gaps = f"{counters.gaps} gap{'s' * (counters.gaps != 1)}"
        missing = f" ({words.count(counters.missing)} sequences)" if counters.missing else ""
        line = f"{reconnects}, {gaps}{missing}"
        if self.phase is Phase.LOST:
            return f"{line}; {self._reason}"
        if self.incident is not None:
            ago = words.age(wall_ns - self.incident.wall_ns)
            line += f"; {ago} ago: {self.incident.words}"
        return line

    def _connect(self, event: Connected, wall_ns: int) -> None:
        if self._lost_ns is not None:
            away = words.age(wall_ns - self._lost_ns)
            self.note_incident(f"back after {away}: {self._reason}", wall_ns)
        elif event.why:
            self.note_incident(event.why, wall_ns)
        self.phase = Phase.LIVE
        self._down.clear()  # it is told anew
        self._heard_ns = wall_ns
        self._lost_ns = None
        self._transport = event.transport.value


def _words_of(gap: Gap) -> str:
    """Put the number first: a line of a terminal is cut at its end."""
    count = "" if gap.missing is None else f"{words.count(gap.missing)} sequences, "
    return f"gap ({gap.reason}): {count}{gap.first or 'unknown'} to {gap.last or 'unknown'}"
