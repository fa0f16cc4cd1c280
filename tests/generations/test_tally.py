"""What is counted of generations, whatever their models are called."""

import pytest

from feed.generations.market_model import MarketModel
from feed.generations.models import Models
from feed.generations.tally import ENDINGS, FAILURES, OTHER, Tally
from feed.market.generation_words import GenerationState
from tests.generations.asking import upstream_at

MS = 1_000_000


def test_models_that_are_not_known_from_the_start_are_counted_together() -> None:
    tally = Tally(["small", "market"])
    for number in range(1_000):
        tally.begin(f"made up {number}")
    tally.begin("small")
    tally.note_tokens("small", 3, 7 * MS, first=True)
    tally.note_tokens("made up 1", 2, 9 * MS, first=False)
    assert tally.models == ("small", "market", OTHER)
    assert tally.started == {OTHER: 1_000, "small": 1}
    assert tally.tokens == {"small": 3, OTHER: 2}
    assert (tally.first_token_ns.total, tally.between_tokens_ns.total) == (7 * MS, 9 * MS)


@pytest.mark.parametrize("state", ENDINGS)
def test_only_what_failed_has_a_kind(state: GenerationState) -> None:
    tally = Tally()
    tally.end(state, "upstream_answer")
    assert tally.ended == {state: 1}
    failed = {"upstream_answer": 1} if state is GenerationState.FAILED else {}
    assert tally.failed == failed
    assert set(tally.failed) <= {*FAILURES}


async def test_configured_models_are_known_from_the_start_and_listed_ones_are_not() -> None:
    closed = "http://127.0.0.1:9/v1"
    async with upstream_at(closed, llm_model=["small=llama"]) as configured:
        assert Models(MarketModel(), configured).fixed == ["small", "market"]
    async with upstream_at(closed) as listed:
        assert Models(MarketModel(), listed).fixed == ["market"]
    assert Models(MarketModel(), None).fixed == ["market"]
