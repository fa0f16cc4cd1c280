"""Positions: what is written is read, and what is none is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.broadcast.ring import RingBuffer
from feed.errors import FeedError, InvalidPosition
from feed.wire.position import BEGINNING, Position, new_epoch


def test_epochs_differ_and_can_be_in_a_position() -> None:
    epochs = {new_epoch() for _ in range(100)}
    assert len(epochs) == 100
    for epoch in epochs:
        assert Position.parse(f"{epoch}-5") == Position(epoch, 5)
    assert RingBuffer(2).epoch != RingBuffer(2).epoch
    assert RingBuffer(2, epoch="abc").position(7) == Position("abc", 7)


@given(st.from_regex(r"[a-z0-9]{1,32}", fullmatch=True), st.integers(0, 10**19 - 1))
def test_a_position_survives_being_written_and_read(epoch: str, sequence: int) -> None:
    position = Position(epoch, sequence)
    assert Position.parse(str(position)) == position


def test_zero_is_the_position_before_everything() -> None:
    assert Position.parse("0") == BEGINNING
    assert str(BEGINNING) == "0"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "1",
        "00",
        "abc",
        "abc-",
        "-1",
        "abc-01",
        "abc--1",
        "abc-+1",
        "abc-1 ",
        " abc-1",
        "abc-1\n",
        "abc-1.0",
        "abc-1e3",
        "abc-1_000",
        "ABC-1",
        "a b-1",
        "äbc-1",
        "abc-\u0661",  # a digit, but an Arabic one
        "abc-1-2",
        f"{'a' * 33}-1",
        f"abc-{10**19}",
    ],
)
def test_what_is_no_position_is_refused(text: str) -> None:
    with pytest.raises(InvalidPosition) as caught:
        Position.parse(text, "Last-Event-ID")
    assert caught.value.parameter == "Last-Event-ID"
    assert repr(text) in str(caught.value)
    assert "<epoch>-<sequence>" in str(caught.value)


@given(st.text(max_size=60))
def test_parsing_any_text_gives_a_position_or_an_error_of_the_family(text: str) -> None:
    try:
        position = Position.parse(text)
    except FeedError:
        return
    assert position == BEGINNING or str(position) == text
