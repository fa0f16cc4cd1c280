"""The answer of the built-in model: 3 to 12 short sentences, what was asked for first.

The first sentence says what this is and as of when. Behind it come the symbols that the question
names, then the topics that it names, in more detail, then how the market is as a whole. A question
that names neither is answered with all topics. The same summary and question make the same answer.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from feed.errors import show_name
from feed.market.summary.figures import Base, Figures
from feed.market.summary.question import Question, Topic
from feed.market.summary.summary import Summary
from feed.market.summary.wording import (
    basis_points,
    counted,
    halt_reason,
    halt_text,
    listed,
    percent,
    price_text,
    volume_text,
)

LABEL = "Market summary (rule-based, not a language model)"
_FEW = 3  # symbols of a list that nobody has asked for
_MORE = 5  # of one that is asked for
_MOST_TOLD = 3  # symbols that are told one by one
_CONTEXT = (Topic.MOVERS, Topic.BREADTH)  # of an answer to a question on something else


@dataclass(frozen=True, slots=True)
class AsOf:
    """As of when a summary is.

    Attributes:
        position: of the last event in it.
        time: of day, as text.
        down: why nothing comes any more, "" where it does.
    """

    position: str
    time: str
    down: str = ""


def answer(summary: Summary, question: Question, as_of: AsOf) -> str:
    """Return the answer to a question, as one paragraph."""
    return " ".join(_sentences(summary, question, as_of))


def _sentences(summary: Summary, question: Question, as_of: AsOf) -> Iterator[str]:
    count = len(summary.figures)
    down = f", the last ones known, since the source is down ({as_of.down})" if as_of.down else ""
    yield f"{LABEL} as of {as_of.time}, of {counted(count, 'symbol')}{down}."
    if question.unknown:
        unknown = [show_name(name) for name in question.unknown]
        yield f"Nothing is known here of {_some(unknown, len(unknown))}."
    if summary.is_empty:
        yield "No trade, quote, bar or status has come of any symbol that this is of."
        yield "So no movers, volumes, halts, gaps or spreads can be told."
        return
    named = question.symbols
    if count == 1 or (count <= _MOST_TOLD and not (named or question.topics)):
        named = tuple(summary.figures)
    yield from _told([summary.figures[symbol] for symbol in named])
    if count == 1:
        return
    for topic in question.topics:
        yield _TOPICS[topic](summary, _MORE)
    for topic in _CONTEXT if named or question.topics else tuple(Topic):
        if topic not in question.topics:
            yield _TOPICS[topic](summary, _FEW)


def _told(named: list[Figures]) -> Iterator[str]:
    """Yield what is known of the symbols that were named: of one alone in three sentences."""
    if len(named) == 1:
        yield _price(named[0])
        yield _day(named[0])
        yield _quote(named[0])
        return
    for figures in named[:_MOST_TOLD]:
        yield _price(figures)
    if len(named) > _MOST_TOLD:
        yield f"{counted(len(named) - _MOST_TOLD, 'more symbol')} named are not told one by one."


def _price(figures: Figures) -> str:
    symbol, last, change = figures.symbol, figures.last, figures.change_pct
    if last is None:
        return f"The last price of {symbol} is unknown."
    at = f"{symbol} is at {price_text(figures, last)}"
    base = figures.previous_close if figures.base is Base.PREVIOUS_CLOSE else figures.open
    if change is None or base is None:
        return f"{at}; how far it has moved is unknown."
    return f"{at}, {percent(change)} against its {figures.base} ({price_text(figures, base)})."


def _day(figures: Figures) -> str:
    opened, volume = "its first price is unknown", "its volume is unknown"
    if figures.open is not None:
        gap = figures.gap_pct
        gapped = "an unknown gap" if gap is None else f"a gap of {percent(gap)}"
        opened = f"its first known price is {price_text(figures, figures.open)}, {gapped}"
    if figures.volume is not None:
        volume = f"its known volume is {volume_text(figures.volume)}"
    return f"Today {opened}, and {volume}."


def _quote(figures: Figures) -> str:
    bid, ask, spread = figures.bid, figures.ask, figures.spread_bp
    quoted = "Its spread is unknown"
    if bid is not None and ask is not None and spread is not None:
        how = "Its quote is crossed by" if spread < 0 else "Its spread is"
        prices = f"bid {price_text(figures, bid)}, ask {price_text(figures, ask)}"
        quoted = f"{how} {basis_points(abs(spread))} ({prices})"
    halted = "is not known to be halted"
    if figures.halt is not None:
        halted = f"is halted: {halt_reason(figures)}" if figures.halt else "is halted"
    return f"{quoted}, and it {halted}."


def _movers(summary: Summary, most: int) -> str:
    if not summary.breadth.known:
        return "No change of a price is known."
    risen = [_moved(figures) for figures in summary.risen[:most]]
    fallen = [_moved(figures) for figures in summary.fallen[:most]]
    up = f"Up most {_are(risen)} {listed(risen)}" if risen else "No symbol is up"
    down = f"down most {_are(fallen)} {listed(fallen)}" if fallen else "no symbol is down"
    return f"{up}; {down}."


def _moved(figures: Figures) -> str:
    assert figures.last is not None, "it has moved"
    assert figures.change_pct is not None, "it has moved"
    return f"{figures.symbol} {percent(figures.change_pct)} ({price_text(figures, figures.last)})"


def _breadth(summary: Summary, _: int) -> str:
    breadth = summary.breadth
    if not breadth.known:
        return "No symbol is known to be up or down."
    against = "the previous close"
    if breadth.against_open == breadth.known:
        against = f"the {Base.OPEN}, since no previous close is known"
    elif breadth.against_open:
        against += f", or the {Base.OPEN} for the {breadth.against_open:,} without one"
    unknown = f"; of {breadth.unknown:,} it is unknown" if breadth.unknown else ""
    return (
        f"Breadth: {breadth.up:,} up, {breadth.down:,} down, {breadth.unchanged:,} unchanged "
        f"against {against}{unknown}."
    )


def _volume(summary: Summary, most: int) -> str:
    active = [
        f"{figures.symbol} (volume {volume_text(figures.volume)})"
        for figures in summary.active[:most]
        if figures.volume is not None
    ]
    if not active:
        return "No volume of today is known."
    since = f"since {summary.volumes_since}" if summary.volumes_since else "today"
    return f"Most traded {since} by value, as far as is known, {_are(active)} {listed(active)}."


def _halts(summary: Summary, most: int) -> str:
    if not summary.halts:
        return "No symbol is known to be halted."
    halted = [halt_text(figures) for figures in summary.halted[:most]]
    return f"Halted {'are' if summary.halts > 1 else 'is'} {_some(halted, summary.halts)}."


def _gaps(summary: Summary, most: int) -> str:
    if not summary.gaps:
        return f"No gap is known, since that takes a previous close and a {Base.OPEN}."
    gapped = [
        f"{figures.symbol} {percent(figures.gap_pct)} (from "
        f"{price_text(figures, figures.previous_close)} to {price_text(figures, figures.open)})"
        for figures in summary.gapped[:most]
        if figures.gap_pct and figures.previous_close is not None and figures.open is not None
    ]
    if not gapped:
        return f"No symbol has opened with a gap, of {summary.gaps:,} of which that is known."
    largest = f"The largest {_of(gapped, 'gap')} from the previous close to the {Base.OPEN}"
    few = f", of {summary.gaps:,} that are known" if summary.gaps < len(summary.figures) else ""
    return f"{largest} {_are(gapped)} {listed(gapped)}{few}."


def _spreads(summary: Summary, most: int) -> str:
    median_bp = summary.median_spread_bp
    if median_bp is None:
        return "No spread is known."
    widest = [
        f"{figures.symbol} ({basis_points(figures.spread_bp)})"
        for figures in summary.widest[:most]
        if figures.spread_bp is not None
    ]
    median = (
        f"The median spread is {basis_points(median_bp)} of {counted(summary.spreads, 'symbol')}"
    )
    return f"{median}; widest {_are(widest)} {listed(widest)}."


def _some(texts: list[str], count: int) -> str:
    """Return the first of so many texts as a list, and how many there are beside them."""
    shown = texts[:_MORE]
    return listed([*shown, f"{count - len(shown):,} more"] if count > len(shown) else shown)


def _are(texts: list[str]) -> str:
    return "is" if len(texts) == 1 else "are"


def _of(texts: list[str], noun: str) -> str:
    return noun if len(texts) == 1 else f"{noun}s"


_TOPICS: dict[Topic, Callable[[Summary, int], str]] = {
    Topic.MOVERS: _movers,
    Topic.BREADTH: _breadth,
    Topic.VOLUME: _volume,
    Topic.HALTS: _halts,
    Topic.GAPS: _gaps,
    Topic.SPREADS: _spreads,
}
