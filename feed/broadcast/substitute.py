"""What one subscriber is given in place of events that it is not given one by one.

That is a gap, which says so, and behind it what there is: a conflated state of a stretch of the
ring, the last known state of everything, and words from where they are kept beyond the ring. It
waits in the outbox of the subscriber; snapshots are due when nothing else is. Knows neither what a
subscriber has missed nor when: `due` does.
"""

from feed.broadcast.cut import Broadcast
from feed.broadcast.ladder import Ladder
from feed.broadcast.origins import Kept, OfSnapshot, Origin, Stretch
from feed.broadcast.outbox import Outbox
from feed.wire.messages import GapReason
from feed.wire.request_fields import OnLag
from feed.wire.selection import Selection


class Substitute:
    """Gaps, states and snapshots of one subscriber.

    Attributes:
        paced: no state is given that is newer than the last end of its interval.
    """

    __slots__ = ("_broadcast", "_ladder", "_outbox", "_snapshots", "paced")

    def __init__(self, broadcast: Broadcast, outbox: Outbox, ladder: Ladder) -> None:
        """Begin with nothing due."""
        self._broadcast = broadcast
        self._outbox = outbox
        self._ladder = ladder
        # A tuple, since an empty one takes no memory, and few subscribers have any.
        self._snapshots: tuple[Selection, ...] = ()  # due when nothing else is
        self.paced = False

    @property
    def _selection(self) -> Selection:
        return self._outbox.lane.payload.key.selection

    # Snapshots.

    @property
    def has_snapshots(self) -> bool:
        """Whether snapshots are due."""
        return bool(self._snapshots)

    def request_snapshot(self, selection: Selection) -> None:
        """Send the last known state of a selection, once, when what was missed is through."""
        if selection not in self._snapshots:  # a gap asks for it too
            self._snapshots = (*self._snapshots, selection)

    def forget_snapshots(self) -> None:
        """Owe no snapshot: the sequences begin anew."""
        self._snapshots = ()

    def append_snapshot(self) -> None:
        """Queue the first snapshot, as of the last cut, where the subscriber stands now."""
        selection, *rest = self._snapshots
        self._snapshots = tuple(rest)
        as_of, states = self._broadcast.cut_sequence, self._broadcast.states
        codec = self._outbox.lane.codec
        if self.paced:
            # It may have been asked for before there were intervals.
            intervals_ms = dict(self._selection.intervals_ms)
            selection = Selection.of(dict(selection.symbols), intervals_ms)
            as_of, draft = states.paced_snapshot(selection, codec)
        else:
            draft = states.snapshot(selection, codec)
        self._outbox.append_snapshot(as_of, self._broadcast.cut_sequence, draft, selection)

    def narrow(self, selection: Selection) -> None:
        """Forget the snapshots of what a selection does not select."""
        classes = self._broadcast.classes
        # A snapshot of nothing was asked for as it is, and is answered.
        narrowed = [(asked, asked.within(selection, classes)) for asked in self._snapshots]
        self._snapshots = tuple(
            part for asked, part in narrowed if part.symbols or not asked.symbols
        )

    # In place of what was overrun.

    def resume_overrun(self, selection: Selection, first: int, upto: int) -> bool:
        """Tell what the ring has overrun of what was subscribed to just now with a position.

        Returns:
            Whether something of it is missing: words may be kept.
        """
        words_missing = not self._give_words(selection, first, upto)
        if selection.words and not (selection.ticks.symbols or words_missing):
            return False
        channels = _concerned(selection, words=words_missing)
        self._outbox.append_gap(first, upto, GapReason.OVERRUN, at_once=True, channels=channels)
        self.request_snapshot(selection if words_missing else selection.ticks)
        return True

    def loses(self, first: int, upto: int) -> bool:
        """Tell whether something of an overrun stretch cannot be given any more."""
        selection = self._selection
        if selection.ticks.symbols or not selection.words:
            return True
        return self._broadcast.keyed.between(selection, first - 1, upto) is None

    def step_down(self, first: int, upto: int, *, goes_back: bool) -> None:
        """Give what there is of a stretch that was overrun, as the subscriber's ladder has it.

        Conflated channels are restated as always, whatever becomes of the others. One that goes
        back is given the state of all of it.
        """
        outbox, oldest = self._outbox, self._broadcast.ring.oldest
        selection = self._selection
        ticks = selection.ticks
        words_missing = not self._give_words(selection, first, upto)
        if words_missing:
            self.request_snapshot(selection.only_words)
        channels = _concerned(selection, words=words_missing)
        if selection.words and not (ticks.symbols or words_missing):
            return
        if self._ladder.on_lag is not OnLag.CONFLATE or not ticks.symbols:
            outbox.append_gap(first, upto, GapReason.OVERRUN, channels=channels)
            self.request_snapshot(ticks)
            return
        if first < oldest and not goes_back:  # nothing can be made of what was overrun
            outbox.append_gap(first, oldest - 1, GapReason.OVERRUN, channels=channels)
            self.request_snapshot(ticks)
            first = oldest
        outbox.append_gap(first, upto, GapReason.CONFLATED, channels=channels)
        if not goes_back:
            outbox.append_holes(first - 1, upto)
        lossless = outbox.lane.payload.lossless
        self._append_stretch(Stretch(lossless, first, upto, tells_holes=goes_back))

    def give_up(self, first: int, upto: int) -> None:
        """Tell a stretch as missing of which there are more bytes than may be written.

        The newest of each symbol come, and the states of words.
        """
        payload, selection = self._outbox.lane.payload, self._selection
        self._outbox.append_gap(first, upto, GapReason.LIMIT)
        if selection.words:
            self.request_snapshot(selection.only_words)
        if first < self._broadcast.ring.oldest or payload.follows:
            self.request_snapshot(selection.ticks)
        elif selection.ticks.symbols:
            self._append_stretch(Stretch(payload.lossless, first, upto))

    def append_lost(self, first: int, last: int, *, at_once: bool = False) -> None:
        """Queue a gap of what the ring has lost of a state of ticks, and all that is known."""
        selection = self._selection
        channels = _concerned(selection, words=False)
        self._outbox.append_gap(first, last, GapReason.OVERRUN, at_once=at_once, channels=channels)
        self.request_snapshot(selection.ticks)

    # States of stretches.

    def append_restated(
        self, selection: Selection, first: int, origin: Origin, *, goes_back: bool
    ) -> int:
        """Queue what conflated channels changed from a sequence on; a gap if that is overrun.

        Unless it goes back: then it is of all. Returns the sequence that it reaches to.
        """
        broadcast = self._broadcast
        if first < broadcast.ring.oldest and not goes_back:
            self.append_lost(first, broadcast.ring.oldest - 1)
        restated = broadcast.states.restated(
            selection, self._outbox.lane.codec, first, paced=self.paced, goes_back=goes_back
        )
        self._outbox.append_state(restated, origin)
        return max((draft.upto or 0 for draft in restated), default=broadcast.cut_sequence)

    def make_anew(self, origin: OfSnapshot | Kept | Stretch, *, goes_back: bool) -> None:
        """Owe a state that was taken back once more, of what is selected now.

        A part of it may have been told already, and is told again.
        """
        selection, classes = self._selection, self._broadcast.classes
        match origin:
            case OfSnapshot(asked):
                part = asked.within(selection, classes)
                if part.symbols or not asked.symbols:
                    self.request_snapshot(part)
            case Kept(asked, first, upto):
                part = asked.within(selection, classes)
                if not self._give_words(part, first, upto):
                    self.request_snapshot(part)
            case Stretch(asked, first, upto):
                part, oldest = asked.within(selection.ticks, classes), self._broadcast.ring.oldest
                if not part.symbols:
                    return
                if first < oldest and not goes_back:  # nothing can be made of what was overrun
                    self.append_lost(first, min(upto, oldest - 1))
                    first = oldest
                if upto >= first:
                    told = origin.tells_holes and goes_back
                    self._append_stretch(Stretch(part, first, upto, tells_holes=told))

    def _append_stretch(self, stretch: Stretch) -> None:
        """Queue one conflated state of a stretch, none of which is lost."""
        states, part = self._broadcast.states, Selection.of(dict(stretch.selection.ticks.symbols))
        draft = states.conflated(part, self._outbox.lane.codec, stretch.first, stretch.upto)
        self._outbox.append_state([draft], stretch)

    def _give_words(self, selection: Selection, first: int, upto: int) -> bool:
        """Queue the words of a stretch from where they are kept; False: not all of them are."""
        words = selection.only_words
        if not words.symbols:
            return True
        draft = self._broadcast.states.words(words, self._outbox.lane.codec, first, upto)
        if draft is None:
            return False
        # Beside ticks the end of their state moves the subscriber: it may be cut off before.
        moves = not self._selection.ticks.symbols
        self._outbox.append_words(draft, Kept(words, first, upto), moves=moves)
        return True


def _concerned(selection: Selection, *, words: bool) -> list[str]:
    """Return the channels that a gap of a selection concerns; []: all of them.

    Args:
        selection: which.
        words: whether words are missing too.
    """
    if words or not selection.words:
        return []
    return [channel.value for channel, _ in selection.ticks.symbols]
