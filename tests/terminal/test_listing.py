"""Tables that are sorted and scrolled."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from feed.terminal.listing import MIN_FLEXIBLE_WIDTH, Column, Listing, fit
from tests.terminal.shown import lines_of


@dataclass
class City:
    name: str
    people: float | None


NAME: Column[City] = Column(
    "NAME", 8, lambda city, *_: Text(city.name), 0, lambda city, _: city.name, text=True
)
PEOPLE: Column[City] = Column(
    "PEOPLE", 7, lambda city, *_: Text(str(city.people)), 1, lambda city, _: city.people
)
NOTE: Column[City] = Column("NOTE", 0, lambda _, __, width: Text("x" * width), 2, text=True)
COLUMNS = [NAME, PEOPLE, NOTE]
CITIES = [City("Oslo", 0.7), City("Atlantis", None), City("Rome", 2.8), City("Bern", 0.1)]


def listing_after(*keys: str) -> Listing[City]:
    listing: Listing[City] = Listing(["NAME", "PEOPLE"])
    for key in keys:
        assert listing.press(key)
    return listing


ORDERS = [
    ([], ["Oslo", "Atlantis", "Rome", "Bern"]),
    (["r"], ["Bern", "Rome", "Atlantis", "Oslo"]),
    (["s"], ["Atlantis", "Bern", "Oslo", "Rome"]),
    (["s", "r"], ["Rome", "Oslo", "Bern", "Atlantis"]),
    (["s", "s"], ["Rome", "Oslo", "Bern", "Atlantis"]),
    (["s", "s", "r"], ["Bern", "Oslo", "Rome", "Atlantis"]),
    (["s", "s", "r", "s"], ["Oslo", "Atlantis", "Rome", "Bern"]),
]


@pytest.mark.parametrize(("keys", "names"), ORDERS)
def test_s_sorts_by_the_next_column_and_r_reverses(keys: list[str], names: list[str]) -> None:
    ordered = listing_after(*keys).sort(CITIES, COLUMNS, 0)
    assert [city.name for city in ordered] == names


def test_equals_keep_their_order() -> None:
    listing: Listing[City] = Listing(["PEOPLE"], "PEOPLE")
    twins = [City("B", 1.0), City("A", 1.0)]
    assert listing.sort(twins, COLUMNS, 0) == twins


def test_the_sorted_column_has_an_arrow() -> None:
    heads = [
        lines_of(listing_after(*keys).table([], COLUMNS, 40, 0))[0].split()
        for keys in ([], ["s"], ["s", "r"], ["s", "s"], ["s", "s", "r"])
    ]
    assert [head[:2] for head in heads] == [
        ["NAME", "PEOPLE"],
        ["NAME▲", "PEOPLE"],
        ["NAME▼", "PEOPLE"],
        ["NAME", "PEOPLE▼"],
        ["NAME", "PEOPLE▲"],
    ]


def test_an_unknown_key_means_nothing() -> None:
    assert not listing_after().press("x")


def scrolled(*keys: str) -> list[int]:
    """Return which of ten items are in view in three lines, after keys that are shown each."""
    listing = Listing[int]([])
    items = list(range(10))
    listing.page(items, 3)
    for key in keys:
        listing.press(key)
        listing.page(items, 3)
    return listing.page(items, 3)


SCROLLS = [
    ([], [0, 1, 2]),
    (["up"], [0, 1, 2]),
    (["down"], [1, 2, 3]),
    (["j", "j", "k"], [1, 2, 3]),
    (["page down"], [3, 4, 5]),
    (["page down", "page down", "page up"], [3, 4, 5]),
    (["end"], [7, 8, 9]),
    (["end", "down"], [7, 8, 9]),
    (["end", "up"], [6, 7, 8]),
    (["end", "home"], [0, 1, 2]),
]


@pytest.mark.parametrize(("keys", "shown"), SCROLLS)
def test_keys_scroll_as_far_as_there_are_items(keys: list[str], shown: list[int]) -> None:
    assert scrolled(*keys) == shown


def test_a_list_that_became_shorter_is_scrolled_back() -> None:
    listing = Listing[int]([])
    listing.press("end")
    assert listing.page(list(range(10)), 3) == [7, 8, 9]
    assert listing.page([0, 1], 3) == [0, 1]


def test_without_a_height_everything_is_in_view() -> None:
    assert listing_after("down").page(CITIES, None) == CITIES


def test_without_room_nothing_is_in_view() -> None:
    assert listing_after().page(CITIES, 0) == []


def test_what_is_in_view_is_told_where_it_is_not_everything() -> None:
    listing = listing_after("down")
    listing.page(CITIES, 2)
    assert listing.keys(2, 4).plain.endswith("2–3 of 4")
    assert listing.keys(4, 4).plain.endswith("scroll  ")


def test_the_keys_are_told_with_the_order() -> None:
    assert listing_after("s", "r").keys(0, 0).plain == (
        "q quit  s sort (name, reversed)  r reverse  space pause  ↑↓ scroll  "
    )


WIDTHS = [
    (5, ["NAME"]),
    (15, ["NAME"]),
    (16, ["NAME", "PEOPLE"]),
    (25, ["NAME", "PEOPLE"]),
    (26, ["NAME", "PEOPLE", "NOTE"]),
    (200, ["NAME", "PEOPLE", "NOTE"]),
]


@pytest.mark.parametrize(("width", "titles"), WIDTHS)
def test_the_least_important_columns_are_dropped_where_it_is_narrow(
    width: int, titles: list[str]
) -> None:
    assert [column.title for column, _ in fit(COLUMNS, width)] == titles


@given(st.integers(8, 300))
def test_columns_never_need_more_than_there_is(width: int) -> None:
    fitting = fit(COLUMNS, width)
    assert sum(characters for _, characters in fitting) + len(fitting) - 1 <= width
    lines = lines_of(Listing[City]([]).table(CITIES, COLUMNS, width, 0), width)
    assert len(lines) == 1 + len(CITIES)


def test_a_flexible_column_gets_what_is_left() -> None:
    assert fit(COLUMNS, 26)[-1] == (NOTE, MIN_FLEXIBLE_WIDTH)
    assert fit(COLUMNS, 100)[-1] == (NOTE, 100 - 8 - 1 - 7 - 1)
    assert lines_of(Listing[City]([]).table(CITIES[:1], COLUMNS, 40, 0), 40)[1] == (
        "Oslo         0.7 " + "x" * 23
    )
