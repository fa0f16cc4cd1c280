"""Wildcards: values that stand for symbols, held against the slow and plain model."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.market.asset_classes import BY_FORM, EVERY_OF, WILDCARDS, AssetClasses, has_wildcard
from feed.market.symbols import ALL
from feed.market.wildcards import (
    GLOBBED,
    Patterns,
    both,
    marked,
    wildcards_of,
    without_covered,
)
from tests.fakes.selections import stands_for
from tests.fakes.strategies import GLOBS, SYMBOLS

CRYPTO, EQUITY = EVERY_OF["crypto"], EVERY_OF["us_equity"]
SOME = (*SYMBOLS, "A", "AUSD", "A/USD", "BAS", "MT")


def _all_of(simple: list[str]) -> str:
    """Return the value for what all of them stand for; "" where that is nothing."""
    value = ALL
    for each in simple:
        value = both(value, each) or ""
        if not value:
            break
    return value


_simple = st.sampled_from([*SYMBOLS, *GLOBS, *sorted(WILDCARDS)])
_values = st.lists(_simple, min_size=1, max_size=3).map(_all_of).filter(bool)
_sets = st.sets(_values, max_size=4)


@given(_values, _values, st.sampled_from(SOME))
def test_both_stand_for_what_each_of_them_stands_for(one: str, other: str, symbol: str) -> None:
    expected = stands_for(one, symbol) and stands_for(other, symbol)
    value = both(one, other)
    assert (value is not None and stands_for(value, symbol)) == expected
    assert both(one, other) == both(other, one)
    assert both(one, one) == both(one, ALL) == one


@pytest.mark.parametrize(
    ("one", "other", "value"),
    [
        ("B*", "BTC/*", "BTC/*"),
        ("BTC/*", "BTC/USD", "BTC/USD"),
        ("BTC/*", "AAPL", None),
        ("AAPL", "MSFT", None),
        (CRYPTO, EQUITY, None),
        (CRYPTO, ALL, CRYPTO),
        ("B*", CRYPTO, f"{CRYPTO},B*"),
        (f"{CRYPTO},B*", "BTC/USD", f"{CRYPTO},BTC/USD"),
        ("A*", "*USD", "*USD,A*"),
        ("*/USD", CRYPTO, f"*/USD,{CRYPTO}"),  # in their order
    ],
)
def test_both_say_it_in_as_few_words_as_do(one: str, other: str, value: str | None) -> None:
    assert both(one, other) == value


@given(_sets, st.sampled_from(SOME))
def test_a_set_stands_for_what_one_of_its_values_stands_for(values: set[str], symbol: str) -> None:
    expected = any(stands_for(value, symbol) for value in values)
    for some in (marked(values), without_covered(values)):
        assert Patterns(some).match(symbol, BY_FORM.__getitem__) == expected
        assert AssetClasses().chosen(some)[symbol] == expected
        assert AssetClasses().among(frozenset({symbol}), some) == ({symbol} if expected else set())


@given(_sets)
def test_a_set_with_globs_tells_them_apart_by_a_look_up(values: set[str]) -> None:
    some = marked(values)
    assert has_wildcard(some) == any(ALL in value for value in values)
    assert wildcards_of(some) == {value for value in values if ALL in value}
    assert some - {GLOBBED} == values
    assert marked(some) == some


def test_a_class_may_be_the_last_of_what_has_to_be_true() -> None:
    value = both("*/USD", CRYPTO)
    assert value is not None
    matching = [
        Patterns(marked([value])).match(symbol, BY_FORM.__getitem__)
        for symbol in ("BTC/USD", "BTC/EUR")
    ]
    assert matching == [True, False]


def test_covered_values_are_left_out_where_that_is_certain() -> None:
    assert without_covered(["B*", "BTC/*", "BTC/USD", "AAPL"]) == {"B*", "AAPL", GLOBBED}
    assert without_covered(["AAPL", "MSFT"]) == {"AAPL", "MSFT"}
    # Whether AAPL is of the class the listing knows, by its first tick.
    assert without_covered([EQUITY, "AAPL"]) == {EQUITY, "AAPL"}


def test_a_symbol_is_matched_once_for_each_set() -> None:
    asked: list[str] = []

    def class_of(symbol: str) -> str:
        asked.append(symbol)
        return "crypto"

    chosen = AssetClasses(class_of).chosen(marked([f"{CRYPTO},B*"]))
    assert [chosen[symbol] for symbol in ("BTC", "BTC", "ETH", "ETH")] == [True, True, False, False]
    assert asked == ["BTC", "ETH"]


def test_few_sets_are_remembered() -> None:
    classes = AssetClasses()
    first = classes.chosen(marked(["A*"]))
    assert classes.chosen(marked(["A*"])) is first
    for number in range(100):
        classes.chosen(marked([f"B{number}*"]))
    assert classes.chosen(marked(["A*"])) is not first
