"""Pages of the ring for finite requests: read in turns of 2 ms, and leaving nothing behind.

A request for what hardly ticks may have to look at the whole ring, and thousands may ask at once.
So each reads a little, and lets the loop and the others have their turns. Words that the ring holds
no more are read where they are kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from feed.broadcast.cut import Broadcast
from feed.broadcast.fragments import TURN_TICKS
from feed.broadcast.resumption import Resume, locate
from feed.broadcast.rewind import rewind
from feed.broadcast.ring import Hole, RingBuffer
from feed.broadcast.search import Search
from feed.errors import Overrun
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
) -> Page:
    """Return the events of a selection after a position, at most so many.

    They go up to the last cut, or to the last end of an interval of `pace_ms`; `codec` is JSON, or
    a projection of it.

    Raises:
        NotNow: this server follows another one, and has not reached the position.
    """
    broadcast = hub.broadcast
    is_ours = await hub.ahead.reach(after)
    ring = broadcast.ring
    upto = broadcast.pace(pace_ms).sequence if pace_ms else broadcast.cut_sequence
    begins = after if is_ours else str(after)
    start = _begin(broadcast, selection, begins)
    reached, gap = start.sequence, start.gap
    fragments = await _read_kept(hub.turns, start.kept[:most_ticks], codec)
    if len(fragments) < len(start.kept):
        position = ring.position(start.kept[len(fragments) - 1][0])
        return Page(fragments, position, True, gap and {**gap, "to": str(position)})
    room_bytes = MAX_PAGE_BYTES - _size_of(fragments)
    while reached < upto and len(fragments) < most_ticks and room_bytes > 0:
        async with hub.turns.turn(Step.ANSWER):
            hole = ring.hole_after(reached, upto)
            if hole is not None and hole.first <= reached + 1:
                if fragments:
                    break  # the gap is told before what follows it
                reached, gap = _pass(ring, hole, reached, gap)
                continue
            try:
                found, reached = broadcast.fragments.read(
                    selection,
                    codec,
                    reached,
                    upto if hole is None else hole.first - 1,
                    max_bytes=room_bytes,
                    max_ticks=most_ticks - len(fragments),
                    turn_ticks=TURN_TICKS,
                    remember=False,
                )
            except Overrun:  # between two turns; the gap is told before what follows it
                if fragments:
                    break
                upto = broadcast.pace(pace_ms).sequence if pace_ms else broadcast.cut_sequence
                start = _begin(broadcast, selection, begins)
                if start.kept:
                    break  # nothing is given yet, and the next page begins with these
                reached, gap = start.sequence, start.gap
                continue
        fragments += found
        room_bytes -= _size_of(found)
    return Page(fragments, ring.position(reached), reached < upto, gap)


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
    ring = broadcast.ring
    found = locate(after, ring, broadcast.cut_sequence, ring.oldest)
    if found.outcome is Resume.REPLAYED:
        return _Start(found.sequence)
    last, reason = ring.oldest - 1, _GAP_REASONS[found.outcome]
    kept = None
    if found.outcome is Resume.GAP and selection.words:
        kept = broadcast.keyed.numbered(selection, found.sequence, last)
    if kept is None:
        return _Start(last, gap_message(found.missing, ring.position(last), reason))
    of_ticks = [channel.value for channel, _ in selection.ticks.symbols]
    if not of_ticks:
        return _Start(last, None, kept)
    return _Start(last, gap_message(found.missing, ring.position(last), reason, of_ticks), kept)


def _pass(
    ring: RingBuffer, hole: Hole, reached: int, gap: Message | None
) -> tuple[int, Message | None]:
    """Return the end of a hole, and the gap that it is; one with the gap before it, if any."""
    last = ring.position(hole.last)
    if gap is not None:
        return hole.last, {**gap, "to": str(last)}
    return hole.last, gap_message(ring.position(reached + 1), last, hole.reason)
