"""The payload of a batch, read against what its headers say."""

from feed.cluster.batch import Batch
from feed.errors import InvalidMessage
from feed.wire.bus_frames import BusFrameReader
from feed.wire.follow_frames import Cut, FrameReader

_LINE = b"["  # a line of a follow stream begins so


class PayloadReader:
    """Reads payloads; the texts of ticks that are equal are one object."""

    def __init__(self) -> None:
        self._frames = BusFrameReader()
        self._lines = FrameReader()

    def read(self, batch: Batch, payload: bytes) -> Cut:
        """Return the cut that a payload is.

        Raises:
            InvalidInput: it is none, or not the one that the headers say.
        """
        reader = self._lines if payload.startswith(_LINE) else self._frames
        cut = reader.read(payload)
        if not isinstance(cut, Cut):
            raise InvalidMessage(f"a batch whose payload is {type(cut).__name__}, and no cut")
        known = (cut.position.epoch, cut.first, cut.count, len(cut.events), len(cut.ingested_ns))
        due = (batch.epoch, batch.first, batch.count, batch.count, batch.count)
        if known != due:
            raise InvalidMessage(f"a batch of {due} by its headers is {known} by its payload")
        return cut
