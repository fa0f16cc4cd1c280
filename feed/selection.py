"""What a subscriber asked for: channels × symbols."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from feed.ticks import KIND_OF_CHANNEL, Channel, Kind, Tick

ALL = "*"  # every symbol, in place of a symbol


@dataclass(frozen=True, slots=True)
class Selection:
    """Channels × symbols, equal by value: whoever selects the same shares the same bytes.

    Attributes:
        symbols: per channel, in the order of `Channel`, its symbols; channels without any are left
            out, and `{"*"}` stands for every symbol.
    """

    symbols: tuple[tuple[Channel, frozenset[str]], ...] = ()
