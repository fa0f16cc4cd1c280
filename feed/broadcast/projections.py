"""The projections in use: each has a ring of fragments of its own, until nobody uses it."""

from collections import Counter

from feed.wire.codec import Codec
from feed.wire.projection import ProjectedCodec


class Projections:
    """The projections of codecs that payloads are of."""

    __slots__ = ("_payloads",)

    def __init__(self) -> None:
        """Begin with none."""
        self._payloads: Counter[ProjectedCodec] = Counter()

    def __len__(self) -> int:
        return len(self._payloads)

    def __contains__(self, codec: Codec) -> bool:
        return codec in self._payloads

    def add(self, codec: Codec) -> None:
        """Count a payload."""
        if isinstance(codec, ProjectedCodec):
            self._payloads[codec] += 1

    def take(self, codec: Codec) -> bool:
        """Count a payload no longer; tell whether it was the last one of a projection."""
        if not isinstance(codec, ProjectedCodec):
            return False
        self._payloads[codec] -= 1
        if self._payloads[codec]:
            return False
        del self._payloads[codec]
        return True
