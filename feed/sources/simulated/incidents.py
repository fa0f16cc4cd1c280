"""The incidents of the simulated market: news that stirs a symbol or a sector, and halts.

News makes prices jump, draws much of the market's activity to the symbols concerned and heats
them; then it is forgotten. A halt stops one share for a while; when it resumes, its price has
jumped and it is in the news. Both are far more frequent than in life, and halts shorter (five
minutes at least), so that an observer of a minute or two sees them. Knows no clock: it is told
the time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp
from random import Random
from typing import Any

from feed.market.ticks import SECOND_NS, Status
from feed.sources.simulated.book import CALM, Book, Mood
from feed.sources.simulated.shares import HaltReason, ShareBook
from feed.sources.simulated.walk import Walk

# From the end of one to the beginning of the next, in seconds, equally likely between the two.
_NEWS_GAP_S = (5.0, 45.0)
_HALT_GAP_S = (25.0, 90.0)
_HALT_S = (8.0, 30.0)
_PAUSE_DELAY_S = (1.0, 4.0)  # from news that calls for a pause to the pause

_NEWS_DECAY_S = 12.0
_NEWS_END = 0.03  # of its first strength: after 42 s
_NEWS_SHARE = 0.25  # of all visits go to symbols in the news, at first
_SECTOR_NEWS = 0.25  # of all news concerns a whole sector
_SYMBOL_HEAT = 4.0
_SECTOR_HEAT = 2.0
_SYMBOL_JUMP = (0.15, 0.9)  # of the walk's expected move in a day
_SECTOR_JUMP = (0.1, 0.4)
_PAUSE_JUMP = 0.6  # news that moves one share this far calls for a volatility pause

_EVEN_ODDS = 0.5  # of going up
_HALTED_AT_MOST = 0.02  # of all shares, and one

_VOLATILITY_PAUSE = HaltReason(
    "LUDP", "Volatility Trading Pause", "T7", "Single Stock Trading Pause/Quotation-Only Period"
)
_OTHER_REASONS = (
    HaltReason("T1", "Halt News Pending", "T3", "News and Resumption Times"),
    HaltReason(
        "T12",
        "Trading Halted; For information requested by NASDAQ",
        "R4",
        "Qualifications Issues Reviewed/Resolved; Quotations/Trading to Resume",
    ),
)


@dataclass(frozen=True, slots=True)
class Sector:
    """Symbols that move together.

    Attributes:
        walk: the walk that moves them.
        books: theirs.
    """

    walk: Walk
    books: list[Book]


@dataclass(slots=True)
class _News:
    began_ns: int
    mood: Mood
    first_heat: float


class Incidents:
    """The news and the halts of one market."""

    __slots__ = (
        "_books",
        "_halt_ns",
        "_halted",
        "_jumped",
        "_news",
        "_news_ns",
        "_room",
        "_sectors",
        "_shares",
        "_start_ns",
        "_uniform",
        "crowd",
        "share",
    )

    def __init__(
        self,
        sectors: Sequence[Sector],
        ranked: Sequence[Book],
        random: Random,
        start_ns: int,
    ) -> None:
        """Begin without any.

        Args:
            sectors: of the market.
            ranked: all of its books, in an order that does not change.
            random: the market's one generator.
            start_ns: event time of the first moment.
        """
        self._uniform = random.random
        self._sectors = sectors
        self._books = ranked
        self._start_ns = start_ns
        books = [book for sector in sectors for book in sector.books]
        self._shares = [book for book in books if isinstance(book, ShareBook)]
        # One book at least goes on, or nothing could be traded.
        self._room = min(max(1, int(len(self._shares) * _HALTED_AT_MOST)), len(books) - 1)
        self._halted: list[tuple[int, ShareBook]] = []  # when it resumes
        self._jumped: ShareBook | None = None  # its news calls for a volatility pause
        self._news: _News | None = None
        self._news_ns = start_ns + self._draw_ns(_NEWS_GAP_S)
        self._halt_ns = start_ns + self._draw_ns(_HALT_GAP_S)
        self.crowd: list[Book] = []  # the books in the news
        self.share = 0.0  # of all visits that go to them

    def advance(self, now_ns: int, last_ns: int) -> list[Status]:
        """Let all incidents happen that are due.

        Args:
            now_ns: event time of the next tick.
            last_ns: event time of the last one; no status comes before it.

        Returns:
            statuses in order, at event times from `last_ns` to `now_ns`.
        """
        self._follow_news(now_ns)
        statuses: list[Status] = []
        for resume_ns, book in [halt for halt in self._halted if halt[0] <= now_ns]:
            self._halted.remove((resume_ns, book))
            last_ns = max(last_ns, resume_ns)
            statuses.append(book.resume(last_ns))
            self._break_news(now_ns, [book], book.own, _SYMBOL_JUMP, _SYMBOL_HEAT)
        if now_ns >= self._halt_ns:
            last_ns = max(last_ns, self._halt_ns)
            self._halt_ns = now_ns + self._draw_ns(_HALT_GAP_S)
            found = self._find_halt()
            if found is not None:
                book, reason = found
                self._halted.append((now_ns + self._draw_ns(_HALT_S), book))
                self._halted.sort(key=lambda halt: halt[0])
                statuses.append(book.halt(reason, last_ns))
        return statuses

    def state(self) -> dict[str, Any]:
        """Return what has changed since the beginning, as plain data; books by their place."""
        start_ns, news = self._start_ns, self._news
        place = {id(book): number for number, book in enumerate(self._books)}
        return {
            "halt_ns": self._halt_ns - start_ns,
            "news_ns": self._news_ns - start_ns,
            "halted": [[until_ns - start_ns, place[id(book)]] for until_ns, book in self._halted],
            "jumped": None if self._jumped is None else place[id(self._jumped)],
            "news": news and [news.began_ns - start_ns, news.mood.heat, news.first_heat],
            "crowd": [place[id(book)] for book in self.crowd],
            "share": self.share,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take up what the incidents of a market of the same options were."""
        start_ns, books = self._start_ns, self._books
        self._halt_ns = start_ns + state["halt_ns"]
        self._news_ns = start_ns + state["news_ns"]
        self._halted = [
            (start_ns + since_start_ns, book)
            for since_start_ns, number in state["halted"]
            if isinstance(book := books[number], ShareBook)
        ]
        jumped = None if state["jumped"] is None else books[state["jumped"]]
        self._jumped = jumped if isinstance(jumped, ShareBook) else None
        self.crowd = [books[number] for number in state["crowd"]]
        self.share = state["share"]
        self._news = None
        if state["news"] is not None:
            began_ns, heat, first_heat = state["news"]
            self._news = _News(start_ns + began_ns, Mood(heat), first_heat)
            for book in self.crowd:
                book.news = self._news.mood

    def _find_halt(self) -> tuple[ShareBook, HaltReason] | None:
        """Choose a share to halt: the one that just jumped, or any; none while enough are."""
        jumped, self._jumped = self._jumped, None
        if len(self._halted) >= self._room or not self._shares:
            return None
        if jumped is not None and not jumped.halted:
            return jumped, _VOLATILITY_PAUSE
        share = self._shares[int(self._uniform() * len(self._shares))]
        reason = _OTHER_REASONS[int(self._uniform() * len(_OTHER_REASONS))]
        return None if share.halted else (share, reason)

    def _follow_news(self, now_ns: int) -> None:
        """Let the news fade, or break the next."""
        news = self._news
        if news is None:
            if now_ns >= self._news_ns:
                self._break_some_news(now_ns)
            return
        strength = exp((news.began_ns - now_ns) / (_NEWS_DECAY_S * SECOND_NS))
        if strength < _NEWS_END:
            self._forget_news(now_ns)
        else:
            news.mood.heat = news.first_heat * strength
            self.share = _NEWS_SHARE * strength

    def _break_some_news(self, now_ns: int) -> None:
        sector = self._sectors[int(self._uniform() * len(self._sectors))]
        if self._uniform() < _SECTOR_NEWS:
            self._break_news(now_ns, sector.books, sector.walk, _SECTOR_JUMP, _SECTOR_HEAT)
        else:
            book = sector.books[int(self._uniform() * len(sector.books))]
            jump = self._break_news(now_ns, [book], book.own, _SYMBOL_JUMP, _SYMBOL_HEAT)
            if isinstance(book, ShareBook) and jump >= _PAUSE_JUMP:
                self._jumped = book
                self._halt_ns = now_ns + self._draw_ns(_PAUSE_DELAY_S)

    def _break_news(
        self,
        now_ns: int,
        books: list[Book],
        walk: Walk,
        jumps: tuple[float, float],
        heat: float,
    ) -> float:
        """Make a walk jump and its books hot; return how far. Other news is forgotten."""
        self._forget_news(now_ns)
        low, high = jumps
        jump = low + (high - low) * self._uniform()
        walk.jump(jump if self._uniform() < _EVEN_ODDS else -jump)
        mood = Mood(heat)
        for book in books:
            book.news = mood
        self.crowd = books
        self.share = _NEWS_SHARE
        self._news = _News(now_ns, mood, heat)
        return jump

    def _forget_news(self, now_ns: int) -> None:
        for book in self.crowd:
            book.news = CALM
        self.crowd = []
        self.share = 0.0
        self._news = None
        self._news_ns = now_ns + self._draw_ns(_NEWS_GAP_S)

    def _draw_ns(self, between_s: tuple[float, float]) -> int:
        low, high = between_s
        return int((low + (high - low) * self._uniform()) * SECOND_NS)
