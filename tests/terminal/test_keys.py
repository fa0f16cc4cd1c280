"""What a terminal sends for keys, and waiting for them."""

import asyncio
import os
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.terminal.errors import TerminalGone
from feed.terminal.keys import Keyboard, KeyParser
from tests.fakes.patience import PATIENCE_S

NAMED = [
    (b"q", ["q"]),
    (b" ", [" "]),
    (b"sr", ["s", "r"]),
    (b"\x1b[A", ["up"]),
    (b"\x1bOA", ["up"]),
    (b"\x1b[B", ["down"]),
    (b"\x1b[5~", ["page up"]),
    (b"\x1b[6~", ["page down"]),
    (b"\x1b[H\x1b[F", ["home", "end"]),
    (b"\x1b[1~\x1b[4~", ["home", "end"]),
    (b"\x1b[Aq", ["up", "q"]),
    (b"\x1b[1;5Aq", ["q"]),  # Ctrl-Up, which means nothing here, and is not the letters in it
    (b"\x1b[15~q", ["q"]),  # F5
    (b"\x1b[200~", []),
    (b"\x1bq", ["q"]),  # Escape, then q; or Alt-q
    (b"\x1b\x1b[A", ["up"]),
    (b"\x1b" + b"[" + b"1" * 40 + b"q", ["1"] * 9 + ["q"]),  # line noise ends
    ("é".encode() + b"\x04\r\nq", ["q"]),
]


@pytest.mark.parametrize(("data", "keys"), NAMED)
def test_keys_have_names(data: bytes, keys: list[str]) -> None:
    assert KeyParser().feed(data) == keys


@given(st.lists(st.sampled_from(NAMED[:12])), st.data())
def test_bytes_may_be_cut_anywhere(
    pressed: list[tuple[bytes, list[str]]], data: st.DataObject
) -> None:
    parser, keys = KeyParser(), []
    left = b"".join(sent for sent, _ in pressed)
    while left:
        size = data.draw(st.integers(1, len(left)))
        keys += parser.feed(left[:size])
        left = left[size:]
    assert keys == [name for _, names in pressed for name in names]


@given(st.binary())
def test_whatever_comes_q_still_ends_it(noise: bytes) -> None:
    assert KeyParser().feed(noise + b"q" * 40)[-1:] == ["q"]


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Give the ends of a pipe, to read from and to write to; the test may close the latter."""
    reading, writing = os.pipe()
    yield reading, writing
    os.close(reading)


async def test_a_wait_ends_with_a_key(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    with Keyboard(reading) as keyboard:
        waiting = asyncio.create_task(keyboard.wait(PATIENCE_S))
        os.write(writing, b"\x1b[")
        os.write(writing, b"Bs")
        keys = await waiting
        while keys[-1:] != ["s"]:
            keys += await keyboard.wait(PATIENCE_S)
        assert keys == ["down", "s"]
    os.close(writing)


async def test_a_wait_ends_without_a_key_when_time_is_up(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    with Keyboard(reading) as keyboard:
        assert await keyboard.wait(0.0) == []
    os.close(writing)


async def test_a_wait_ends_without_a_key_when_it_is_woken(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    with Keyboard(reading) as keyboard:
        keyboard.wake()
        async with asyncio.timeout(PATIENCE_S):
            assert await keyboard.wait(2 * PATIENCE_S) == []
    os.close(writing)


async def test_a_terminal_that_is_closed_ends_the_wait(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    with Keyboard(reading) as keyboard:
        os.close(writing)
        with pytest.raises(TerminalGone):
            await keyboard.wait(PATIENCE_S)
        with pytest.raises(TerminalGone):
            await keyboard.wait(PATIENCE_S)
