"""Each dependency has a reason, and each room says what belongs in it and what it may import."""

import importlib
import re

import pytest

from tests.documents.project import layers, packages, required_names, requirements


def test_every_dependency_has_a_reason_beside_it() -> None:
    found = requirements()
    assert {required.name for required in found} == required_names()
    assert [required.name for required in found if not required.reason] == []


@pytest.mark.parametrize("room", packages())
def test_every_room_says_what_belongs_in_it_and_what_does_not(room: str) -> None:
    words = docstring(room)
    assert re.search(r"\bHere belongs? \w", words)
    assert re.search(r"\bNot here: \w", words)


@pytest.mark.parametrize("room", packages())
def test_every_room_says_truly_what_it_may_import(room: str) -> None:
    order = layers()
    [depth] = [depth for depth, layer in enumerate(order) if room in layer]
    allowed = re.search(r"\bMay import ([^.]*(?:\.\w[^.]*)*)\.", docstring(room))
    assert allowed is not None
    below = order[depth + 1]
    assert re.findall(r"`feed\.(\w+)`", allowed[1]) == below
    assert allowed[1].endswith("and below") == (depth + 2 < len(order))


def docstring(room: str) -> str:
    words = importlib.import_module(f"feed.{room}").__doc__
    assert words
    return " ".join(words.split())
