"""A subscriber: a position, and what it is due next.

Theory of operation: a subscriber is *live* while it gets its lane's frames as they are made. One
that joins with a position, or whose socket was full when a frame was made, is *behind*: it is asked
for its `next_frame` when its socket has room, until it says that it is caught up. What is due comes
in this order: messages that wait (a gap), the backlog of what it subscribed to just now with a
position, its own ticks from its position to the last cut, snapshots as of that cut. Then it is
live.

There is no queue: ticks are read from the ring when they can be written. A subscriber that the ring
overran goes down the ladder by its `on_lag`. Knows no socket; the hub asks and writes.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from feed.broadcast.broadcast import Broadcast
from feed.broadcast.ladder import LadderCounts
from feed.broadcast.lane import Lane
from feed.errors import Overrun
from feed.wire.disconnect import Reason
from feed.wire.messages import mark_message
from feed.wire.position import BEGINNING, Position
from feed.wire.requests import OnLag
from feed.wire.selection import Selection

CATCH_UP_BYTES = 48 * 1024  # of ticks in one frame; with one more it stays near the high water mark


class Resume(StrEnum):
    """How a subscriber that came with a position could be served; the label of a metric."""

    REPLAYED = "replayed"
    GAP = "gap"
    NEW_EPOCH = "new_epoch"


@dataclass(slots=True)
class _Backlog:
    """Ticks of a selection that was added with a position, up to where the subscriber stands."""

    selection: Selection
    after: int
    upto: int


@dataclass(frozen=True, slots=True)
class _Run:
    """Fragments of a state, shared with all who get it; framed when there is room for the frame.

    Attributes:
        fragments: which.
        position: where they move their reader; None: nowhere.
    """

    fragments: list[bytes]
    position: Position | None


class Subscriber:
    """A position in the ring and a place in a lane.

    Attributes:
        lane: whose frames it gets.
        write, buffered_bytes: its socket, as the lane uses it (`feed.broadcast.lane.Reader`).
        on_lag: what happens when the ring overruns it.
        position: the last sequence it was given, or passed over, while it is not live.
        live: whether it gets its lane's frames; then it stands at the last cut.
        missed: whether it is behind because it missed a frame.
        progress_ns: when its socket was last seen to take something, monotonic.
        seen_bytes: what its socket held back then.
    """

    __slots__ = (
        "_backlogs",
        "_broadcast",
        "_messages",
        "_restate_from",
        "_snapshots",
        "_told_cuts",
        "_untold_from",
        "buffered_bytes",
        "counts",
        "lag_max_ticks",
        "lane",
        "live",
        "missed",
        "on_lag",
        "position",
        "progress_ns",
        "seen_bytes",
        "write",
    )

    def __init__(
        self,
        broadcast: Broadcast,
        lane: Lane,
        write: Callable[[bytes], object],
        buffered_bytes: Callable[[], int],
        counts: LadderCounts,
        *,
        lag_max_ticks: int | None = None,
    ) -> None:
        self._broadcast = broadcast
        self.lane = lane
        self.write = write
        self.buffered_bytes = buffered_bytes
        self.counts = counts
        self.lag_max_ticks = lag_max_ticks
        self.on_lag = OnLag.GAP
        self.position = broadcast.cut_sequence
        self.live = False
        self.missed = False
        self.progress_ns = 0
        self.seen_bytes = 0
        # Short lists: an empty deque would take 760 bytes, three of them most of a subscriber.
        self._messages: list[bytes | _Run] = []
        self._backlogs: list[_Backlog] = []
        # Conflated channels: where they are told again from, if they are; where they would be if
        # there are other conflated cuts than these before it is live.
        self._restate_from: int | None = None
        self._untold_from = self.position + 1
        self._told_cuts = broadcast.conflated_cuts
        self._snapshots: list[Selection] = []  # due when it is caught up

    @property
    def lag_ticks(self) -> int:
        """How many ticks the ring is ahead of it."""
        if self.live:
            return self._broadcast.waiting_ticks
        return self._broadcast.ring.newest - self.position

    @property
    def lossless(self) -> bool:
        """Whether every tick of some channel is owed to it."""
        selection = self.lane.payload.key.selection
        return self.on_lag is not OnLag.CONFLATE and bool(selection.lossless.symbols)

    @property
    def first_needed(self) -> int:
        """The oldest sequence that it still has to read."""
        if self.live:
            return self._broadcast.cut_sequence + 1
        return min([self.position, *(backlog.after for backlog in self._backlogs)]) + 1

    def hold(self) -> None:
        """Leave the live ones, standing at the last cut; what it is due next is about to change."""
        if self.live:
            self.live = False
            self.position = self._broadcast.cut_sequence
            self._note_told(self.position)

    def go_live(self) -> None:
        """Note that it is caught up, and gets its lane's frames from now on."""
        self.live = True
        if self.missed:
            self.missed = False
            self.counts.caught_up += 1

    def resume(self, selection: Selection, after: Position | str) -> Resume:
        """Begin at a position, for what was subscribed to just now; held, and in its new lane.

        Args:
            selection: what was subscribed to; the subscriber's other ticks are not affected.
            after: the position received; a str is one that could not be read, told back in the gap.
        """
        ring = self._broadcast.ring
        if isinstance(after, Position):
            if after == BEGINNING:
                after = ring.position(ring.oldest - 1)
            if after.epoch == ring.epoch and after.sequence <= self._broadcast.cut_sequence:
                if after.sequence + 1 < self._oldest_resumed and after.sequence < self.position:
                    self.counts.overruns += 1
                    self._tell_gap(after.sequence + 1, "overrun", selection)
                    return Resume.GAP
                untold = self._broadcast.states.untold_from(
                    self.lane.payload.key.selection, after.sequence
                )
                self._restate(untold)
                self._add_backlog(selection.lossless, after.sequence)
                return Resume.REPLAYED
        # A header may hold bytes that are no UTF-8, and no codec can say them.
        self._tell_gap(str(after).encode(errors="replace").decode(), "epoch", selection)
        return Resume.NEW_EPOCH

    def tell_position(self, now_ns: int) -> None:
        """Say where it begins, so that who is cut off before its first tick can come back."""
        if self.lane.says_positions:
            position = self._broadcast.ring.position(self.first_needed - 1)
            self._messages.append(self.lane.message(mark_message(position, now_ns), position))

    def request_snapshot(self, selection: Selection) -> None:
        """Send the last known state of a selection, once, when what was missed is through."""
        if selection not in self._snapshots:  # a gap asks for it too
            self._snapshots.append(selection)

    def narrow(self) -> None:
        """Forget what was due of what its lane does not select any more."""
        selection = self.lane.payload.key.selection
        for backlog in self._backlogs:
            backlog.selection = backlog.selection.within(selection)
        self._backlogs = [backlog for backlog in self._backlogs if backlog.selection.symbols]
        snapshots = [snapshot.within(selection) for snapshot in self._snapshots]
        self._snapshots = [snapshot for snapshot in snapshots if snapshot.symbols]

    def settle(self, selection: Selection) -> None:
        """Tell what channels have collected whose interval another selection ends; held before."""
        broadcast, key = self._broadcast, self.lane.payload.key
        subscribed, intervals_ms = dict(selection.symbols), dict(selection.intervals_ms)
        ended = {
            channel: interval_ms
            for channel, interval_ms in key.selection.intervals_ms
            if channel in subscribed and intervals_ms.get(channel) != interval_ms
        }
        if not ended or self.position != broadcast.cut_sequence:
            return
        part = Selection.of(
            {channel: dict(key.selection.symbols)[channel] for channel in ended}, ended
        )
        first = broadcast.states.untold_from(part, self.position)
        self._append_runs(broadcast.states.restated(part, key.codec, first))

    def miss(self, position: int) -> None:
        """Note that its lane's frame could not be written; it stands at `position`."""
        self.live = False
        self.missed = True
        self.position = position
        self._note_told(position)
        self._restate(self._untold_from)
        self.counts.paused += 1

    def next_frame(self, now_ns: int) -> bytes | Reason | None:
        """Return what to write next, why to disconnect, or None when it is caught up."""
        while True:
            if self._messages:
                message = self._messages.pop(0)
                return self._framed(message, now_ns) if isinstance(message, _Run) else message
            if self._told_cuts != self._broadcast.conflated_cuts:
                self._restate(self._untold_from)
            try:
                frame = self._catch_up(now_ns)
            except Overrun:
                if self._gives_up():
                    return Reason.LAGGING
                self._step_down(self.first_needed)
                continue
            if frame is not None:
                return frame
            if self._restate_from is not None:
                overrun = self._restate_from < self._broadcast.ring.oldest
                if overrun and self._gives_up():
                    return Reason.LAGGING
                self._append_restatement(self._restate_from)
            elif self._snapshots:
                self._append_snapshot(self._snapshots.pop(0))
            else:
                return None

    def _catch_up(self, now_ns: int) -> bytes | None:
        """Return the next frame of ticks that were missed; None when there is none.

        Raises:
            Overrun: the ring, or the most lag that is allowed, passed it.
        """
        broadcast = self._broadcast
        key = self.lane.payload.key
        while self._backlogs:
            backlog = self._backlogs[0]
            fragments, backlog.after = broadcast.history.read(
                backlog.selection, key.codec, backlog.after, backlog.upto, max_bytes=CATCH_UP_BYTES
            )
            if backlog.after >= backlog.upto:
                self._backlogs.pop(0)
            if fragments:
                position = broadcast.ring.position(self.first_needed - 1)
                return self.lane.private_ticks(fragments, position, now_ns)
        upto = broadcast.cut_sequence
        selection = key.selection.lossless
        if not selection.symbols:
            self.position = upto
            return None
        limit = self.lag_max_ticks
        if limit is not None and upto - self.position > limit:
            raise Overrun(requested=self.position + 1, oldest=upto - limit + 1)
        fragments, self.position = broadcast.history.read(
            selection, key.codec, self.position, upto, max_bytes=CATCH_UP_BYTES
        )
        if not fragments:
            return None
        position = broadcast.ring.position(self.position)
        return self.lane.private_ticks(fragments, position, now_ns)

    def _add_backlog(self, selection: Selection, after: int) -> None:
        if selection == self.lane.payload.key.selection.lossless and not self._backlogs:
            self.position = min(self.position, after)  # nothing else is subscribed
        elif selection.symbols and after < self.position:
            self._backlogs.append(_Backlog(selection, after, self.position))

    def _note_told(self, position: int) -> None:
        """Note that its conflated channels were told what they were due at a position."""
        broadcast, selection = self._broadcast, self.lane.payload.key.selection
        self._untold_from = broadcast.states.untold_from(selection, position)
        self._told_cuts = broadcast.conflated_cuts

    def _restate(self, first: int) -> None:
        """Have the conflated channels told again from a sequence on."""
        if self.lane.payload.key.selection.intervals_ms:
            known = self._restate_from
            self._restate_from = first if known is None else min(known, first)

    @property
    def _oldest_resumed(self) -> int:
        """The first sequence that it can come back for without a gap.

        Who is to be disconnected for its lag, and comes back for what it lagged behind with, would
        be disconnected for it again and again.
        """
        oldest, limit = self._broadcast.ring.oldest, self.lag_max_ticks
        if limit is None or self.on_lag is not OnLag.DISCONNECT:
            return oldest
        return max(oldest, self._broadcast.cut_sequence - limit + 1)

    def _gives_up(self) -> bool:
        """Count an overrun; tell whether the subscriber is to be disconnected for it."""
        self.counts.overruns += 1
        if self.on_lag is not OnLag.DISCONNECT:
            return False
        self.counts.lagging += 1
        return True

    def _step_down(self, requested: int) -> None:
        """Give up on the ticks from a sequence on, and go on from the last cut.

        Conflated channels are restated as always, whatever becomes of the others.
        """
        broadcast = self._broadcast
        selection = self.lane.payload.key.selection
        self._backlogs.clear()
        oldest = broadcast.ring.oldest
        if self.on_lag is OnLag.CONFLATE:
            if requested < oldest:  # nothing can be made of what was overrun
                self.position = oldest - 1
                self._tell_gap(requested, "overrun", selection)
            self.position = broadcast.cut_sequence
            self._tell_gap(max(requested, oldest), "conflated", None)
            codec = self.lane.payload.key.codec
            first, lossless = max(requested, oldest), selection.lossless
            self._append_runs(broadcast.states.conflated(lossless, codec, first))
        else:
            self.position = broadcast.cut_sequence
            self._tell_gap(requested, "overrun", selection)

    def _append_runs(self, runs: Iterable[list[bytes]]) -> None:
        """Queue a state; its last frame moves its reader, who may be cut off before it."""
        states = list(runs)
        self._messages += [_Run(run, None) for run in states[:-1]]
        position = self._broadcast.ring.position(self.position)
        self._messages += [_Run(run, position) for run in states[-1:]]

    def _framed(self, run: _Run, now_ns: int) -> bytes:
        if run.position is None:
            return self.lane.private_snapshot(run.fragments)
        return self.lane.private_ticks(run.fragments, run.position, now_ns)

    def _append_restatement(self, first: int) -> None:
        """Queue what its conflated channels changed from a sequence on; it is at the last cut."""
        broadcast, key = self._broadcast, self.lane.payload.key
        oldest = broadcast.ring.oldest
        if first < oldest:
            self.position = oldest - 1
            self._tell_gap(first, "overrun", key.selection)
            self.position = broadcast.cut_sequence
        self._restate_from = None
        self._note_told(broadcast.cut_sequence)
        self._append_runs(broadcast.states.restated(key.selection, key.codec, first))

    def _tell_gap(self, missing: int | str, reason: str, selection: Selection | None) -> None:
        """Tell what is not coming up to where it stands, and send the state.

        Args:
            missing: the first missing sequence, or the position received if it is not of this ring.
            reason: "overrun", "epoch" or "conflated".
            selection: whose state follows, if any.
        """
        ring, counts = self._broadcast.ring, self.counts
        if reason == "conflated":
            counts.conflated += 1
        else:
            counts.gap += 1
        if isinstance(missing, int):
            if reason != "conflated":
                counts.gap_ticks += self.position - missing + 1
            missing = str(ring.position(missing))
        upto = str(ring.position(self.position))
        gap = {"T": "gap", "from": missing, "to": upto, "reason": reason}
        self._messages.append(self.lane.message(gap))
        if selection is not None:
            self.request_snapshot(selection)

    def _append_snapshot(self, selection: Selection) -> None:
        """Queue the state as of the last cut, where the subscriber stands now."""
        lane, broadcast = self.lane, self._broadcast
        position = broadcast.position
        begin = {"T": "snapshot", "state": "begin", "pos": str(position)}
        self._messages.append(lane.message(begin))
        for run in broadcast.states.snapshot(selection, lane.payload.key.codec):
            self._messages.append(_Run(run, None))
        self._messages.append(lane.message({**begin, "state": "end"}, position))
