"""The past is put in front of the bars once, and the minute that it ends in goes on."""

from collections.abc import Collection, Generator
from typing import Any

import msgpack
import pytest

from feed.market.bar_store import pack_row
from feed.market.bars import BarBuilder
from feed.market.open_bar import OpenBar
from feed.market.past import Past, Recalled
from feed.market.ticks import SECOND_NS, Bar, Kind, Tick, Trade

DAY_S = 86_400
UNTIL_S = 19_675 * DAY_S + 12 * 3_600 + 30  # half a minute after noon
MINUTE_S = UNTIL_S - 30


def row(start_s: int, close: float) -> bytes:
    return pack_row(start_s, 0, close, close, close, close, 10.0, 2, close, 0, 1)


class Told:
    """A past of one second, two minutes and two days of AAPL; MSFT has none but a name."""

    until_ns = UNTIL_S * SECOND_NS

    def __init__(self) -> None:
        self.recalls: list[str] = []

    def symbols(self) -> Collection[str]:
        return ["AAPL", "MSFT"]

    def open_minute(self, symbol: str) -> OpenBar | None:
        return OpenBar(4.0, 10.0, MINUTE_S * SECOND_NS) if symbol == "AAPL" else None

    def previous_close(self, symbol: str) -> float | None:
        return 2.0 if symbol == "AAPL" else None

    def opened(self, symbol: str) -> float | None:
        return 3.0 if symbol == "AAPL" else None

    def recall(self, symbol: str) -> Generator[None, None, Recalled]:
        self.recalls.append(symbol)
        yield
        if symbol != "AAPL":
            return Recalled(b"", b"", b"", None)
        today = OpenBar(3.0, 10.0, (MINUTE_S - 60) * SECOND_NS)
        day_s = UNTIL_S - UNTIL_S % DAY_S
        return Recalled(
            row(MINUTE_S, 4.0),
            row(MINUTE_S - 120, 2.5) + row(MINUTE_S - 60, 3.0),
            row(day_s - 2 * DAY_S, 1.0) + row(day_s - DAY_S, 2.0),
            today,
        )


def begun(past: Past) -> BarBuilder:
    builder = BarBuilder()
    for _ in builder.begin_after(past, list(past.symbols())):
        pass
    return builder


def recall(builder: BarBuilder, symbol: str = "AAPL") -> None:
    for _ in builder.recollection.recall(symbol):
        pass


def trade(after_s: float, price: float, symbol: str = "AAPL") -> Trade:
    return Trade(symbol, 1, "V", price, 5.0, int((UNTIL_S + after_s) * SECOND_NS))


def closes(bars: list[Bar]) -> list[float]:
    return [bar.close for bar in bars]


def test_the_minute_that_the_past_ends_in_is_published_whole() -> None:
    builder = begun(Told())
    current = builder.current("AAPL", Kind.BAR)
    assert current is not None
    assert (current.event_ns, current.volume) == (MINUTE_S * SECOND_NS, 10.0)
    assert builder.current("AAPL", Kind.SECOND_BAR) is None
    woven = builder.weave([trade(0.5, 6.0), trade(31, 7.0)])
    bars = {bar.kind: bar for bar in woven if isinstance(bar, Bar)}
    assert (bars[Kind.BAR].open, bars[Kind.BAR].close, bars[Kind.BAR].volume) == (4.0, 6.0, 15.0)
    assert bars[Kind.SECOND_BAR].volume == 5.0


def test_a_quiet_minute_is_published_even_where_no_live_trade_comes() -> None:
    woven = begun(Told()).weave([trade(300, 6.0, "MSFT")])
    assert [(tick.symbol, tick.event_ns) for tick in woven if isinstance(tick, Bar)] == [
        ("AAPL", MINUTE_S * SECOND_NS)
    ]


def test_nothing_but_that_minute_is_told_until_somebody_asks() -> None:
    past = Told()
    builder = begun(past)
    assert builder.history("AAPL", Kind.BAR, 9) == []
    assert builder.previous_close("AAPL") == 2.0
    assert past.recalls == []
    recall(builder)
    recall(builder)
    assert past.recalls == ["AAPL"]
    assert closes(builder.history("AAPL", Kind.BAR, 9)) == [2.5, 3.0]
    assert closes(builder.history("AAPL", Kind.SECOND_BAR, 9)) == [4.0]
    assert closes(builder.days("AAPL", 9)) == [1.0, 2.0]
    day = builder.day("AAPL")
    assert day is not None
    assert (day.open, day.high, day.close, day.volume) == (3.0, 4.0, 4.0, 20.0)
    assert builder.previous_close("AAPL") == 2.0
    assert builder.previous_close("MSFT") is None


def test_the_day_that_the_past_ends_in_is_partial_until_it_is_recalled() -> None:
    builder = begun(Told())
    day_ns = (UNTIL_S - UNTIL_S % DAY_S) * SECOND_NS
    past = builder.recollection
    assert past.is_partial("AAPL", day_ns)
    assert past.opened("AAPL", day_ns) == 3.0
    assert past.opened("AAPL", day_ns + DAY_S * SECOND_NS) is None
    assert not past.is_partial("AAPL", day_ns + DAY_S * SECOND_NS)
    assert not past.is_partial("GOOG", day_ns)
    recall(builder)
    assert not past.is_partial("AAPL", day_ns)
    assert past.opened("AAPL", day_ns) is None, "the day itself has it"
    assert past.is_partial("MSFT", day_ns)
    recall(builder, "MSFT")
    assert not past.is_partial("MSFT", day_ns)
    assert not BarBuilder().recollection.is_partial("AAPL", day_ns)


def test_volumes_compare_since_the_minute_that_the_past_ends_in_until_all_is_told() -> None:
    builder = begun(Told())
    day_ns, minute_ns = builder.day_ns, MINUTE_S * SECOND_NS
    past = builder.recollection
    builder.weave([trade(1, 6.0), trade(2, 6.0, "MSFT")])
    assert (past.began_ns(day_ns), past.before("AAPL", day_ns).volume) == (minute_ns, 0.0)
    recall(builder)
    assert (past.began_ns(day_ns), past.before("AAPL", day_ns)) == (minute_ns, (10.0, 30.0, 1))
    state = msgpack.unpackb(msgpack.packb(builder.state()))
    restored = BarBuilder()
    restored.restore(state)
    restored.recollection.resume(Told())
    assert restored.recollection.before("AAPL", day_ns) == (10.0, 30.0, 1)
    restored.restore({**state, "volumes_before": [["AAPL", 10.0]]})
    assert restored.recollection.before("AAPL", day_ns) == (10.0, 0.0, 0), "of an older server"
    next_ns = day_ns + DAY_S * SECOND_NS
    assert (past.began_ns(next_ns), past.before("AAPL", next_ns).volume) == (next_ns, 0.0)
    recall(builder, "MSFT")
    assert (past.began_ns(day_ns), past.before("AAPL", day_ns).volume) == (day_ns, 0.0)


@pytest.mark.parametrize("more", [[], [trade(DAY_S + 100, 9.5)]])
def test_a_past_that_is_asked_for_late_comes_before_what_was_built(more: list[Tick]) -> None:
    builder, early = begun(Told()), begun(Told())
    recall(early)
    for each in (builder, early):
        each.weave([trade(0, 6.0), trade(40, 7.0), trade(100, 8.0), trade(DAY_S, 9.0), *more])
    recall(builder)
    for kind in (Kind.BAR, Kind.SECOND_BAR):
        assert builder.history("AAPL", kind, 99) == early.history("AAPL", kind, 99)
    assert builder.days("AAPL", 9) == early.days("AAPL", 9)
    assert closes(builder.days("AAPL", 9)) == [1.0, 2.0, 8.0]
    assert builder.days("AAPL", 1)[0].volume == 35.0
    assert builder.day("AAPL") == early.day("AAPL")


def test_two_that_ask_at_once_are_told_once() -> None:
    builder = begun(Told())
    first, second = builder.recollection.recall("AAPL"), builder.recollection.recall("AAPL")
    next(first), next(second)
    assert [*first, *second] == []
    assert closes(builder.history("AAPL", Kind.BAR, 9)) == [2.5, 3.0]
    assert closes(builder.days("AAPL", 9)) == [1.0, 2.0]


def test_the_previous_close_of_a_symbol_without_live_trades_is_that_of_the_past() -> None:
    builder = begun(Told())
    builder._minutes.clear()
    builder.weave([trade(DAY_S, 9.0, "MSFT")])
    assert builder.previous_close("AAPL") == 3.0, "yesterday is now the day that the past ends in"


def packed(state: Any) -> Any:
    return msgpack.unpackb(msgpack.packb(state))


def test_another_process_has_the_past_told_once_and_keeps_what_was_told() -> None:
    saved = begun(Told())
    recall(saved)
    saved.weave([trade(0, 6.0), trade(40, 7.0)])
    past, resumed = Told(), BarBuilder()
    resumed.restore(packed(saved.state()))
    for kind, symbol, rows in packed(list(saved.rows())):
        resumed.restore_rows(kind, symbol, rows)
    for _ in resumed.begin_after(past, list(past.symbols())):
        pass
    recall(resumed)
    recall(resumed, "MSFT")
    assert past.recalls == ["MSFT"]
    for kind in (Kind.BAR, Kind.SECOND_BAR):
        assert resumed.history("AAPL", kind, 99) == saved.history("AAPL", kind, 99)
        assert resumed.current("AAPL", kind) == saved.current("AAPL", kind)
    assert resumed.days("AAPL", 9) == saved.days("AAPL", 9) != []
    assert resumed.day("AAPL") == saved.day("AAPL")


def test_a_recording_that_begins_anew_has_no_past() -> None:
    past = Told()
    builder = begun(past)
    builder.weave([trade(0, 6.0)])
    builder.restart()
    recall(builder)
    assert past.recalls == []
    assert builder.recollection.until_ns == 0
    assert (builder.days("AAPL", 9), builder.day("AAPL")) == ([], None)


def test_a_builder_that_has_begun_does_not_begin_again() -> None:
    builder = BarBuilder()
    builder.weave([trade(0, 6.0)])
    for _ in builder.begin_after(Told(), ["AAPL"]):
        pass
    current = builder.current("AAPL", Kind.BAR)
    assert current is not None
    assert current.volume == 5.0
