"""The facts in compact lines, for the prompt of a language model that is grounded on them.

First what they are and as of when, then what stands out, then one line a symbol: of all where they
are few, else of those that the question names.
"""

from collections.abc import Iterable, Iterator

from feed.market.summary.figures import Base, Figures
from feed.market.summary.question import Question
from feed.market.summary.sentences import AsOf
from feed.market.summary.summary import Summary
from feed.market.summary.wording import (
    basis_points,
    halt_reason,
    halt_text,
    percent,
    price_text,
    volume_text,
)

MOST_LINES = 20  # of symbols
_UNKNOWN = "unknown"


def fact_lines(summary: Summary, question: Question, as_of: AsOf) -> str:
    """Return the facts as text, a line each."""
    return "\n".join(_lines(summary, question, as_of))


def _lines(summary: Summary, question: Question, as_of: AsOf) -> Iterator[str]:
    figures, breadth = summary.figures, summary.breadth
    down = f"; source down: {as_of.down}" if as_of.down else ""
    yield f"as of {as_of.time}, position {as_of.position}; symbols: {len(figures)}{down}"
    yield f"days are those of UTC; open: {Base.OPEN}; volume: of the day, as far as it is known"
    against_open = f" ({breadth.against_open} against open)" if breadth.against_open else ""
    yield (
        f"breadth against previous close{against_open}: up {breadth.up}, down {breadth.down}, "
        f"unchanged {breadth.unchanged}, unknown {breadth.unknown}"
    )
    if len(figures) > 1:
        yield from _leaders(summary)
    named = question.symbols if len(figures) > MOST_LINES else tuple(figures)
    yield from (_line(figures[symbol]) for symbol in named[:MOST_LINES])
    if question.unknown:
        yield f"{_joined(question.unknown[:MOST_LINES])}: unknown here"


def _leaders(summary: Summary) -> Iterator[str]:
    yield f"up most: {_joined(_moved(each) for each in summary.risen)}"
    yield f"down most: {_joined(_moved(each) for each in summary.fallen)}"
    active = (f"{each.symbol} {volume_text(each.volume or 0)}" for each in summary.active)
    since = f" since {summary.volumes_since}" if summary.volumes_since else ""
    yield f"largest volumes{since} by value: {_joined(active)}"
    yield f"halted, {summary.halts}: {_joined(halt_text(each) for each in summary.halted)}"
    gapped = (f"{each.symbol} {percent(each.gap_pct or 0)}" for each in summary.gapped)
    yield f"largest gaps, of {summary.gaps} known: {_joined(gapped)}"
    median_bp = summary.median_spread_bp
    median = _UNKNOWN if median_bp is None else basis_points(median_bp)
    widest = (f"{each.symbol} {basis_points(each.spread_bp or 0)}" for each in summary.widest)
    yield f"spreads, of {summary.spreads} known: median {median}, widest {_joined(widest)}"


def _moved(figures: Figures) -> str:
    return f"{figures.symbol} {percent(figures.change_pct or 0)} {_price(figures, figures.last)}"


def _line(figures: Figures) -> str:
    change, gap, spread = figures.change_pct, figures.gap_pct, figures.spread_bp
    against = " against open" if figures.base is Base.OPEN else " against previous close"
    halt = "none known" if figures.halt is None else halt_reason(figures) or "yes"
    values = {
        "last": _price(figures, figures.last),
        "change": _UNKNOWN if change is None else f"{percent(change)}{against}",
        "open": _price(figures, figures.open),
        "previous close": _price(figures, figures.previous_close),
        "gap": _UNKNOWN if gap is None else percent(gap),
        "volume": _UNKNOWN if figures.volume is None else volume_text(figures.volume),
        "bid": _price(figures, figures.bid),
        "ask": _price(figures, figures.ask),
        "spread": _UNKNOWN if spread is None else basis_points(spread),
        "halt": halt,
    }
    return f"{figures.symbol}: {', '.join(f'{name} {value}' for name, value in values.items())}"


def _price(figures: Figures, price: float | None) -> str:
    return _UNKNOWN if price is None else price_text(figures, price)


def _joined(texts: Iterable[str]) -> str:
    return "; ".join(texts) or "none"
