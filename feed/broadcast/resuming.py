"""How a subscriber begins behind a position: what it is due from there on, and what is missing.

A position is in the ring, or older than it, which the archive may have, or of another epoch; where
it is, `resumption` says. What follows from that for all that the subscriber had before is decided
here.
"""

from feed.broadcast.due import Due
from feed.broadcast.outbox import NOWHERE, Gap, Waiting, Words
from feed.broadcast.resumption import Resume, Resumption, locate
from feed.wire.messages import GapReason
from feed.wire.position import Position
from feed.wire.selection import Selection

_NOTHING = Selection()


def resume(
    due: Due,
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
        due: what its subscriber is due.
        selection: the part that was subscribed to; other ticks are not affected.
        after: the position received; a str is one that could not be read, told back in the gap.
        new_epoch_ticks: the most ticks that it is given from the beginning of a new epoch.
        had: all that it had subscribed to before.
    """
    broadcast = due.broadcast
    oldest = due.ladder.oldest_resumed(broadcast.ring, broadcast.cut_sequence)
    found = locate(after, broadcast.ring, broadcast.cut_sequence, oldest)
    if found.outcome is not Resume.NEW_EPOCH:
        due.outbox.note_beginning(found.sequence)
    if found.outcome is Resume.GAP and _may_go_back(due, selection, found.sequence):
        _go_back(due, selection, found.sequence, had)
        return Resume.REPLAYED
    if found.outcome is not Resume.REPLAYED and due.lane.payload.follows:
        return _follow_on(due, selection, found)
    if found.outcome is Resume.NEW_EPOCH:
        ours = isinstance(after, Position) and after.epoch == broadcast.ring.epoch
        _begin_anew(due, selection, found.missing, 0 if ours else new_epoch_ticks)
        return Resume.NEW_EPOCH
    if found.outcome is Resume.GAP and found.sequence < due.backlog.sequence:
        is_missing = due.substitute.resume_overrun(
            selection, found.sequence + 1, due.backlog.sequence
        )
        due.ladder.counts.overruns += is_missing
        return Resume.GAP if is_missing else Resume.REPLAYED
    untold_from = broadcast.states.untold_from(due.selection, found.sequence)
    if found.outcome is Resume.REPLAYED and untold_from < broadcast.ring.oldest:
        if broadcast.archive is not None:
            _go_back(due, selection, found.sequence, had)
            return Resume.REPLAYED
        # Told now: one that is disconnected for it would come back to the same.
        due.substitute.append_lost(untold_from, broadcast.ring.oldest - 1)
        untold_from = broadcast.ring.oldest
    told_upto = min(found.sequence, due.backlog.sequence)
    due.restatement.owe(due.selection, untold_from, told_upto)
    if found.sequence > due.backlog.sequence:
        due.go_on(had, found.sequence)
    due.backlog.add(selection.lossless, found.sequence)
    return Resume.REPLAYED


def begin_epoch(due: Due, after: Position | str | None, new_epoch_ticks: int) -> Resume | None:
    """Go on in another epoch, as if a subscriber had come back with a position of the last.

    Words and gaps that wait are told before. It is held.

    Args:
        due: what its subscriber is due.
        after: where it stood; None: it has not begun; a str is a position of nobody.
        new_epoch_ticks: see `resume`.
    """
    outbox = due.outbox
    words: list[Waiting] = [
        waiting for waiting in outbox.waiting if isinstance(waiting, Words | Gap)
    ]
    outbox.waiting, outbox.told = [], NOWHERE
    due.forget()
    selection = due.selection
    if after is None or not selection.symbols:
        return None
    outcome = resume(due, selection, after, new_epoch_ticks)
    outbox.waiting = words + outbox.waiting
    return outcome


def _may_go_back(due: Due, selection: Selection, sequence: int) -> bool:
    """Tell whether what follows a sequence that the ring has lost is read from the archive.

    Words that are kept need not be.
    """
    if due.broadcast.archive is None:
        return False
    if selection.ticks.symbols or selection.every or sequence >= due.backlog.sequence:
        return True
    upto = due.backlog.sequence
    return due.broadcast.keyed.between(selection, sequence, upto) is None


def _go_back(due: Due, selection: Selection, sequence: int, had: Selection) -> None:
    """Begin after a sequence whose past the ring has lost, and the archive may have."""
    archive = due.broadcast.archive
    assert archive is not None, "it goes back to something"
    archive.resumed += 1
    due.backlog.goes_back = True
    told_upto = min(sequence, due.backlog.sequence)
    due.restatement.owe(due.selection, sequence + 1, told_upto, unsure_after=sequence)
    if sequence > due.backlog.sequence:
        due.go_on(had, sequence)
    due.backlog.add(selection.lossless, sequence)


def _follow_on(due: Due, selection: Selection, found: Resumption) -> Resume:
    """Tell what a server that follows has missed, and give it all that the ring holds.

    Others are given the newest state instead; its own subscribers may come for any of these.
    """
    before = due.broadcast.ring.oldest - 1
    is_overrun = found.outcome is Resume.GAP
    due.ladder.counts.overruns += is_overrun
    missing = found.sequence + 1 if is_overrun else found.missing
    reason = GapReason.OVERRUN if is_overrun else GapReason.EPOCH
    due.outbox.append_gap(missing, before, reason, at_once=True)
    due.backlog.add(selection, before)
    due.substitute.request_snapshot(selection)
    return found.outcome


def _begin_anew(due: Due, selection: Selection, missing: str, most_ticks: int) -> None:
    """Tell that the epoch is another one, and give all of this one if that is not too much."""
    broadcast = due.broadcast
    before = broadcast.ring.oldest - 1
    given = broadcast.ring.is_whole and broadcast.cut_sequence - before <= most_ticks
    last = before if given else due.backlog.sequence
    due.outbox.append_gap(missing, last, GapReason.EPOCH, at_once=True)
    if given:
        due.restatement.owe(due.selection, before + 1, min(before, due.backlog.sequence))
        due.backlog.add(selection.lossless, before)
    due.substitute.request_snapshot(selection)
