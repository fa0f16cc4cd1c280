"""The decision what becomes of a state that another process has left.

Two facts decide: whether it ended in order, and whether the machine has been running since. What a
process has stored in memory that belongs to a file survives its kill, and no power cut.
"""

from enum import StrEnum

from feed.state.cell import Contents, Mark


class Recovery(StrEnum):
    """What becomes of it; the label of a metric."""

    NONE = "none"  # there was nothing: a new epoch
    CLEAN = "clean"  # it ended in order: the same epoch, nothing is lost
    KILLED = "killed"  # it was killed: the same epoch, and a hole for what was not logged
    OTHER_BOOT = "other_boot"  # the machine has stopped meanwhile: a new epoch
    UNLOGGED = "unlogged"  # it was killed while its log was not whole: a new epoch
    REFUSED = "refused"  # it could not be read, and is put aside: a new epoch


TAKEN_UP = frozenset({Recovery.CLEAN, Recovery.KILLED})
WORDS = {
    Recovery.OTHER_BOOT: "the machine has stopped while the server ran",
    Recovery.UNLOGGED: "the server was killed while its log could not be written",
}


def judge(cell: Contents | None, boot: str) -> Recovery:
    """Decide what becomes of a state.

    Args:
        cell: of the state; None: there is none.
        boot: of the machine, now; "": it is not known, so that it may be another one.
    """
    if cell is None:
        return Recovery.NONE
    if cell.mark is Mark.CLEAN:
        return Recovery.CLEAN
    if not boot or cell.boot != boot:
        return Recovery.OTHER_BOOT
    return Recovery.KILLED if cell.mark is Mark.RUNNING else Recovery.UNLOGGED
