"""What the next server learns from log and checkpoint: what is deleted, and what has its text."""

import pytest

from feed.broadcast.log import Deletion
from feed.market.room_words import MessageWord, RoomType
from feed.state.erasing.undone import Undone
from tests.state.erasing.test_texts import said

GONE = said().erased()
EDITED = said(kind=RoomType.EDITED)


@pytest.mark.parametrize(
    ("kept", "logged", "expected"),
    [
        ([], [said(), EDITED], []),
        ([], [said(), said("m2"), GONE], [Deletion("desk", "m1", 11, 13)]),
        ([], [said(), EDITED, GONE], [Deletion("desk", "m1", 11, 13)]),
        ([], [GONE, GONE], [Deletion("desk", "m1", 0, 12)]),  # the checkpoint may have it
        ([GONE], [], []),
        ([GONE], [said()], [Deletion("desk", "m1", 11, 1)]),  # the log left its deletion out
    ],
)
def test_what_is_left_to_erase(
    kept: list[MessageWord], logged: list[MessageWord], expected: list[Deletion]
) -> None:
    undone = Undone()
    undone.note_kept(kept, range(1, 1 + len(kept)))
    undone.note_logged(logged, 11)
    assert undone.deletions(10) == expected
    assert undone.deleted == ({("desk", "m1")} if GONE in [*kept, *logged] else set())


def test_what_was_erased_and_checkpointed_is_done() -> None:
    undone = Undone()
    undone.note_logged([GONE, GONE], 1)
    assert undone.deletions(10) == []
