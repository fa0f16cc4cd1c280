import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator

import pytest

import feed
from feed import errors
from feed.errors import (
    FeedError,
    InvalidInput,
    InvalidParameter,
    InvalidPosition,
    LimitExceeded,
    Overrun,
    shorten,
)

FAMILY = [
    value
    for value in vars(errors).values()
    if isinstance(value, type) and value.__module__ == errors.__name__ and value is not FeedError
]


@pytest.mark.parametrize("error", FAMILY)
def test_every_error_is_of_the_family(error: type[Exception]) -> None:
    assert issubclass(error, FeedError)


def test_the_tree_at_the_top_is_the_tree_of_classes() -> None:
    assert errors.__doc__ is not None
    drawn: dict[str, str] = {}
    ancestors = ["FeedError"]
    for branch, name in re.findall(r"^ {4}([│ ]*[├└]── )(\w+)", errors.__doc__, re.MULTILINE):
        depth = len(branch) // 4
        drawn[name] = ancestors[depth - 1]
        ancestors[depth:] = [name]
    assert drawn == {error.__name__: error.__bases__[0].__name__ for error in FAMILY}


def test_the_branches_in_other_rooms_are_named() -> None:
    assert errors.__doc__ is not None
    for module in pkgutil.walk_packages(feed.__path__, "feed."):
        importlib.import_module(module.name)
    elsewhere = {error.__module__ for error in descendants(FeedError)} - {errors.__name__}
    named = set(re.findall(r"`(feed\.[\w.]+)`", errors.__doc__))
    assert named == {name for name in elsewhere if name.startswith("feed.")}


def descendants(error: type[Exception]) -> set[type[Exception]]:
    children = set(error.__subclasses__())
    return children.union(*map(descendants, children))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: InvalidParameter("limit", "ten", "1 to 1000"),
            "limit: 'ten' is not accepted; accepted: 1 to 1000",
        ),
        (
            lambda: InvalidPosition("x"),
            (
                "after: 'x' is not accepted; accepted: "
                "a position as this server sends it, <epoch>-<sequence>, or 0"
            ),
        ),
        (
            lambda: LimitExceeded("symbols per connection", 501, 500),
            "symbols per connection: 501 would exceed the limit of 500",
        ),
        (
            lambda: Overrun(requested=3, oldest=9),
            "sequence 3 was overrun; the oldest one held is 9",
        ),
    ],
)
def test_a_message_says_what_was_wrong_where_and_what_is_accepted(
    make: Callable[[], FeedError], message: str
) -> None:
    assert str(make()) == message


def test_an_error_carries_its_numbers() -> None:
    parameter = InvalidParameter("ring", 3, "a power of two")
    assert (parameter.parameter, parameter.value, parameter.accepted) == (
        "ring",
        3,
        "a power of two",
    )
    limit = LimitExceeded("connections", 11, 10)
    assert (limit.limit, limit.requested, limit.maximum) == ("connections", 11, 10)
    overrun = Overrun(requested=1, oldest=2)
    assert (overrun.requested, overrun.oldest) == (1, 2)


def test_a_bad_position_is_bad_input_of_the_parameter_it_came_in() -> None:
    error = InvalidPosition("x", "Last-Event-ID")
    assert isinstance(error, InvalidInput)
    assert error.parameter == "Last-Event-ID"
    assert str(error).startswith("Last-Event-ID: 'x'")


@pytest.mark.parametrize("value", ["x" * 10_000, ["x"] * 10_000, "\n" * 100, "\x1b[2J" * 100])
def test_a_value_from_outside_is_shortened_to_one_printable_line(value: object) -> None:
    text = shorten(value)
    assert len(text) == 80
    assert text.endswith("…")
    assert text.isprintable()
    assert len(str(InvalidParameter("p", value, "less"))) < 120


def test_a_short_value_is_quoted_whole() -> None:
    assert shorten("x" * 78) == f"'{'x' * 78}'"


class Watched(list[object]):
    """A list that tells whether it was read further than its first hundred items."""

    def __iter__(self) -> Iterator[object]:
        yield from self[:100]
        pytest.fail("read further than anything that is shown")


@pytest.mark.parametrize(
    "value", [Watched([1] * 1_000), [Watched(["x"] * 1_000)], {1: Watched([[]] * 1_000)}]
)
def test_only_what_is_shown_of_a_value_is_read(value: object) -> None:
    assert len(shorten(value)) == 80


@pytest.mark.parametrize(
    "value", [{}, [], {"a": [1, "b", {}], "c": None}, [[[]], 1.5, b"x"], "it's"]
)
def test_a_short_value_is_quoted_as_python_has_it(value: object) -> None:
    assert shorten(value) == repr(value)


def test_a_value_is_quoted_however_deeply_it_is_nested() -> None:
    nested: object = 1
    for _ in range(10_000):
        nested = [nested]
    assert shorten(nested) == "[" * 79 + "…"
