"""Globs: held against regular expressions, and against all words of two letters."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.market.globs import MOST_STARS, covers, fewest, is_glob
from feed.market.symbols import MAX_SYMBOL_LENGTH
from tests.fakes.selections import glob_matches

WORDS = ["".join(letters) for length in range(6) for letters in product("ab", repeat=length)]
globs = st.text("ab*", max_size=6)


@given(globs, st.text("ab", max_size=8))
def test_a_glob_matches_as_a_regular_expression_does(glob: str, word: str) -> None:
    assert covers(glob, word) == glob_matches(glob, word)


@given(globs, globs)
def test_a_glob_covers_another_if_it_matches_all_that_that_glob_matches(
    one: str, other: str
) -> None:
    if covers(one, other):
        assert all(glob_matches(one, word) for word in WORDS if glob_matches(other, word))
    else:  # a letter that is in neither of them tells them apart
        assert not glob_matches(one, other.replace("*", "c"))


@given(st.lists(globs, max_size=5))
def test_the_fewest_globs_match_the_same_and_none_covers_another(some: list[str]) -> None:
    few = fewest(some)
    for word in WORDS:
        assert any(glob_matches(glob, word) for glob in few) == any(
            glob_matches(glob, word) for glob in some
        )
    assert not any(covers(one, other) for one in few for other in few if one != other)


def test_the_fewest_globs_are_the_same_however_they_were_written() -> None:
    assert fewest(["BTC/*", "BTC/USD", "B*", "AAPL", "B**"]) == {"B*", "AAPL"}
    assert fewest(["B*", "AAPL"]) == {"B*", "AAPL"}


@pytest.mark.parametrize("text", ["AAPL", "*", "BTC/*", "*/USD", "A*B*C*D*", "ES C*", "币安*"])
def test_a_key_and_a_key_with_stars_are_globs(text: str) -> None:
    assert is_glob(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A?",
        "[AB]*",
        "A,B",
        " *",
        "* ",
        "A\n*",
        "A" * MAX_SYMBOL_LENGTH + "*",
        "*" * (MOST_STARS + 1),
    ],
)
def test_anything_else_is_not_a_glob(text: str) -> None:
    assert not is_glob(text)


def test_a_long_key_is_matched_in_one_walk() -> None:
    """Four `.*` of a regular expression look 600,000 times at a key of 64 letters."""
    assert not covers("*a*a*a*b", "a" * MAX_SYMBOL_LENGTH)
