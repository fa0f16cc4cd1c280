"""What is counted of rooms, for metrics."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Tally:
    """Counts since the server began.

    Attributes:
        said: words, by their type.
        repeated: what was said before, and not published again.
        refused: what was not published, by why: `clash`, `gone`, `limit`, `not_granted`.
    """

    said: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    repeated: int = 0
