"""A subscriber: where it stands in the table of standings, and the door to its socket.

Theory of operation: a subscriber is *live* while it gets its lane's frames as they are made. One
that joins with a position, or whose socket was full when a frame was made, is *behind*: it is given
what it is due (`feed.broadcast.due`) when its socket has room, until nothing is, and it is live.

There is no queue of frames: whatever is private to a subscriber is framed, and deflated, when it is
written, by one door. Knows sockets only as two callables.
"""

from feed.broadcast.checksum import StreamChecksum
from feed.broadcast.cut import Broadcast
from feed.broadcast.due import Due
from feed.broadcast.egress import Throttle
from feed.broadcast.ladder import Ladder
from feed.broadcast.lane import Lane, Socket
from feed.broadcast.standing import MAY_BE_WRITTEN, ImpossibleMove, Move, Standing, Written, moved
from feed.wire.request_fields import OnLag
from feed.wire.selection import Selection


class Subscriber:
    """A sequence in the ring and a place in a lane.

    Attributes:
        due: what it is given before it is live; it stands at a sequence there.
        socket: takes its frames.
        write, buffered_bytes, target: of the socket, as a fan-out uses them
            (`feed.broadcast.fan_out.Reader`).
        ladder: its place on the ladder.
        told_down: the sources of which it heard last that they are down.
        is_open: whether the beginning of its connection was written.
        has_begun: whether it has subscribed to anything.
    """

    __slots__ = (
        "_broadcast",
        "_checksum",
        "_standing",
        "buffered_bytes",
        "due",
        "has_begun",
        "is_open",
        "ladder",
        "socket",
        "target",
        "told_down",
        "write",
    )

    def __init__(
        self,
        broadcast: Broadcast,
        lane: Lane,
        socket: Socket,
        ladder: Ladder,
    ) -> None:
        """Make a subscriber that is held at the last cut."""
        self._broadcast = broadcast
        self.due = Due(broadcast, lane, ladder)
        self.socket = socket
        self.write = socket.write
        self.buffered_bytes = socket.buffered_bytes
        self.target = socket.target
        self.ladder = ladder
        self.told_down: frozenset[str] = frozenset()
        self.is_open = False
        self.has_begun = False
        self._checksum = None if lane.checksum is None else StreamChecksum()
        self._standing = Standing.HELD

    @property
    def standing(self) -> Standing:
        """Its state in the table of standings."""
        return self._standing

    @property
    def live(self) -> bool:
        """Whether it gets its lane's frames; then it stands at the last cut."""
        return self._standing is Standing.LIVE

    @property
    def lane(self) -> Lane:
        """The lane whose frames it gets."""
        return self.due.outbox.lane

    @property
    def selection(self) -> Selection:
        """The selection that it subscribed to."""
        return self.due.outbox.lane.payload.key.selection

    @property
    def lag_ticks(self) -> int:
        """How many ticks the ring is ahead of it."""
        if self.live:
            return self._broadcast.waiting_ticks
        ring = self._broadcast.ring
        return max(0, ring.count(self.due.backlog.sequence, ring.newest))

    @property
    def lossless(self) -> bool:
        """Whether every tick of some channel is owed to it."""
        ladder = self.ladder
        if ladder.on_lag is OnLag.CONFLATE or ladder.throttle is not Throttle.NONE:
            return False
        return bool(self.lane.payload.lossless.ticks.symbols)

    @property
    def first_needed(self) -> int:
        """The oldest sequence that it still has to read."""
        if self.live:
            return self._broadcast.cut_sequence + 1
        return self.due.backlog.first_needed

    # Its standing; `audience` calls these.

    def hold(self) -> None:
        """Stand at the last cut, if it was live; what it is due next is about to change."""
        if self.live:
            self.due.stand_at(self._broadcast.cut_sequence)
            self._end_shared_frames()
        self._standing = moved(self._standing, Move.HOLD)

    def release(self) -> None:
        """Note that what it is due is settled."""
        self._standing = moved(self._standing, Move.RELEASE)

    def go_live(self) -> None:
        """Note that it is caught up, and gets its lane's frames from now on."""
        self._standing = moved(self._standing, Move.CATCH_UP)
        self.ladder.recover()
        if self._checksum is not None and self.lane.checksum is not None:
            self._checksum.go_live(self.lane.checksum)

    def miss(self, sequence: int, *, missed: bool = True) -> None:
        """Note that its lane's frame could not be written; it stands at `sequence`.

        Args:
            sequence: the one that the frame follows.
            missed: it did not get the newest frame; else only the next one will not be written.
        """
        self._standing = moved(self._standing, Move.MISS)
        self._end_shared_frames(missed=missed)
        self.due.miss_after(sequence)
        self.ladder.pause()

    def end(self) -> None:
        """Note that it left, or is disconnected; only last words may be written to it."""
        if self.live:
            self._end_shared_frames()
        self._standing = moved(self._standing, Move.END)

    # The door.

    def open(self, prelude: bytes) -> None:
        """Write the beginning of its connection, and an envelope of its own; b"": there is none."""
        self.is_open = True
        opening = self.lane.opening()
        if opening:
            self.write(opening)
        if prelude:
            self.send(prelude, Written.ANSWER)

    def send(self, envelope: bytes, what: Written = Written.DUE) -> None:
        """Frame an envelope that is its own, and write it; everything private leaves by this door.

        Raises:
            ImpossibleMove: its standing does not allow that.
        """
        if what not in MAY_BE_WRITTEN[self._standing]:
            raise ImpossibleMove(self._standing, what)
        frame = self.lane.private(envelope)
        if self._checksum is not None:
            self._checksum.add(envelope)
            if what is Written.LAST_WORDS:
                frame += self.lane.framing.wrap(self._checksum.trailer())
        try:
            self.write(frame)
        except (RuntimeError, OSError):  # gone; its handler is about to learn it
            return
        self.lane.traffic.count(len(frame), len(envelope), 1)

    # Inside.

    def _end_shared_frames(self, *, missed: bool = False) -> None:
        """Note that its lane's frames are written to it no more; `missed`: without the newest."""
        if self._checksum is not None and self.lane.checksum is not None:
            self._checksum.stop(self.lane.checksum, missed=missed)
