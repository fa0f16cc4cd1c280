"""The table of standings: every row is walked, and every other step is refused."""

from collections.abc import Callable
from itertools import product

import pytest

from feed.broadcast.standing import (
    MAY_BE_WRITTEN,
    MOVES,
    ImpossibleMove,
    Move,
    Standing,
    Written,
    moved,
)
from feed.broadcast.subscriber import Subscriber
from tests.fakes.selections import EVERYTHING
from tests.fakes.stage import HIGH_WATER_BYTES, Member, Stage

ROWS = {
    ("held", "HOLD"): "held",
    ("held", "RELEASE"): "behind",
    ("held", "END"): "ended",
    ("behind", "HOLD"): "held",
    ("behind", "CATCH_UP"): "live",
    ("behind", "END"): "ended",
    ("live", "HOLD"): "held",
    ("live", "MISS"): "behind",
    ("live", "END"): "ended",
}
STEPS: dict[Move, Callable[[Subscriber], None]] = {
    Move.HOLD: Subscriber.hold,
    Move.RELEASE: Subscriber.release,
    Move.MISS: lambda subscriber: subscriber.miss(0),
    Move.CATCH_UP: Subscriber.go_live,
    Move.END: Subscriber.end,
}
EVERY_STEP = list(product(Standing, Move))
STEP_NAMES = [f"{standing} {move.name}" for standing, move in EVERY_STEP]


def member_that_is(standing: Standing) -> Member:
    """Bring a member to a standing by the ways there are."""
    stage = Stage()
    member = stage.open(EVERYTHING)
    if standing is not Standing.HELD:
        stage.catch_up(member)
    if standing is Standing.BEHIND:
        member.socket.held_bytes = HIGH_WATER_BYTES + 1
        stage.publish_and_cut("AAPL")
    if standing is Standing.ENDED:
        stage.leave(member)
    member.socket.written.clear()
    assert member.subscriber.standing is standing
    return member


@pytest.mark.parametrize(("standing", "move"), EVERY_STEP, ids=STEP_NAMES)
def test_the_table_has_these_rows_and_no_others(standing: Standing, move: Move) -> None:
    after = ROWS.get((standing.value, move.name))
    assert MOVES.get((standing, move)) == after
    if after is None:
        with pytest.raises(ImpossibleMove, match=f"{standing}: {move.name}") as refusal:
            moved(standing, move)
        assert (refusal.value.standing, refusal.value.wanted) == (standing, move)
    else:
        assert moved(standing, move) == after


@pytest.mark.parametrize(("standing", "move"), EVERY_STEP, ids=STEP_NAMES)
def test_a_subscriber_moves_as_the_table_says(standing: Standing, move: Move) -> None:
    subscriber = member_that_is(standing).subscriber
    after = ROWS.get((standing.value, move.name))
    if after is None:
        with pytest.raises(ImpossibleMove):
            STEPS[move](subscriber)
        assert subscriber.standing is standing
    else:
        STEPS[move](subscriber)
        assert subscriber.standing == after


@pytest.mark.parametrize(
    ("standing", "what"),
    list(product(Standing, Written)),
    ids=[f"{standing} {what.name}" for standing, what in product(Standing, Written)],
)
def test_a_subscriber_is_written_what_its_standing_allows(
    standing: Standing, what: Written
) -> None:
    allowed = {
        Standing.HELD: {Written.ANSWER},
        Standing.BEHIND: {Written.DUE, Written.ANSWER},
        Standing.LIVE: {Written.LANE, Written.ANSWER},
        Standing.ENDED: {Written.LAST_WORDS},
    }[standing]
    assert MAY_BE_WRITTEN[standing] == allowed
    member = member_that_is(standing)
    if what in allowed:
        member.subscriber.send(b"[1]", what)
        assert [bytes(frame) for frame in member.socket.written] == [b"\x81\x03[1]"]
    else:
        with pytest.raises(ImpossibleMove, match=what.name):
            member.subscriber.send(b"[1]", what)
        assert member.socket.written == []
