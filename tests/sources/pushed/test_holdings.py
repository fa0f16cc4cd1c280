"""Bytes on their way are bounded for each producer, and in all."""

from feed.sources.pushed.holdings import Holdings


def test_one_owner_may_hold_so_much_and_all_together_so_much() -> None:
    holdings = Holdings(most=10, most_of_one=6)
    assert holdings.take("a", 6)
    assert not holdings.take("a", 1)
    assert holdings.take("b", 4)
    assert not holdings.take("c", 1)
    assert holdings.held_bytes == 10
    holdings.give_back("a", 2)
    assert holdings.take("c", 2)
    for owner, size in (("a", 4), ("b", 4), ("c", 2)):
        holdings.give_back(owner, size)
    assert holdings.held_bytes == 0
    assert holdings.take("a", 6)
