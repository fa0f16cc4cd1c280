"""Fragments that came along with events: another server has encoded them, equal to our own.

They wait with their events for the next cut, and no longer. Fewer of them than events: some came
without, and whoever wants them encodes.
"""

from collections.abc import Mapping
from types import MappingProxyType

from feed.wire.codec import Codec

Carried = Mapping[str, list[bytes]]  # one fragment an event, by the name of the codec
NOTHING_CARRIED: Carried = MappingProxyType({})


class CarriedFragments:
    """The fragments of events that wait for a cut."""

    __slots__ = ("_fragments",)

    def __init__(self) -> None:
        """Begin with none."""
        self._fragments: dict[str, list[bytes]] = {}

    def add(self, carried: Carried) -> None:
        """Note what came along with the events that wait behind all others."""
        for name, fragments in carried.items():
            self._fragments.setdefault(name, []).extend(fragments)

    def of(self, codec: Codec, events: int) -> list[bytes] | None:
        """Return the fragments of all events that wait; None: not all of them came with some."""
        fragments = self._fragments.get(codec.name)
        return fragments if fragments is not None and len(fragments) == events else None

    def clear(self) -> None:
        """Forget all: their events are cut."""
        self._fragments = {}
