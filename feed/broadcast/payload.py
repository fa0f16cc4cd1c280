"""A payload: the joined bytes of what one selection takes of a cut, made once."""

from collections.abc import Sequence

from feed.broadcast.payload_key import PayloadKey
from feed.wire.selection import Selection

_NOTHING = Selection()


class Payload:
    """The fragments that wait for the cut in progress, and how they join.

    Attributes:
        key: payloads with equal keys are one.
        parts: its selection by interval in milliseconds; 0: lossless.
        lossless: the part that is not conflated; it may select nothing.
        follows: it is the ring, sequence by sequence, for servers that follow this one: its marks
            say when each event was ingested.
        waiting: fragments of the cut in progress.
        collect: appends to `waiting`; what the selection index calls.
    """

    __slots__ = ("collect", "follows", "key", "lossless", "parts", "waiting")

    def __init__(self, key: PayloadKey) -> None:
        self.key = key
        self.parts = key.selection.parts()
        self.lossless = self.parts.get(0, _NOTHING)
        self.follows = key.selection.every
        self.waiting: list[bytes] = []
        self.collect = self.waiting.append

    def join(self, fragments: Sequence[bytes], mark: bytes) -> bytes:
        """Return the array of fragments; with the mark, a fragment, at its end if marks are on."""
        if self.key.marks:
            return self.key.codec.join([*fragments, mark])
        return self.key.codec.join(fragments)
