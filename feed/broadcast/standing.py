"""The standing of a subscriber: the one table of its states, and of what moves it between them.

A subscriber is *held* while what it is due changes: when it joins, and whenever it subscribes to
something else. Released it is *behind*, and is given what it is due from the ring, until nothing is
due any more: then it is *live*, and gets the frames of its lane as they are made. A subscriber that
misses one of them is behind again. *Ended* is final. A move that is not in the table is a mistake
of ours, and is refused rather than made.
"""

from enum import Enum, StrEnum


class Standing(StrEnum):
    """The state of one subscriber."""

    HELD = "held"
    BEHIND = "behind"
    LIVE = "live"
    ENDED = "ended"


class Move(Enum):
    """What moves a subscriber from one standing to another."""

    HOLD = "what it is due is about to change"
    RELEASE = "what it is due is settled"
    MISS = "a frame of its lane could not be written"
    CATCH_UP = "nothing is due any more"
    END = "it leaves, or is disconnected"


class Written(Enum):
    """What may be written to a subscriber."""

    LANE = "the frames of its lane, shared with all that are live there"
    DUE = "what it is due from the ring, for itself"
    ANSWER = "words of its own connection, at once: a prelude, an answer to what it sent"
    LAST_WORDS = "why it was disconnected; nothing follows"


_HELD, _BEHIND, _LIVE, _ENDED = Standing.HELD, Standing.BEHIND, Standing.LIVE, Standing.ENDED

MOVES: dict[tuple[Standing, Move], Standing] = {
    (_HELD, Move.HOLD): _HELD,
    (_HELD, Move.RELEASE): _BEHIND,
    (_HELD, Move.END): _ENDED,
    (_BEHIND, Move.HOLD): _HELD,
    (_BEHIND, Move.CATCH_UP): _LIVE,
    (_BEHIND, Move.END): _ENDED,
    (_LIVE, Move.HOLD): _HELD,
    (_LIVE, Move.MISS): _BEHIND,
    (_LIVE, Move.END): _ENDED,
}

MAY_BE_WRITTEN: dict[Standing, frozenset[Written]] = {
    _HELD: frozenset({Written.ANSWER}),
    _BEHIND: frozenset({Written.DUE, Written.ANSWER}),
    _LIVE: frozenset({Written.LANE, Written.ANSWER}),
    _ENDED: frozenset({Written.LAST_WORDS}),
}


class ImpossibleMove(RuntimeError):
    """A subscriber was to be moved, or written to, as its standing does not allow.

    Attributes:
        standing: where it stands.
        wanted: the move, or what was to be written.
    """

    def __init__(self, standing: Standing, wanted: Move | Written) -> None:
        self.standing = standing
        self.wanted = wanted
        super().__init__(f"a subscriber that is {standing}: {wanted.name} ({wanted.value})")


def moved(standing: Standing, move: Move) -> Standing:
    """Return the standing after a move.

    Raises:
        ImpossibleMove: the table has no such row.
    """
    after = MOVES.get((standing, move))
    if after is None:
        raise ImpossibleMove(standing, move)
    return after
