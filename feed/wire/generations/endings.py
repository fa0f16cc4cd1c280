"""How generations end, in the words of other APIs, and what is repeated of their beginnings."""

from collections.abc import Sequence
from typing import Any

from feed.market.generation_words import GenerationState, GenerationWord, fold

_FAILURES = frozenset({GenerationState.FAILED, GenerationState.INTERRUPTED})


def whole(log: Sequence[GenerationWord]) -> GenerationWord:
    """Return the state of a generation after all words of its log; there is at least one."""
    state = fold(None, log)
    assert state is not None
    return state


def has_failed(word: GenerationWord) -> bool:
    """Tell whether a generation ended before its answer did, and nobody wanted that."""
    return word.state in _FAILURES


def failure_code(word: GenerationWord) -> str:
    """Return why it failed, for programs."""
    return word.code or word.state.value


def failure_words(word: GenerationWord) -> str:
    """Return why it failed, for a person."""
    return word.words or f"the answer is {word.state.value}"


def failure_text(word: GenerationWord) -> str:
    """Return both, for APIs whose errors are a text and nothing else."""
    return f"{failure_code(word)}: {failure_words(word)}"


def grounding(word: GenerationWord) -> dict[str, Any]:
    """Return what a prompt was grounded on, as our addition to an object; {}: nothing."""
    return {"feed": {"facts": word.facts, "as_of": word.as_of}} if word.facts else {}
