"""What one subscriber is due next, and in which order.

Theory of operation: a subscriber that joins with a position, or whose socket was full when a frame
was made, is asked for what it is due next when its socket has room, until nothing is. What is due
comes in this order: messages that wait (a gap), what its conflated channels are told again, the
backlog of what it subscribed to just now with a position, its own ticks from its sequence to the
last cut, snapshots as of that cut. Then it is live. Where it is to begin so many ticks back, those
are looked for before everything else.

A position that it is told speaks for all of its channels, since it may come back with it: ticks are
given up to the cut at which its conflated channels were told last, and then those are told again.

There is no queue of ticks: they are read from the ring when they can be written. A subscriber that
the ring overran goes down the ladder: what it is given then is another matter (`substitute`). Knows
neither socket nor standing.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from feed.broadcast.backlog import Backlog
from feed.broadcast.cut import Broadcast
from feed.broadcast.ladder import Ladder
from feed.broadcast.lane import Lane
from feed.broadcast.origins import Kept, OfSnapshot, Origin, Restated, Stretch
from feed.broadcast.outbox import NOWHERE, Drafted, Gap, Outbox, State, Waiting, Words
from feed.broadcast.restatement import Restatement
from feed.broadcast.resumption import Resume, Resumption, locate
from feed.broadcast.search import Search
from feed.broadcast.substitute import Substitute
from feed.errors import Overrun
from feed.wire.disconnect import Reason
from feed.wire.grants import Grants, may_be_told
from feed.wire.messages import GapReason, Message
from feed.wire.position import Position
from feed.wire.request_fields import OnLag
from feed.wire.selection import Selection

_NOTHING = Selection()
NOTHING_YET = b""  # in place of an envelope, where a turn's work was not enough to say anything


class _Sought(NamedTuple):
    """A search, all that was subscribed to before it, and what is called when it is over."""

    search: Search
    had: Selection
    settled: Callable[[Search], None]


class Due:
    """What a subscriber is given before it is live.

    Attributes:
        outbox: what waits already.
        ladder: the place of its subscriber on the ladder.
        backlog: the ticks that it is given one by one, and where its subscriber stands with them.
        substitute: what it is given in place of others.
    """

    __slots__ = (
        "_broadcast",
        "_gives_up",
        "_restatement",
        "_searches",
        "backlog",
        "ladder",
        "outbox",
        "substitute",
    )

    def __init__(self, broadcast: Broadcast, lane: Lane, ladder: Ladder) -> None:
        """Begin at the last cut, with nothing due."""
        self._broadcast = broadcast
        self.ladder = ladder
        self.outbox = Outbox(lane, broadcast.ring, ladder)
        self.backlog = Backlog(broadcast, self.outbox)
        self._restatement = Restatement(broadcast)
        self.substitute = Substitute(broadcast, self.outbox, ladder)
        # A tuple, since an empty one takes no memory, and few subscribers have any.
        self._searches: tuple[_Sought, ...] = ()  # that say where what is due begins
        self._gives_up = False  # of what came since it was given something

    @property
    def lane(self) -> Lane:
        """The lane that its subscriber belongs to; what is due is enveloped as there."""
        return self.outbox.lane

    @property
    def _selection(self) -> Selection:
        return self.outbox.lane.payload.key.selection

    @property
    def _reached(self) -> int:
        """The sequence that may be told: a position speaks for all that was due up to it."""
        reached, restatement = self.backlog.first_needed - 1, self._restatement
        return reached if restatement.first is None else min(reached, restatement.told_upto)

    def enter_now(self) -> None:
        """Stand at the last cut, as one that has just come and was given nothing yet."""
        self.backlog = Backlog(self._broadcast, self.outbox)
        self._restatement = Restatement(self._broadcast)

    def begin_now(self) -> None:
        """Begin where it stands, if it has not begun."""
        self.outbox.note_beginning(self.backlog.sequence)

    def stand_at(self, sequence: int) -> None:
        """Go on after a sequence, up to which its subscriber was given everything while live."""
        self.outbox.note_live(self.lane.newest_told, since=self.backlog.sequence)
        self.backlog.sequence, self.backlog.goes_back = sequence, False
        self._restatement.note_told(self._selection, sequence)

    def miss_after(self, sequence: int) -> None:
        """Go on after a sequence, where its subscriber was live, and missed what followed."""
        selection, restatement = self._selection, self._restatement
        self.backlog.sequence, self.backlog.goes_back = sequence, False
        restatement.note_told(selection, sequence)
        restatement.owe_untold(selection)

    def resume(
        self,
        selection: Selection,
        after: Position | str,
        new_epoch_ticks: int = 0,
        had: Selection = _NOTHING,
    ) -> Resume:
        """Begin at a position, for what was subscribed to just now; held, and in its new lane.

        After a new epoch it is given all that the ring was given, if the ring still holds it and
        that is not too much: then nothing is missed but the end of the old epoch.

        The position may be later than the place where the subscriber is: what it had subscribed to
        goes on from that place, and only what is new begins at the position.

        Args:
            selection: the part that was subscribed to; other ticks are not affected.
            after: the position received; a str is one that could not be read, told back in the gap.
            new_epoch_ticks: the most ticks that it is given from the beginning of a new epoch.
            had: all that it had subscribed to before.
        """
        broadcast = self._broadcast
        oldest = self.ladder.oldest_resumed(broadcast.ring, broadcast.cut_sequence)
        found = locate(after, broadcast.ring, broadcast.cut_sequence, oldest)
        if found.outcome is not Resume.NEW_EPOCH:
            self.outbox.note_beginning(found.sequence)
        if found.outcome is Resume.GAP and self._may_go_back(selection, found.sequence):
            self._go_back(selection, found.sequence, had)
            return Resume.REPLAYED
        if found.outcome is not Resume.REPLAYED and self.lane.payload.follows:
            return self._follow_on(selection, found)
        if found.outcome is Resume.NEW_EPOCH:
            ours = isinstance(after, Position) and after.epoch == broadcast.ring.epoch
            self._begin_epoch(selection, found.missing, 0 if ours else new_epoch_ticks)
            return Resume.NEW_EPOCH
        if found.outcome is Resume.GAP and found.sequence < self.backlog.sequence:
            is_missing = self.substitute.resume_overrun(
                selection, found.sequence + 1, self.backlog.sequence
            )
            self.ladder.counts.overruns += is_missing
            return Resume.GAP if is_missing else Resume.REPLAYED
        untold_from = broadcast.states.untold_from(self._selection, found.sequence)
        if found.outcome is Resume.REPLAYED and untold_from < broadcast.ring.oldest:
            if broadcast.archive is not None:
                self._go_back(selection, found.sequence, had)
                return Resume.REPLAYED
            # Told now: one that is disconnected for it would come back to the same.
            self.substitute.append_lost(untold_from, broadcast.ring.oldest - 1)
            untold_from = broadcast.ring.oldest
        told_upto = min(found.sequence, self.backlog.sequence)
        self._restatement.owe(self._selection, untold_from, told_upto)
        if found.sequence > self.backlog.sequence:
            self._go_on(had, found.sequence)
        self.backlog.add(selection.lossless, found.sequence)
        return Resume.REPLAYED

    def _may_go_back(self, selection: Selection, sequence: int) -> bool:
        """Tell whether what follows a sequence that the ring has lost is read from the archive.

        Words that are kept need not be.
        """
        if self._broadcast.archive is None:
            return False
        if selection.ticks.symbols or selection.every or sequence >= self.backlog.sequence:
            return True
        upto = self.backlog.sequence
        return self._broadcast.keyed.between(selection, sequence, upto) is None

    def _go_back(self, selection: Selection, sequence: int, had: Selection) -> None:
        """Begin after a sequence whose past the ring has lost, and the archive may have."""
        archive = self._broadcast.archive
        assert archive is not None, "it goes back to something"
        archive.resumed += 1
        self.backlog.goes_back = True
        told_upto = min(sequence, self.backlog.sequence)
        self._restatement.owe(self._selection, sequence + 1, told_upto, unsure_after=sequence)
        if sequence > self.backlog.sequence:
            self._go_on(had, sequence)
        self.backlog.add(selection.lossless, sequence)

    def _follow_on(self, selection: Selection, found: Resumption) -> Resume:
        """Tell what a server that follows has missed, and give it all that the ring holds.

        Others are given the newest state instead; its own subscribers may come for any of these.
        """
        before = self._broadcast.ring.oldest - 1
        is_overrun = found.outcome is Resume.GAP
        self.ladder.counts.overruns += is_overrun
        missing = found.sequence + 1 if is_overrun else found.missing
        reason = GapReason.OVERRUN if is_overrun else GapReason.EPOCH
        self.outbox.append_gap(missing, before, reason, at_once=True)
        self.backlog.add(selection, before)
        self.substitute.request_snapshot(selection)
        return found.outcome

    def _begin_epoch(self, selection: Selection, missing: str, most_ticks: int) -> None:
        """Tell that the epoch is another one, and give all of this one if that is not too much."""
        broadcast = self._broadcast
        before = broadcast.ring.oldest - 1
        given = broadcast.ring.is_whole and broadcast.cut_sequence - before <= most_ticks
        last = before if given else self.backlog.sequence
        self.outbox.append_gap(missing, last, GapReason.EPOCH, at_once=True)
        if given:
            self._restatement.owe(self._selection, before + 1, min(before, self.backlog.sequence))
            self.backlog.add(selection.lossless, before)
        self.substitute.request_snapshot(selection)

    def rewind(self, selection: Selection, sequence: int, had: Selection = _NOTHING) -> None:
        """Begin after a sequence that the ring found, for what was subscribed to just now.

        As `resume` where that finds all, but that nobody was told anything of what came before.
        """
        self.outbox.note_beginning(sequence)
        told_upto = min(sequence, self.backlog.sequence)
        self._restatement.owe(self._selection, sequence + 1, told_upto)
        if sequence > self.backlog.sequence:
            self._go_on(had, sequence)
        self.backlog.add(selection.lossless, sequence)

    def search(self, search: Search, had: Selection, settled: Callable[[Search], None]) -> None:
        """Begin where a search ends, for what was subscribed to just now.

        Args:
            search: of the part that was subscribed to.
            had: all that it had subscribed to before.
            settled: called when it is over, and what it has found is due.
        """
        self._searches = (*self._searches, _Sought(search, had, settled))

    def pass_hole(self, upto: int) -> None:
        """Tell a hole of the ring where nothing is read from it: all channels are conflated."""
        selection = self._selection
        if self.backlog.goes_back and self._restatement.first is not None:
            return  # what it is told again goes over it
        if selection.symbols and not self.lane.payload.lossless.symbols:
            self._restatement.note_cuts(selection, self.backlog.sequence)
            self.outbox.append_holes(self.backlog.sequence, upto)
            self.backlog.sequence = max(upto, self.backlog.sequence)
            self._restatement.note_told(selection, self.backlog.sequence)

    def begin_epoch(self, after: Position | str | None, new_epoch_ticks: int) -> Resume | None:
        """Go on in another epoch, as if its subscriber had come back with a position of the last.

        Words and gaps that wait are told before. It is held.

        Args:
            after: where it stood; None: it has not begun; a str is a position of nobody.
            new_epoch_ticks: see `resume`.
        """
        outbox, broadcast = self.outbox, self._broadcast
        words: list[Waiting] = [
            waiting for waiting in outbox.waiting if isinstance(waiting, Words | Gap)
        ]
        outbox.waiting, outbox.told = [], NOWHERE
        self.backlog = Backlog(broadcast, outbox)
        self._restatement = Restatement(broadcast)
        self.substitute.forget_snapshots()
        self._searches = ()  # what they look for is gone
        self._gives_up = False
        selection = self._selection
        if after is None or not selection.symbols:
            return None
        outcome = self.resume(selection, after, new_epoch_ticks)
        outbox.waiting = words + outbox.waiting
        return outcome

    @property
    def reached(self) -> int:
        """The sequence up to which it was given all that it was due, not counting what waits."""
        self._restatement.note_cuts(self._selection, self.backlog.sequence)
        states = [
            waiting.origin.told_upto
            for waiting in self.outbox.waiting
            if isinstance(waiting, State | Drafted) and not isinstance(waiting.origin, OfSnapshot)
        ]
        return min([self._reached, *states])

    def pace(self, *, paced: bool) -> None:
        """Give no state that is newer than the last end of its interval, or the newest ones."""
        self.substitute.paced = paced

    def give_up(self) -> None:
        """Give the newest of each symbol of what it is due by its next turn, and not each tick."""
        self._gives_up = True

    def append_message(self, message: Message) -> None:
        """Say a message of its own, after those that wait already; not while it is live."""
        self.outbox.append_message(message)

    def append_mark(self) -> None:
        """Say where it begins: cut off before its first tick, it can come back for that."""
        self.outbox.append_mark()

    def request_snapshot(self, selection: Selection) -> None:
        """Send the last known state of a selection, once, when what was missed is through."""
        self.substitute.request_snapshot(selection)

    def enter(self, lane: Lane, grants: Grants | None = None) -> None:
        """Belong to another lane from now on; held before.

        What is due of what that lane does not select is forgotten. What a conflated channel has
        collected is told now, where the channel goes on without its interval.

        Args:
            lane: which.
            grants: what is granted from now on, where that has changed: states that wait are of
                what was granted before, and are made anew of what the lane selects.
        """
        origins = [] if grants is None else self._withdrawn(grants)
        self._restate_ended_intervals(lane.payload.key.selection)
        self._owe_newly_conflated(lane.payload.key.selection)
        self.outbox.lane = lane
        if self.backlog.has_pasts or self.substitute.has_snapshots or self._searches:
            self._narrow(lane.payload.key.selection)
        for origin in origins:
            self._make_anew(origin)

    def withdraw(self, grants: Grants) -> None:
        """Make states that wait anew of what is selected; held before.

        They may be of what was given up before, and is not granted any more.
        """
        for origin in self._withdrawn(grants):
            self._make_anew(origin)

    @property
    def has_words(self) -> bool:
        """Whether a state waits that has words in it."""
        waiting = self.outbox.waiting
        return bool(waiting) and any(  # mostly nothing does
            isinstance(each, State | Drafted)
            and isinstance(each.origin, OfSnapshot | Kept)
            and bool(each.origin.selection.words)
            for each in waiting
        )

    def withdraw_states(self) -> None:
        """Make states that wait anew: something in them was deleted since; held before."""
        for origin in self.outbox.withdraw(lambda _: True):
            self._make_anew(origin)

    def _withdrawn(self, grants: Grants) -> list[Origin]:
        return self.outbox.withdraw(partial(may_be_told, grants))

    def next(self, wall_ns: int) -> bytes | Reason | None:
        """Return the envelope to send next, why to disconnect, or None when nothing is due.

        It is `NOTHING_YET` where a turn's work was done, and there is nothing to say so far.
        """
        while self._searches:  # first, since whatever tells a position tells of them too
            if not self._look():
                return NOTHING_YET
        return self._next_due(wall_ns)

    def _next_due(self, wall_ns: int) -> bytes | Reason | None:
        restatement = self._restatement
        while True:
            if (found := self._next_waiting(wall_ns)) is not None or self._is_held_up:
                return found
            restatement.note_cuts(self._selection, self.backlog.sequence)
            try:
                if restatement.first is not None and self.backlog.sequence >= restatement.told_upto:
                    reason = self._restate(restatement.first)
                    if reason is not None or restatement.waits:
                        return reason
                    continue
                envelope = self._next_ticks(wall_ns)
            except Overrun:
                first, upto = self.backlog.first_needed, self._broadcast.cut_sequence
                if self.substitute.loses(first, upto) and self.ladder.gives_up():
                    return Reason.LAGGING
                self.backlog.skip(upto)
                goes_back = self.backlog.goes_back
                self.substitute.step_down(first, upto, goes_back=goes_back)
                continue
            if envelope is not None or self.backlog.waits:
                return envelope
            if restatement.first is not None:
                continue
            if not self.substitute.has_snapshots:
                return None
            self.substitute.append_snapshot()

    def _restate(self, first: int) -> Reason | None:
        """Queue what conflated channels are told again; return why to disconnect it instead.

        Nothing is queued where it waits for a page of the archive.

        Raises:
            Overrun: everything is overrun, so that there is one gap for all.
        """
        restatement = self._restatement
        if self.backlog.goes_back:
            if not restatement.search(self._selection):
                return None
            first = min(first, restatement.first or first)
        else:
            self.backlog.check_overrun()
            if first < self._broadcast.ring.oldest and self.ladder.gives_up():
                return Reason.LAGGING
        self._append_restatement(first)
        return None

    def _look(self) -> bool:
        """Look on in the ring for what the first search is for; tell whether it is over."""
        broadcast = self._broadcast
        sought = self._searches[0]
        oldest = self.ladder.oldest_rewound(broadcast.ring, broadcast.cut_sequence)
        if not sought.search.advance(oldest, broadcast.turn_ticks):
            return False
        self._searches = self._searches[1:]
        self.rewind(sought.search.selection, sought.search.reached, sought.had)
        sought.settled(sought.search)
        return True

    def _next_waiting(self, wall_ns: int) -> bytes | Reason | None:
        """Return what `next` does of what waits; None where that has nothing to say any more."""
        while True:
            if self.outbox.is_drafting:
                if not self.outbox.draft():
                    return None if self.outbox.waits else NOTHING_YET
                lost = self.outbox.lost
                if lost is not None and self.ladder.gives_up():
                    return Reason.LAGGING
                self._settle(lost)
            if said := self._say(wall_ns):
                return said
            if not self.outbox.is_drafting:
                return None

    def _say(self, wall_ns: int) -> bytes:
        """Return the envelope of what waits first; b"" where that has nothing to say any more."""
        said = self._take(wall_ns)
        if said or not self._gives_up:
            return said
        self._gives_up = False
        if self._is_owed_ticks:
            self._restatement.note_cuts(self._selection, self.backlog.sequence)
            first, upto = self.backlog.first_needed, self._broadcast.cut_sequence
            self.backlog.skip(upto)
            self.substitute.give_up(first, upto)
        return self._take(wall_ns)

    def _take(self, wall_ns: int) -> bytes:
        if not self.outbox.waiting:
            return b""
        owes = self._restatement.first is not None
        return self.outbox.take(self._reached, wall_ns, owes=owes)

    @property
    def _is_owed_ticks(self) -> bool:
        """Whether there may be ticks that it has not been given, one by one."""
        has_some = bool(self.lane.payload.lossless.symbols)
        return has_some and self.backlog.first_needed <= self._broadcast.cut_sequence

    @property
    def is_ahead(self) -> bool:
        """Whether it came with a position that is further than the last cut.

        It may, where another server gives the sequences: it was that server's subscriber before.
        """
        return self.backlog.sequence > self._broadcast.cut_sequence

    @property
    def _is_held_up(self) -> bool:
        """Whether nothing can be given now, whatever else is due."""
        return self.is_ahead or self.outbox.waits

    @property
    def awaits(self) -> bool:
        """Whether what it is due next is on its way: it is ahead, or an old page is being read."""
        return self._is_held_up or self.backlog.waits or self._restatement.waits

    @property
    def is_empty(self) -> bool:
        """Whether nothing is due, as far as can be told without reading the ring."""
        broadcast = self._broadcast
        return (
            self.backlog.sequence == broadcast.cut_sequence
            and not (self.outbox.waiting or self.backlog.has_pasts or self._searches)
            and not self.substitute.has_snapshots
            and not (self._restatement.is_owed or self._gives_up)
        )

    def _next_ticks(self, wall_ns: int) -> bytes | None:
        """Return the next envelope of ticks that were missed; None when there is none left.

        Raises:
            Overrun: the ring, or the most lag that is allowed, passed it.
        """
        upto = self._broadcast.cut_sequence
        if self._restatement.first is not None:
            upto = min(upto, self._restatement.told_upto)
        most_ticks = self.ladder.lag_max_ticks
        if self.backlog.goes_back and self.ladder.on_lag is not OnLag.CONFLATE:
            most_ticks = None  # it would come back to the same
        fragments = self.backlog.next(upto, most_ticks)
        if self.backlog.waits:
            return None
        if not fragments:
            return None if fragments is None else NOTHING_YET
        reached = self.backlog.first_needed - 1
        told = None
        if self.lane.payload.follows:  # it gets every sequence
            first = reached - len(fragments) + 1
            told = self._broadcast.cut_mark(first, reached, self.backlog.ingested_ns)
        return self.outbox.ticks_envelope(fragments, reached, wall_ns, told)

    def _go_on(self, had: Selection, sequence: int) -> None:
        """Give what it had subscribed to up to a later sequence, and all else from there on."""
        conflated = dict(self._selection.intervals_ms)
        lossless = {channel: some for channel, some in had.symbols if channel not in conflated}
        self.backlog.go_on(Selection.of(lossless), sequence)

    def _narrow(self, selection: Selection) -> None:
        """Forget what was due of what a selection does not select.

        What it conflates is not due tick by tick any more either: that is told again instead.
        """
        self.backlog.narrow(selection.lossless)
        self.substitute.narrow(selection)
        for sought in self._searches:
            within = sought.search.selection.within(selection, self._broadcast.classes)
            sought.search.selection = within

    def _make_anew(self, origin: Origin) -> None:
        """Owe a state that was taken back once more, of what is selected now."""
        sequence, selection = self.backlog.sequence, self._selection
        again: Origin | None = origin
        if isinstance(origin, Restated):
            # What is not conflated any more is given tick by tick from there on, but not before.
            again = origin.ended(selection, sequence)
        elif isinstance(origin, Stretch):
            again = origin.lossless(selection)
        if again is not None:
            assert not isinstance(again, Restated)
            self.substitute.make_anew(again, goes_back=self.backlog.goes_back)
        if again is not origin:  # what is conflated is told again together, and in order
            assert isinstance(origin, Restated | Stretch)
            told_upto = max(origin.told_upto, self.outbox.told)  # no position goes back for it
            self._restatement.owe(selection, origin.first, min(told_upto, sequence))

    def _restate_ended_intervals(self, selection: Selection) -> None:
        """Tell what channels have collected whose interval another selection ends."""
        untold = self._restatement.untold_of_ended(
            self._selection, selection, self.backlog.sequence
        )
        if untold is not None:
            part, first = untold
            goes_back, unsure_after = self.backlog.goes_back, self._restatement.unsure_after
            if goes_back and unsure_after is not None:  # it does not wait for a search
                self.substitute.append_lost(unsure_after, unsure_after)
            part = part.within(selection, self._broadcast.classes)
            stretch = Stretch(part, first, self._broadcast.cut_sequence)
            self.substitute.append_restated(part, first, stretch, goes_back=goes_back)

    def _owe_newly_conflated(self, selection: Selection) -> None:
        """Owe what was missed of what another selection conflates, and this one does not.

        It may have been told its conflated channels beyond its sequence already, without that. They
        are told again together, so from where on they had not been told.
        """
        if self.backlog.first_needed > self._broadcast.cut_sequence:
            return
        before, classes = self._selection.parts(), self._broadcast.classes
        for interval_ms, part in selection.parts().items():
            known = before.get(interval_ms)
            if interval_ms and (known is None or part.within(known, classes) != part):
                self._restatement.owe(
                    selection, self.backlog.first_needed, self.backlog.first_needed - 1
                )
                self._restatement.owe_untold(self._selection)
                return

    def _append_restatement(self, first: int) -> None:
        """Queue what its conflated channels changed from a sequence on up to the last cut."""
        cut_sequence, goes_back = self._broadcast.cut_sequence, self.backlog.goes_back
        told_upto, is_alone = self._restatement.told_upto, not self.lane.payload.lossless.symbols
        if is_alone:
            if not goes_back:
                self.outbox.append_holes(told_upto, cut_sequence)
            self.backlog.sequence = cut_sequence
        self._restatement.settle()
        self._restatement.note_told(self._selection, cut_sequence)
        tells_holes = is_alone and goes_back
        origin = Restated(self._selection, first, cut_sequence, told_upto, tells_holes=tells_holes)
        reaches = self.substitute.append_restated(
            self._selection, first, origin, goes_back=goes_back
        )
        if tells_holes:  # to the end of its interval
            self.outbox.append_holes(max(told_upto, reaches), cut_sequence)

    def _settle(self, lost: tuple[int, int] | None) -> None:
        """Let a state wait that is whole, behind a gap of what the ring has lost of it.

        Where the ring has passed the place of its subscriber too, that is told first, of everything
        and as one gap; then the state is made of what is left.
        """
        goes_back = self.backlog.goes_back
        if lost is None or lost[1] < self.backlog.first_needed or goes_back:
            self.outbox.settle()
            if lost is not None and goes_back:
                self.backlog.pass_over(min(lost[1], self._broadcast.cut_sequence))
            if lost is not None:
                self.substitute.append_lost(*lost, at_once=True)
            return
        origin = self.outbox.drop_drafted()
        if isinstance(origin, Restated):
            self._make_anew(origin)
        elif lost[0] < self.backlog.first_needed:
            self.substitute.append_lost(lost[0], self.backlog.first_needed - 1, at_once=True)
