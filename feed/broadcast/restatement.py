"""The restatement of one subscriber: from where its conflated channels have to be told again.

Conflated ticks are not in the ring: a subscriber that misses some is told the newest values of the
stretch that it missed instead. What an interval had collected when the subscriber was told last,
and had not told yet, belongs to that stretch; where the ring has lost it, the archive is searched.
"""

from feed.broadcast.cut import Broadcast
from feed.broadcast.interval_search import IntervalSearch
from feed.broadcast.states import untold_ns
from feed.wire.selection import Selection


class Restatement:
    """What conflated channels owe to a subscriber that is not live.

    Attributes:
        first: the sequence from which on they are told again; None: they owe nothing.
        told_upto: the sequence up to which they were told what was due; they are told again before
            any tick after it, or position.
        unsure_after: a sequence at which the ring does not know what they had collected, which
            belongs to what is owed; None: there is none.
    """

    __slots__ = (
        "_broadcast",
        "_search",
        "_told_cuts",
        "_unsure_after",
        "_untold_from",
        "first",
        "told_upto",
        "unsure_after",
    )

    def __init__(self, broadcast: Broadcast) -> None:
        """Begin with a subscriber that was told what was due at the last cut."""
        self._broadcast = broadcast
        self.first: int | None = None
        self.told_upto = broadcast.cut_sequence
        self._untold_from = self.told_upto + 1
        self._unsure_after: int | None = None  # the same of what was not told
        self._told_cuts = broadcast.conflated_cuts
        self.unsure_after: int | None = None
        self._search: IntervalSearch | None = None

    def note_told(self, selection: Selection, sequence: int) -> None:
        """Note that the channels told just now what was due at a sequence."""
        self.told_upto = sequence
        self._untold_from = self._broadcast.states.untold_from(selection, sequence)
        is_lost = self._untold_from < self._broadcast.ring.oldest
        self._unsure_after = sequence if is_lost else None
        self._told_cuts = self._broadcast.conflated_cuts

    @property
    def is_owed(self) -> bool:
        """Whether anything may have to be told again."""
        return self.first is not None or self._told_cuts != self._broadcast.conflated_cuts

    def note_cuts(self, selection: Selection, sequence: int) -> None:
        """Owe what was cut since: a subscriber that is not live got none of it.

        Up to where it stands it was told what was due: nothing was cut until now.
        """
        if self._told_cuts != self._broadcast.conflated_cuts:
            if self.first is None:
                self.told_upto = max(self.told_upto, sequence)
            self.owe_untold(selection)

    def owe_untold(self, selection: Selection) -> None:
        """Owe what was not told when `note_told` was called last."""
        if selection.intervals_ms:
            self._owe(self._untold_from, self._unsure_after)

    def owe(
        self, selection: Selection, first: int, told_upto: int, unsure_after: int | None = None
    ) -> None:
        """Owe what the conflated channels of a selection changed since a sequence.

        Args:
            selection: of the subscriber.
            first: the sequence from which on.
            told_upto: where the subscriber stands with them, at most where it stands itself.
            unsure_after: see the attribute.
        """
        if selection.intervals_ms:
            owed = self.first is not None
            self.told_upto = min(self.told_upto, told_upto) if owed else told_upto
            self._owe(first, unsure_after)

    def _owe(self, first: int, unsure_after: int | None = None) -> None:
        self.first = first if self.first is None else min(self.first, first)
        if unsure_after is not None and (
            self.unsure_after is None or unsure_after < self.unsure_after
        ):
            self.unsure_after = unsure_after

    @property
    def waits(self) -> bool:
        """Whether a page of the archive has to come before it is known from where on it owes."""
        return self._search is not None

    def search(self, selection: Selection) -> bool:
        """Search the archive for what it owes, where the ring does not know; tell whether it does.

        It does not while a page is on its way.
        """
        after, pages = self.unsure_after, self._broadcast.states.pages
        if after is None or pages is None or not selection.intervals_ms:
            return True
        search, back_ns = self._search, untold_ns(selection)
        if search is None or (search.after, search.back_ns) != (after, back_ns):
            search = self._search = IntervalSearch(self._broadcast.ring, pages, after, back_ns)
        found = search.advance()
        if found is None:
            return False
        self._search = self.unsure_after = None
        self._owe(found)
        return True

    def untold_of_ended(
        self, before: Selection, after: Selection, sequence: int
    ) -> tuple[Selection, int] | None:
        """Return the channels whose interval ends, and since when they have collected untold ticks.

        Args:
            before: the selection that the subscriber had.
            after: the selection that it goes on with.
            sequence: where it stands.

        Returns:
            The channels and the first sequence; None: they were told all up to where it stands.
        """
        subscribed, intervals_ms = dict(after.symbols), dict(after.intervals_ms)
        ended = {
            channel: interval_ms
            for channel, interval_ms in before.intervals_ms
            if channel in subscribed and intervals_ms.get(channel) != interval_ms
        }
        self.note_cuts(before, sequence)
        if not ended or (self.first is None and sequence < self.told_upto):
            return None
        symbols = dict(before.symbols)
        part = Selection.of({channel: symbols[channel] for channel in ended}, ended)
        return part, self._untold_from if self.first is None else self.first

    def settle(self) -> None:
        """Owe nothing: it was told."""
        self.first = self.unsure_after = self._search = None
