"""What is said at a takeover, and what is not understood."""

from pathlib import Path

import pytest

from feed.errors import FeedError, InvalidMessage
from feed.program.takeover.taking import take_over_in
from feed.program.takeover.words import line_of, place_in, read


def test_what_one_says_the_other_reads() -> None:
    assert read(line_of(listening=2), "listening") == 2


@pytest.mark.parametrize("line", [b"garbage\n", b"[]\n", b'{"other": 1}\n', b"\xff\n"])
def test_what_is_something_else_is_shown(line: bytes) -> None:
    with pytest.raises(InvalidMessage, match="accepted: ready"):
        read(line, "ready")


def test_an_end_is_told_as_that() -> None:
    with pytest.raises(InvalidMessage, match="the other one has gone"):
        read(b"", "ready")


def test_where_nobody_serves_there_is_nothing_to_take(tmp_path: Path) -> None:
    assert take_over_in(tmp_path) is None


def test_a_path_that_no_socket_can_have_is_refused(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 100)
    assert place_in(deep) is None
    with pytest.raises(FeedError, match="too long"):
        take_over_in(deep)
