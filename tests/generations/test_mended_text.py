"""Characters that were cut in two on their way."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feed.generations.mended_text import TextMender

SNOWMAN, FACE = "☃", "😀"


def mended(*pieces: str) -> str:
    mender = TextMender()
    return "".join(map(mender.mend, pieces)) + mender.end()


def escaped(data: bytes) -> str:
    return data.decode(errors="surrogateescape")


def halves(text: str, at: int) -> tuple[str, str]:
    """Return a text cut where a program cuts that counts UTF-16."""
    data = text.encode("utf-16-le")
    first, second = data[: 2 * at], data[2 * at :]
    return first.decode("utf-16-le", "surrogatepass"), second.decode("utf-16-le", "surrogatepass")


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=20), st.lists(st.integers(0, 60), max_size=5))
def test_utf_8_that_is_cut_anywhere_comes_out_whole(text: str, cuts: list[int]) -> None:
    data = text.encode()
    edges = [0, *sorted(cuts), len(data)]
    pieces = [data[a:b] for a, b in pairwise(edges)]
    assert mended(*map(escaped, pieces)) == text


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=20), st.integers(0, 40))
def test_a_pair_of_surrogates_that_is_cut_comes_out_whole(text: str, at: int) -> None:
    assert mended(*halves(text, at)) == text


def test_text_that_is_whole_is_not_touched_and_comes_at_once() -> None:
    mender = TextMender()
    text = f"a{SNOWMAN}{FACE}"
    assert mender.mend(text) is text


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        ([escaped(b"a\xffb")], "a\ufffdb"),
        ([escaped(b"a\xe2\x98"), "b"], "a\ufffdb"),
        ([escaped(b"a\xe2"), escaped(b"\x98")], "a\ufffd"),
        ([escaped(b"\x98\x83")], "\ufffd\ufffd"),
        (["\ud83d", "b"], "\ufffdb"),
        (["a\ud83d"], "a\ufffd"),
        (["\ud83d\ud83d", "\ude00"], f"\ufffd{FACE}"),
        (["\ude00b"], "\ufffdb"),
        (["\ud83d", "", "\ude00"], FACE),
    ],
)
def test_what_is_no_character_is_replaced(pieces: list[str], text: str) -> None:
    assert mended(*pieces) == text
