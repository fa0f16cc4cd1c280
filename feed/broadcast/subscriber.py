"""A subscriber: a sequence, and what it is due next.

Theory of operation: a subscriber is *live* while it gets its lane's frames as they are made. One
that joins with a position, or whose socket was full when a frame was made, is *behind*: it is asked
for what it is due next when its socket has room, until it says that it is caught up. What is due
comes in this order: messages that wait (a gap), what its conflated channels are told again, the
backlog of what it subscribed to just now with a position, its own ticks from its sequence to the
last cut, snapshots as of that cut. Then it is live.

A position that it is told speaks for all of its channels, since it may come back with it: ticks are
given up to the cut at which its conflated channels were told last, and then those are told again.

There is no queue: ticks are read from the ring when they can be written, and whatever is private to
a subscriber is framed, and deflated, when it is written, by one door. A subscriber that the ring
overran goes down the ladder. Knows sockets only as two callables.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from feed.broadcast.checksum import StreamChecksum
from feed.broadcast.cut import Broadcast
from feed.broadcast.fragments import TURN_TICKS
from feed.broadcast.frame_sizes import MARK_BYTES
from feed.broadcast.ladder import Ladder
from feed.broadcast.lane import Lane, Socket
from feed.broadcast.restatement import Restatement
from feed.broadcast.resumption import Resume, locate
from feed.broadcast.standing import MAY_BE_WRITTEN, ImpossibleMove, Move, Standing, Written, moved
from feed.errors import Overrun
from feed.wire.disconnect import Reason
from feed.wire.messages import (
    GapReason,
    Message,
    gap_message,
    mark_message,
    snapshot_begin_message,
    snapshot_end_message,
)
from feed.wire.position import Position
from feed.wire.requests import OnLag
from feed.wire.selection import Selection

NOTHING_YET = b""  # in place of an envelope, where a turn has looked for ticks and found none


@dataclass(slots=True)
class _Backlog:
    """Ticks of a selection that was added with a position, up to where the subscriber stands."""

    selection: Selection
    after: int
    upto: int


@dataclass(frozen=True, slots=True)
class _State:
    """Fragments of a state, shared with all that get it; enveloped when there is room for them.

    Attributes:
        fragments: which.
        is_last: whether they move their reader: it may be cut off before.
    """

    fragments: list[bytes]
    is_last: bool


class Subscriber:
    """A sequence in the ring and a place in a lane.

    Attributes:
        lane: the lane whose frames it gets.
        socket: takes its frames.
        write, buffered_bytes, target: of the socket, as a fan-out uses them
            (`feed.broadcast.fan_out.Reader`).
        ladder: its place on the ladder.
        sequence: the last one that it was given, or passed over, while it is not live.
        told_down: whether the last that it heard of the source is that it is down.
    """

    __slots__ = (
        "_backlogs",
        "_broadcast",
        "_checksum",
        "_due",
        "_restatement",
        "_snapshots",
        "_standing",
        "buffered_bytes",
        "ladder",
        "lane",
        "sequence",
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
        self.lane = lane
        self.socket = socket
        self.write = socket.write
        self.buffered_bytes = socket.buffered_bytes
        self.target = socket.target
        self.ladder = ladder
        self.sequence = broadcast.cut_sequence
        self.told_down = False
        self._checksum = None if lane.checksum is None else StreamChecksum()
        self._standing = Standing.HELD
        # Short lists: an empty deque would take 760 bytes, three of them most of a subscriber.
        self._due: list[bytes | _State] = []  # envelopes, before everything else
        self._backlogs: list[_Backlog] = []
        self._restatement = Restatement(self.sequence, broadcast.conflated_cuts)
        self._snapshots: list[Selection] = []  # due when it is caught up

    @property
    def standing(self) -> Standing:
        """Its state in the table of standings."""
        return self._standing

    @property
    def live(self) -> bool:
        """Whether it gets its lane's frames; then it stands at the last cut."""
        return self._standing is Standing.LIVE

    @property
    def selection(self) -> Selection:
        """The selection that it subscribed to."""
        return self.lane.payload.key.selection

    @property
    def lag_ticks(self) -> int:
        """How many ticks the ring is ahead of it."""
        if self.live:
            return self._broadcast.waiting_ticks
        return self._broadcast.ring.newest - self.sequence

    @property
    def lossless(self) -> bool:
        """Whether every tick of some channel is owed to it."""
        return self.ladder.on_lag is not OnLag.CONFLATE and bool(self.lane.payload.lossless.symbols)

    @property
    def first_needed(self) -> int:
        """The oldest sequence that it still has to read."""
        if self.live:
            return self._broadcast.cut_sequence + 1
        return min([self.sequence, *(backlog.after for backlog in self._backlogs)]) + 1

    # Its standing; `audience` calls these.

    def hold(self) -> None:
        """Stand at the last cut, if it was live; what it is due next is about to change."""
        if self.live:
            self.sequence = self._broadcast.cut_sequence
            self._note_told(self.sequence)
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
        self.sequence = sequence
        self._note_told(sequence)
        self._restatement.owe_untold(self.selection)
        self.ladder.pause()

    def end(self) -> None:
        """Note that it left, or is disconnected; only last words may be written to it."""
        if self.live:
            self._end_shared_frames()
        self._standing = moved(self._standing, Move.END)

    # What it is due.

    def resume(
        self, selection: Selection, after: Position | str, new_epoch_ticks: int = 0
    ) -> Resume:
        """Begin at a position, for what was subscribed to just now; held, and in its new lane.

        After a new epoch it is given all that the ring was given, if the ring still holds it and
        that is not too much: then nothing is missed but the end of the old epoch.

        Args:
            selection: the part that was subscribed to; other ticks are not affected.
            after: the position received; a str is one that could not be read, told back in the gap.
            new_epoch_ticks: the most ticks that it is given from the beginning of a new epoch.
        """
        broadcast = self._broadcast
        oldest = self.ladder.oldest_resumed(broadcast.ring, broadcast.cut_sequence)
        found = locate(after, broadcast.ring, broadcast.cut_sequence, oldest)
        if found.outcome is Resume.NEW_EPOCH:
            ours = isinstance(after, Position) and after.epoch == broadcast.ring.epoch
            self._begin_epoch(selection, found.missing, 0 if ours else new_epoch_ticks)
            return Resume.NEW_EPOCH
        if found.outcome is Resume.GAP and found.sequence < self.sequence:
            self.ladder.counts.overruns += 1
            self._append_gap(found.sequence + 1, self.sequence, GapReason.OVERRUN, at_once=True)
            self.request_snapshot(selection)
            return Resume.GAP
        untold_from = broadcast.states.untold_from(self.selection, found.sequence)
        if found.outcome is Resume.REPLAYED and untold_from < broadcast.ring.oldest:
            # Told now: one that is disconnected for it would come back to the same.
            self._append_lost(untold_from)
            untold_from = broadcast.ring.oldest
        self._restatement.owe(self.selection, untold_from)
        self._add_backlog(selection.lossless, found.sequence)
        return Resume.REPLAYED

    def _begin_epoch(self, selection: Selection, missing: str, most_ticks: int) -> None:
        """Tell that the epoch is another one, and give all of this one if that is not too much."""
        broadcast = self._broadcast
        before = broadcast.ring.oldest - 1
        given = broadcast.ring.is_whole and broadcast.cut_sequence - before <= most_ticks
        last = before if given else self.sequence
        self._append_gap(missing, last, GapReason.EPOCH, at_once=True)
        if given:
            self._restatement.owe(self.selection, before + 1)
            self._add_backlog(selection.lossless, before)
        self.request_snapshot(selection)

    def append_message(self, message: Message) -> None:
        """Say a message of its own, after those that wait already; not while it is live."""
        self._due.append(self.lane.message_envelope(message))

    def append_mark(self, wall_ns: int) -> None:
        """Say where it begins: cut off before its first tick, it can come back for that."""
        if self.lane.says_positions:
            position = self._broadcast.ring.position(self.first_needed - 1)
            mark = mark_message(position, wall_ns)
            self._due.append(self.lane.message_envelope(mark, position))

    def request_snapshot(self, selection: Selection) -> None:
        """Send the last known state of a selection, once, when what was missed is through."""
        if selection not in self._snapshots:  # a gap asks for it too
            self._snapshots.append(selection)

    def enter(self, lane: Lane) -> None:
        """Belong to another lane from now on; held before.

        What is due of what that lane does not select is forgotten. What a conflated channel has
        collected is told now, where the channel goes on without its interval.
        """
        self._restate_ended_intervals(lane.payload.key.selection)
        self._owe_newly_conflated(lane.payload.key.selection)
        self.lane = lane
        if self._backlogs or self._snapshots:
            self._narrow(lane.payload.key.selection)

    def next_due(self, wall_ns: int) -> bytes | Reason | None:
        """Return the envelope to send next, why to disconnect, or None when nothing is due.

        It is `NOTHING_YET` where a turn's work was to look for ticks, and it found none so far.
        """
        while True:
            if self._due:
                due = self._due.pop(0)
                return self._state_envelope(due, wall_ns) if isinstance(due, _State) else due
            restatement = self._restatement
            restatement.note_cuts(self.selection, self._broadcast.conflated_cuts)
            try:
                if restatement.first is not None and self.sequence >= restatement.told_upto:
                    self._check_overrun()  # one gap for all, where everything is overrun
                    if restatement.first < self._broadcast.ring.oldest and self.ladder.gives_up():
                        return Reason.LAGGING
                    self._append_restatement(restatement.first)
                    continue
                envelope = self._next_ticks(wall_ns)
            except Overrun:
                if self.ladder.gives_up():
                    return Reason.LAGGING
                self._step_down(self.first_needed)
                continue
            if envelope is not None:
                return envelope
            if restatement.first is not None:
                continue
            if not self._snapshots:
                return None
            self._append_snapshot(self._snapshots.pop(0))

    @property
    def is_caught_up(self) -> bool:
        """Whether nothing is due, as far as can be told without reading the ring."""
        broadcast = self._broadcast
        return (
            self.sequence == broadcast.cut_sequence
            and not (self._due or self._backlogs or self._snapshots)
            and not self._restatement.is_owed(broadcast.conflated_cuts)
        )

    # The door.

    def open(self, prelude: bytes) -> None:
        """Write the beginning of its connection, and an envelope of its own; b"": there is none."""
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

    def _check_overrun(self) -> None:
        """Raise `Overrun` if the ring has passed ticks that it is owed."""
        oldest = self._broadcast.ring.oldest
        if self.first_needed < oldest and (self._backlogs or self.lane.payload.lossless.symbols):
            raise Overrun(requested=self.first_needed, oldest=oldest)

    def _next_ticks(self, wall_ns: int) -> bytes | None:
        """Return the next envelope of ticks that were missed; None when there is none left.

        Raises:
            Overrun: the ring, or the most lag that is allowed, passed it.
        """
        broadcast, codec = self._broadcast, self.lane.codec
        most_bytes = broadcast.sizes.payload_bytes(codec) - codec.around_bytes - MARK_BYTES
        while self._backlogs:
            backlog = self._backlogs[0]
            fragments, backlog.after = broadcast.fragments.read(
                backlog.selection,
                codec,
                backlog.after,
                backlog.upto,
                max_bytes=most_bytes,
                turn_ticks=TURN_TICKS,
            )
            looks_on = not fragments and backlog.after < backlog.upto
            if backlog.after >= backlog.upto:
                self._backlogs.pop(0)
            if fragments:
                position = broadcast.ring.position(self.first_needed - 1)
                return self.lane.ticks_envelope(fragments, position, wall_ns)
            if looks_on:
                return NOTHING_YET
        upto = broadcast.cut_sequence
        if self._restatement.first is not None:
            upto = min(upto, self._restatement.told_upto)
        selection = self.lane.payload.lossless
        if not selection.symbols:
            self.sequence = upto
            return None
        limit = self.ladder.lag_max_ticks
        if limit is not None and upto - self.sequence > limit:
            raise Overrun(requested=self.sequence + 1, oldest=upto - limit + 1)
        fragments, self.sequence = broadcast.fragments.read(
            selection,
            codec,
            self.sequence,
            upto,
            max_bytes=most_bytes,
            turn_ticks=TURN_TICKS,
        )
        if not fragments:
            return None if self.sequence == upto else NOTHING_YET
        return self.lane.ticks_envelope(fragments, broadcast.ring.position(self.sequence), wall_ns)

    def _add_backlog(self, selection: Selection, after: int) -> None:
        if selection == self.lane.payload.lossless and not self._backlogs:
            self.sequence = min(self.sequence, after)  # nothing else is subscribed
        elif selection.symbols and after < self.sequence:
            self._backlogs.append(_Backlog(selection, after, self.sequence))

    def _narrow(self, selection: Selection) -> None:
        """Forget what was due of what a selection does not select."""
        classes = self._broadcast.classes
        for backlog in self._backlogs:
            backlog.selection = backlog.selection.within(selection, classes)
        self._backlogs = [backlog for backlog in self._backlogs if backlog.selection.symbols]
        # A snapshot of nothing was asked for as it is, and is answered.
        narrowed = [(asked, asked.within(selection, classes)) for asked in self._snapshots]
        self._snapshots = [part for asked, part in narrowed if part.symbols or not asked.symbols]

    def _note_told(self, sequence: int) -> None:
        """Note that its conflated channels were told what they were due at a sequence."""
        broadcast = self._broadcast
        self._restatement.note_told(
            self.selection, sequence, broadcast.states, broadcast.conflated_cuts
        )

    def _restate_ended_intervals(self, selection: Selection) -> None:
        """Tell what channels have collected whose interval another selection ends."""
        broadcast, key, restatement = self._broadcast, self.lane.payload.key, self._restatement
        subscribed, intervals_ms = dict(selection.symbols), dict(selection.intervals_ms)
        ended = {
            channel: interval_ms
            for channel, interval_ms in key.selection.intervals_ms
            if channel in subscribed and intervals_ms.get(channel) != interval_ms
        }
        restatement.note_cuts(key.selection, broadcast.conflated_cuts)
        if not ended or (restatement.first is None and self.sequence != broadcast.cut_sequence):
            return  # it was told all up to where it stands
        part = Selection.of(
            {channel: dict(key.selection.symbols)[channel] for channel in ended}, ended
        )
        first = restatement.first
        if first is None:
            first = broadcast.states.untold_from(part, self.sequence)
        if first < broadcast.ring.oldest:
            self._append_lost(first)
        self._append_states(broadcast.states.restated(part, key.codec, first))

    def _owe_newly_conflated(self, selection: Selection) -> None:
        """Owe what was missed of what another selection conflates, and this one does not.

        It may have been told its conflated channels beyond its sequence already, without that.
        """
        if self.first_needed > self._broadcast.cut_sequence:
            return
        before, classes = self.selection.parts(), self._broadcast.classes
        for interval_ms, part in selection.parts().items():
            known = before.get(interval_ms)
            if interval_ms and (known is None or part.within(known, classes) != part):
                self._restatement.owe(selection, self.first_needed)
                return

    def _step_down(self, requested: int) -> None:
        """Give up on the ticks from a sequence on, and go on from the last cut.

        Conflated channels are restated as always, whatever becomes of the others.
        """
        broadcast = self._broadcast
        upto, oldest = broadcast.cut_sequence, broadcast.ring.oldest
        self._backlogs.clear()
        self.sequence = upto
        if self.ladder.on_lag is not OnLag.CONFLATE:
            self._append_gap(requested, upto, GapReason.OVERRUN)
            self.request_snapshot(self.selection)
            return
        if requested < oldest:  # nothing can be made of what was overrun
            self._append_gap(requested, oldest - 1, GapReason.OVERRUN)
            self.request_snapshot(self.selection)
        first = max(requested, oldest)
        self._append_gap(first, upto, GapReason.CONFLATED)
        lossless, codec = self.lane.payload.lossless, self.lane.codec
        self._append_states(broadcast.states.conflated(lossless, codec, first))

    def _append_states(self, runs: Iterable[list[bytes]]) -> None:
        """Queue a state; its last envelope moves its reader, which may be cut off before it."""
        states = list(runs)
        self._due += [_State(run, is_last=False) for run in states[:-1]]
        self._due += [_State(run, is_last=True) for run in states[-1:]]

    def _state_envelope(self, state: _State, wall_ns: int) -> bytes:
        """Return a state's envelope; what has become due meanwhile is told after it.

        A backlog holds its position back; a restatement that is owed speaks for itself.
        """
        if not state.is_last or self._restatement.first is not None:
            return self.lane.state_envelope(state.fragments)
        position = self._broadcast.ring.position(self.first_needed - 1)
        return self.lane.ticks_envelope(state.fragments, position, wall_ns)

    def _append_restatement(self, first: int) -> None:
        """Queue what its conflated channels changed from a sequence on up to the last cut."""
        broadcast, key = self._broadcast, self.lane.payload.key
        if first < broadcast.ring.oldest:
            self._append_lost(first)
        if not self.lane.payload.lossless.symbols:
            self.sequence = broadcast.cut_sequence
        self._restatement.settle()
        self._note_told(broadcast.cut_sequence)
        self._append_states(broadcast.states.restated(key.selection, key.codec, first))

    def _append_lost(self, first: int) -> None:
        """Queue a gap of what the ring has lost of conflated channels, and all that is known."""
        self._append_gap(first, self._broadcast.ring.oldest - 1, GapReason.OVERRUN)
        self.request_snapshot(self.selection)

    def _append_gap(
        self, first: int | str, last: int, reason: GapReason, *, at_once: bool = False
    ) -> None:
        """Queue a gap: events that are not coming.

        Args:
            first: the first missing sequence, or the position received if it is not of this ring.
            last: the last missing sequence.
            reason: why.
            at_once: before what is queued already, and may tell a position after it.
        """
        ring = self._broadcast.ring
        if reason is GapReason.CONFLATED:
            self.ladder.count_conflated()
        else:
            self.ladder.count_gap(last - first + 1 if isinstance(first, int) else 0)
        missing = ring.position(first) if isinstance(first, int) else first
        gap = gap_message(missing, ring.position(last), reason)
        envelope = self.lane.message_envelope(gap)
        self._due.insert(0 if at_once else len(self._due), envelope)

    def _append_snapshot(self, selection: Selection) -> None:
        """Queue the state as of the last cut, where the subscriber stands now."""
        lane, broadcast = self.lane, self._broadcast
        position = broadcast.position
        self._due.append(lane.message_envelope(snapshot_begin_message(position)))
        for run in broadcast.states.snapshot(selection, lane.codec):
            self._due.append(_State(run, is_last=False))
        self._due.append(lane.message_envelope(snapshot_end_message(position), position))
