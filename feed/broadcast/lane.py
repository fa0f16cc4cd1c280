"""Payloads and lanes: a batch becomes bytes once, for everybody who asked for the same.

A payload is selection × codec × marks: the joined fragments of one cut. A lane is payload ×
framing: the final bytes on the wire, one object written to each of its subscribers. Messages that
are private to one subscriber (a gap, a snapshot, ticks it catches up with) take the same steps
alone. Knows sockets only as two callables.
"""

from collections.abc import Sequence
from typing import Protocol

from feed.broadcast.payload_key import PayloadKey
from feed.broadcast.traffic import Traffic
from feed.wire.codec import Codec
from feed.wire.compression import Compression
from feed.wire.framing import Framing, message_envelope
from feed.wire.messages import Message, mark_message
from feed.wire.position import Position


class Reader(Protocol):
    """Whoever frames are written to."""

    def write(self, data: bytes, /) -> object:
        """Take the bytes; never block; raise RuntimeError or OSError once gone."""

    def buffered_bytes(self) -> int:
        """Return how many of them the socket has not taken yet."""

    def __hash__(self) -> int: ...


class Payload:
    """The joined bytes of what one selection takes of a cut.

    Attributes:
        key: what it is shared by.
        lanes: those that carry it.
        waiting: fragments of the cut in progress.
        collect: appends to `waiting`; what the selection index calls.
    """

    __slots__ = ("collect", "key", "lanes", "waiting")

    def __init__(self, key: PayloadKey) -> None:
        self.key = key
        self.lanes: list[Lane] = []
        self.waiting: list[bytes] = []
        self.collect = self.waiting.append

    def join(self, fragments: Sequence[bytes], mark: bytes) -> bytes:
        """Return the array of fragments, the mark (a fragment) last for those who asked."""
        if self.key.marks:
            return self.key.codec.join([*fragments, mark])
        return self.key.codec.join(fragments)


class Lane:
    """One payload in one framing: everybody here gets the same bytes object.

    Attributes:
        payload, framing: what the lane is made of.
        live: the readers that each frame is written to; a dict for its order and O(1) removal.
        members: how many subscribers belong here, live or not.
        traffic: what was written, shared with all lanes of its transport and codec.
        compression: how its frames are compressed; None: they are not.
        spoke_ns, marked_ns: when the last frame, and the last mark, of the lane was made.
    """

    __slots__ = (
        "compression",
        "framing",
        "live",
        "marked_ns",
        "members",
        "payload",
        "spoke_ns",
        "traffic",
    )

    def __init__(self, payload: Payload, framing: Framing, traffic: Traffic, now_ns: int) -> None:
        self.payload = payload
        self.framing = framing
        self.traffic = traffic
        self.live: dict[Reader, None] = {}
        self.members = 0
        self.compression: Compression | None = None
        self.spoke_ns = now_ns
        self.marked_ns = now_ns

    @property
    def says_positions(self) -> bool:
        """Whether its readers hear of positions: all of SSE, else those who asked for marks."""
        return self.framing.objects or self.payload.key.marks

    def add(self, reader: Reader) -> None:
        """Write to a reader from the next frame on."""
        self.live[reader] = None

    def drop(self, reader: Reader) -> None:
        """Write to a reader no more; harmless when it is not here."""
        self.live.pop(reader, None)

    def write(self, data: bytes, now_ns: int, high_water_bytes: int) -> list[Reader]:  # noqa: ARG002 - for contexts that age
        """Make a frame of an envelope and write it to everybody live.

        Returns:
            Those who could not take it; they are live no longer.
        """
        return self.write_frame(self.live, self.framing.wrap(data), len(data), high_water_bytes)

    def write_frame(
        self, readers: dict[Reader, None], frame: bytes, plain_bytes: int, high_water_bytes: int
    ) -> list[Reader]:
        """Write one frame to these readers; return those who could not take it, taken out.

        This loop is what the whole design is for: one call into the transport a reader. A reader
        that is over its high water mark, or gone, is not written to.
        """
        missed = []
        for reader in readers:
            try:
                if reader.buffered_bytes() <= high_water_bytes:
                    reader.write(frame)
                    continue
            except (RuntimeError, OSError):  # gone; its handler is about to learn it
                pass
            missed.append(reader)
        for reader in missed:
            del readers[reader]
        self.traffic.count(len(frame), plain_bytes, len(readers))
        return missed

    def private(self, data: bytes) -> bytes:
        """Make a frame of an envelope for one reader that is not live."""
        return self.framing.wrap(data)

    def close(self) -> None:
        """Release what the lane holds; it has no members any more."""

    def ticks(self, payload: bytes, position: bytes) -> bytes:
        """Return the envelope of a payload that moves its readers to a position."""
        return self.framing.ticks(payload, position)

    def idle(
        self, position: Position, now_ns: int, keepalive_ns: int, mark_interval_ns: int
    ) -> bytes:
        """Return the envelope of what a silent lane must say now; b"" while it may be silent.

        SSE has mark events and, between them, keepalives. A stream with marks uses them as its
        keepalives. A WebSocket has pings of its own, and marks for those who asked.
        """
        silent_ns = now_ns - self.spoke_ns
        unmarked_ns = now_ns - self.marked_ns
        if self.framing.objects:
            marks_due = unmarked_ns >= mark_interval_ns
        else:
            limit_ns = keepalive_ns if self.framing.marks_keep_alive else mark_interval_ns
            marks_due = self.payload.key.marks and min(silent_ns, unmarked_ns) >= limit_ns
        if marks_due:
            self.spoke_ns = self.marked_ns = now_ns
            mark = mark_message(position, now_ns)
            return message_envelope(self.framing, self._codec, mark, position)
        if silent_ns >= keepalive_ns and self.framing.keepalive:
            self.spoke_ns = now_ns
            return self.framing.keepalive
        return b""

    def private_ticks(self, fragments: Sequence[bytes], position: Position, now_ns: int) -> bytes:
        """Return a frame of ticks for one subscriber that moves it to `position`."""
        mark = self._codec.fragment(mark_message(position, now_ns))
        return self.private(self.ticks(self.payload.join(fragments, mark), str(position).encode()))

    def private_snapshot(self, fragments: Sequence[bytes]) -> bytes:
        """Return a frame of a snapshot's ticks; it moves nobody, its end does."""
        return self.private(self.framing.ticks(self._codec.join(fragments), b""))

    def message(self, message: Message, position: Position | None = None) -> bytes:
        """Return the frame of a feed message for one subscriber."""
        return self.private(message_envelope(self.framing, self._codec, message, position))

    @property
    def _codec(self) -> Codec:
        return self.payload.key.codec
