"""The ladder: what happens to subscribers that cannot keep up, step by step, told and counted.

A subscriber whose socket is full is *paused*: it is not written to, and catches up from the ring
when there is room. One that the ring has overrun steps down as it chose: told of a *gap*, given the
rest *conflated*, or disconnected for *lagging*. One whose socket takes nothing for too long is
disconnected as *slow*, whatever it chose.
"""

from dataclasses import dataclass

from feed.broadcast.egress import Throttle
from feed.broadcast.flight_record import GAP_REASONS, Happened, is_untimed, noted, timed
from feed.broadcast.lane import Socket
from feed.broadcast.ring import RingBuffer
from feed.wire.messages import GapReason
from feed.wire.request_fields import OnLag


@dataclass(slots=True)
class LadderCounts:
    """How often subscribers took each step, over all of them; the labels of a metric.

    Attributes:
        overruns: how often the ring no longer held what a subscriber was due.
        gap_ticks: the sequences that were told to be missing, over all gaps of this epoch.
    """

    paused: int = 0
    caught_up: int = 0
    gap: int = 0
    conflated: int = 0
    lagging: int = 0
    slow: int = 0
    overruns: int = 0
    gap_ticks: int = 0


class Ladder:
    """The place of one subscriber on the ladder.

    Attributes:
        on_lag: what happens when the ring overruns the subscriber.
        lag_max_ticks: how many ticks it may be behind before that counts as overrun; None: as many
            as the ring holds.
        counts: shared with all subscribers.
        record: what happened to the subscriber (`feed.broadcast.flight_record`).
        throttle: what it is given while its identity is over its bytes.
    """

    __slots__ = (
        "_held_bytes",
        "_outstanding_bytes",
        "_paused",
        "_progress_ns",
        "counts",
        "lag_max_ticks",
        "on_lag",
        "record",
        "throttle",
    )

    def __init__(self, counts: LadderCounts, lag_max_ticks: int | None) -> None:
        self.counts = counts
        self.lag_max_ticks = lag_max_ticks
        self.on_lag = OnLag.GAP
        self.record = b""
        self.throttle = Throttle.NONE
        self._paused = False  # it is behind because it missed a frame
        self._progress_ns = 0  # when its socket was last seen to take something, monotonic
        self._held_bytes = 0  # what its socket held back then
        self._outstanding_bytes = 0  # and its peer had not acknowledged

    def note(
        self,
        what: Happened,
        detail: int = 0,
        sequence: int = 0,
        count: int = 0,
        *,
        mono_ns: int = 0,
    ) -> None:
        """Put an event on record; one without a time gets it at the end of this turn."""
        self.record = noted(self.record, what, detail, sequence, count, mono_ns=mono_ns)

    def note_time(self, mono_ns: int) -> None:
        """End a turn: say when that happened which was noted without a time."""
        if is_untimed(self.record):
            self.record = timed(self.record, mono_ns)

    @property
    def is_paused(self) -> bool:
        """Whether its subscriber is behind because it missed a frame."""
        return self._paused

    def pause(self) -> None:
        """Count that a frame could not be written."""
        self._paused = True
        self.counts.paused += 1

    def recover(self) -> None:
        """Count that a subscriber that was paused is live again."""
        if self._paused:
            self._paused = False
            self.counts.caught_up += 1

    def watch(self, socket: Socket, awake_ns: int) -> None:
        """Watch its socket from now on, which took something, or was written to."""
        self._held_bytes = socket.buffered_bytes()
        self._outstanding_bytes = socket.outstanding_bytes()
        self._progress_ns = awake_ns

    def has_taken(self, held_bytes: int) -> bool:
        """Tell whether the socket holds less than it did when it was watched last."""
        return held_bytes < self._held_bytes

    def slowness(self, socket: Socket, awake_ns: int, slow_timeout_ns: int) -> str | None:
        """Tell in words, and count, that its socket took nothing for too long; None: it is not so.

        A peer that reads slowly acknowledges bytes although the socket takes none: its buffers in
        the kernel have to be nearly empty before.

        Args:
            socket: as it was watched.
            awake_ns: now.
            slow_timeout_ns: how long it may take nothing.
        """
        passed_ns = awake_ns - self._progress_ns
        if passed_ns <= slow_timeout_ns:
            return None
        self.counts.slow += 1
        taken_bytes = max(0, self._outstanding_bytes - socket.outstanding_bytes())
        return f"slow client: it took {taken_bytes} bytes in {passed_ns / 1e9:.0f} s"

    def oldest_resumed(self, ring: RingBuffer, cut_sequence: int) -> int:
        """Return the first sequence that the subscriber can come back for without a gap.

        A subscriber that is disconnected for its lag, and comes back for what it lagged behind
        with, would be disconnected for it again and again.
        """
        if self.on_lag is not OnLag.DISCONNECT:
            return ring.oldest
        return self.oldest_rewound(ring, cut_sequence)

    def oldest_rewound(self, ring: RingBuffer, cut_sequence: int) -> int:
        """Return the first sequence that the subscriber can begin with: the lag is as allowed."""
        if self.lag_max_ticks is None:
            return ring.oldest
        return max(ring.oldest, ring.before(cut_sequence, self.lag_max_ticks) + 1)

    def gives_up(self) -> bool:
        """Count an overrun; tell whether the subscriber is to be disconnected for it."""
        self.counts.overruns += 1
        if self.on_lag is not OnLag.DISCONNECT:
            return False
        self.counts.lagging += 1
        return True

    def count_gap(self, missing_ticks: int, last: int, reason: GapReason) -> None:
        """Count, and put on record, a gap that is told.

        Args:
            missing_ticks: of how many sequences it is; 0 where its first is of another epoch.
            last: its last sequence.
            reason: why; CONFLATED: the newest of these ticks come instead.
        """
        if reason is GapReason.CONFLATED:
            self.counts.conflated += 1
        else:
            self.counts.gap += 1
            self.counts.gap_ticks += missing_ticks
        self.note(Happened.GAP, GAP_REASONS.index(reason), last, missing_ticks)
