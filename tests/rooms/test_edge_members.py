"""Who is in rooms over edges: as they tell, and no longer than they do."""

import random

from feed.rooms.edge_members import EDGE_LASTS_NS, EdgeMembers, Moves, News, Place
from feed.rooms.edge_news import EdgeNews
from feed.rooms.members import Who

ANN, BEN = Who("desk", "ann", "", "Ann"), Who("desk", "ben", "", "Ben")


def test_an_edge_that_is_not_known_has_to_tell_everything() -> None:
    edges = EdgeMembers()
    assert edges.hear("a", News(7, False, ((ANN, 1),)), 0) is None
    assert edges.hear("a", News(8, True, ((ANN, 1), (BEN, 2))), 0) == Moves(((ANN, 1), (BEN, 2)))
    assert edges.hear("a", News(9, False, ((ANN, 3),), ((BEN, 2),)), 0) == Moves(
        ((ANN, 3),), ((BEN, 2),)
    )
    assert edges.hear("a", News(11, False), 0) is None, "one was lost"
    assert edges.hear("a", News(9, True), 0) == Moves(), "it was overtaken"
    assert edges.hear("a", News(12, True, ((BEN, 2),)), 0) is not None
    assert edges.hear("a", News(13, False), 0) == Moves()


def test_what_an_edge_has_told_ends_with_it() -> None:
    edges = EdgeMembers()
    edges.hear("a", News(1, True, ((ANN, 1),)), 0)
    edges.hear("b", News(1, True, ((BEN, 1),)), 5)
    assert list(edges.expire(EDGE_LASTS_NS - 1)) == []
    edges.hear("b", News(2, False), EDGE_LASTS_NS - 1)
    assert list(edges.expire(EDGE_LASTS_NS)) == [(ANN, 1)]
    assert edges.hear("a", News(2, False), EDGE_LASTS_NS) is None
    assert len(edges) == 1


def test_news_are_the_last_word_on_each_connection() -> None:
    news = EdgeNews()
    news.enter(ANN, 1)
    assert news.take().news == News(1, True, ((ANN, 1),))
    news.enter(BEN, 2)
    news.leave(BEN, 2)
    news.leave(BEN, 9)  # who was never there
    news.types(ANN)
    news.types(ANN)
    report = news.take()
    assert (report.news, report.typing) == (News(2, False, (), ((BEN, 2),)), (ANN,))
    assert not news.is_due
    news.tell_all()
    assert news.take().news == News(3, True, ((ANN, 1),))


def test_a_writer_knows_who_is_there_whatever_is_lost_or_overtaken() -> None:
    for seed in range(200):
        chance = random.Random(seed)
        news, writer = EdgeNews(), EdgeMembers()
        here: set[Place] = set()
        there: set[Place] = set()
        late: list[News] = []
        for _ in range(30):
            place = chance.choice((ANN, BEN)), chance.randrange(3)
            if chance.random() < 0.6:
                news.enter(*place)
                here.add(place)
            else:
                news.leave(*place)
                here.discard(place)
            told = news.take().news
            if chance.random() < 0.2:  # nobody knows whether it arrives
                late.append(told)
                news.tell_all()
                continue
            if late and chance.random() < 0.3:
                told, again = late.pop(), told
                apply(there, writer.hear("a", told, 0))
                told = again
            if (moves := writer.hear("a", told, 0)) is None:
                news.tell_all()
                moves = writer.hear("a", news.take().news, 0)
            apply(there, moves)
            assert there == here


def apply(there: set[Place], moves: Moves | None) -> None:
    if moves is not None:
        there -= set(moves.left)
        there |= set(moves.entered)
