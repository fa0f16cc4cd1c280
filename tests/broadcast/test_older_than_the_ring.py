"""Whoever comes with a position older than the ring sees what a larger ring would have told it."""

from dataclasses import dataclass

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from feed.broadcast.fragments import TURN_TICKS
from feed.market.ticks import Tick
from feed.wire.request_fields import OnLag
from feed.wire.selection import Selection
from tests.fakes.conflation import (
    MS,
    QUOTES_BESIDE_TRADES,
    TRADES,
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
from tests.fakes.ways import WAYS, Way

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
    assume(after >= 0)
    assert told(small, happened[1], after, subscription) == told(
        large, happened[1], after, subscription
    )
