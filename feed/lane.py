"""Payloads and lanes: a batch becomes bytes once, for everybody who asked for the same.

A payload is selection × codec × marks: the joined fragments of one cut. A lane is payload ×
framing: the final bytes on the wire, one object written to each of its subscribers. Messages that
are private to one subscriber (a gap, a snapshot, ticks it catches up with) take the same steps
alone. Knows sockets only as two callables.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from feed.codecs import JSON, Codec, Message, rfc3339
from feed.frames import Framing
from feed.ring import Position
from feed.selection import Selection


class Reader(Protocol):
    """Whoever frames are written to.

    Attributes:
        write: takes the bytes, never blocks; raises RuntimeError or OSError once it is gone.
        buffered_bytes: how many of them the socket has not taken yet.
    """

    write: Callable[[bytes], object]
    buffered_bytes: Callable[[], int]

    def __hash__(self) -> int: ...


@dataclass(frozen=True, slots=True)
class PayloadKey:
    """What payloads are shared by."""

    selection: Selection
    codec: Codec
    marks: bool


def mark_message(position: Position, now_ns: int) -> Message:
    """Return the small message that carries the position."""
    return {"T": "mark", "pos": str(position), "t": rfc3339(now_ns)}


@dataclass(slots=True)
class Traffic:
    """Frames and bytes written, counted once per reader."""

    frames: int = 0
    frame_bytes: int = 0

    def count(self, frame: bytes, readers: int = 1) -> None:
        """Add one frame that was written to so many readers."""
        self.frames += readers
        self.frame_bytes += readers * len(frame)


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
        spoke_ns, marked_ns: when the last frame, and the last mark, of the lane was made.
    """

    __slots__ = (
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
        self.spoke_ns = now_ns
        self.marked_ns = now_ns

    def write(self, frame: bytes, high_water_bytes: int) -> list[Reader]:
        """Write a frame to everybody live; return those who could not take it, no longer live.

        This loop is what the whole design is for: one call into the transport a reader. A reader
        that is over its high water mark, or gone, is not written to.
        """
        missed = []
        for reader in self.live:
            try:
                if reader.buffered_bytes() <= high_water_bytes:
                    reader.write(frame)
                    continue
            except (RuntimeError, OSError):  # gone; its handler is about to learn it
                pass
            missed.append(reader)
        for reader in missed:
            del self.live[reader]
        self.traffic.count(frame, len(self.live))
        return missed

    def frame(self, payload: bytes, position: Position) -> bytes:
        """Return the frame of a payload, for everybody live."""
        framing = self.framing
        return framing.wrap(framing.ticks(payload, str(position).encode()))

    def idle_frame(
        self, position: Position, now_ns: int, keepalive_ns: int, mark_interval_ns: int
    ) -> bytes:
        """Return what a lane with nothing to say must say now; b"" while it may be silent.

        SSE has mark events and, between them, keepalives. A stream with marks uses them as its
        keepalives. A WebSocket has pings of its own, and marks for those who asked.
        """
        silent_ns = now_ns - self.spoke_ns
        unmarked_ns = now_ns - self.marked_ns
        if self.framing.objects:
            marks_due = unmarked_ns >= mark_interval_ns
        else:
            limit_ns = keepalive_ns if self.framing.transport == "stream" else mark_interval_ns
            marks_due = self.payload.key.marks and min(silent_ns, unmarked_ns) >= limit_ns
        if marks_due:
            self.spoke_ns = self.marked_ns = now_ns
            return self.message(mark_message(position, now_ns), position)
        if silent_ns >= keepalive_ns and self.framing.keepalive:
            self.spoke_ns = now_ns
            return self.framing.wrap(self.framing.keepalive)
        return b""

    def private_ticks(self, fragments: Sequence[bytes], position: Position, now_ns: int) -> bytes:
        """Return a frame of ticks for one subscriber that moves it to `position`."""
        mark = self._codec.fragment(mark_message(position, now_ns))
        return self.frame(self.payload.join(fragments, mark), position)

    def private_snapshot(self, fragments: Sequence[bytes]) -> bytes:
        """Return a frame of a snapshot's ticks; it moves nobody, its end does."""
        framing = self.framing
        return framing.wrap(framing.ticks(self._codec.join(fragments), b""))

    def message(self, message: Message, position: Position | None = None) -> bytes:
        """Return the frame of a feed message."""
        return message_frame(self.framing, self._codec, message, position)

    @property
    def _codec(self) -> Codec:
        return self.payload.key.codec


def message_frame(
    framing: Framing, codec: Codec, message: Message, position: Position | None = None
) -> bytes:
    """Return the frame of a feed message; its name on SSE is its `T`.

    Args:
        framing: whose frame.
        codec: for the data; named SSE events are JSON always.
        message: with its `T`.
        position: where it moves the subscriber, if anywhere.
    """
    data = JSON.bare(message) if framing.objects else codec.array([message])
    at = b"" if position is None else str(position).encode()
    return framing.wrap(framing.message(message["T"].encode(), data, at))


def batched(fragments: Iterable[bytes], max_bytes: int) -> list[list[bytes]]:
    """Split fragments into runs that are at most `max_bytes` long together, each at least one."""
    runs: list[list[bytes]] = []
    size = max_bytes + 1
    for fragment in fragments:
        size += len(fragment)
        if size > max_bytes:
            runs.append([])
            size = len(fragment)
        runs[-1].append(fragment)
    return runs
