"""Connections without a whole request: who goes, when, and why."""

from feed.hub.waiting import TurnedAway, Waiting

S = 1_000_000_000


class Connection:
    def __init__(self) -> None:
        self.gave_up: list[TurnedAway] = []

    def give_up(self, why: TurnedAway) -> None:
        self.gave_up.append(why)


def some(count: int) -> list[Connection]:
    return [Connection() for _ in range(count)]


def waiting(*, max_connections: int = 100, max_bytes: int = 1_000) -> Waiting:
    return Waiting(max_connections=max_connections, max_bytes=max_bytes, head_timeout_ns=10 * S)


def test_a_head_that_is_not_whole_in_time_ends_its_connection() -> None:
    queue = waiting()
    early, late, idle = some(3)
    queue.begin(early, 0)
    queue.begin(late, 5 * S)
    queue.rest(idle)
    assert list(queue.sweep(10 * S - 1)) == []
    assert list(queue.sweep(10 * S)) == [None]
    assert (early.gave_up, late.gave_up, idle.gave_up) == ([TurnedAway.TIMEOUT], [], [])
    assert list(queue.heads) == [late]
    assert queue.turned_away == {TurnedAway.TIMEOUT: 1}


def test_5000_silent_ones_are_ended_one_by_one() -> None:
    queue = waiting(max_connections=5_000)
    silent = some(5_000)
    for connection in silent:
        queue.begin(connection, 0)
    for number, _ in enumerate(queue.sweep(10 * S), 1):
        assert len(queue.heads) == 5_000 - number
    assert all(connection.gave_up == [TurnedAway.TIMEOUT] for connection in silent)


def test_the_longest_waiting_makes_room_and_idle_ones_go_first() -> None:
    queue = waiting(max_connections=3)
    first, second, idle, newest, last = some(5)
    queue.begin(first, 0)
    queue.begin(second, 1)
    queue.rest(idle)
    queue.begin(newest, 2)
    assert idle.gave_up == [TurnedAway.CROWDED]
    queue.begin(last, 3)
    assert first.gave_up == [TurnedAway.CROWDED]
    assert list(queue.heads) == [second, newest, last]


def test_whoever_held_bytes_first_makes_room_for_more() -> None:
    queue = waiting(max_bytes=1_000)
    first, second, third = some(3)
    for connection in (first, second, third):
        queue.begin(connection, 0)
    queue.hold(first, 300)
    queue.hold(second, 300)
    queue.hold(first, 400)
    assert queue.held_bytes == 700
    queue.hold(third, 400)
    assert first.gave_up == [TurnedAway.CROWDED]
    assert queue.held_bytes == 700
    queue.end(second)
    queue.end(third)
    assert queue.held_bytes == 0
    assert not queue.heads


def test_a_connection_that_is_served_is_not_waited_for() -> None:
    queue = waiting(max_connections=1)
    served, other = some(2)
    queue.begin(served, 0)
    queue.end(served)
    queue.begin(other, 0)
    assert len(list(queue.sweep(60 * S))) == 1
    assert served.gave_up == []
