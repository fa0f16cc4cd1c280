"""The transcript of one generation: what a model says, piece by piece, as words of its log.

It numbers words, counts tokens and bytes, and ends an answer that is longer than it may be. Knows
no clock.
"""

from dataclasses import dataclass

from feed.generations.facts import Facts
from feed.generations.model import Finish, Piece, Usage
from feed.market.generation_words import GenerationState, GenerationType, GenerationWord
from feed.settings.language_models import LanguageModelOptions

MOST_CHARACTERS = 4_096  # of a word: messages over 32,000 bytes are more than some clients read


@dataclass(frozen=True, slots=True)
class Ending:
    """How a generation ends.

    Attributes:
        state: any but RUNNING.
        code: why it failed, for programs; "": it did not.
        words: the same for a person.
        retry_after_s: when it may be asked again; None: nobody has said.
        status: of HTTP, where nothing was answered yet; None: that of its code.
    """

    state: GenerationState
    code: str = ""
    words: str = ""
    retry_after_s: float | None = None
    status: int | None = None

    def after(self, last: GenerationWord, wall_ns: int) -> GenerationWord:
        """Return the word that ends a generation after its last one so far."""
        number, ended = last.number + 1, GenerationType.GENERATED
        word = GenerationWord(last.symbol, ended, number, wall_ns, model=last.model)
        word.state, word.code, word.words = self.state, self.code, self.words
        return word


class Transcript:
    """The log of one generation, as it is written.

    Attributes:
        log: its words so far: begin, tokens, end.
        tokens: pieces of text so far.
        usage: what the model counted; None: it has not said.
        ending: how the model, or a limit, ends it; None: nothing is known of that.
        is_full: whether a limit ends it, so that nothing more is read.
    """

    __slots__ = (
        "_bytes",
        "_most_bytes",
        "_most_tokens",
        "ending",
        "is_full",
        "log",
        "tokens",
        "usage",
    )

    def __init__(self, limits: LanguageModelOptions, max_tokens: int | None) -> None:
        """Begin without a word; `max_tokens`: the most that whoever asks wants."""
        self.log: list[GenerationWord] = []
        self.tokens = 0
        self.usage: Usage | None = None
        self.ending: Ending | None = None
        self.is_full = False
        self._bytes = 0
        self._most_bytes = limits.llm_max_answer_bytes
        self._most_tokens = min(limits.llm_max_tokens, max_tokens or limits.llm_max_tokens)

    @property
    def is_over(self) -> bool:
        """Whether its last word is said."""
        return bool(self.log) and self.log[-1].is_over

    def begin(self, key: str, model: str, facts: Facts | None, wall_ns: int) -> GenerationWord:
        """Return the first word: of which model, and what the prompt was grounded on."""
        word = GenerationWord(
            key,
            GenerationType.GENERATION,
            0,
            wall_ns,
            model=model,
            facts="" if facts is None else facts.text,
            as_of="" if facts is None else facts.as_of,
        )
        self.log.append(word)
        return word

    def add(self, piece: Piece, wall_ns: int) -> list[GenerationWord]:
        """Return the words of a piece: one, unless it has no text, or is very long.

        A piece that is one too many, and what there is no room for, is left out, and `ending` says
        so.
        """
        if isinstance(piece, Usage):
            self.usage = piece
            return []
        if isinstance(piece, Finish):
            self.ending = Ending(piece.state)
            return []
        text = self._fitting(piece)
        if len(text) < len(piece):
            self.ending = Ending(GenerationState.LENGTH)
            self.is_full = True
        self.tokens += bool(text)
        parts = range(0, len(text), MOST_CHARACTERS)
        return [self._append(text[start : start + MOST_CHARACTERS], wall_ns) for start in parts]

    def end(self, ending: Ending, wall_ns: int) -> GenerationWord:
        """Return the last word."""
        word = ending.after(self.log[-1], wall_ns)
        usage = self.usage or Usage(0, self.tokens)
        word.prompt_tokens = usage.prompt_tokens
        word.completion_tokens = usage.completion_tokens
        self.log.append(word)
        return word

    def _append(self, text: str, wall_ns: int) -> GenerationWord:
        last = self.log[-1]
        token, number = GenerationType.TOKEN, last.number + 1
        word = GenerationWord(last.symbol, token, number, wall_ns, text, last.model)
        self.log.append(word)
        return word

    def _fitting(self, text: str) -> str:
        """Return as much of a piece as there is room for, in whole characters."""
        if self.tokens >= self._most_tokens:
            return ""
        data = text.encode("utf-8", "replace")
        room = self._most_bytes - self._bytes
        if len(data) > room:
            data = data[:room]
        self._bytes += len(data)
        return data.decode("utf-8", "ignore")
