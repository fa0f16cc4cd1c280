"""Pages of the ring for finite requests: read in turns of 2 ms, and leaving nothing behind.

A request for what hardly ticks may have to look at the whole ring, and thousands may ask at once.
So each reads a little, and lets the loop and the others have their turns. Words that the ring holds
no more are read where they are kept; what else it has lost from the archive, where there is one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from feed.broadcast.archive_page import Page as OldPage
from feed.broadcast.cut import Broadcast
from feed.broadcast.fragments import TURN_TICKS
from feed.broadcast.resumption import Resume, locate
from feed.broadcast.rewind import rewind
from feed.broadcast.search import Search
from feed.errors import Overrun
from feed.http.old_pages import Line, OldPages
from feed.hub.hub import Hub
from feed.hub.steps import Step
from feed.hub.turns import Turns
from feed.market.words import Event, Word
from feed.wire.beginning import Beginning
from feed.wire.codec import Codec
from feed.wire.json_codec import JSON
from feed.wire.messages import GapReason, Message, gap_message
from feed.wire.position import BEGINNING, Position
from feed.wire.selection import Selection

_GAP_REASONS = {Resume.GAP: GapReason.OVERRUN, Resume.NEW_EPOCH: GapReason.EPOCH}
MAX_PAGE_BYTES = 2 << 20  # of fragments in one page: the most ticks of usual length


@dataclass(frozen=True, slots=True)
class Page:
    """Events of the ring, as JSON.

    Attributes:
        fragments: the events.
        position: up to which they reach.
        more: whether there were more when it was begun.
        gap: what was missing before them; None: nothing was.
    """

    fragments: list[bytes]
    position: Position
    more: bool
    gap: Message | None


@dataclass(frozen=True, slots=True)
class _Start:
    """Where a page begins.

    Attributes:
        sequence: after which the ring is read.
        gap: what is missing before it; None: nothing is.
        kept: words of before it that the ring holds no more, with their sequences.
    """

    sequence: int
    gap: Message | None = None
    kept: Sequence[tuple[int, Word]] = ()


async def begin_page(
    hub: Hub,
    selection: Selection,
    after: Beginning | None,
    last: int | None,
    pace_ms: int = 0,
) -> tuple[Position, Message | None]:
    """Return the position at which a page begins, and the warning of it, if there is one.

    Args:
        hub: whose ring it is of.
        selection: which ticks.
        after: a position, a time, or a while ago.
        last: the number of ticks to go back; else the page begins with all that the ring holds.
        pace_ms: the interval at whose ends ticks are told.
    """
    broadcast, clock = hub.broadcast, hub.clock
    ring = broadcast.ring
    if isinstance(after, Position):
        return after, None
    upto = broadcast.pace(pace_ms).sequence if pace_ms else broadcast.cut_sequence
    if after is not None:
        rewound = rewind(
            after,
            ring,
            broadcast.market_times,
            clock.mono_ns(),
            clock.wall_ns(),
            oldest=ring.oldest,
            upto=upto,
        )
        return ring.position(rewound.sequence), rewound.warning
    if last is None:
        return BEGINNING, None
    search = Search(ring, broadcast.fragments.segments, selection, last, upto)
    is_over = False
    while not is_over:
        async with hub.turns.turn(Step.ANSWER):
            is_over = search.advance(ring.oldest, TURN_TICKS)
    return ring.position(search.reached), search.warning() if search.missing else None


async def read_page(
    hub: Hub,
    selection: Selection,
    after: Position,
    most_ticks: int,
    *,
    pace_ms: int = 0,
    codec: Codec = JSON,
    line: Line | None = None,
) -> Page:
    """Return the events of a selection after a position, at most so many.

    Args:
        hub: whose ring it is of.
        selection: which events.
        after: the position.
        most_ticks: the most of them.
        pace_ms: they go up to the last end of such an interval; 0: up to the last cut.
        codec: JSON, or a projection of it.
        line: in which whoever asks stands, and need not while it waits for the archive.

    Raises:
        NotNow: this server follows another one, and has not reached the position; or what is older
            than its ring cannot be read now.
    """
    is_ours = await hub.ahead.reach(after)
    made = _PageInMaking(hub, selection, codec, most_ticks, pace_ms)
    await made.begin(after if is_ours else str(after))
    archive = hub.broadcast.archive
    old = None if archive is None else OldPages(archive, hub.clock, line)
    while made.goes_on:
        if old is None or not made.is_older_than_ring:
            async with hub.turns.turn(Step.ANSWER):
                made.read_ring()
        elif not await old.come(made.reached + 1):
            break
        else:
            async with hub.turns.turn(Step.ANSWER):
                if (page := old.page(made.reached + 1)) is not None:
                    made.read_archive(page)
    return made.page()


class _PageInMaking:
    """A page as far as it was read.

    Attributes:
        reached: the sequence that it reaches to.
    """

    def __init__(
        self, hub: Hub, selection: Selection, codec: Codec, most_ticks: int, pace_ms: int
    ) -> None:
        self._hub = hub
        self._broadcast = hub.broadcast
        self._selection = selection
        self._codec = codec
        self._most_ticks = most_ticks
        self._pace_ms = pace_ms
        self._epoch = hub.broadcast.ring.epoch
        self._begins: Position | str = ""
        self._upto = self._newest
        self._fragments: list[bytes] = []
        self._room_bytes = MAX_PAGE_BYTES
        self._gap: Message | None = None
        self._is_over = False  # what comes next is told on the next page
        self.reached = 0

    @property
    def _newest(self) -> int:
        """The newest sequence that may be told."""
        broadcast, pace_ms = self._broadcast, self._pace_ms
        return broadcast.pace(pace_ms).sequence if pace_ms else broadcast.cut_sequence

    @property
    def goes_on(self) -> bool:
        """Whether something may come to it."""
        has_room = len(self._fragments) < self._most_ticks and self._room_bytes > 0
        return self.reached < self._upto and has_room and not (self._is_over or self._has_ended)

    @property
    def _has_ended(self) -> bool:
        """Whether another epoch has begun meanwhile: the next page tells that."""
        return self._broadcast.ring.epoch != self._epoch

    @property
    def is_older_than_ring(self) -> bool:
        """Whether the ring has lost what comes next."""
        return self.reached + 1 < self._broadcast.ring.oldest

    async def begin(self, after: Position | str) -> None:
        """Begin after a position, with the words of before that are kept."""
        self._begins = after
        start = _begin(self._broadcast, self._selection, after)
        self.reached, self._gap = start.sequence, start.gap
        kept = start.kept[: self._most_ticks]
        self._fragments = await _read_kept(self._hub.turns, kept, self._codec)
        self._room_bytes -= _size_of(self._fragments)
        if len(self._fragments) < len(start.kept):
            self._is_over = True
            self.reached = start.kept[len(self._fragments) - 1][0]
            position = self._broadcast.ring.position(self.reached)
            self._gap = self._gap and {**self._gap, "to": str(position)}

    def read_ring(self) -> None:
        """Take what the ring has next, in one turn."""
        if self._has_ended:
            return
        ring = self._broadcast.ring
        hole = ring.hole_after(self.reached, self._upto)
        if hole is not None and hole.first <= self.reached + 1:
            self._pass(hole.last, hole.reason)
            return
        try:
            found, self.reached = self._broadcast.fragments.read(
                self._selection,
                self._codec,
                self.reached,
                self._upto if hole is None else hole.first - 1,
                max_bytes=self._room_bytes,
                max_ticks=self._most_ticks - len(self._fragments),
                turn_ticks=TURN_TICKS,
                remember=False,
            )
        except Overrun:  # between two turns
            self._begin_anew()
        else:
            self._take(found)

    def read_archive(self, page: OldPage) -> None:
        """Take what a page of the archive has next, which speaks for that."""
        if self._has_ended:
            return
        broadcast = self._broadcast
        excerpt = page.read(
            self._selection,
            self._codec,
            self.reached,
            min(self._upto, broadcast.ring.oldest - 1),
            max_bytes=self._room_bytes,
            classes=broadcast.classes,
            max_ticks=self._most_ticks - len(self._fragments),
        )
        if excerpt.missing is not None:
            self._pass(excerpt.reached, excerpt.missing)
            return
        self.reached = excerpt.reached
        self._take(excerpt.fragments)

    def page(self) -> Page:
        """Return it as it is."""
        more = self.reached < self._upto or self._has_ended
        return Page(self._fragments, Position(self._epoch, self.reached), more, self._gap)

    def _take(self, fragments: list[bytes]) -> None:
        self._fragments += fragments
        self._room_bytes -= _size_of(fragments)

    def _begin_anew(self) -> None:
        """Begin with what is held by now; the gap is told before what follows it.

        Where there is an archive it goes on there.
        """
        if self._broadcast.archive is not None:
            return
        if self._fragments:
            self._is_over = True
            return
        self._upto = self._newest
        start = _begin(self._broadcast, self._selection, self._begins)
        self._is_over = bool(start.kept)  # nothing is given yet: the next page begins with these
        if not self._is_over:
            self.reached, self._gap = start.sequence, start.gap

    def _pass(self, last: int, reason: GapReason) -> None:
        """Go on behind what is missing, which is a gap: one with the gap before it, if any.

        It is told before what follows it.
        """
        if self._fragments:
            self._is_over = True
            return
        ring = self._broadcast.ring
        upto = ring.position(last)
        if self._gap is not None:
            self._gap = {**self._gap, "to": str(upto)}
        else:
            self._gap = gap_message(ring.position(self.reached + 1), upto, reason)
        self.reached = last


async def encode(turns: Turns, events: Sequence[Event], codec: Codec = JSON) -> list[bytes]:
    """Return events as JSON, encoded in turns."""
    fragments: list[bytes] = []
    for start in range(0, len(events), TURN_TICKS):
        async with turns.turn(Step.ANSWER):
            fragments += codec.encode(events[start : start + TURN_TICKS])
    return fragments


async def _read_kept(turns: Turns, kept: Sequence[tuple[int, Word]], codec: Codec) -> list[bytes]:
    """Return words as JSON, as many as fit into a page."""
    fragments: list[bytes] = []
    room_bytes = MAX_PAGE_BYTES
    while len(fragments) < len(kept) and room_bytes > 0:
        some = kept[len(fragments) : len(fragments) + TURN_TICKS]
        found = await encode(turns, [word for _, word in some], codec)
        fragments += found
        room_bytes -= _size_of(found)
    return fragments


def _size_of(fragments: Sequence[bytes]) -> int:
    return sum(map(len, fragments)) + JSON.between_bytes * len(fragments)


def _begin(broadcast: Broadcast, selection: Selection, after: Position | str) -> _Start:
    """Return where a page begins: what the ring has lost is in the archive, or is a gap."""
    ring = broadcast.ring
    found = locate(after, ring, broadcast.cut_sequence, ring.oldest)
    if found.outcome is Resume.REPLAYED:
        return _Start(found.sequence)
    last, reason = ring.oldest - 1, _GAP_REASONS[found.outcome]
    kept = None
    if found.outcome is Resume.GAP and selection.words:
        kept = broadcast.keyed.numbered(selection, found.sequence, last)
    of_ticks = [channel.value for channel, _ in selection.ticks.symbols]
    is_kept = kept is not None and not of_ticks
    if found.outcome is Resume.GAP and broadcast.archive is not None and not is_kept:
        return _Start(found.sequence)
    if kept is None:
        return _Start(last, gap_message(found.missing, ring.position(last), reason))
    if not of_ticks:
        return _Start(last, None, kept)
    return _Start(last, gap_message(found.missing, ring.position(last), reason, of_ticks), kept)
