import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feed.cluster.batch import Batch
from feed.cluster.fence import Deposed, Done, Fence, Look, ReadOn, Reason, Send
from tests.cluster.fence_model import Network, Stream, Writer, wrong_in
from tests.cluster.without_terms import WithoutTerms


def play(make: Callable[[str], Fence], steps: list[int], writers: int = 3) -> list[str]:
    """Let writers write as steps say; return what is wrong with the stream after each."""
    stream, network = Stream(), Network()
    actors = [Writer(make(f"w{number}")) for number in range(writers)]
    for step in steps:
        kind, which = step % 16, step // 16
        if kind < 8:
            actors[which % writers].step(stream, network)
        elif kind < 12 and network.messages:
            network.deliver(which % len(network.messages), stream, refuses=False)
        elif kind == 12 and network.messages:
            network.deliver(which % len(network.messages), stream, refuses=True)
        elif kind == 13 and network.answers:
            network.answer(which % len(network.answers), lost=True)
        elif kind == 14 and network.answers:
            network.answer(which % len(network.answers), lost=False)
        else:
            actors[which % writers].lose_patience()
        wrong = wrong_in(stream.batches, actors)
        if wrong:
            return wrong
    return []


@given(st.lists(st.integers(0, 16 * 64 - 1), max_size=300))
@settings(deadline=None)
def test_no_event_is_lost_doubled_or_interleaved(steps: list[int]) -> None:
    assert play(Fence, steps) == []


@pytest.mark.parametrize("seed", range(30))
def test_nor_in_a_long_run(seed: int) -> None:
    drawn = random.Random(seed)
    assert play(Fence, [drawn.randrange(16 * 64) for _ in range(2_000)]) == []


def test_without_terms_the_same_runs_go_wrong() -> None:
    def run(seed: int) -> list[str]:
        drawn = random.Random(seed)
        return play(WithoutTerms, [drawn.randrange(16 * 64) for _ in range(2_000)])

    assert sum(bool(run(seed)) for seed in range(30)) == 30


def test_writers_get_further_where_nothing_is_lost() -> None:
    stream, network = Stream(), Network()
    writer = Writer(Fence("w"))
    for _ in range(400):
        writer.step(stream, network)
        while network.messages:
            network.deliver(0, stream, refuses=False)
        while network.answers:
            network.answer(0, lost=False)
    assert len(writer.acknowledged) > 150


TERM = Batch("e", 4, 101, 0, "old", 0)


def led() -> Fence:
    fence = Fence("me")
    sent = fence.begin(7, TERM, "fresh", -5)
    assert sent == Send(Batch("e", 5, 101, 0, "me", -5), 7)
    assert fence.acknowledged(8) == Done(Batch("e", 5, 101, 0, "me", -5), 8)
    return fence


def test_a_term_begins_behind_the_newest_batch_in_its_epoch() -> None:
    fence = led()
    assert (fence.term, fence.next, fence.epoch, fence.leads) == (5, 101, "e", True)


def test_an_empty_stream_begins_a_new_epoch() -> None:
    fence = Fence("me")
    assert fence.begin(0, None, "fresh", 0) == Send(Batch("fresh", 1, 1, 0, "me", 0), 0)


def test_a_refused_term_batch_is_begun_anew() -> None:
    fence = Fence("me")
    fence.begin(7, TERM, "fresh", 0)
    assert fence.unsure() == Look(8)
    assert fence.found(Batch("e", 4, 101, 3, "old", 0), 8) == ReadOn()
    assert not fence.leads


def test_a_lost_acknowledgement_is_found_in_the_stream() -> None:
    fence = led()
    sent = fence.propose(Batch("", 0, 101, 3, "", 0))
    assert isinstance(sent, Send)
    assert fence.unsure() == Look(9)
    assert fence.found(sent.batch, 9) == Done(sent.batch, 9)
    assert fence.next == 104


def test_what_is_not_there_is_sent_again_with_the_same_expectation() -> None:
    fence = led()
    sent = fence.propose(Batch("", 0, 101, 3, "", 0))
    fence.unsure()
    assert fence.found(None, 8) == sent


@pytest.mark.parametrize(
    ("found", "last", "reason"),
    [
        (Batch("e", 6, 101, 0, "other", 0), 9, Reason.ANOTHER),
        (None, 12, Reason.ANOTHER),  # it was evicted by what others have written
        (None, 3, Reason.LOST),
    ],
)
def test_another_in_its_place_deposes(found: Batch | None, last: int, reason: Reason) -> None:
    fence = led()
    fence.propose(Batch("", 0, 101, 3, "", 0))
    fence.unsure()
    deposed = fence.found(found, last)
    assert isinstance(deposed, Deposed)
    assert deposed.reason is reason
    assert not fence.leads


def test_an_acknowledgement_of_another_sequence_is_looked_at() -> None:
    fence = led()
    fence.propose(Batch("", 0, 101, 3, "", 0))
    assert fence.acknowledged(44) == Look(9)
