"""Texts that are good no more, in the order in which they became known."""

from feed.trust.ended import Ended

S = 1_000_000_000
KEPT_S = 60


def test_a_text_ends_at_its_time_and_earlier_where_that_is_heard() -> None:
    ended = Ended(KEPT_S)
    assert ended.add(b"a", 10 * S, 0)
    assert (ended.has(b"a", 9 * S), ended.has(b"a", 10 * S), ended.has(b"b", 10 * S)) == (
        False,
        True,
        False,
    )
    assert not ended.add(b"a", 20 * S, 0)
    assert not ended.add(b"a", 9 * S, 0), "a second is no news, or two would tell it for ever"
    assert ended.add(b"a", 5 * S, 0)
    assert ended.has(b"a", 5 * S)


def test_others_are_told_what_they_have_not_heard_oldest_first() -> None:
    ended = Ended(KEPT_S)
    for number in range(1, 6):
        ended.add(bytes([number]), 9 * S, 0)
    ended.add(bytes([2]), 0, 0)  # it ends earlier than was told: that is news
    assert [(end.number, end.digest[0]) for end in ended.since(0, 9)] == [
        (1, 1),
        (3, 3),
        (4, 4),
        (5, 5),
        (6, 2),
    ]
    assert [end.number for end in ended.since(3, 2)] == [4, 5]
    assert ended.since(ended.newest, 9) == []


def test_what_ends_by_itself_is_forgotten() -> None:
    ended = Ended(KEPT_S)
    ended.add(b"a", 0, 0)
    ended.add(b"b", KEPT_S * S, (KEPT_S + 1) * S)
    assert (ended.has(b"a", 100 * S), ended.newest) == (False, 2)
