"""Facts: what is known of the market as of one position, for whoever is to answer a question.

Theory of operation: facts are gathered for one asker, of what that one may read. Those of many
symbols cost 20 µs a symbol, so that whoever may read the same shares them for a second, and others
wait for their turn; of the symbols that a question names, and of a few, they are gathered afresh,
their past included. All of the work is done in slices.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from feed.errors import InvalidParameter, LimitExceeded, NotGranted, show_name
from feed.generations.view import Market, View
from feed.hub.hub import Hub
from feed.hub.steps import Step
from feed.ingest.runner import Ingest
from feed.market.summary.figures import Figures
from feed.market.summary.lines import MOST_LINES, fact_lines
from feed.market.summary.question import read_question
from feed.market.summary.sentences import answer
from feed.market.summary.summary import Summary, summarize
from feed.market.symbols import ALL, SYMBOL_SHAPE, is_symbol
from feed.market.ticks import KIND_OF_CHANNEL, SECOND_NS
from feed.sources.reference import Reference
from feed.wire.generations.asked import Asked
from feed.wire.grants import Grants

SYMBOLS_FIELD = "feed.symbols"  # of requests, for errors
SHARED_NS = SECOND_NS  # for which the facts of many symbols are shared
_MOST_SHARED = 8  # askers who may read different things: 2 MB each, of 5,000 symbols
_FEW = MOST_LINES  # symbols that are looked at for each question
_MOST_NAMED = 5  # symbols in an error


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of some symbols, all of which whoever asked may read.

    Attributes:
        text: the facts in compact lines, for the prompt of a language model.
        as_of: the position as of which they are.
        wall_ns: when that was.
        symbols: that they are of, sorted.
        answer: what the facts say to the question by rules, in sentences.
    """

    text: str
    as_of: str
    wall_ns: int
    symbols: tuple[str, ...]
    answer: str = ""


@dataclass(frozen=True, slots=True)
class _Overview:
    """A view that was summed up, and when, monotonic."""

    view: View
    summary: Summary
    made_ns: int


class MarketFacts:
    """Gathers facts from the live snapshot, the bars, and what is known of instruments."""

    __slots__ = ("_hub", "_market", "_shared", "_summing")

    def __init__(self, hub: Hub, ingest: Ingest, reference: Reference) -> None:
        """Gather from the parts of a server."""
        self._hub = hub
        self._market = Market(hub, ingest, reference)
        self._shared: OrderedDict[tuple[frozenset[str], Grants], _Overview] = OrderedDict()
        self._summing = asyncio.Lock()  # one view of many symbols is summed up at a time

    async def gather(self, asked: Asked, grants: Grants) -> Facts:
        """Return the facts for a question: of the symbols that it asks for, or else of all.

        Args:
            asked: the question, whether or not it asks to be grounded.
            grants: of whoever asks.

        Raises:
            InvalidParameter: a symbol that it asks for is unknown.
            LimitExceeded: it asks for more symbols than a connection may name.
            NotGranted: one of them may not be read, or none at all.
        """
        turns, prompt = self._hub.turns, _prompt(asked)
        async with turns.turn(Step.ANSWER):
            named = self._named(asked.symbols or (), grants)
            view, rest = self._market.view(named, grants)
        await turns.in_slices(rest, Step.ANSWER)
        if len(view.symbols) > _FEW:
            view, summary = await self._many(named, view, prompt)
        else:
            summary = await self._sum_up(await self._figures(view.symbols, view, whole=True))
        async with turns.turn(Step.ANSWER):
            told = summary, read_question(prompt, summary.figures), view.as_of
            position, symbols = view.as_of.position, tuple(view.symbols)
            return Facts(fact_lines(*told), position, view.wall_ns, symbols, answer(*told))

    def _named(self, names: tuple[str, ...], grants: Grants) -> frozenset[str]:
        """Return the symbols that are asked for; nothing is all, of which some may be read."""
        if not names or ALL in names:
            if not any(channel in KIND_OF_CHANNEL for channel, _ in grants.read):
                raise NotGranted("any symbol", grants.words())
            return frozenset()
        most = self._hub.settings.max_symbols_per_connection
        if len(names) > most:
            raise LimitExceeded(f"symbols of {SYMBOLS_FIELD}", len(names), most)
        for name in names:
            if not is_symbol(name):
                raise InvalidParameter(SYMBOLS_FIELD, name, SYMBOL_SHAPE)
        if refused := [name for name in names if not grants.may_read_any(name)]:
            raise NotGranted(f"{SYMBOLS_FIELD}: {_some(refused)}", grants.words())
        if unknown := self._market.unknown(names):
            raise InvalidParameter(SYMBOLS_FIELD, _some(unknown), "symbols that /v1/symbols lists")
        return frozenset(names)

    async def _many(self, named: frozenset[str], view: View, prompt: str) -> tuple[View, Summary]:
        """Return what is shared of many symbols, with afresh what the question names."""
        async with self._summing:
            overview = await self._overview(named, view)
        shown, summary = overview.view, overview.summary
        async with self._hub.turns.turn(Step.ANSWER):
            symbols = read_question(prompt, summary.figures).symbols[:_FEW]
        afresh = await self._figures(symbols, shown, whole=True)
        figures = {**summary.figures, **{each.symbol: each for each in afresh}}
        return shown, replace(summary, figures=figures)

    async def _overview(self, named: frozenset[str], view: View) -> _Overview:
        """Return what is shared by whoever may read the same, or sum up a view for them."""
        key, clock = (named, view.grants), self._hub.clock
        shared = self._shared.get(key)
        if shared is not None and clock.mono_ns() - shared.made_ns < SHARED_NS:
            return shared
        figures = await self._figures(view.symbols, view, whole=False)
        since = self._market.volumes_since()
        summary = replace(await self._sum_up(figures), volumes_since=since)
        shared = self._shared[key] = _Overview(view, summary, clock.mono_ns())
        self._shared.move_to_end(key)
        if len(self._shared) > _MOST_SHARED:
            self._shared.popitem(last=False)
        return shared

    async def _figures(self, symbols: Sequence[str], view: View, *, whole: bool) -> list[Figures]:
        """Return the figures of symbols; those of a few with their whole day, past included."""
        turns, figures = self._hub.turns, list[Figures]()
        if whole:
            await turns.in_slices(self._market.recall(symbols, view.grants), Step.ANSWER)
        filling = self._market.fill(figures, symbols, view, whole=whole)
        await turns.in_slices(filling, Step.ANSWER)
        return figures

    async def _sum_up(self, figures: list[Figures]) -> Summary:
        summaries: list[Summary] = []

        def summing() -> Iterator[None]:
            summaries.append((yield from summarize(figures)))

        await self._hub.turns.in_slices(summing(), Step.ANSWER)
        return summaries[0]


def _prompt(asked: Asked) -> str:
    """Return the question itself: what a user said last."""
    said = (turn.content for turn in reversed(asked.turns) if turn.role == "user")
    return next(said, asked.turns[-1].content if asked.turns else "")


def _some(names: list[str]) -> str:
    """Return the first of some names, and how many there are beside them."""
    more = len(names) - _MOST_NAMED
    shown = ", ".join(show_name(name) for name in names[:_MOST_NAMED])
    return f"{shown} and {more:,} more" if more > 0 else shown
