"""What `words_server` says: words of generations under keys of its own, a steady few a second."""

from dataclasses import dataclass

from feed.market.generation_words import ID_PREFIX


def key_of(number: int) -> str:
    """Return the key of a generation by its number; those from 0 on are said, the others silent."""
    return f"{ID_PREFIX}{number:032x}"


@dataclass(frozen=True, slots=True)
class Said:
    """The words that a server says.

    Attributes:
        keys: how many generations run, each under a key of its own.
        per_s: words a second of each.
    """

    keys: int
    per_s: float

    @property
    def names(self) -> tuple[str, ...]:
        """The keys."""
        return tuple(map(key_of, range(self.keys)))

    def arguments(self) -> list[str]:
        """Return them as they are written on the command line of that server."""
        return ["--said-keys", str(self.keys), "--said-per-s", str(self.per_s)]
