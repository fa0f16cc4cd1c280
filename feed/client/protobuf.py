"""Protobuf as a client reads it: batches as objects of the dialect, and where each batch ends.

The objects are those that JSON would have had, times as texts. Knows no transport; Google's runtime
is loaded when the first batch is decoded.
"""

from typing import Any

from feed.client.errors import Malformed
from feed.errors import InvalidMessage, shorten
from feed.wire.protobuf_codec import PROTOBUF
from feed.wire.varint import read_varint


def decode_batch(data: bytes) -> list[dict[str, Any]]:
    """Decode one batch; items of a later schema are left out.

    Raises:
        Malformed: the data is not a batch.
    """
    try:
        return PROTOBUF.decode(data)
    except InvalidMessage as error:
        raise Malformed(f"{error}, in {shorten(data[:100])}") from None


class BatchSplitter:
    """Takes a stream apart in which each batch follows its length."""

    __slots__ = ("_max_bytes", "_partial")

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes  # of one batch
        self._partial = bytearray()  # bytes that are not yet a whole length and a whole batch

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes, cut anywhere; return the batches that they complete.

        Raises:
            Malformed: a length is malformed, or too large; the splitter cannot go on.
        """
        self._partial += data
        batches = []
        done = 0
        while (found := self._read_length(done)) is not None:
            length, start = found
            if length > self._max_bytes:
                raise Malformed(f"a batch of {length} bytes is larger than {self._max_bytes} bytes")
            if start + length > len(self._partial):
                break
            done = start + length
            batches.append(bytes(self._partial[start:done]))
        del self._partial[:done]
        return batches

    def _read_length(self, start: int) -> tuple[int, int] | None:
        try:
            return read_varint(self._partial, start)
        except InvalidMessage as error:
            raise Malformed(f"not Protobuf: {error}") from None
