"""Allowances: who may have one generation more."""

import pytest

from feed.generations.allowance import BYTES_A_TOKEN, Allowance
from feed.generations.model import ModelError, ModelFault
from feed.settings.language_models import LanguageModelOptions

S = 1_000_000_000
ME, YOU, NOBODY = "me", "you", ""


def allowance(**limits: int) -> Allowance:
    return Allowance(LanguageModelOptions.model_validate(limits))


def refusal(some: Allowance, owner: str, prompt_bytes: int = 4, at_s: float = 0) -> ModelError:
    with pytest.raises(ModelError) as raised:
        some.enter(owner, prompt_bytes, int(at_s * S))
    return raised.value


def test_a_prompt_has_as_many_bytes_as_it_may() -> None:
    some = allowance(llm_max_prompt_bytes=10)
    some.enter(ME, 10, 0)
    error = refusal(some, ME, 11)
    assert (error.kind, error.status) == (ModelFault.TOO_LONG, 413)
    assert str(error) == "the prompt has 11 bytes; accepted: at most 10"
    assert some.running == 1


def test_as_many_run_as_may_and_of_each_as_many() -> None:
    some = allowance(llm_max_running=3, llm_max_running_per_identity=2)
    some.enter(ME, 4, 0)
    some.enter(ME, 4, 0)
    assert "2 answers of yours" in refusal(some, ME).words
    some.enter(YOU, 4, 0)
    error = refusal(some, "third")
    assert (error.kind, error.status) == (ModelFault.TOO_MANY, 429)
    assert "3 answers are being written" in error.words
    assert error.retry_after_s
    some.leave(ME)
    some.enter("third", 4, 0)


def test_nobodys_own_limits_count_for_programs_of_this_machine() -> None:
    some = allowance(llm_max_running=3, llm_max_running_per_identity=1, llm_tokens_per_minute=1)
    for _ in range(3):
        some.enter(NOBODY, 400, 0)
    assert "3 answers" in refusal(some, NOBODY).words


def test_tokens_a_minute_come_back_as_time_passes() -> None:
    some = allowance(llm_tokens_per_minute=60)
    some.enter(ME, 4, 0)
    some.leave(ME)
    some.spend(ME, 89, 0)  # together with the prompt's one, half as much again as there are
    error = refusal(some, ME)
    assert (error.kind, error.status) == (ModelFault.RATE_LIMITED, 429)
    assert error.retry_after_s == pytest.approx(31, abs=1.1)
    some.enter(YOU, 4, 0)
    refusal(some, ME, at_s=29)
    some.enter(ME, 4, 32 * S)


def test_a_prompt_counts_for_about_as_many_tokens_as_it_has() -> None:
    some = allowance(llm_tokens_per_minute=10)
    some.enter(ME, 100 * BYTES_A_TOKEN, 0)
    some.leave(ME)
    assert refusal(some, ME).retry_after_s == pytest.approx(540, abs=7)
