"""The words of generations: what a language model says, piece by piece, under the answer's id."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import ClassVar

from feed.market.word_channels import WordChannel

ID_PREFIX = "gen_"
ID_PATTERN = rf"^{ID_PREFIX}[0-9a-f]{{32}}$"  # 128 random bits
ID_SHAPE = f"the id of a generation: {ID_PREFIX} and 32 hexadecimal digits"
_ID_LENGTH = len(ID_PREFIX) + 32
_HALF_LENGTH = 16
_DIGITS = frozenset("0123456789abcdef")


class GenerationType(StrEnum):
    """What a word of a generation says: its `T` on the wire."""

    GENERATION = "generation"  # it begins; for late comers its state, with the text so far
    TOKEN = "token"  # noqa: S105 - a piece of its text
    GENERATED = "generated"  # it is over


class GenerationState(StrEnum):
    """How a generation stands, or ended."""

    RUNNING = "running"
    STOP = "stop"
    LENGTH = "length"
    CANCELLED = "cancelled"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(slots=True)
class GenerationWord:
    """One word of a generation. All words of one, in order, are its log: begin, tokens, end.

    Attributes:
        symbol: the key: the generation's id.
        type: what it says.
        number: its place in the generation, from 0 on; of a state that of the last word in it.
        event_ns: when it was said, since the Unix epoch.
        text: a piece of the text; of a state all of it so far.
        model: what says it.
        state: how the generation stands after it.
        code: why it failed, for programs.
        words: the same for a person.
        prompt_tokens, completion_tokens: how many tokens were read and said; once it is over.
        facts: what the prompt was grounded on, where it was.
        as_of: the position as of which the facts are.
        symbols: that they are of; whoever reads them has to be granted these.
        shared: whether others may read it than who asked.
        owner: who asked, as a digest, another one for each key; "" where there are no identities.
    """

    kind: ClassVar[WordChannel] = WordChannel.GENERATIONS
    symbol: str
    type: GenerationType
    number: int
    event_ns: int
    text: str = ""
    model: str = ""
    state: GenerationState = GenerationState.RUNNING
    code: str = ""
    words: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    facts: str = ""
    as_of: str = ""
    symbols: tuple[str, ...] = ()
    shared: bool = False
    owner: str = ""

    @property
    def id(self) -> str:
        """The id of the generation, which is its key."""
        return self.symbol

    @property
    def is_over(self) -> bool:
        """Whether nothing follows."""
        return self.state is not GenerationState.RUNNING


def is_generation_id(text: str) -> bool:
    """Tell whether a text may be the id of a generation."""
    return (
        len(text) == _ID_LENGTH
        and text.startswith(ID_PREFIX)
        and _DIGITS.issuperset(text[len(ID_PREFIX) :])
    )


def half_of_id(key: str) -> int:
    """Return the first 64 bits of a generation's id, by which it is found again; 0: it is none."""
    return int(key[len(ID_PREFIX) :][:_HALF_LENGTH], 16) if is_generation_id(key) else 0


def id_beginning(half: int) -> str:
    """Return what the id of a generation begins with, of which `half_of_id` gave a half."""
    return f"{ID_PREFIX}{half:0{_HALF_LENGTH}x}"


def fold(state: GenerationWord | None, words: Iterable[GenerationWord]) -> GenerationWord | None:
    """Return the state of a generation after some of its words; None: it has not begun.

    Args:
        state: before them; None: they begin with the first.
        words: that follow it, in order.
    """
    texts = [] if state is None else [state.text]
    last = state
    for word in words:
        texts.append(word.text)
        state, last = state or word, word
    if state is None or last is None:
        return None
    text = "".join(texts)
    folded = replace(state, number=last.number, event_ns=last.event_ns, text=text)
    if last.type is GenerationType.GENERATED:  # which is the last one
        folded.state, folded.code, folded.words = last.state, last.code, last.words
        folded.prompt_tokens = last.prompt_tokens
        folded.completion_tokens = last.completion_tokens
    return folded
