"""Numbers as text: prices on their grid, changes in percent, volumes, spreads in basis points."""

from feed.errors import show_name
from feed.market.price_steps import decimals_of, decimals_of_step
from feed.market.summary.figures import Figures

LONGEST_REASON = 60  # characters of why a symbol is halted: its exchange's words
_LARGEST = 1e15  # larger numbers are written with a power of ten
_WHOLE = 100.0  # volumes above it have no digits behind the point
_SMALLEST_PCT = 0.005  # smaller changes are 0.00


def price_text(figures: Figures, price: float) -> str:
    """Return a price of a symbol with the digits of its grid, or of the prices that are known."""
    if abs(price) >= _LARGEST:
        return f"{price:.6g}"
    step = figures.price_step
    if step is None:
        known = (figures.last, figures.open, figures.previous_close, figures.bid, figures.ask)
        decimals = decimals_of([price, *(each for each in known if each is not None)])
    else:
        decimals = decimals_of_step(step)
    return f"{price:,.{decimals}f}"


def percent(change_pct: float) -> str:
    """Return a change in percent, with its sign unless there is none."""
    if not change_pct:
        return "0.00%"
    if not _SMALLEST_PCT <= abs(change_pct) < _LARGEST:
        return f"{change_pct:+.2g}%"
    return f"{change_pct:+,.2f}%"


def volume_text(volume: float) -> str:
    """Return a volume: whole where it is large."""
    if volume >= _LARGEST:
        return f"{volume:.6g}"
    return f"{volume:,.0f}" if volume >= _WHOLE or volume == int(volume) else f"{volume:.4g}"


def basis_points(spread_bp: float) -> str:
    """Return a spread in basis points."""
    return f"{spread_bp:,.1f} bp" if abs(spread_bp) < _LARGEST else f"{spread_bp:.6g} bp"


def halt_reason(figures: Figures) -> str:
    """Return why a symbol is halted, as far as somebody has said it."""
    return show_name(figures.halt or "", LONGEST_REASON)


def halt_text(figures: Figures) -> str:
    """Return a symbol that is halted, with the reason where somebody has said one."""
    return f"{figures.symbol} ({halt_reason(figures)})" if figures.halt else figures.symbol


def counted(count: int, noun: str) -> str:
    """Return a number of things: "1 symbol", "5,000 symbols"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def listed(texts: list[str]) -> str:
    """Return texts as an English list: "A, B and C"."""
    return " and ".join(filter(None, (", ".join(texts[:-1]), *texts[-1:])))
