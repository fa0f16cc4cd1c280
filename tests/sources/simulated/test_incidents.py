from random import Random

import pytest

from feed.market.ticks import SECOND_NS, Status
from feed.sources.simulated.book import CALM, Book, Mood, Surroundings
from feed.sources.simulated.incidents import Incidents, Sector
from feed.sources.simulated.instruments import CRYPTO, find_instruments
from feed.sources.simulated.pairs import PairBook
from feed.sources.simulated.shares import ShareBook
from feed.sources.simulated.walk import Walk


class World:
    """Some books in one sector, with the incidents that befall them."""

    def __init__(self, symbols: int | list[str], seed: int = 1) -> None:
        random = Random(seed)
        sector = Sector(Walk(0.01, random), [])
        around = Surroundings(Walk(0.01, random), sector.walk, Mood(), random, 0)
        for rank, priced in enumerate(find_instruments(symbols)):
            pair = priced.instrument.asset_class == CRYPTO
            sector.books.append((PairBook if pair else ShareBook)(priced, rank=rank, around=around))
        self.sector = sector
        self.books: list[Book] = sector.books
        self.incidents = Incidents([sector], sector.books, random, 0)
        self.now_ns = 0

    def pass_time(self, seconds: float) -> list[Status]:
        """Advance in steps of a tenth of a second."""
        statuses = []
        for _ in range(round(seconds * 10)):
            last_ns, self.now_ns = self.now_ns, self.now_ns + SECOND_NS // 10
            statuses += self.incidents.advance(self.now_ns, last_ns)
        return statuses

    def halted(self) -> int:
        return sum(book.halted for book in self.books)


def test_news_moves_and_heats_its_crowd_and_is_forgotten() -> None:
    world = World(20)
    seen = set()
    for _ in range(4_000):
        values = [book.own.value for book in world.books], world.sector.walk.value
        known = list(world.incidents.crowd)
        world.pass_time(0.1)
        crowd = world.incidents.crowd
        if crowd and crowd is not known and crowd != known:
            moved = ([book.own.value for book in world.books], world.sector.walk.value) != values
            assert moved
            assert all(book.news.heat > 0 for book in crowd)
            assert 0 < world.incidents.share < 1
            seen.add(len(crowd))
        assert all(book.news is CALM for book in world.books if book not in crowd)
        assert bool(crowd) == (world.incidents.share > 0)
    assert seen == {1, 20}  # of a symbol, of the sector
    assert CALM.heat == 0


def test_the_heat_and_share_of_news_fall() -> None:
    world = World(["AAPL"])  # nothing but news can happen to it
    while not world.incidents.crowd:
        world.pass_time(0.1)
    heat, share = world.books[0].news.heat, world.incidents.share
    world.pass_time(10)
    assert world.books[0].news.heat < 0.6 * heat
    assert world.incidents.share < 0.6 * share
    world.pass_time(35)
    assert world.books[0].news is CALM


@pytest.mark.parametrize("symbols", [["AAPL", "MSFT"], 5, 100, 300])
def test_halts_end_and_never_stop_too_many(symbols: int | list[str]) -> None:
    world = World(symbols)
    statuses = []
    most = 0
    for _ in range(6_000):
        statuses += world.pass_time(0.1)
        most = max(most, world.halted())
    assert 1 <= most <= max(1, len(world.books) // 50)
    by_symbol: dict[str, list[str]] = {}
    for status in statuses:
        by_symbol.setdefault(status.symbol, []).append(status.status_code)
    assert all(codes == (["H", "T"] * len(codes))[: len(codes)] for codes in by_symbol.values())
    assert sum(len(codes) % 2 for codes in by_symbol.values()) == world.halted()
    assert len(statuses) > 10


def test_halts_have_several_reasons_and_a_large_jump_is_one() -> None:
    statuses = World(50).pass_time(3_600)
    assert {s.reason_code for s in statuses if s.status_code == "H"} == {"LUDP", "T1", "T12"}
    assert {s.reason_code for s in statuses if s.status_code == "T"} == {"T7", "T3", "R4"}


def test_a_share_that_resumes_is_in_the_news_at_another_price() -> None:
    world = World(50)
    checked = 0
    while checked < 5:
        before = {book.symbol: book.own.value for book in world.books}
        for status in world.pass_time(0.1):
            if status.status_code == "T":
                (book,) = world.incidents.crowd
                assert book.symbol == status.symbol
                assert book.own.value != before[status.symbol]
                checked += 1


@pytest.mark.parametrize("symbols", [["AAPL"], ["BTC/USD", "ETH/USD"]])
def test_the_only_symbol_and_pairs_are_never_halted(symbols: list[str]) -> None:
    assert World(symbols).pass_time(3_600) == []


def test_a_long_silence_is_not_made_up_for() -> None:
    world = World(300)
    last_ns = 0
    for now_ns in range(0, 10**15, 10**13):
        statuses = world.incidents.advance(now_ns, last_ns)
        assert len(statuses) <= 2  # one resumes, one is halted
        assert all(last_ns <= status.event_ns <= now_ns for status in statuses)
        last_ns = now_ns
    world.now_ns = last_ns
    assert len(world.pass_time(20)) <= 4
