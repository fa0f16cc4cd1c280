"""What is kept for many: limits for each identity and for all, and what goes first."""

import sys
import tracemalloc
from dataclasses import dataclass, replace

import pytest

from feed.errors import CredentialRefused
from feed.trust.identity import ANONYMOUS, Identity, Kind
from feed.trust.shelf import MOST_OF_ONE, SWEEP_NS, Shelf
from feed.trust.tickets import REPLACED_WITHIN_S, USED_WITHIN_S, VISIT_S, Tickets
from feed.wire.grants import Grants

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
    assert tickets.use(ticket, "", 0).is_of(somebody("quiet"))
    assert tickets.visitor(cookie, 0).is_of(somebody("quiet"))
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


def test_a_visit_takes_little_memory_and_keeps_no_grants_of_a_key_alive() -> None:
    tickets, visits = Tickets(), 1_000
    tickets.visit(somebody("a"), 0, 0)
    versions = [replace(somebody("a"), grants=Grants(conflate_ms=1)) for _ in range(visits)]
    held = [sys.getrefcount(version.grants) for version in versions]
    tracemalloc.start()
    try:
        for version in versions:
            tickets.visit(version, 0, 0)
        taken_bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken_bytes < 300 * visits
    assert [sys.getrefcount(version.grants) for version in versions] == held


def test_a_visit_under_a_secret_before_ends_with_that_secret() -> None:
    tickets = Tickets()
    old, new = (replace(somebody("a"), proof=proof) for proof in ("old", "new"))
    before, _ = tickets.visit(old, 0, 0)
    after, _ = tickets.visit(new, 0, 0)
    assert [tickets.visitor(text, 0).proof for text in (before, after)] == ["old", "new"]


def test_a_page_that_is_given_another_visit_leaves_the_one_before_for_what_is_on_its_way() -> None:
    tickets = Tickets()
    first, _ = tickets.visit(somebody("a"), 0, 0)
    others, _ = tickets.visit(somebody("b"), 0, 0)
    for shown in (first, others, "no such visit"):
        text, lives_s = tickets.visit(somebody("a"), 0, 0, shown)
        assert (text != shown, lives_s) == (True, VISIT_S)
    late_ns = REPLACED_WITHIN_S * S
    assert tickets.visitor(first, late_ns - 1).is_of(somebody("a"))
    with pytest.raises(CredentialRefused):
        tickets.visitor(first, late_ns)
    assert tickets.visitor(others, late_ns).is_of(somebody("b"))
    assert tickets.visitor(text, late_ns).is_of(somebody("a"))
    tickets.visit(somebody("a"), late_ns, 0)
    assert tickets.kept == {"tickets": 0, "visits": 5}
