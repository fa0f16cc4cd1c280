"""The transcript: all that has come of one answer, over however many connections.

The numbers of what came are the place to resume from, and say what came twice: each piece of text
is taken once. Knows neither the events that brought it nor a socket.
"""

from collections import deque
from dataclasses import dataclass

from feed.client.errors import Malformed
from feed.client.generating.errors import GenerationFailed
from feed.market.generation_words import GenerationState

_FAILURES = {GenerationState.FAILED, GenerationState.INTERRUPTED}


@dataclass(frozen=True, slots=True)
class Usage:
    """The tokens of an answer, as its model counts them.

    Attributes:
        prompt_tokens: that were read.
        completion_tokens: that were said.
    """

    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True)
class Grounding:
    """The facts that an answer rests on.

    Attributes:
        facts: as its model was told them.
        as_of: the position as of which they are.
    """

    facts: str
    as_of: str


class Transcript:
    """What has come of one answer.

    Attributes:
        id: of the generation; None: not told yet.
        model: what answers; "": not told yet.
        number: of the newest event that was taken, as its protocol counts; None: none was.
        state: how the generation stands.
        grounding: the facts that it rests on; None: on none, or they were not told yet.
        usage: its tokens; None: not told, or not yet.
        failure: why it failed; None: it did not.
    """

    __slots__ = (
        "_fresh",
        "_pieces",
        "failure",
        "grounding",
        "id",
        "model",
        "number",
        "state",
        "usage",
    )

    def __init__(self, id: str | None = None) -> None:  # noqa: A002 - as the API has it
        self.id = id
        self.model = ""
        self.number: int | None = None
        self.state = GenerationState.RUNNING
        self.grounding: Grounding | None = None
        self.usage: Usage | None = None
        self.failure: GenerationFailed | None = None
        self._pieces: list[str] = []
        self._fresh: deque[str] = deque()  # not handed out yet

    @property
    def text(self) -> str:
        """All of it that has come."""
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""

    @property
    def has_text(self) -> bool:
        """Whether some of it has come."""
        return bool(self._pieces)

    def next_piece(self) -> str | None:
        """Return the next piece of text that was not handed out; None: there is none now."""
        return self._fresh.popleft() if self._fresh else None

    @property
    def is_over(self) -> bool:
        """Whether nothing follows."""
        return self.state is not GenerationState.RUNNING

    def ground(self, facts: object, as_of: object) -> None:
        """Note the facts that it rests on, where these are some."""
        if isinstance(facts, str) and facts:
            self.grounding = Grounding(facts, str(as_of or ""))

    def is_new(self, number: int) -> bool:
        """Tell whether an event has not been taken yet.

        Raises:
            Malformed: there is one missing before it, while text has come.
        """
        if self.number is not None and number <= self.number:
            return False
        # A state stands for all before it, and is all that a late comer gets of that.
        if self.has_text and number != (self.number or 0) + 1:
            raise Malformed(f"event {number} of {self.id} follows on {self.number}")
        return True

    def take(self, number: int, piece: str = "") -> None:
        """Take an event that is new, and the piece of text in it."""
        self.number = number
        if piece:
            self._pieces.append(piece)
            self._fresh.append(piece)

    def take_state(self, number: int, text: str) -> None:
        """Take the state after an event, and of all its text what had not come.

        A server that was killed may know less than had come.

        Raises:
            Malformed: the text is not how it began.
        """
        had = self.text
        short, long = sorted((had, text), key=len)
        if not long.startswith(short):
            raise Malformed(f"the text of {self.id} at {number} is not how it began")
        if self.number is None or number >= self.number:
            self.take(number, text[len(had) :])

    def end(
        self, state: GenerationState, usage: Usage | None, code: str = "", words: str = ""
    ) -> None:
        """Note that nothing follows, and why."""
        self.state = state
        self.usage = usage
        if state in _FAILURES:
            self.failure = GenerationFailed(self.id, code or state, words)
