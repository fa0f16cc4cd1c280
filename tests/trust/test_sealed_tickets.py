"""Tickets and visits that one edge gives and another one takes."""

from dataclasses import replace

import pytest

from feed.errors import CredentialRefused
from feed.trust.cluster_key import ClusterKey
from feed.trust.identity import Identity, Kind
from feed.trust.sealed_tickets import SealedTickets
from feed.trust.tickets import REPLACED_WITHIN_S, USED_WITHIN_S, VISIT_S
from feed.wire.grant import Grant
from feed.wire.grants import NO_GRANTS, Grants

S = 1_000_000_000
SECRET = b"0123456789abcdef" * 2
GRANTS = Grants.of([Grant.parse("trades=AAPL")])
KEY = Identity(Kind.KEY, "fk_ann", "ann", GRANTS, None, "5e" * 32)
TOKEN = Identity(Kind.TOKEN, "ann", "ann", GRANTS, 60 * S)
ORIGIN = "https://page.example"


def edge(secret: bytes = SECRET, ahead_ns: int = 0) -> SealedTickets:
    """Return the tickets of an edge, whose monotonic clock has another beginning than others'."""
    return SealedTickets(ClusterKey(secret), lambda mono_ns: mono_ns - ahead_ns)


def refused(call: object, *arguments: object) -> None:
    assert callable(call)
    with pytest.raises(CredentialRefused):
        call(*arguments)


def test_a_ticket_of_one_edge_is_good_at_another_once_within_its_time() -> None:
    one, other = edge(), edge(ahead_ns=500 * S)
    text = one.issue(KEY, ORIGIN, 0)
    assert "ann" not in text
    refused(other.use, text, "https://other.example", 500 * S)
    found = other.use(text, ORIGIN, 500 * S)
    assert (found.is_of(KEY), found.proof, found.grants) == (True, KEY.proof, NO_GRANTS)
    for second in range(500, 500 + 2 * USED_WITHIN_S):
        refused(other.use, text, ORIGIN, second * S)
    assert one.use(text, ORIGIN, 0).is_of(KEY)  # which cannot know, and is promised nowhere
    late = one.issue(KEY, ORIGIN, 0)
    refused(other.use, late, ORIGIN, (500 + USED_WITHIN_S) * S)


def test_a_ticket_in_a_url_is_its_streams_where_it_was_opened() -> None:
    one, other = edge(), edge()
    text = one.issue(TOKEN, ORIGIN, 0)
    ticket = other.open(text, {ORIGIN}, "query", 0)
    other.hold(ticket, lambda: None)
    assert ticket.identity.grants == GRANTS
    refused(other.open, text, {ORIGIN}, "another query", 0)
    refused(other.use, text, ORIGIN, 0)
    assert other.open(text, {ORIGIN}, "query", 10 * USED_WITHIN_S * S) is ticket
    refused(one.open, text, {ORIGIN}, "query", USED_WITHIN_S * S)  # the page asks for another


def test_a_visit_is_good_at_every_edge_until_it_ends() -> None:
    one, other = edge(), edge(ahead_ns=500 * S)
    text, lives_s = one.visit(KEY, 0, 0)
    assert lives_s == VISIT_S
    assert other.visitor(text, 500 * S).is_of(KEY)
    refused(other.visitor, text, (500 + VISIT_S) * S)
    other.end_visit(text, 500 * S)
    refused(other.visitor, text, 500 * S)
    assert one.visitor(text, 0).is_of(KEY)  # its cookie is gone with its browser
    short, lives_s = one.visit(TOKEN, 0, 0)
    assert lives_s == 60
    refused(other.visitor, short, (500 + 60) * S)
    assert other.visitor(short, 500 * S).grants == GRANTS


def test_a_visit_that_another_takes_the_place_of_ends_soon() -> None:
    one = edge()
    text, _ = one.visit(KEY, 0, 0)
    one.visit(replace(KEY, id="fk_ben"), 0, 0, text)  # somebody else's cookie ends nobody's visit
    assert one.visitor(text, 2 * REPLACED_WITHIN_S * S).is_of(KEY)
    one.visit(KEY, 0, 0, text)
    assert one.visitor(text, (REPLACED_WITHIN_S - 1) * S).is_of(KEY)
    refused(one.visitor, text, REPLACED_WITHIN_S * S)


def test_nobody_makes_or_changes_one_without_the_key() -> None:
    one, stranger = edge(), edge(SECRET[::-1])
    ticket, (visit, _) = one.issue(KEY, ORIGIN, 0), one.visit(KEY, 0, 0)
    for text in (ticket, visit):
        refused(stranger.use, text, ORIGIN, 0)
        refused(stranger.visitor, text, 0)
    refused(one.use, visit, ORIGIN, 0)  # each is for its own purpose
    refused(one.visitor, ticket, 0)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for at, letter in enumerate(ticket):
        other = letters[(letters.find(letter) + 1) % 64]
        refused(one.use, ticket[:at] + other + ticket[at + 1 :], ORIGIN, 0)
    for broken in ("", "A", ticket[:-1], ticket + "A", ticket + "=", "é" + ticket, "A" * 10_000):
        refused(one.use, broken, ORIGIN, 0)
    assert one.use(ticket, ORIGIN, 0).is_of(KEY)


def test_what_no_cookie_holds_is_known_where_it_was_given_alone() -> None:
    one, other = edge(), edge()
    keys = ",".join(f"S{number}" for number in range(900))
    long = replace(TOKEN, grants=Grants.of([Grant.parse(f"trades={keys}")]))
    text, (visit, _) = one.issue(long, ORIGIN, 0), one.visit(long, 0, 0)
    assert max(map(len, (text, visit))) < 100
    refused(other.use, text, ORIGIN, 0)
    refused(other.visitor, visit, 0)
    assert one.use(text, ORIGIN, 0).grants == long.grants
    assert one.visitor(visit, 0).grants == long.grants
