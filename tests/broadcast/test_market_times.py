"""The times of recordings: passes, seeks, strays, and what another process has left."""

import pytest

from feed.broadcast.market_times import MarketTimes
from feed.broadcast.rewind import Rewound, rewind
from feed.broadcast.ring import RingBuffer
from feed.market.ticks import SECOND_NS, Bar, Kind, Quote, Tick, Trade
from feed.wire.beginning import Ago, Moment
from feed.wire.rfc3339 import rfc3339

OPEN_NS = 1_795_780_800 * SECOND_NS


def trade(second: float) -> Trade:
    return Trade("A", 1, "V", 1.0, 1.0, OPEN_NS + int(second * SECOND_NS), (), "C")


class Recording:
    """A ring that a recording is played into."""

    def __init__(self, capacity: int = 64) -> None:
        self.ring = RingBuffer(capacity)
        self.times = MarketTimes(self.ring)
        self.clock_ns: int | None = None

    def play(self, *ticks: Tick, stray: bool = False) -> None:
        """Publish a run of ticks; the clock goes by trades and quotes that are not strays."""
        first_ns = self.clock_ns
        for tick in ticks:
            if isinstance(tick, Trade | Quote) and not stray:
                self.clock_ns = max(self.clock_ns or 0, tick.event_ns)
            first_ns = self.clock_ns if first_ns is None else first_ns
        newest = self.ring.publish(list(ticks), 0)
        assert first_ns is not None
        assert self.clock_ns is not None
        self.times.note(first_ns, self.clock_ns, newest - len(ticks) + 1, newest)

    def begin_pass(self) -> None:
        self.times.begin_pass()
        self.clock_ns = None

    def since(self, second: float) -> tuple[int, str | None]:
        """Return after which sequence a second begins, and from when on it is told to hold."""
        ns = OPEN_NS + int(second * SECOND_NS)
        return self._short(self._rewind(Moment(ns, rfc3339(ns))))

    def ago(self, seconds: float) -> tuple[int, str | None]:
        return self._short(self._rewind(Ago(int(seconds * SECOND_NS))))

    def _rewind(self, asked: Ago | Moment) -> Rewound:
        ring = self.ring
        return rewind(asked, ring, self.times, 0, 0, oldest=ring.oldest, upto=ring.newest)

    def _short(self, rewound: Rewound) -> tuple[int, str | None]:
        warning = rewound.warning
        return rewound.sequence, None if warning is None else warning["since"]


def at(second: float) -> str:
    return rfc3339(OPEN_NS + int(second * SECOND_NS))


@pytest.mark.parametrize("together", [1, 3, 10])
def test_a_time_of_the_recording_is_found_however_its_ticks_come(together: int) -> None:
    recording = Recording()
    ticks = [trade(second) for second in range(10)]
    for start in range(0, 10, together):
        recording.play(*ticks[start : start + together])
    assert [recording.since(second)[0] for second in (0, 0.5, 3, 8.5, 9)] == [0, 1, 3, 9, 9]
    assert recording.ago(4) == (5, None)


def test_late_ticks_do_not_take_the_clock_back() -> None:
    recording = Recording()
    recording.play(trade(1), trade(5), trade(2))
    recording.play(trade(3), trade(6))
    assert recording.since(4) == (1, None)  # the first that is not before it, and all since
    assert recording.since(5.5) == (4, None)


def test_strays_and_bars_say_nothing_of_the_time() -> None:
    recording = Recording()
    bar = Bar(Kind.BAR, "A", 1, 1, 1, 1, 1, 1, 1, OPEN_NS + 7 * SECOND_NS)
    recording.play(trade(1), trade(2))
    recording.play(trade(9_000), bar, stray=True)
    recording.play(trade(3), trade(7))
    assert recording.since(3) == (4, None)
    assert recording.since(7) == (5, None)


def test_times_begin_anew_with_a_pass() -> None:
    recording = Recording()
    recording.play(*map(trade, range(10)))
    recording.begin_pass()
    recording.play(trade(0), trade(1))
    recording.play(trade(2))
    assert recording.since(1) == (11, None)
    assert recording.ago(1) == (11, None)
    assert recording.ago(5) == (10, at(0))  # not the end of the pass before


def test_what_is_before_the_ring_or_to_come_is_told() -> None:
    recording = Recording(capacity=4)
    for second in range(10):
        recording.play(trade(second), trade(second + 0.5))
    assert recording.since(1) == (16, at(8))
    assert recording.since(8) == (16, None)
    assert recording.since(9.5) == (19, None)
    assert recording.since(9.6) == (20, at(9.5))


def test_runs_that_the_ring_has_overwritten_are_let_go_of() -> None:
    recording = Recording(capacity=4)
    for second in range(5_000):
        recording.play(trade(second))
    assert len(recording.times._runs) < 2_500
    assert recording.since(4_998) == (4_998, None)


def test_what_another_process_has_left_is_taken_up() -> None:
    played, ticks = Recording(4_096), [trade(second / 10) for second in range(1_500)]
    played.ring.publish([*ticks, *ticks[:700], trade(-9_000), *ticks[700:]], 0)
    played.times.take_up()
    assert played.since(120) == (2_701, None)
    assert played.ago(10) == (2_900, None)
    assert played.since(-1) == (1_500, at(0))


def test_before_anything_is_played_there_is_no_time() -> None:
    times = MarketTimes(RingBuffer(8))
    times.take_up()
    assert times.now_ns is None
