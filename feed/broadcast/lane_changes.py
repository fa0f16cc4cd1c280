"""What becomes of what a subscriber is due when what it may read, or wants to, changes."""

from functools import partial

from feed.broadcast.due import Due
from feed.broadcast.lane import Lane
from feed.broadcast.origins import Origin, Stretch
from feed.wire.grants import Grants, may_be_told
from feed.wire.selection import Selection


def change_lane(due: Due, lane: Lane, grants: Grants | None = None) -> None:
    """Let a subscriber belong to another lane from now on; it is held.

    What is due of what that lane does not select is forgotten. What a conflated channel has
    collected is told now, where the channel goes on without its interval.

    Args:
        due: what a subscriber is due.
        lane: which.
        grants: what is granted from now on, where that has changed: states that wait are of
            what was granted before, and are made anew of what the lane selects.
    """
    origins = [] if grants is None else _withdrawn(due, grants)
    _restate_ended_intervals(due, lane.payload.key.selection)
    _owe_newly_conflated(due, lane.payload.key.selection)
    due.outbox.lane = lane
    due.narrow(lane.payload.key.selection)
    for origin in origins:
        due.make_anew(origin)


def withdraw(due: Due, grants: Grants) -> None:
    """Make states that wait anew of what is selected; held before.

    They may be of what was given up before, and is not granted any more.
    """
    for origin in _withdrawn(due, grants):
        due.make_anew(origin)


def withdraw_states(due: Due) -> None:
    """Make states that wait anew: something in them was deleted since; held before."""
    for origin in due.outbox.withdraw(lambda _: True):
        due.make_anew(origin)


def _withdrawn(due: Due, grants: Grants) -> list[Origin]:
    return due.outbox.withdraw(partial(may_be_told, grants))


def _restate_ended_intervals(due: Due, selection: Selection) -> None:
    """Tell what channels have collected whose interval another selection ends."""
    untold = due.restatement.untold_of_ended(due.selection, selection, due.backlog.sequence)
    if untold is not None:
        part, first = untold
        goes_back, unsure_after = due.backlog.goes_back, due.restatement.unsure_after
        if goes_back and unsure_after is not None:  # it does not wait for a search
            due.substitute.append_lost(unsure_after, unsure_after)
        part = part.within(selection, due.broadcast.classes)
        stretch = Stretch(part, first, due.broadcast.cut_sequence)
        due.substitute.append_restated(part, first, stretch, goes_back=goes_back)


def _owe_newly_conflated(due: Due, selection: Selection) -> None:
    """Owe what was missed of what another selection conflates, and this one does not.

    It may have been told its conflated channels beyond its sequence already, without that. They
    are told again together, so from where on they had not been told.
    """
    if due.backlog.first_needed > due.broadcast.cut_sequence:
        return
    before, classes = due.selection.parts(), due.broadcast.classes
    for interval_ms, part in selection.parts().items():
        known = before.get(interval_ms)
        if interval_ms and (known is None or part.within(known, classes) != part):
            due.restatement.owe(selection, due.backlog.first_needed, due.backlog.first_needed - 1)
            due.restatement.owe_untold(due.selection)
            return
