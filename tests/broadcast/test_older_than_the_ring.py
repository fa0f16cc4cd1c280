"""Whoever comes with a position older than the ring sees what a larger ring would have told it."""

from dataclasses import dataclass

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from feed.broadcast.fragments import TURN_TICKS
from feed.broadcast.resumption import Resume
from feed.market.ticks import Tick
from feed.wire.request_fields import OnLag
from feed.wire.selection import EVERY_EVENT, Selection
from tests.fakes.conflation import (
    MS,
    QUOTES_BESIDE_TRADES,
    TRADES,
    change,
    conflated,
    pass_time,
    quote,
    trade,
)
from tests.fakes.frame_reader import Object
from tests.fakes.hearing import at, is_live
from tests.fakes.stage import Member, Stage
from tests.fakes.stage_log import StageLog
from tests.fakes.strategies import examples
from tests.fakes.ways import STREAM, WAYS, Way

SMALL, LARGE = 16, 1 << 12
SELECTIONS = (
    TRADES,
    QUOTES_BESIDE_TRADES,
    conflated({}, trades="*", quotes="A"),
    conflated({"trades": 50, "quotes": 250}, trades="AB", quotes="*"),
    conflated({"quotes": 5_000}, quotes="B"),
)
Happening = list[tuple[bool, str, int]] | int  # ticks, so many milliseconds, or a hole
ticks = st.lists(
    st.tuples(st.booleans(), st.sampled_from("ABC"), st.integers(1, 9)), min_size=1, max_size=12
)
times = st.integers(1, 400).map(lambda ms: -ms)
before = st.lists(st.one_of(ticks, ticks, times, st.integers(1, 40)), min_size=2, max_size=14)
later = st.lists(st.one_of(ticks, times), max_size=4)


def let_happen(log: StageLog, happening: Happening) -> None:
    """Let something happen on a stage."""
    stage = log.stage
    if isinstance(happening, int) and happening < 0:
        pass_time(stage, stage.now_ns // MS - happening)
    elif isinstance(happening, int):
        log.skip(happening)
    else:
        made: list[Tick] = []
        for is_trade, symbol, price in happening:
            sequence = stage.ring.newest + len(made) + 1
            made.append(trade(sequence, symbol, price) if is_trade else quote(sequence, symbol))
        log.publish(made)
        stage.cut()


def catch_up(log: StageLog, member: Member) -> None:
    """Give a member all that it is due, with the pages that it waits for."""
    log.stage.catch_up(member)
    while not is_live(member):
        assert log.read(), "it waits, and for no page"
        log.stage.catch_up(member)


@dataclass
class Told:
    """What a member was told, but for how it is split in messages."""

    objects: list[Object]
    position: str | None


def hears(member: Member) -> Told:
    objects: list[Object] = []
    position = None
    for piece in member.take():
        position = piece.position or position
        objects += [item for item in piece.objects if item["T"] != "mark"]
    return Told(objects, position)


def filled(capacity: int, happened: list[Happening], turn_ticks: int) -> StageLog:
    """Return a stage on which all that has happened, with a log."""
    log = StageLog(Stage(capacity, turn_ticks=turn_ticks))
    log.stage.join(TRADES)  # so that intervals have collected something
    for each in happened:
        let_happen(log, each)
    return log


def told(
    log: StageLog, later: list[Happening], after: int, subscription: tuple[Selection, Way, OnLag]
) -> list[Told]:
    """Return what one is told that comes with a position, and is there for others."""
    selection, way, on_lag = subscription
    member = log.stage.open(selection, way)
    log.stage.begin(member, selection, after=at(after), on_lag=on_lag)
    catch_up(log, member)
    heard = [hears(member)]
    for each in later:
        let_happen(log, each)
        catch_up(log, member)
    pass_time(log.stage, log.stage.now_ns // MS + 10_000)
    return [*heard, hears(member)]


@given(
    happened=st.tuples(before, later),
    place=st.floats(0, 1),
    turn_ticks=st.sampled_from([1, 5, TURN_TICKS]),
    subscription=st.tuples(
        st.sampled_from(SELECTIONS), st.sampled_from(WAYS[:3]), st.sampled_from(OnLag)
    ),
)
@settings(max_examples=examples(120), deadline=None)
def test_it_is_told_what_a_ring_as_large_as_the_log_would_have_told(
    happened: tuple[list[Happening], list[Happening]],
    place: float,
    turn_ticks: int,
    subscription: tuple[Selection, Way, OnLag],
) -> None:
    small, large = (filled(each, happened[0], turn_ticks) for each in (SMALL, LARGE))
    after = round(place * (small.stage.ring.oldest - 2))
    assume(small.stage.ring.oldest > 1)
    assert told(small, happened[1], after, subscription) == told(
        large, happened[1], after, subscription
    )


def cuts(member: Member) -> list[object]:
    """Return what a follower was told: its events with sequence and time, and gaps."""
    heard: list[object] = []
    events: list[Object] = []
    for item in member.take_objects():
        if item["T"] == "gap":
            heard.append((item["from"], item["to"], item["reason"]))
        elif item["T"] != "cut":
            events.append(item)
        else:
            runs = iter(item["in"])
            stamps = [
                item["at"] + later_ns
                for count, later_ns in zip(runs, runs, strict=True)
                for _ in range(count)
            ]
            assert len(events) == item["n"] == len(stamps)
            heard += zip(
                range(item["first"], item["first"] + item["n"]), stamps, events, strict=True
            )
            events = []
    assert not events
    return heard


@given(happened=before, place=st.floats(0, 1), turn_ticks=st.sampled_from([1, TURN_TICKS]))
@settings(max_examples=examples(40), deadline=None)
def test_a_server_that_follows_is_given_every_event_and_its_time(
    happened: list[Happening], place: float, turn_ticks: int
) -> None:
    small, large = (filled(each, happened, turn_ticks) for each in (SMALL, LARGE))
    after = round(place * (small.stage.ring.oldest - 2))
    assume(small.stage.ring.oldest > 1)
    heard: list[list[object]] = []
    for log in (small, large):
        member = log.stage.open(EVERY_EVENT, STREAM, marks=True)
        assert log.stage.begin(member, EVERY_EVENT, after=at(after)) is Resume.REPLAYED
        catch_up(log, member)
        heard.append(cuts(member))
    assert heard[0] == heard[1]
    assert small.archive.resumed == 1


def of_trades(log: StageLog, symbols: str) -> None:
    """Publish a trade of each of these symbols, a millisecond apart."""
    for symbol in symbols:
        pass_time(log.stage, log.stage.now_ns // MS + 1)
        log.publish([trade(log.stage.ring.newest + 1, symbol)])
        log.stage.cut()


def in_short(member: Member) -> list[str]:
    """Return trades by symbol, first and last number; and gaps, and the ends of states."""
    words: list[str] = []
    for item in member.take_objects():
        match item["T"]:
            case "t":
                words.append(f"{item['S']} {item.get('fi', item['i'])}-{item['i']}")
            case "gap":
                first, last = (item[key].partition("-")[2] for key in ("from", "to"))
                words.append(f"gap {first}-{last} {item['reason']}")
            case "snapshot":
                words.append(item["state"])
            case kind:
                words.append(kind)
    return words


@pytest.mark.parametrize("selection", [TRADES, conflated({"quotes": 100}, trades="*", quotes="*")])
def test_what_the_log_has_evicted_is_a_gap_and_the_state_is_of_the_rest(
    selection: Selection,
) -> None:
    log = StageLog(Stage(SMALL))
    of_trades(log, "A" * 30 + "B" * 40)
    log.first = 21
    member = log.stage.open(selection)
    log.stage.begin(member, selection, after=at(4))
    catch_up(log, member)
    each = ["A 21-30", "B 31-70"] if selection == TRADES else [f"A {n}-{n}" for n in range(21, 31)]
    each += [] if selection == TRADES else [f"B {n}-{n}" for n in range(31, 71)]
    assert in_short(member) == ["gap 5-20 overrun", *each, "begin", "A 30-30", "B 70-70", "end"]


def test_what_an_interval_had_collected_that_is_evicted_is_a_gap() -> None:
    log = StageLog(Stage(SMALL))
    of_trades(log, "A" * 70)
    log.first = 21
    member = log.stage.open(TRADES)
    log.stage.begin(member, TRADES, after=at(30))  # 150 ms before it there was the first
    catch_up(log, member)
    assert in_short(member) == ["gap 20-20 overrun", "A 21-70", "begin", "A 70-70", "end"]


def test_one_that_is_conflated_where_it_lags_is_given_the_state_of_all_of_it() -> None:
    log = StageLog(Stage(SMALL, lag_max_ticks=10))
    of_trades(log, "A" * 30)
    log.skip(3)
    of_trades(log, "B" * 40)
    selection = conflated({}, trades="*")
    member = log.stage.open(selection)
    log.stage.begin(member, selection, after=at(4), on_lag=OnLag.CONFLATE)
    catch_up(log, member)
    assert in_short(member) == ["gap 5-73 conflated", "gap 31-33 lost", "A 5-30", "B 34-73"]
    assert log.stage.counts.overruns == 1


def test_whoever_ends_an_interval_while_it_waits_is_told_what_it_may_miss() -> None:
    log = StageLog(Stage(SMALL))
    of_trades(log, "A" * 70)
    member = log.stage.open(TRADES)
    log.stage.begin(member, TRADES, after=at(30))
    log.stage.catch_up(member)  # it waits for a page
    change(log.stage, member, conflated({}, trades="*"))
    catch_up(log, member)
    assert in_short(member)[:2] == ["gap 30-30 overrun", "A 1-70"]


def test_a_state_waits_for_pages_while_others_go_on() -> None:
    log = StageLog(Stage(SMALL))
    of_trades(log, "A" * 3_000)
    member = log.stage.open(TRADES)
    log.stage.begin(member, TRADES, after=at(0))
    other = log.stage.join(TRADES)
    turns = 0
    while not is_live(member):
        log.stage.catch_up(member)
        of_trades(log, "B" * 30)  # more than the ring holds
        assert log.read(most_pages=2) or is_live(member)
        assert is_live(other)
        turns += 1
    assert turns > 2
    pass_time(log.stage, log.stage.now_ns // MS + 500)
    words = [each for each in in_short(member) if each != "mark"]
    assert words[0] == "A 1-3000"
    assert not [each for each in words if "gap" in each]
