"""The words with which maps from outside are refused."""

import pytest
from pydantic import Field

from feed.errors import InvalidMessage, InvalidParameter
from feed.wire.validation import Strict, listed, map_of, refusal, validate


class Order(Strict):
    """A model with a field of each sort that matters here."""

    amount: int = Field(default=1, gt=0)
    tags: list[str] = Field(default_factory=list)


def test_what_is_accepted_becomes_the_model() -> None:
    assert validate(Order, {"amount": 2, "tags": ["a"]}) == Order(amount=2, tags=["a"])
    assert validate(Order, {}) == Order()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"amount": "2"}, "amount: '2' is not accepted; accepted: a valid integer"),
        ({"amount": 0}, "amount: 0 is not accepted; accepted: greater than 0"),
        ({"tags": ["a", 1]}, "tags.1: 1 is not accepted; accepted: a valid string"),
        (
            {"amounts": 1},
            "amounts: '…' is not accepted; accepted: the keys amount, tags; did you mean 'amount'?",
        ),
        ({"x": 1, "amount": 0}, "x: '…' is not accepted; accepted: the keys amount, tags"),
    ],
)
def test_a_refusal_names_the_first_fault_its_value_and_what_is_accepted(
    fields: dict[str, object], words: str
) -> None:
    with pytest.raises(InvalidParameter) as caught:
        validate(Order, fields)
    assert str(caught.value) == words


def test_keys_that_are_not_text_are_refused() -> None:
    with pytest.raises(InvalidMessage, match=r"^a message has keys that are text only$"):
        validate(Order, {1: 1})


def test_a_map_is_returned_as_it_is() -> None:
    fields = {"action": "auth"}
    assert map_of(fields, "action") is fields


def test_a_refusal_of_a_validator_says_what_is_accepted_whatever_is_in_it() -> None:
    assert refusal("{braces}, 1 or 2").message() == "{braces}, 1 or 2"


@pytest.mark.parametrize(
    ("unknown", "words"),
    [
        ("trade", "bars, trades; did you mean 'trades'?"),
        ("xxxx", "bars, trades"),
        ("", "bars, trades"),
        ("tradestrades", "bars, trades; did you mean 'trades'?"),  # twice as long as the longest
        ("tradestradess", "bars, trades"),  # longer: it is not looked at
    ],
)
def test_names_are_listed_with_the_one_that_was_probably_meant(unknown: str, words: str) -> None:
    assert listed(unknown, ["trades", "bars"]) == words


def test_there_may_be_no_names() -> None:
    assert listed("trades", []) == ""
