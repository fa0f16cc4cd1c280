"""Positions: `<epoch>-<sequence>`, where a subscriber stands; the same text on every transport."""

import re
import secrets
from dataclasses import dataclass

from feed.errors import InvalidPosition

_EPOCH_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
_POSITION = re.compile(r"([a-z0-9]{1,32})-(0|[1-9][0-9]{0,18})", re.ASCII)
# The same for documents, in the regular expressions of JSON Schema, and `0`.
POSITION_PATTERN = f"^({_POSITION.pattern}|0)$"


def new_epoch() -> str:
    """Make a short random name for a run of sequences: 8 characters, 40 bits."""
    return "".join(secrets.choice(_EPOCH_ALPHABET) for _ in range(8))


@dataclass(frozen=True, slots=True)
class Position:
    """Where a subscriber stands: the last sequence it has, in which epoch."""

    epoch: str
    sequence: int

    @classmethod
    def parse(cls, text: str, parameter: str = "after") -> "Position":
        """Read `<epoch>-<sequence>`, or `0` for all that the ring holds.

        Raises:
            InvalidPosition: the text is not a position; the error names `parameter`.
        """
        if text == "0":
            return BEGINNING
        match = _POSITION.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            raise InvalidPosition(text, parameter)
        return cls(match[1], int(match[2]))

    def __str__(self) -> str:
        return f"{self.epoch}-{self.sequence}" if self.epoch else str(self.sequence)


BEGINNING = Position("", 0)  # before the oldest tick that a ring holds, in any epoch
