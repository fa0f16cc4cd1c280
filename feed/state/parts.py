"""The parts of a checkpoint: what each room knows, taken together at one moment, and given back.

Each says itself what its state is. What conflation has collected and not told is no part: it is in
the ring, from where subscribers that come back are told it.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from feed.broadcast.erasure import erase_all
from feed.ingest.runner import Ingest
from feed.ingest.side import Side
from feed.ingest.strand import Strand
from feed.market.symbol_health import Health
from feed.market.ticks import Bar, Status, Tick, Trade
from feed.market.words import is_word
from feed.sources.source import Recalls, Resumable
from feed.state import words
from feed.state.restore import Restored

_OWN_STATUSES = frozenset(health.value.upper() for health in Health)  # they bypass the bars


def meta_of(ingest: Ingest, given_before: int, wall_offset_ns: int) -> dict[str, Any]:
    """Return all that is small, between two lists of every source, and right after a cut.

    Args:
        ingest: the writer of the ring.
        given_before: how many ticks the sources had given to the processes before this one.
        wall_offset_ns: the time of day less the monotonic one.
    """
    broadcast, alone = ingest.hub.broadcast, _alone(ingest)
    given = broadcast.given if alone is None else alone.given_ticks
    return {
        "epoch": broadcast.ring.epoch,
        "sequence": broadcast.cut_sequence,
        "source": ingest.name,
        "source_given": given_before + given,
        "wall_offset_ns": wall_offset_ns,
        "watched": ingest.watched,
        "owners": ingest.owners.state(),
        "receipts": broadcast.receipts.state(),
        "words": len(broadcast.keyed),
        "unnoted": {side.name: side.unnoted_ticks for side in ingest.sides},
        "strands": {
            strand.name: {
                "bars": strand.bars.state(),
                "health": strand.health.state(),
                "sides": {
                    side.name: side.source.state() if isinstance(side.source, Resumable) else None
                    for side in strand.sides
                },
            }
            for strand in ingest.strands
        },
    }


def bars_of(ingest: Ingest) -> Iterator[tuple[str, str, bytes]]:
    """Return the finished bars as of now, to be iterated a kind and symbol at a time."""
    return chain.from_iterable(strand.bars.rows() for strand in ingest.strands)


def give_back(restored: Restored, ingest: Ingest) -> bool:
    """Give every room what it knew; tell whether every source goes on where it stood.

    One source alone is told how many ticks it has given, to the last one. Of several the log does
    not say which of them gave what was lost with a kill: they go on only after an end in order, or
    a takeover.

    Args:
        restored: what was taken up; its ring is the ring already.
        ingest: it has not begun.
    """
    meta = restored.meta
    ingest.given_before = restored.given
    if meta is not None:
        ingest.hub.broadcast.receipts.restore(meta["receipts"], restored.later_ns)
    _give_back_events(restored, ingest)
    if meta is None:
        _recall(restored, ingest)
        return False
    for name, symbols in meta["owners"].items():
        ingest.owners.claim(symbols, name)
    _recall(restored, ingest)
    skipped_ticks = max(0, restored.given - meta["source_given"])
    alone = _alone(ingest) is not None
    told = alone or restored.is_handed or not (skipped_ticks or restored.lost or restored.after)
    unnoted = {} if alone else meta.get("unnoted", {})
    health: dict[Strand, dict[str, Any]] = {}
    resumed = []
    for strand in ingest.strands:
        known = meta["strands"][strand.name]
        resumable = [side for side in strand.sides if isinstance(side.source, Resumable)]
        resumes = told and all(
            _resume(side, known["sides"][side.name], unnoted.get(side.name, skipped_ticks))
            for side in resumable
        )
        resumed.append(bool(resumable) and resumes)
        if not resumable or resumes:
            strand.bars.restore(known["bars"])
            health[strand] = known["health"]
    for kind, symbol, rows in restored.bars:
        strand = ingest.strand_of(symbol) or ingest.strands[0]
        if strand in health:
            strand.bars.restore_rows(kind, symbol, rows)
    for strand in health:
        after = [tick for tick in restored.after if ingest.strand_of(tick.symbol) is strand]
        strand.bars.weave(_of_source(after, builds=strand.bars.builds))
    ingest.take_up_health(health, meta["watched"], restored.later_ns)
    return all(resumed)


def windows_of(ingest: Ingest) -> dict[str, Any]:
    """Return what one side of each pair has given, and the other has not yet."""
    windows = {strand.name: strand.window for strand in ingest.strands}
    return {name: window.state() for name, window in windows.items() if window is not None}


def take_up(restored: Restored, ingest: Ingest) -> bool:
    """Give every room what it knew, and the times of a recording that goes on; as `give_back`."""
    resumes = give_back(restored, ingest)
    windows = {} if restored.meta is None else restored.meta.get("windows", {})
    for strand in ingest.strands:
        if strand.window is not None and strand.name in windows:
            strand.window.restore(windows[strand.name])
    if resumes and all(strand.tells_market_time for strand in ingest.strands):
        ingest.hub.broadcast.market_times.take_up()
    return resumes


def _give_back_events(restored: Restored, ingest: Ingest) -> None:
    """Give the broadcast what is known of events, and of the batches that they came in."""
    broadcast = ingest.hub.broadcast
    for receipt, mono_ns in restored.receipts:
        broadcast.note_receipt(receipt, mono_ns)
    broadcast.snapshot.update(restored.snapshot)
    broadcast.snapshot.update(restored.after)
    words.take_up(broadcast.keyed, restored.words, restored.after_words, ingest.hub.clock.mono_ns())
    if restored.deleted:
        erase_all(broadcast.ring, restored.deleted)


def _recall(restored: Restored, ingest: Ingest) -> None:
    """Tell sources that know their symbols by their ticks alone which there were."""
    if not any(isinstance(side.source, Recalls) for side in ingest.sides):
        return
    ring = ingest.hub.broadcast.ring
    exchanges: dict[str, str] = {}
    largest: dict[str, int] = {}
    for tick in chain(restored.snapshot, ring.slots(ring.oldest - 1, len(ring))):
        if is_word(tick):
            continue
        if isinstance(tick, Trade):
            exchanges[tick.symbol] = tick.exchange
            largest[tick.symbol] = max(largest.get(tick.symbol, 0), tick.trade_id)
        elif tick is not None:
            exchanges.setdefault(tick.symbol, "")
    for name, exchange in exchanges.items():
        strand = ingest.strand_of(name)
        for side in () if strand is None else strand.sides:
            if isinstance(side.source, Recalls):
                symbol = side.named.renames.symbol(name)
                side.source.recall(symbol, exchange, largest.get(name, 0))


def _alone(ingest: Ingest) -> Resumable | None:
    """Return the source of a server that has no other, if it can be taken up.

    Where symbols have other names, some ticks may not be told: then the count of those that were
    does not say how many it gave.
    """
    sides = ingest.sides
    source = sides[0].source
    is_alone = len(sides) == 1 and not sides[0].named.renames.changes
    return source if is_alone and isinstance(source, Resumable) else None


def _resume(side: Side, state: dict[str, Any] | None, skipped_ticks: int) -> bool:
    """Let a source take up its state, if there is one; tell whether it does."""
    source = side.source
    assert isinstance(source, Resumable), "it was asked"
    return state is not None and source.resume(state, skipped_ticks)


def _of_source(ticks: Sequence[Tick], *, builds: bool) -> list[Tick]:
    """Return the ticks that the source gave, without those that were made of them."""
    return [
        tick
        for tick in ticks
        if not (builds and isinstance(tick, Bar))
        and not (isinstance(tick, Status) and tick.status_code in _OWN_STATUSES)
    ]
