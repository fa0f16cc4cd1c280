"""Facts: what is known of the market as of one position, for whoever is to answer a question.

They are gathered for one asker, of what that one may read: of a symbol whose trades alone are
granted, its quotes and bars are as unknown as if there were none. Whoever is granted ticks at
intervals only gets the state as of the last end of one, without volumes, which change with each
trade.

The last ticks are those of the position; what bars tell, which is read while ticks go on, may be a
few milliseconds newer. The work of many symbols is done in slices.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from feed.errors import InvalidParameter, LimitExceeded, NotGranted, show_name
from feed.hub.hub import Hub
from feed.hub.steps import Step
from feed.ingest.runner import Ingest
from feed.market.snapshot import Snapshot
from feed.market.summary.figures import Figures
from feed.market.summary.lines import MOST_LINES, fact_lines
from feed.market.summary.question import read_question
from feed.market.summary.sentences import AsOf, answer
from feed.market.summary.summary import Summary, summarize
from feed.market.symbol_health import HALTED_CODES, RESUMED_CODES, Health
from feed.market.symbols import ALL, SYMBOL_SHAPE, is_symbol
from feed.market.ticks import (
    CHANNEL_OF_KIND,
    KIND_OF_CHANNEL,
    SECOND_NS,
    Bar,
    Channel,
    Kind,
    Quote,
    Status,
    Tick,
    Trade,
)
from feed.sources.reference import Reference
from feed.wire.generations.asked import Asked
from feed.wire.grants import Grants
from feed.wire.rfc3339 import second_prefix

SYMBOLS_FIELD = "feed.symbols"  # of requests, for errors
_MOST_NAMED = 5  # symbols in an error
_MOST_RECALLED = MOST_LINES  # symbols whose past is told for a question: 25 ms each, once


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
class _State:
    """The last known ticks as of a position, which change no more, and all of their symbols."""

    as_of: AsOf
    wall_ns: int
    known: Snapshot
    symbols: list[str]


class MarketFacts:
    """Gathers facts from the live snapshot, the bars, and what is known of instruments."""

    __slots__ = ("_hub", "_ingest", "_reference")

    def __init__(self, hub: Hub, ingest: Ingest, reference: Reference) -> None:
        """Gather from the parts of a server."""
        self._hub = hub
        self._ingest = ingest
        self._reference = reference

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
        turns = self._hub.turns
        async with turns.turn(Step.ANSWER):
            named = self._named(asked.symbols or (), grants)
            state = self._state(grants)
        symbols = sorted(named)
        if not named:
            await turns.in_slices(_readable(state.symbols, grants, symbols), Step.ANSWER)
        async with turns.turn(Step.ANSWER):
            question = read_question(_prompt(asked), frozenset(symbols))
        recalled = symbols if len(symbols) <= _MOST_RECALLED else question.symbols[:_MOST_RECALLED]
        await turns.in_slices(self._recall(recalled, grants), Step.ANSWER)
        figures: list[Figures] = []
        await turns.in_slices(self._fill(figures, symbols, state, grants), Step.ANSWER)
        summaries: list[Summary] = []
        await turns.in_slices(_sum_up(figures, summaries), Step.ANSWER)
        async with turns.turn(Step.ANSWER):
            told = summaries[0], question, state.as_of
            position, wall_ns = state.as_of.position, state.wall_ns
            return Facts(fact_lines(*told), position, wall_ns, tuple(symbols), answer(*told))

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
        strange = self._hub.broadcast.snapshot.without_state(frozenset(names))
        unknown = sorted(name for name in strange if self._reference.instrument(name) is None)
        if unknown:
            raise InvalidParameter(SYMBOLS_FIELD, _some(unknown), "symbols that /v1/symbols lists")
        return frozenset(names)

    def _state(self, grants: Grants) -> _State:
        """Return the last known state that somebody may read, as of its position."""
        broadcast, wall_ns = self._hub.broadcast, self._hub.clock.wall_ns()
        position, known = broadcast.position, broadcast.snapshot
        if grants.conflate_ms:
            pace = broadcast.pace(grants.conflate_ms)
            position, known = broadcast.ring.position(pace.sequence), pace.snapshot
        time, market_ns = _time(wall_ns), broadcast.market_times.now_ns
        if market_ns is not None:
            time += f" (market time {_time(market_ns)})"
        feed = self._ingest.feed
        down = feed.reason if feed.state is Health.SOURCE_DOWN else ""
        return _State(AsOf(str(position), time, down), wall_ns, known.copy(), known.symbols)

    def _recall(self, symbols: Iterable[str], grants: Grants) -> Iterator[None]:
        """Have the past of symbols told, so that their day is whole."""
        for symbol in symbols:
            if grants.may_read(Channel.BARS, symbol):
                yield from self._ingest.bars_of(symbol).recollection.recall(symbol)

    def _fill(
        self, figures: list[Figures], symbols: Iterable[str], state: _State, grants: Grants
    ) -> Iterator[None]:
        """Append the figures of symbols, one by one."""
        for symbol in symbols:
            figures.append(self._figures(symbol, state.known.get(symbol), grants))
            yield

    def _figures(self, symbol: str, ticks: Iterable[Tick], grants: Grants) -> Figures:
        """Return what is known of a symbol and granted."""
        granted = {tick.kind: tick for tick in ticks if _is_granted(tick, grants)}
        trade, quote = granted.get(Kind.TRADE), granted.get(Kind.QUOTE)
        minute, status = granted.get(Kind.BAR), granted.get(Kind.STATUS)
        last = minute.close if isinstance(minute, Bar) else None
        opened = previous_close = volume = None
        if grants.may_read(Channel.BARS, symbol):
            builder = self._ingest.bars_of(symbol)
            previous_close, day = builder.previous_close(symbol), builder.day(symbol)
            if day is not None and not grants.conflate_ms:
                volume, last = day.volume, day.close
            is_partial = day and builder.recollection.is_partial(symbol, day.event_ns)
            if day is not None and not is_partial and (granted or not grants.conflate_ms):
                opened = day.open
        known = self._reference.instrument(symbol)
        return Figures(
            symbol,
            trade.price if isinstance(trade, Trade) else last,
            opened,
            previous_close,
            volume,
            quote.bid_price if isinstance(quote, Quote) else None,
            quote.ask_price if isinstance(quote, Quote) else None,
            self._halt(status) if isinstance(status, Status) else None,
            None if known is None else known.price_step,
        )

    def _halt(self, status: Status) -> str | None:
        """Return why a symbol is halted; None: it is not.

        A status of its health may have come since: then it is the watch that knows.
        """
        code = status.status_code
        if code in HALTED_CODES:
            return status.reason_message or status.status_message
        strand = self._ingest.strand_of(status.symbol)
        is_halted = strand is not None and strand.health.is_halted(status.symbol)
        return "" if is_halted and code not in RESUMED_CODES else None


def _readable(known: Iterable[str], grants: Grants, readable: list[str]) -> Iterator[None]:
    """Append those of the known symbols that may be read, one by one."""
    for symbol in known:
        if grants.may_read_any(symbol):
            readable.append(symbol)
        yield


def _sum_up(figures: list[Figures], summaries: list[Summary]) -> Iterator[None]:
    """Append the summary of figures, run by run."""
    summaries.append((yield from summarize(figures)))


def _is_granted(tick: Tick, grants: Grants) -> bool:
    return grants.may_read(CHANNEL_OF_KIND[tick.kind], tick.symbol)


def _prompt(asked: Asked) -> str:
    """Return the question itself: what a user said last."""
    said = (turn.content for turn in reversed(asked.turns) if turn.role == "user")
    return next(said, asked.turns[-1].content if asked.turns else "")


def _time(unix_ns: int) -> str:
    return f"{second_prefix(unix_ns // SECOND_NS)[:-1]}Z"


def _some(names: list[str]) -> str:
    """Return the first of some names, and how many there are beside them."""
    more = len(names) - _MOST_NAMED
    shown = ", ".join(show_name(name) for name in names[:_MOST_NAMED])
    return f"{shown} and {more:,} more" if more > 0 else shown
