"""Bytes to a terminal that may not take them."""

import os
from collections.abc import Iterator

import pytest

from feed.terminal.errors import TerminalGone
from feed.terminal.writer import Writer
from tests.fakes.patience import PATIENCE_S

MORE_THAN_A_PIPE_HOLDS = b"x" * (1 << 20)


def ready(writer: Writer) -> bool:
    return writer.ready


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Give a pipe; the test closes the end that is read from."""
    reading, writing = os.pipe()
    yield reading, writing
    os.close(writing)


def test_all_that_was_given_is_written_in_order(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    writer = Writer(writing)
    for number in range(100):
        writer.write(b"%d " % number)
    writer.close(PATIENCE_S)
    assert ready(writer)
    assert os.read(reading, 10_000) == b"".join(b"%d " % number for number in range(100))
    os.close(reading)


def test_while_nothing_is_taken_it_is_not_ready_and_nobody_waits_for_it(
    pipe: tuple[int, int],
) -> None:
    reading, writing = pipe
    writer = Writer(writing)
    writer.write(MORE_THAN_A_PIPE_HOLDS)
    assert not ready(writer)
    writer.flush(0.0)
    writer.close(0.0)
    taken = 0
    while taken < len(MORE_THAN_A_PIPE_HOLDS):
        taken += len(os.read(reading, 1 << 16))
    writer.flush(PATIENCE_S)
    assert ready(writer)
    os.close(reading)


def test_a_terminal_that_was_closed_is_told_and_nobody_waits_for_it(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    writer = Writer(writing)
    os.close(reading)
    writer.write(b"x")
    writer.flush(PATIENCE_S)
    with pytest.raises(TerminalGone):
        ready(writer)
    writer.close(PATIENCE_S)
