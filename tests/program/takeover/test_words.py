"""What is said at a takeover, and what is not understood."""

import pytest

from feed.errors import InvalidMessage
from feed.program.takeover.words import line_of, read


def test_what_one_says_the_other_reads() -> None:
    assert read(line_of(listening=2), "listening") == 2


@pytest.mark.parametrize("line", [b"garbage\n", b"[]\n", b'{"other": 1}\n', b"\xff\n"])
def test_what_is_something_else_is_shown(line: bytes) -> None:
    with pytest.raises(InvalidMessage, match="accepted: ready"):
        read(line, "ready")


def test_a_refusal_is_told_as_it_was_said() -> None:
    with pytest.raises(InvalidMessage, match="version 1; accepted: 2"):
        read(line_of(refused="version 1; accepted: 2"), "listening")


def test_an_end_is_told_as_that() -> None:
    with pytest.raises(InvalidMessage, match="the other one has gone"):
        read(b"", "ready")
