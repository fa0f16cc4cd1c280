"""Words of generations, as tests say them."""

from collections.abc import Sequence

from feed.hub.hub import Hub
from feed.market.generation_words import GenerationState, GenerationType, GenerationWord
from tests.fakes.patience import until

KEYS = tuple(f"gen_{digit * 32}" for digit in "0123")


def words_of(key: str, texts: Sequence[str], first: int = 0) -> list[GenerationWord]:
    """Return the words of a generation from a number on: the first is its begin."""
    return [
        GenerationWord(
            key, GenerationType.TOKEN if number else GenerationType.GENERATION, number, 1, text
        )
        for number, text in enumerate(texts, first)
    ]


def over(key: str, number: int) -> GenerationWord:
    return GenerationWord(key, GenerationType.GENERATED, number, 1, state=GenerationState.STOP)


async def say(hub: Hub, words: Sequence[GenerationWord]) -> None:
    """Say words, and return when they have been cut."""
    hub.publisher.say(words)
    await until(lambda: not hub.broadcast.waiting_words)
