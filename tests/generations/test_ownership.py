"""Ownership: whose a generation is, and who else may read it."""

import pytest

from feed.generations.ownership import Ownership
from feed.market.generation_words import GenerationType, GenerationWord
from feed.trust.identity import ANONYMOUS, NOBODY, Identity, Kind
from feed.wire.grant import Grant
from feed.wire.grants import ALL_GRANTS, NO_GRANTS, Grants

KEY = f"gen_{'a' * 32}"
APPLE = Grants.of([Grant.parse("trades=AAPL")])


def identity(name: str, grants: Grants = APPLE) -> Identity:
    return Identity(Kind.KEY, name, name, grants)


def granted(*grants: str) -> Grants:
    return Grants.of([Grant.parse(grant) for grant in grants])


ME, YOU = identity("me"), identity("you")


def test_whoever_asked_may_read_whatever_they_are_granted_by_now() -> None:
    own = Ownership(ME, symbols=("AAPL",))
    assert own.may_watch(identity("me", NO_GRANTS), KEY)
    assert own.is_of(identity("me", ALL_GRANTS))
    assert not own.is_of(YOU)


def test_others_may_read_what_is_shared_or_granted_by_its_key() -> None:
    assert not Ownership(ME).may_watch(YOU, KEY)
    assert Ownership(ME, shared=True).may_watch(YOU, KEY)
    assert Ownership(ME).may_watch(identity("you", granted(f"generations={KEY}")), KEY)
    assert Ownership(ME).may_watch(identity("you", granted("generations=gen_a*")), KEY)
    assert not Ownership(ME).may_watch(identity("you", granted("generations=gen_b*")), KEY)


@pytest.mark.parametrize("shared", [True, False])
def test_whoever_watches_has_to_be_granted_what_it_was_grounded_on(*, shared: bool) -> None:
    own = Ownership(ME, shared, ("AAPL", "MSFT"))
    by_key = granted(f"generations={KEY}", "trades=AAPL")
    assert not own.may_watch(identity("you", by_key), KEY)
    both = granted(f"generations={KEY}", "trades=AAPL", "quotes=MSFT")
    for _ in range(2):  # what was compared once is remembered
        assert own.may_watch(identity("you", both), KEY)
        assert not own.may_watch(YOU, KEY)


def test_nobody_may_read_without_a_credential_where_one_is_due() -> None:
    assert not Ownership(ME, shared=True).may_watch(NOBODY, KEY)
    assert not Ownership(NOBODY).is_of(NOBODY)


def test_without_identities_all_are_one() -> None:
    assert Ownership(ANONYMOUS).is_of(ANONYMOUS)
    assert Ownership(ANONYMOUS).may_watch(ANONYMOUS, KEY)


def test_of_another_process_an_answer_is_for_those_who_are_granted_it() -> None:
    assert not Ownership(None).is_of(ME)
    assert Ownership(None).may_watch(identity("you", granted("generations=gen_*")), KEY)
    assert not Ownership(None).may_watch(ME, KEY)


def test_another_process_knows_whose_it_is_by_its_first_word() -> None:
    first = GenerationWord(KEY, GenerationType.GENERATION, 0, 1)
    Ownership(ME, symbols=("AAPL",)).tell(first)
    assert ME.id not in first.owner
    known = Ownership.of(first)
    assert known.is_of(identity("me", granted("trades=TSLA")))
    assert known.may_watch(identity("me", granted("trades=TSLA")), KEY)
    assert not known.may_watch(YOU, KEY)
    assert not known.is_of(NOBODY)
    other = GenerationWord(f"gen_{'b' * 32}", GenerationType.GENERATION, 0, 1)
    Ownership(ME).tell(other)
    assert other.owner != first.owner, "nobody can tell which are of the same"


def test_another_process_knows_who_else_may_read_it() -> None:
    first = GenerationWord(KEY, GenerationType.GENERATION, 0, 1)
    Ownership(ME, shared=True, symbols=("AAPL",)).tell(first)
    assert Ownership.of(first).may_watch(identity("you", granted("trades=AAPL")), KEY)
    assert not Ownership.of(first).may_watch(identity("you", granted("trades=TSLA")), KEY)
    Ownership(ME, shared=True, symbols=tuple(f"S{number}" for number in range(101))).tell(first)
    assert Ownership.of(first).may_watch(identity("you", granted("trades=*")), KEY)
    assert not Ownership.of(first).may_watch(identity("you", granted("trades=S*")), KEY)


def test_without_identities_everybody_is_the_same() -> None:
    first = GenerationWord(KEY, GenerationType.GENERATION, 0, 1)
    Ownership(ANONYMOUS).tell(first)
    assert first.owner == ""
    assert Ownership.of(first).is_of(ANONYMOUS)
    assert not Ownership.of(first).is_of(ME)
