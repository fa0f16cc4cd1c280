"""Facts: what is known of the market as of one position, for whoever is to answer a question."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of some symbols, all of which whoever asked may read.

    Attributes:
        text: the facts in compact lines, for the prompt of a language model.
        as_of: the position as of which they are.
        wall_ns: when that was.
        symbols: that they are of.
    """

    text: str
    as_of: str
    wall_ns: int
    symbols: tuple[str, ...]
