"""Who is in a room, over several connections and for some time."""

from feed.rooms.members import LASTS_NS, TYPING_NS, Members, Who

ANN = Who("desk", "own_1", "", "ann")


def test_who_is_there_twice_leaves_with_the_last_connection() -> None:
    members = Members()
    first = members.enter(ANN, 1, 100)
    assert first is not None
    assert first.since_ns == 100
    assert members.enter(ANN, 1, 200) is None, "no news"
    second = members.enter(ANN, 2, 300)
    assert second is not None
    assert (second.since_ns, len(second.ends_ns)) == (100, 2)
    left = members.leave(ANN, 1)
    assert left is not None
    assert left.ends_ns
    assert members.leave(ANN, 1) is None
    left = members.leave(ANN, 2)
    assert left is not None
    assert not left.ends_ns
    assert len(members) == 0


def test_who_says_it_by_http_is_there_for_some_time() -> None:
    members = Members()
    members.enter(ANN, "http", 1, LASTS_NS)
    members.enter(ANN, "http", 1, 2 * LASTS_NS)
    assert list(members.expire(LASTS_NS)) == []
    ((who, member),) = members.expire(2 * LASTS_NS)
    assert (who, member.ends_ns, len(members)) == (ANN, {}, 0)


def test_typing_is_told_every_50_ms_at_most() -> None:
    members = Members()
    told = [at_ns for at_ns in range(0, 4 * TYPING_NS, TYPING_NS // 5) if members.types(ANN, at_ns)]
    assert told == [0, TYPING_NS, 2 * TYPING_NS, 3 * TYPING_NS]
