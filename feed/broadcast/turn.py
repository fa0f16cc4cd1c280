"""A turn: what one subscriber that is behind is given at once, while its socket has room."""

from dataclasses import dataclass
from enum import Enum

from feed.broadcast.due import NOTHING_YET
from feed.broadcast.fragments import TURN_TICKS
from feed.broadcast.segments import Segments
from feed.broadcast.subscriber import Subscriber
from feed.wire.disconnect import Reason


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a subscriber is to be disconnected.

    Attributes:
        reason: of the table.
        words: for a person; "" where those of the table say all.
    """

    reason: Reason
    words: str = ""


class Progress(Enum):
    """What became of one turn of a subscriber that is behind."""

    NONE = "its socket took nothing"
    SOME = "its socket took something, or something was written to it"
    AHEAD = "what it is due is on its way: behind the last cut, or from the archive"
    CAUGHT_UP = "nothing is due any more: it may be live"


def take_turn(
    subscriber: Subscriber,
    segments: Segments,
    high_water_bytes: int,
    wall_ns: int,
    most_frames: int | None = None,
) -> Progress | Verdict:
    """Give a subscriber that is behind what it is due, while its socket has room.

    Args:
        subscriber: which.
        segments: of the ring; a turn that had to look at much of it ends before.
        high_water_bytes: a socket that holds more has no room.
        wall_ns: now, for what is written.
        most_frames: the most frames at once; None: as many as fit.

    Returns:
        What became of it, or why it is to be disconnected.
    """
    due = subscriber.due
    walked_ticks = segments.walked_ticks
    held_bytes = subscriber.buffered_bytes()
    progress = subscriber.ladder.has_taken(held_bytes)
    limit_bytes = high_water_bytes // 4  # once it is full, a socket is to be nearly empty
    while held_bytes <= limit_bytes and most_frames != 0:
        envelope = due.next(wall_ns)
        if envelope is None:
            return Progress.AHEAD if due.awaits else Progress.CAUGHT_UP
        if isinstance(envelope, Reason):
            return Verdict(envelope)
        progress = True
        if envelope is not NOTHING_YET:
            subscriber.send(envelope)
        if segments.walked_ticks - walked_ticks >= TURN_TICKS:  # the others have turns too
            break
        held_bytes = subscriber.buffered_bytes()
        limit_bytes = high_water_bytes
        if most_frames is not None:
            most_frames -= 1
            if due.is_empty:  # a turn may end here, and it need not wait for another
                most_frames = None
    return Progress.SOME if progress else Progress.NONE
