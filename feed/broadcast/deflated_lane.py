"""A lane whose frames are compressed once for all its readers.

Its live readers are of two kinds: readers in the context of the shared compressor, and readers that
are *joining*: they are live, but miss something of the context, and get frames compressed alone
until the next keyframe. Knows the deflate stream's rule: any byte of a connection's own moves its
window, so a reader that got one is joining again.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from feed.broadcast.checksum import LaneChecksum
from feed.broadcast.compressor_budget import CompressorBudget
from feed.broadcast.deflate import GZIP_HEADER, SharedDeflate
from feed.broadcast.fan_out import Bunch, Reader, Readers
from feed.broadcast.lane import Lane
from feed.broadcast.payload import Payload
from feed.broadcast.traffic import Traffic
from feed.wire.compression import Compression
from feed.wire.framing import Framing

_PRIVATE_LEVEL = 1  # nobody shares the work


class DeflatedLane(Lane):
    """A lane with one compressor.

    Attributes:
        live: readers in the context.
        joining: live readers that wait for a keyframe.
        compression: what their peers allow.
    """

    __slots__ = ("_deflate", "joining")

    def __init__(
        self,
        payload: Payload,
        framing: Framing,
        traffic: Traffic,
        mono_ns: int,
        *,
        compression: Compression,
        budget: CompressorBudget,
    ) -> None:
        super().__init__(payload, framing, traffic, mono_ns)
        self.compression = compression
        self.joining: Readers = {}
        if framing.one_stream:
            self.checksum = LaneChecksum()
        self._deflate = SharedDeflate(compression, budget)

    def readers(self) -> Iterator[Reader]:
        """Yield the readers that the next frame is written to."""
        return chain(self.live, self.joining)

    def add(self, reader: Reader) -> None:
        """Write to a reader from the next frame on; alone until the next keyframe."""
        self.joining[reader] = reader.target

    def drop(self, reader: Reader) -> None:
        """Write to a reader no more; harmless when it is not here."""
        self.live.pop(reader, None)
        self.joining.pop(reader, None)

    def bunches(self, envelopes: Sequence[bytes], mono_ns: int) -> list[Bunch]:
        """Compress envelopes once, or twice while somebody is joining."""
        live, joining = self.live, self.joining
        if not live and not joining:
            self._deflate.close()  # the context would miss these
            return []
        if self.checksum is not None:
            self.checksum.note_write(envelopes)
        shared = self._deflate.compress(
            envelopes,
            mono_ns,
            members=len(live) + len(joining),
            # Once most would be served alone, a keyframe is cheaper for everybody.
            keyframe=len(joining) > len(live),
        )
        bunches: list[Bunch] = []
        if shared is None:
            joining.update(live)  # their next frame belongs to no context
            live.clear()
        else:
            blocks, is_keyframe = shared
            if is_keyframe:
                live.update(joining)
                joining.clear()
            bunches.append((live, self._wrap(blocks)))
        if joining:
            alone = [self._deflate.alone(envelope) for envelope in envelopes]
            bunches.append((joining, self._wrap(alone)))
        return bunches

    def _wrap(self, blocks: Iterable[bytes]) -> bytes:
        wrap = self.framing.wrap
        return b"".join([wrap(block, compressed=True) for block in blocks])

    def opening(self) -> bytes:
        """Return gzip's header, which is no part of the deflate stream; a WebSocket has none."""
        return self.framing.wrap(GZIP_HEADER) if self.framing.one_stream else b""

    def private(self, envelope: bytes) -> bytes:
        """Make a frame of an envelope for one reader that is not live.

        A WebSocket message may go plain, which moves no window; a gzip stream has no plain parts.
        """
        if self.framing.one_stream:
            return self.framing.wrap(self._deflate.alone(envelope, _PRIVATE_LEVEL), compressed=True)
        return self.framing.wrap(envelope)

    def close(self) -> None:
        """Give the compressor's memory back."""
        self._deflate.close()
