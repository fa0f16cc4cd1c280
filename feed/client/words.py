"""Words as a client gets them: what language models answer, beside ticks, typed by their `T`.

Words are plain dicts at run time, as ticks are (`feed.client.ticks`). A word has an `id`, that of
its answer, and `n`, its place in it. Whoever keeps the greatest `n` of an id has each once: a
`Generation` whose `n` is not smaller replaces the text, a `Token` whose `n` is not greater is known
already.
"""

from collections.abc import Iterable
from typing import Literal, NotRequired, TypeAlias, TypedDict, final

from feed.client.ticks import Time

State: TypeAlias = Literal["running", "stop", "length", "cancelled", "failed", "interrupted"]


@final
class Generation(TypedDict):
    """An answer begins; to whoever comes later its state, with the text so far.

    `facts` is what it was grounded on, as of the position `as_of`; `symbols` are theirs. The keys
    of `Generated` are there once it is over.
    """

    T: Literal["generation"]
    id: str
    n: int
    model: str
    text: str
    state: State
    t: Time
    facts: NotRequired[str]
    as_of: NotRequired[str]
    symbols: NotRequired[list[str]]
    shared: NotRequired[bool]
    owner: NotRequired[str]
    code: NotRequired[str]
    msg: NotRequired[str]
    prompt_tokens: NotRequired[int]
    completion_tokens: NotRequired[int]


@final
class Token(TypedDict):
    """A piece of the text of an answer."""

    T: Literal["token"]
    id: str
    n: int
    text: str
    t: Time


@final
class Generated(TypedDict):
    """An answer is over; `code` is why it failed, `msg` the same for a person."""

    T: Literal["generated"]
    id: str
    n: int
    state: State
    t: Time
    code: NotRequired[str]
    msg: NotRequired[str]
    prompt_tokens: NotRequired[int]
    completion_tokens: NotRequired[int]


Word: TypeAlias = Generation | Token | Generated


class Words(list[Word]):
    """Words that came together, in order.

    Attributes:
        position: where the stream stands after them; as a `Batch` has it.
        snapshot: these are the states of answers, with their texts so far.
    """

    __slots__ = ("position", "snapshot")

    def __init__(
        self, words: Iterable[Word], position: str | None = None, *, snapshot: bool = False
    ) -> None:
        super().__init__(words)
        self.position = position
        self.snapshot = snapshot

    def __repr__(self) -> str:
        return f"Words({len(self)} words, position={self.position!r})"
