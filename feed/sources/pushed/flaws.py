"""Why a batch is not taken: a table of flaws, and the error that tells one of them.

A batch is refused whole, and its producer told the row, the field and what is accepted. Knows no
transport: the codes are HTTP's, since everybody knows these, and stand in messages as well.
"""

from enum import StrEnum
from typing import Self

from feed.errors import InvalidInput, InvalidTick

# Fields by their letters; what is not here is a text.
_SYMBOL, _TIME = "S", "t"
_NUMBERS = frozenset(("p", "s", "bp", "bs", "ap", "as", "o", "h", "l", "c", "v", "n", "vw"))


class Flaw(StrEnum):
    """What is wrong with a batch; the label of a metric.

    Attributes:
        code: as HTTP has it.
    """

    code: int

    def __new__(cls, name: str, code: int) -> Self:
        """Make a member that is its name."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.code = code
        return member

    UNREADABLE = "unreadable", 400  # not of its codec
    SHAPE = "shape", 400  # not a map, not an array of them; no tick at all
    KIND = "kind", 400  # a T that nobody pushes
    MISSING = "missing", 400
    SYMBOL = "symbol", 400
    NUMBER = "number", 400
    TIME = "time", 400
    TEXT = "text", 400
    NOT_GRANTED = "not_granted", 403
    NOWHERE = "nowhere", 404  # no source is pushed into
    FOREIGN = "foreign", 409  # its symbol belongs to another source
    TOO_OLD = "too_old", 409  # its number is, so that nobody knows whether it was applied
    TOO_MANY = "too_many", 413  # ticks
    TOO_LONG = "too_long", 413  # in bytes
    FLOOD = "flood", 429
    PRODUCERS = "producers", 429  # there are as many as are remembered

    @classmethod
    def of_field(cls, letter: str) -> "Flaw":
        """Return the flaw of a field whose value is not accepted."""
        if letter in _NUMBERS:
            return cls.NUMBER
        return {_SYMBOL: cls.SYMBOL, _TIME: cls.TIME}.get(letter, cls.TEXT)


class BatchRefused(InvalidInput):
    """A batch is not taken, and nothing of it is applied.

    Attributes:
        flaw: why.
        row: the number of the tick that it is about, from 1; None: it is about the whole.
        retry_s: after how many seconds it may come again; 0: that would not help.
    """

    def __init__(
        self, flaw: Flaw, words: str, row: int | None = None, retry_s: float = 0.0
    ) -> None:
        self.flaw = flaw
        self.row = row
        self.retry_s = retry_s
        super().__init__(words if row is None else f"row {row}: {words}")


class FlawedRow(InvalidTick):
    """A row is not a tick.

    Attributes:
        flaw: why.
    """

    def __init__(self, flaw: Flaw, words: str) -> None:
        self.flaw = flaw
        super().__init__(words)
