"""Rehearsals in short; `python -m tests.chaos --rehearsals 50` is the long form."""

from collections.abc import Sequence

import pytest

from feed.broadcast.origins import Origin
from feed.broadcast.outbox import Outbox
from feed.broadcast.selection_index import SelectionIndex
from feed.market.ticks import Quote, Tick
from tests.chaos.rehearsal import rehearse
from tests.chaos.restless import LAGS_TICKS, Restless


# Each of these has found something that was mended since.
@pytest.mark.parametrize("seed", [2005, 2011, 2015, 2021, 7008])
def test_nothing_is_lost_doubled_or_untold_in_a_rehearsal(seed: int) -> None:
    outcome = rehearse(seed, steps=300, actors=10)
    assert not outcome.findings, "\n".join(outcome.findings)
    done = (
        "cut",
        "start return",
        "subscribe",
        "unsubscribe",
        "snapshots",
        "conflated ticks",
        "revoked",
    )
    assert all(outcome.counts[name] for name in done), outcome.counts


# These, too: they come to what others hardly do, a stretch that is made while its interval changes.
@pytest.mark.parametrize("seed", [21007, 21010])
def test_nothing_is_lost_where_intervals_change_all_the_time(seed: int) -> None:
    outcome = rehearse(seed, 200, 10, Restless, LAGS_TICKS)
    assert not outcome.findings, "\n".join(outcome.findings)
    done = ("gap conflated", "subscribe", "conflated ticks", "revoked")
    assert all(outcome.counts[name] for name in done), outcome.counts


def test_ticks_that_are_lost_to_live_readers_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    distribute = SelectionIndex.distribute

    def distribute_but_some(
        self: SelectionIndex, ticks: Sequence[Tick], fragments: Sequence[bytes]
    ) -> None:
        kept = [index for index, tick in enumerate(ticks) if type(tick) is not Quote or index % 9]
        distribute(self, [ticks[index] for index in kept], [fragments[index] for index in kept])

    monkeypatch.setattr(SelectionIndex, "distribute", distribute_but_some)
    outcome = rehearse(4, steps=60, actors=8)
    assert any("missing" in finding for finding in outcome.findings), outcome


def test_ticks_that_wait_of_what_was_revoked_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def keeps_all(_: Outbox, may_be_told: object) -> list[Origin]:  # noqa: ARG001 - as it was
        return []

    monkeypatch.setattr(Outbox, "withdraw", keeps_all)
    outcome = rehearse(4, steps=300, actors=10)
    assert any("outside of what is granted" in finding for finding in outcome.findings), outcome


def test_a_rehearsal_repeats_itself() -> None:
    assert rehearse(5, steps=40, actors=4) == rehearse(5, steps=40, actors=4)
