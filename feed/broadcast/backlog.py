"""The ticks that one subscriber has missed, which it is given one by one.

It stands at a sequence: all of its own up to there was given to it, or passed over. Beside that
there may be pasts, each of what it subscribed to just now with a position, up to where it
stands; they come first. Nothing is queued: ticks are read from the ring when there is room.

A hole of the ring is told where reading comes to it, as a gap from the place where the subscriber
stands; that is nobody's lag. One that came back with a position older than the ring goes back to
the archive for what the ring has lost, for as long as it has not caught up, however far it lags.
"""

from array import array
from dataclasses import dataclass

from feed.broadcast.cut import Broadcast
from feed.broadcast.frame_sizes import MARK_BYTES
from feed.broadcast.outbox import Outbox
from feed.errors import Overrun
from feed.wire.selection import Selection


@dataclass(slots=True)
class _Past:
    """Ticks of a selection that was added with a position, up to where the subscriber stands."""

    selection: Selection
    after: int
    upto: int


class Backlog:
    """The backlog of one subscriber: from its place in the ring on, and pasts that it asked for.

    Attributes:
        sequence: the last one that its subscriber was given, or passed over, while it is not live.
        goes_back: what the ring has lost is read from the archive.
        waits: for a page of the archive, which is on its way.
        ingested_ns: when each event was ingested that was read last, where all are selected, and
            come from there; None: the ring knows.
    """

    __slots__ = (
        "_broadcast",
        "_outbox",
        "_pasts",
        "goes_back",
        "ingested_ns",
        "sequence",
        "waits",
    )

    def __init__(self, broadcast: Broadcast, outbox: Outbox) -> None:
        """Begin at the last cut; holes are told to an outbox."""
        self._broadcast = broadcast
        self._outbox = outbox
        self.sequence = broadcast.cut_sequence
        # A tuple, since an empty one takes no memory, and few subscribers have any.
        self._pasts: tuple[_Past, ...] = ()
        self.goes_back = False
        self.waits = False
        self.ingested_ns: array[int] | None = None

    @property
    def first_needed(self) -> int:
        """The oldest sequence that is still to be read."""
        return min([self.sequence, *(past.after for past in self._pasts)]) + 1

    @property
    def has_pasts(self) -> bool:
        """Whether the past of something is due."""
        return bool(self._pasts)

    @property
    def _lossless(self) -> Selection:
        return self._outbox.lane.payload.lossless

    def skip(self, upto: int) -> None:
        """Give up on all ticks up to a sequence."""
        self._pasts = ()
        self.sequence = upto

    def pass_over(self, upto: int) -> None:
        """Give nothing up to a sequence, of any part."""
        for past in self._pasts:
            past.after = max(past.after, min(upto, past.upto))
        self.sequence = max(self.sequence, upto)

    def go_on(self, had: Selection, sequence: int) -> None:
        """Give what was selected before up to a later sequence, and all else from there on."""
        if had.symbols:
            self._pasts = (*self._pasts, _Past(had, self.sequence, sequence))
        self.sequence = sequence

    def add(self, selection: Selection, after: int) -> None:
        """Give a part of what is selected from another sequence on."""
        if not selection.symbols or after >= self.sequence:
            return
        if selection == self._lossless and not self._pasts:
            self.sequence = after  # nothing else is subscribed
        else:
            self._pasts = (*self._pasts, _Past(selection, after, self.sequence))

    def narrow(self, lossless: Selection) -> None:
        """Forget the past of what a selection does not select."""
        for past in self._pasts:
            past.selection = past.selection.within(lossless, self._broadcast.classes)
        self._pasts = tuple(each for each in self._pasts if each.selection.symbols)

    def check_overrun(self) -> None:
        """Raise `Overrun` if the ring has passed some of them."""
        oldest = self._broadcast.ring.oldest
        if self.first_needed < oldest and (self._pasts or self._lossless.symbols):
            raise Overrun(requested=self.first_needed, oldest=oldest)

    def next(self, upto: int, most_ticks: int | None) -> list[bytes] | None:
        """Return the fragments of the next message.

        They are none where a turn found none, or there is a hole to tell first, or it waits.

        Args:
            upto: the sequence up to which they are due now.
            most_ticks: the most lag that is allowed; None: as much as can be read.

        Returns:
            None: all were given.

        Raises:
            Overrun: the ring, or the most lag that is allowed, passed it.
        """
        self.waits, self.ingested_ns = False, None
        while self._pasts:
            past = self._pasts[0]
            fragments, past.after = self._read(past.selection, past.after, past.upto)
            if self.waits:
                return []
            is_over = past.after >= past.upto
            if is_over:
                self._pasts = self._pasts[1:]
            if fragments or not is_over or self._outbox.waiting:
                return fragments
        if not self._lossless.symbols:
            self.sequence = upto
            return None
        ring = self._broadcast.ring
        if most_ticks is not None and ring.count(self.sequence, upto) > most_ticks:
            raise Overrun(requested=self.sequence + 1, oldest=upto - most_ticks + 1)
        fragments, self.sequence = self._read(self._lossless, self.sequence, upto)
        is_over = not fragments and self.sequence == upto and not self._outbox.waiting
        return None if is_over else fragments

    def _read(self, selection: Selection, after: int, upto: int) -> tuple[list[bytes], int]:
        """Read as many fragments as a message holds, and a turn finds; see `Fragments.read`.

        It stops before a hole, and says it where it is next.
        """
        broadcast, codec = self._broadcast, self._outbox.lane.codec
        if self.goes_back and after + 1 < broadcast.ring.oldest:
            return self._read_archive(selection, after, min(upto, broadcast.ring.oldest - 1))
        hole = broadcast.ring.hole_after(after, upto)
        if hole is not None:
            if hole.first <= after + 1:
                self._outbox.append_holes(after, min(hole.last, upto))
                return [], min(hole.last, upto)
            upto = hole.first - 1
        return broadcast.fragments.read(
            selection,
            codec,
            after,
            upto,
            max_bytes=self._most_bytes,
            turn_ticks=broadcast.turn_ticks,
        )

    @property
    def _most_bytes(self) -> int:
        """The most that the fragments of a message may take."""
        codec = self._outbox.lane.codec
        return self._broadcast.sizes.payload_bytes(codec) - codec.around_bytes - MARK_BYTES

    def _read_archive(self, selection: Selection, after: int, upto: int) -> tuple[list[bytes], int]:
        """Read as `_read` does, of what the ring has lost; what the archive lacks is a gap."""
        broadcast, codec, archive = (
            self._broadcast,
            self._outbox.lane.codec,
            self._broadcast.archive,
        )
        page = None if archive is None else archive.page(after + 1, broadcast.looked_ns)
        if page is None:
            self.waits = True
            return [], after
        excerpt = page.read(
            selection,
            codec,
            after,
            upto,
            max_bytes=self._most_bytes,
            classes=broadcast.classes,
        )
        broadcast.fragments.segments.walked_ticks += 1 + excerpt.looked
        if excerpt.missing is not None:
            self._outbox.append_gap(after + 1, excerpt.reached, excerpt.missing)
        self.ingested_ns = excerpt.ingested_ns
        return excerpt.fragments, excerpt.reached
