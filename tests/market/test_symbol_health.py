"""Who ticks as usual, who has fallen silent, who is halted."""

import random

import pytest

from feed.market.symbol_health import LEAST_FLOORS, LEAST_TICKS, Health, SymbolHealth
from feed.market.ticks import SECOND_NS, Status, Tick
from tests.fakes.numbered_ticks import numbered

GAPS = 10.0
FLOOR_S = 5
WALL_NS = 1_700_000_000 * SECOND_NS


class Market:
    """Symbols that tick when they are told to; time is in seconds."""

    def __init__(self, floor_s: float = FLOOR_S) -> None:
        self.health = SymbolHealth(gaps=GAPS, floor_ns=int(floor_s * SECOND_NS))
        self.told: list[tuple[str, str]] = []

    def tick(self, at_s: float, *symbols: str) -> None:
        self.take(at_s, *(numbered(1, symbol=symbol) for symbol in symbols))

    def take(self, at_s: float, *ticks: Tick) -> None:
        self.health.note(ticks, [int(at_s * SECOND_NS)] * len(ticks))
        while (statuses := self.health.learn(2, 0)) is not None:
            self._tell(statuses)

    def status(self, at_s: float, symbol: str, code: str) -> None:
        self.take(at_s, Status(symbol, code, "", "", "", 0))

    def judge(self, at_s: float) -> list[str]:
        statuses = self.health.find_stale(int(at_s * SECOND_NS), WALL_NS)
        self._tell(statuses)
        return [status.symbol for status in statuses]

    def counts(self) -> dict[str, int]:
        return {health.value: count for health, count in self.health.counts().items() if count}

    def _tell(self, statuses: list[Status]) -> None:
        self.told += [(status.symbol, status.status_code) for status in statuses]

    def run(self, until_s: float, every_s: dict[str, float], since_s: float = 0.0) -> None:
        """Let symbols tick evenly."""
        ticks = sorted(
            (since_s + every * number, symbol)
            for symbol, every in every_s.items()
            for number in range(int((until_s - since_s) / every) + 1)
        )
        for at_s, symbol in ticks:
            self.tick(at_s, symbol)


def test_a_symbol_is_stale_after_ten_times_its_usual_gap_and_live_with_its_next_tick() -> None:
    market = Market()
    market.run(200, {"AAPL": 2.0, "BUSY": 0.1})
    market.run(230, {"BUSY": 0.1}, since_s=200)
    assert market.judge(219.9) == []
    assert market.judge(220.1) == ["AAPL"]
    assert market.judge(221) == [], "told once"
    assert market.counts() == {"live": 1, "stale": 1}
    market.tick(230.1, "AAPL")
    assert market.told == [("AAPL", "STALE"), ("AAPL", "LIVE")]
    assert market.counts() == {"live": 2}


def test_nobody_is_stale_before_the_floor() -> None:
    market = Market()
    market.run(60, {"AAPL": 0.1, "BUSY": 0.1})
    market.run(65, {"BUSY": 0.1}, since_s=60)
    assert market.judge(64.9) == []
    assert market.judge(65.1) == ["AAPL"]


def test_a_burst_does_not_make_a_quiet_symbol_stale() -> None:
    market = Market()
    market.run(300, {"QUIET": 10.0, "BUSY": 1.0})
    for number in range(1_000):
        market.tick(300 + number / 1_000, "QUIET")
    market.run(390, {"BUSY": 1.0}, since_s=301)
    assert market.judge(390) == [], "a thousand ticks in a second are a second of three hundred"


def test_too_few_ticks_are_not_judged() -> None:
    market = Market()
    market.run(300, {"BUSY": 1.0})
    for number in range(LEAST_TICKS):  # the first tick begins the first gap
        market.tick(300 + 3 * number, "FEW")
    market.run(500, {"BUSY": 1.0}, since_s=361)
    assert market.judge(500) == []
    market.tick(500, "FEW")
    market.run(3_000, {"BUSY": 1.0}, since_s=501)
    assert market.judge(3_000) == ["FEW"]


def test_a_halted_symbol_is_not_stale_and_its_clock_begins_when_it_resumes() -> None:
    market = Market()
    market.run(100, {"AAPL": 1.0, "BUSY": 0.5})
    market.status(100, "AAPL", "H")
    assert market.counts() == {"live": 1, "halted": 1}
    market.run(400, {"BUSY": 0.5}, since_s=100)
    assert market.judge(400) == []
    market.status(400, "AAPL", "T")
    assert market.counts() == {"live": 2}
    market.run(412, {"BUSY": 0.5}, since_s=400)
    assert market.judge(409) == []
    assert market.judge(411) == ["AAPL"]


def test_a_symbol_is_halted_until_it_is_resumed_whatever_ticks() -> None:
    market = Market()
    market.status(1, "GME", "H")
    market.tick(2, "GME", "AAPL")
    market.status(3, "GME", "LIVE")
    assert market.health.is_halted("GME")
    assert not market.health.is_halted("AAPL")
    market.status(4, "GME", "T")
    assert not market.health.is_halted("GME")


def test_a_halt_of_a_symbol_that_never_ticked_is_known() -> None:
    market = Market()
    market.status(0, "NEW", "P")
    assert market.counts() == {"halted": 1}
    market.status(1, "NEW", "X")
    assert market.counts() == {"halted": 1}, "other codes say nothing of trading"


def test_while_the_source_is_silent_no_symbol_is_judged_and_no_time_passes() -> None:
    market = Market()
    market.run(100, {"AAPL": 1.0, "MSFT": 2.0})
    silence_limit_s = market.health.silence_limit_ns / SECOND_NS
    assert 5 <= silence_limit_s <= 10
    assert market.judge(100 + silence_limit_s * 0.6) == [], "first it is seen who is silent"
    market.health.stop(100 * SECOND_NS)
    assert market.counts() == {"source_down": 2}
    assert market.judge(10_000) == []
    market.tick(10_001, "AAPL")
    assert market.counts() == {"live": 2}
    market.run(10_015, {"AAPL": 1.0}, since_s=10_002)
    assert market.judge(10_015) == [], "MSFT was silent for 15 s, not for three hours"
    market.run(10_022, {"AAPL": 1.0}, since_s=10_016)
    assert market.judge(10_022) == ["MSFT"]
    assert market.told == [("MSFT", "STALE")]


def test_the_usual_gap_of_the_feed_is_unknown_at_first() -> None:
    market = Market()
    assert market.health.silence_limit_ns == 60 * SECOND_NS
    for _ in range(1_000):
        market.tick(0, "AAPL")
    assert market.health.silence_limit_ns == 60 * SECOND_NS, "a burst teaches nothing"
    market.run(LEAST_FLOORS * FLOOR_S, {"AAPL": 1.0})
    assert market.health.silence_limit_ns == 10 * SECOND_NS


def test_what_is_usual_follows_the_day() -> None:
    market = Market()
    market.run(600, {"AAPL": 0.5, "BUSY": 0.5})
    market.run(3_000, {"AAPL": 4.0, "BUSY": 0.5}, since_s=600)
    market.run(3_030, {"BUSY": 0.5}, since_s=3_000)
    assert market.judge(3_030) == [], "slow is usual by now"


@pytest.mark.parametrize("per_s", [0.2, 2.0, 20.0])
def test_ticks_that_come_at_random_are_not_stale(per_s: float) -> None:
    chance = random.Random(5)
    market = Market(floor_s=0.001)
    at_s = looked_s = 0.0
    for _ in range(20_000):
        at_s += chance.expovariate(per_s)
        while looked_s < at_s:
            market.judge(looked_s)
            looked_s += 1 / per_s
        market.tick(at_s, "AAPL", "BUSY")
    assert market.told == []


def test_a_status_of_recovery_has_the_time_of_day_of_the_tick() -> None:
    market = Market()
    market.run(100, {"AAPL": 1.0, "BUSY": 0.5})
    market.run(120, {"BUSY": 0.5}, since_s=100)
    assert market.judge(120) == ["AAPL"]
    market.health.note([numbered(1, symbol="AAPL")], [121 * SECOND_NS])
    [status] = market.health.learn(2, wall_offset_ns=WALL_NS) or []
    assert (status.status_code, status.event_ns) == ("LIVE", WALL_NS + 121 * SECOND_NS)


def test_statuses_name_the_silence_in_words() -> None:
    market = Market()
    market.run(100, {"AAPL": 1.0, "BUSY": 0.5})
    market.run(120, {"BUSY": 0.5}, since_s=100)
    [status] = market.health.find_stale(120 * SECOND_NS, WALL_NS)
    assert status.status_message == "No tick for 20.0 s; its usual gap is 1 s"
    assert status.event_ns == WALL_NS
    assert set(Health) == {"live", "stale", "halted", "source_down"}
