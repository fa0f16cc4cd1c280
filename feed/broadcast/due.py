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
from typing import NamedTuple

from feed.broadcast.backlog import Backlog
from feed.broadcast.cut import Broadcast
from feed.broadcast.ladder import Ladder
from feed.broadcast.lane import Lane
from feed.broadcast.origins import Kept, OfSnapshot, Origin, Restated, Stretch
from feed.broadcast.outbox import Drafted, Outbox, State
from feed.broadcast.restatement import Restatement
from feed.broadcast.search import Search
from feed.broadcast.substitute import Substitute
from feed.errors import Overrun
from feed.wire.disconnect import Reason
from feed.wire.messages import Message
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
        broadcast: where all of it comes from.
        outbox: what waits already.
        ladder: the place of its subscriber on the ladder.
        backlog: the ticks that it is given one by one, and where its subscriber stands with them.
        restatement: what its conflated channels are told again.
        substitute: what it is given in place of others.
    """

    __slots__ = (
        "_gives_up",
        "_searches",
        "backlog",
        "broadcast",
        "ladder",
        "outbox",
        "restatement",
        "substitute",
    )

    def __init__(self, broadcast: Broadcast, lane: Lane, ladder: Ladder) -> None:
        """Begin at the last cut, with nothing due."""
        self.broadcast = broadcast
        self.ladder = ladder
        self.outbox = Outbox(lane, broadcast.ring, ladder)
        self.backlog = Backlog(broadcast, self.outbox)
        self.restatement = Restatement(broadcast)
        self.substitute = Substitute(broadcast, self.outbox, ladder)
        # A tuple, since an empty one takes no memory, and few subscribers have any.
        self._searches: tuple[_Sought, ...] = ()  # that say where what is due begins
        self._gives_up = False  # of what came since it was given something

    @property
    def lane(self) -> Lane:
        """The lane that its subscriber belongs to; what is due is enveloped as there."""
        return self.outbox.lane

    @property
    def selection(self) -> Selection:
        """What its lane selects."""
        return self.outbox.lane.payload.key.selection

    @property
    def _reached(self) -> int:
        """The sequence that may be told: a position speaks for all that was due up to it."""
        reached, restatement = self.backlog.first_needed - 1, self.restatement
        return reached if restatement.first is None else min(reached, restatement.told_upto)

    def enter_now(self) -> None:
        """Stand at the last cut, as one that has just come and was given nothing yet."""
        self.backlog = Backlog(self.broadcast, self.outbox)
        self.restatement = Restatement(self.broadcast)

    def forget(self) -> None:
        """Stand there too, with nothing due but what waits in the outbox already."""
        self.enter_now()
        self.substitute.forget_snapshots()
        self._searches = ()  # what they look for is gone
        self._gives_up = False

    def narrow(self, selection: Selection) -> None:
        """Forget what was due of what a selection does not select.

        What it conflates is not due tick by tick any more either: that is told again instead.
        """
        if not (self.backlog.has_pasts or self.substitute.has_snapshots or self._searches):
            return
        self.backlog.narrow(selection.lossless)
        self.substitute.narrow(selection)
        for sought in self._searches:
            within = sought.search.selection.within(selection, self.broadcast.classes)
            sought.search.selection = within

    def begin_now(self) -> None:
        """Begin where it stands, if it has not begun."""
        self.outbox.note_beginning(self.backlog.sequence)

    def stand_at(self, sequence: int) -> None:
        """Go on after a sequence, up to which its subscriber was given everything while live."""
        self.outbox.note_live(self.lane.newest_told, since=self.backlog.sequence)
        self.backlog.sequence, self.backlog.goes_back = sequence, False
        self.restatement.note_told(self.selection, sequence)

    def miss_after(self, sequence: int) -> None:
        """Go on after a sequence, where its subscriber was live, and missed what followed."""
        selection, restatement = self.selection, self.restatement
        self.backlog.sequence, self.backlog.goes_back = sequence, False
        restatement.note_told(selection, sequence)
        restatement.owe_untold(selection)

    def rewind(self, selection: Selection, sequence: int, had: Selection = _NOTHING) -> None:
        """Begin after a sequence that the ring found, for what was subscribed to just now.

        As `resume` where that finds all, but that nobody was told anything of what came before.
        """
        self.outbox.note_beginning(sequence)
        told_upto = min(sequence, self.backlog.sequence)
        self.restatement.owe(self.selection, sequence + 1, told_upto)
        if sequence > self.backlog.sequence:
            self.go_on(had, sequence)
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
        selection = self.selection
        if self.backlog.goes_back and self.restatement.first is not None:
            return  # what it is told again goes over it
        if selection.symbols and not self.lane.payload.lossless.symbols:
            self.restatement.note_cuts(selection, self.backlog.sequence)
            self.outbox.append_holes(self.backlog.sequence, upto)
            self.backlog.sequence = max(upto, self.backlog.sequence)
            self.restatement.note_told(selection, self.backlog.sequence)

    @property
    def reached(self) -> int:
        """The sequence up to which it was given all that it was due, not counting what waits."""
        self.restatement.note_cuts(self.selection, self.backlog.sequence)
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

    def next(self, wall_ns: int) -> bytes | Reason | None:
        """Return the envelope to send next, why to disconnect, or None when nothing is due.

        It is `NOTHING_YET` where a turn's work was done, and there is nothing to say so far.
        """
        while self._searches:  # first, since whatever tells a position tells of them too
            if not self._look():
                return NOTHING_YET
        return self._next_due(wall_ns)

    def _next_due(self, wall_ns: int) -> bytes | Reason | None:
        restatement = self.restatement
        while True:
            if (found := self._next_waiting(wall_ns)) is not None or self._is_held_up:
                return found
            restatement.note_cuts(self.selection, self.backlog.sequence)
            try:
                if restatement.first is not None and self.backlog.sequence >= restatement.told_upto:
                    reason = self._restate(restatement.first)
                    if reason is not None or restatement.waits:
                        return reason
                    continue
                envelope = self._next_ticks(wall_ns)
            except Overrun:
                first, upto = self.backlog.first_needed, self.broadcast.cut_sequence
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
        restatement = self.restatement
        if self.backlog.goes_back:
            if not restatement.search(self.selection):
                return None
            first = min(first, restatement.first or first)
        else:
            self.backlog.check_overrun()
            if first < self.broadcast.ring.oldest and self.ladder.gives_up():
                return Reason.LAGGING
        self._append_restatement(first)
        return None

    def _look(self) -> bool:
        """Look on in the ring for what the first search is for; tell whether it is over."""
        broadcast = self.broadcast
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
            self.restatement.note_cuts(self.selection, self.backlog.sequence)
            first, upto = self.backlog.first_needed, self.broadcast.cut_sequence
            self.backlog.skip(upto)
            self.substitute.give_up(first, upto)
        return self._take(wall_ns)

    def _take(self, wall_ns: int) -> bytes:
        if not self.outbox.waiting:
            return b""
        owes = self.restatement.first is not None
        return self.outbox.take(self._reached, wall_ns, owes=owes)

    @property
    def _is_owed_ticks(self) -> bool:
        """Whether there may be ticks that it has not been given, one by one."""
        has_some = bool(self.lane.payload.lossless.symbols)
        return has_some and self.backlog.first_needed <= self.broadcast.cut_sequence

    @property
    def is_ahead(self) -> bool:
        """Whether it came with a position that is further than the last cut.

        It may, where another server gives the sequences: it was that server's subscriber before.
        """
        return self.backlog.sequence > self.broadcast.cut_sequence

    @property
    def _is_held_up(self) -> bool:
        """Whether nothing can be given now, whatever else is due."""
        return self.is_ahead or self.outbox.waits

    @property
    def awaits(self) -> bool:
        """Whether what it is due next is on its way: it is ahead, or an old page is being read."""
        return self._is_held_up or self.backlog.waits or self.restatement.waits

    @property
    def is_empty(self) -> bool:
        """Whether nothing is due, as far as can be told without reading the ring."""
        broadcast = self.broadcast
        return (
            self.backlog.sequence == broadcast.cut_sequence
            and not (self.outbox.waiting or self.backlog.has_pasts or self._searches)
            and not self.substitute.has_snapshots
            and not (self.restatement.is_owed or self._gives_up)
        )

    def _next_ticks(self, wall_ns: int) -> bytes | None:
        """Return the next envelope of ticks that were missed; None when there is none left.

        Raises:
            Overrun: the ring, or the most lag that is allowed, passed it.
        """
        upto = self.broadcast.cut_sequence
        if self.restatement.first is not None:
            upto = min(upto, self.restatement.told_upto)
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
            told = self.broadcast.cut_mark(first, reached, self.backlog.ingested_ns)
        return self.outbox.ticks_envelope(fragments, reached, wall_ns, told)

    def go_on(self, had: Selection, sequence: int) -> None:
        """Give what it had subscribed to up to a later sequence, and all else from there on."""
        conflated = dict(self.selection.intervals_ms)
        lossless = {channel: some for channel, some in had.symbols if channel not in conflated}
        self.backlog.go_on(Selection.of(lossless), sequence)

    def make_anew(self, origin: Origin) -> None:
        """Owe a state that was taken back once more, of what is selected now."""
        sequence, selection = self.backlog.sequence, self.selection
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
            self.restatement.owe(selection, origin.first, min(told_upto, sequence))

    def _append_restatement(self, first: int) -> None:
        """Queue what its conflated channels changed from a sequence on up to the last cut."""
        cut_sequence, goes_back = self.broadcast.cut_sequence, self.backlog.goes_back
        told_upto, is_alone = self.restatement.told_upto, not self.lane.payload.lossless.symbols
        if is_alone:
            if not goes_back:
                self.outbox.append_holes(told_upto, cut_sequence)
            self.backlog.sequence = cut_sequence
        self.restatement.settle()
        self.restatement.note_told(self.selection, cut_sequence)
        tells_holes = is_alone and goes_back
        origin = Restated(self.selection, first, cut_sequence, told_upto, tells_holes=tells_holes)
        reaches = self.substitute.append_restated(
            self.selection, first, origin, goes_back=goes_back
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
                self.backlog.pass_over(min(lost[1], self.broadcast.cut_sequence))
            if lost is not None:
                self.substitute.append_lost(*lost, at_once=True)
            return
        origin = self.outbox.drop_drafted()
        if isinstance(origin, Restated):
            self.make_anew(origin)
        elif lost[0] < self.backlog.first_needed:
            self.substitute.append_lost(lost[0], self.backlog.first_needed - 1, at_once=True)
