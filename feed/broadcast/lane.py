"""Lanes: a payload in one framing, for everybody who gets the same bytes.

A lane frames a payload once: one bytes object is written to each of its subscribers. Envelopes that
are private to one subscriber (a gap, a snapshot, ticks that it catches up with) are framed like the
lane's own, alone. Knows sockets only as two callables.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

from feed.broadcast.checksum import LaneChecksum
from feed.broadcast.fan_out import Bunch, Reader, Readers, Target
from feed.broadcast.payload import Payload
from feed.broadcast.shaping import NO_SHAPING, Shaping
from feed.broadcast.traffic import Traffic
from feed.wire.codec import Codec
from feed.wire.compression import Compression
from feed.wire.framing import Framing, message_envelope
from feed.wire.messages import Message, mark_message
from feed.wire.position import Position


class Socket(Protocol):
    """Something that frames are written to.

    Attributes:
        target: for an engine that writes past its transport; None: only `write` reaches it.
    """

    target: Target | None

    def write(self, data: bytes | memoryview, /) -> object:
        """Take the bytes; never block; raise RuntimeError or OSError once it is gone."""

    def buffered_bytes(self) -> int:
        """Return how many of them the socket has not taken yet."""

    def outstanding_bytes(self) -> int:
        """Return how many of them the peer has not acknowledged yet, as far as that is known."""


class Lane:
    """One payload in one framing: everybody here gets the same bytes object.

    Attributes:
        payload, framing: what the lane is made of.
        live: the readers that each frame is written to.
        members: how many subscribers belong here, live or not.
        traffic: what was written, shared with all lanes of its transport and codec.
        shaping: how its plain frames are made, shared with all lanes of its framing and codec.
        compression: how its frames are compressed; None: they are not.
        checksum: of its frames, where its streams are gzip; None: elsewhere.
        spoke_ns, marked_ns: when its last frame, and its last mark, was made, monotonic.
        told: the sequence that its last frame of ticks or mark moved its readers to, where they
            hear of positions.
    """

    __slots__ = (
        "checksum",
        "compression",
        "framing",
        "live",
        "marked_ns",
        "members",
        "payload",
        "shaping",
        "spoke_ns",
        "told",
        "traffic",
    )

    def __init__(
        self,
        payload: Payload,
        framing: Framing,
        traffic: Traffic,
        mono_ns: int,
        shaping: Shaping = NO_SHAPING,
    ) -> None:
        self.payload = payload
        self.framing = framing
        self.traffic = traffic
        self.shaping = shaping
        self.live: Readers = {}
        self.members = 0
        self.compression: Compression | None = None
        self.checksum: LaneChecksum | None = None
        self.spoke_ns = mono_ns
        self.marked_ns = mono_ns
        self.told = 0

    @property
    def codec(self) -> Codec:
        """The codec of its payload."""
        return self.payload.key.codec

    @property
    def says_positions(self) -> bool:
        """Whether its readers hear of positions: all of SSE, else those that asked for marks."""
        return self.framing.named_events or self.payload.key.marks

    @property
    def newest_told(self) -> int:
        """The sequence that its readers were moved to last, as `told`."""
        return self.told

    def readers(self) -> Iterator[Reader]:
        """Yield the readers that the next frame is written to."""
        return iter(self.live)

    def add(self, reader: Reader) -> None:
        """Write to a reader from the next frame on."""
        self.live[reader] = reader.target

    def drop(self, reader: Reader) -> None:
        """Write to a reader no more; harmless when it is not here."""
        self.live.pop(reader, None)

    def note_frame(self, mono_ns: int, marked: int | None = None) -> None:
        """Note when a frame of the lane was made, and the sequence of the mark in it, if any."""
        self.spoke_ns = mono_ns
        if marked is not None:
            self.marked_ns = mono_ns
            self.told = marked

    def bunches(
        self,
        envelopes: Sequence[bytes],
        mono_ns: int,  # noqa: ARG002 - for contexts that age
    ) -> Sequence[Bunch]:
        """Make frames of envelopes: one bytes object, for everybody live."""
        if len(envelopes) == 1:
            return ((self.live, self.framing.wrap(envelopes[0])),)
        return ((self.live, b"".join(map(self.framing.wrap, envelopes))),)

    def opening(self) -> bytes:
        """Return what a connection begins with, before any frame; b"" where that is nothing."""
        return b""

    def private(self, envelope: bytes) -> bytes:
        """Make a frame of an envelope for one reader that is not live."""
        return self.framing.wrap(envelope)

    def close(self) -> None:
        """Release what the lane holds; it has no members any more."""

    def idle(
        self,
        position: Position,
        mono_ns: int,
        wall_ns: int,
        *,
        keepalive_ns: int,
        mark_interval_ns: int,
    ) -> bytes:
        """Return the envelope of what a silent lane must say now; b"" while it may be silent.

        SSE has mark events and, between them, keepalives. A stream with marks uses them as its
        keepalives. A WebSocket has pings of its own, and marks for those that asked.
        """
        silent_ns = mono_ns - self.spoke_ns
        unmarked_ns = mono_ns - self.marked_ns
        if self.framing.named_events:
            marks_due = unmarked_ns >= mark_interval_ns
        else:
            limit_ns = keepalive_ns if self.framing.marks_keep_alive else mark_interval_ns
            marks_due = self.payload.key.marks and min(silent_ns, unmarked_ns) >= limit_ns
        if marks_due:
            self.note_frame(mono_ns, position.sequence)
            return self.message_envelope(mark_message(position, wall_ns), position)
        if silent_ns >= keepalive_ns and self.framing.keepalive:
            self.note_frame(mono_ns)
            return self.framing.keepalive
        return b""

    def ticks_envelope(
        self,
        fragments: Sequence[bytes],
        position: Position,
        wall_ns: int,
        told: Message | None = None,
    ) -> bytes:
        """Return the envelope of ticks for one subscriber that move it to a position.

        Args:
            fragments: of the ticks.
            position: to which.
            wall_ns: for a mark.
            told: what stands at their end in place of that.
        """
        mark = b""
        if told is not None:
            mark = self.codec.fragment(told)
        elif self.payload.key.marks:
            mark = self.codec.fragment(mark_message(position, wall_ns))
        return self.framing.envelop_ticks(
            self.payload.join(fragments, mark), str(position).encode()
        )

    def state_envelope(self, fragments: Sequence[bytes]) -> bytes:
        """Return the envelope of a state's ticks; it moves nobody, the end of the state does."""
        return self.framing.envelop_ticks(self.codec.join(fragments), b"")

    def message_envelope(self, message: Message, position: Position | None = None) -> bytes:
        """Return the envelope of a feed message; with a position it moves its readers there."""
        return message_envelope(self.framing, self.codec, message, position)
