"""What is kept for many: limits for each identity and for all, and what goes first."""

from dataclasses import dataclass, replace

import pytest

from feed.errors import CredentialRefused
from feed.trust.identity import ANONYMOUS, Identity, Kind
from feed.trust.shelf import MOST_OF_ONE, SWEEP_NS, Shelf
from feed.trust.tickets import USED_WITHIN_S, Tickets

S = 1_000_000_000


def somebody(name: str) -> Identity:
    return replace(ANONYMOUS, kind=Kind.KEY, id=name)


@dataclass
class Thing:
    identity: Identity
    until_ns: int | None = 100 * S


def shelf_of(*names: str, most: int = 6, most_of_one: int = 3) -> tuple[Shelf[Thing], list[Thing]]:
    """Return a shelf with one thing of each name, whose digests are 0, 1, 2 …."""
    shelf: Shelf[Thing] = Shelf(most, most_of_one)
    things = [Thing(somebody(name)) for name in names]
    for number, thing in enumerate(things):
        shelf.put(bytes([number]), thing, 0)
    return shelf, things


def kept(shelf: Shelf[Thing], most: int = 10) -> list[int]:
    return [number for number in range(most) if shelf.get(bytes([number])) is not None]


def test_over_the_limit_of_one_its_own_oldest_goes() -> None:
    shelf, _ = shelf_of("quiet", "loud", "loud", "loud", "loud", "loud")
    assert kept(shelf) == [0, 3, 4, 5]


def test_over_the_limit_of_all_the_oldest_of_whoever_has_most_goes() -> None:
    shelf, _ = shelf_of("a", "b", "loud", "loud", "loud", "c", "d")
    assert kept(shelf) == [0, 1, 3, 4, 5, 6]
    assert len(shelf) == 6


def test_what_is_in_use_goes_last() -> None:
    shelf, things = shelf_of("a", "a", "a")
    things[0].until_ns = None
    shelf.put(b"\x03", Thing(somebody("a"), None), 0)
    assert kept(shelf) == [0, 2, 3]
    things[2].until_ns = None
    shelf.put(b"\x04", Thing(somebody("a")), 0)
    assert kept(shelf) == [2, 3, 4], "all are in use"


def test_what_has_ended_is_forgotten_behind_what_has_not() -> None:
    shelf, things = shelf_of("a", "a", "b")
    things[0].until_ns, things[1].until_ns = None, 5 * S
    shelf.put(b"\x03", Thing(somebody("a")), 5 * S)
    assert kept(shelf) == [0, 2, 3]


def test_everything_is_looked_at_now_and_then_only() -> None:
    shelf, things = shelf_of("a", "b")
    things[0].until_ns = 1
    shelf.put(b"\x02", Thing(somebody("c")), SWEEP_NS - 1)
    assert kept(shelf) == [0, 1, 2]
    shelf.put(b"\x03", Thing(somebody("c")), SWEEP_NS)
    assert kept(shelf) == [1, 2, 3]


def test_what_is_forgotten_is_gone_and_may_be_forgotten_again() -> None:
    shelf, _ = shelf_of("a")
    shelf.forget(b"\x00")
    shelf.forget(b"\x00")
    assert kept(shelf) == []
    assert len(shelf) == 0


def test_an_identity_that_asks_for_many_tickets_and_visits_ends_none_of_others() -> None:
    tickets = Tickets()
    ticket = tickets.issue(somebody("quiet"), "", 0)
    cookie, _ = tickets.visit(somebody("quiet"), 0, 0)
    loud = somebody("loud")
    first, (visit, _) = tickets.issue(loud, "", 0), tickets.visit(loud, 0, 0)
    for _ in range(2 * MOST_OF_ONE):
        tickets.issue(loud, "", 0)
        tickets.visit(loud, 0, 0)
    assert tickets.use(ticket, "", 0) == somebody("quiet")
    assert tickets.visitor(cookie, 0) == somebody("quiet")
    with pytest.raises(CredentialRefused):
        tickets.use(first, "", 0)
    with pytest.raises(CredentialRefused):
        tickets.visitor(visit, 0)


def test_a_ticket_of_a_living_stream_outlives_newer_ones_of_its_identity() -> None:
    tickets, one = Tickets(), somebody("a")
    text = tickets.issue(one, "", 0)
    held = tickets.open(text, {""}, "query", 0)
    tickets.hold(held, lambda: None)
    for _ in range(MOST_OF_ONE):
        tickets.issue(one, "", 0)
    assert tickets.open(text, {""}, "query", 2 * USED_WITHIN_S * S) is held
