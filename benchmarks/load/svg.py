"""Two kinds of chart as static SVG: horizontal bars with whiskers, and lines over time.

Colours and type come from the page's style sheet by class, so that charts follow light and dark.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH = 760
_BAR = 18
_ROW = 30
_LABELS = 250  # room for the bars' names
_VALUES = 130  # room for their figures
_LINES_HEIGHT = 240
_MARGIN = (14, 96, 34, 64)  # top, right (for names), bottom, left of a line chart
_MAX_TICKS = 5
_CHAR = 6.4  # mean width of a character at the charts' size


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: a median, the extremes as a whisker, and its figure in words."""

    name: str
    value: float
    low: float
    high: float
    words: str
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One line: points in order of x, and its place (1, 2, 3 …) in the palette."""

    name: str
    points: Sequence[tuple[float, float]]
    colour: int = 1


def bars(items: Sequence[Bar]) -> str:
    """Return horizontal bars, longest value filling the width."""
    most = max((item.high for item in items), default=0.0) or 1.0
    scale = (WIDTH - _LABELS - _VALUES) / most
    height = _ROW * len(items) + 4
    parts = [_open(height)]
    for index, item in enumerate(items):
        top = index * _ROW + (_ROW - _BAR) / 2
        middle = top + _BAR / 2
        kind = "bar ours" if item.ours else "bar"
        name = _shorten(item.name, int((_LABELS - 12) / _CHAR))
        parts += [
            f"<g><title>{escape(item.name)}: {escape(item.words)}</title>",
            f'<text class="name" x="{_LABELS - 10}" y="{middle + 4:.1f}">{escape(name)}</text>',
            (
                f'<rect class="{kind}" x="{_LABELS}" y="{top:.1f}" rx="3" '
                f'width="{max(1.0, item.value * scale):.1f}" height="{_BAR}"/>'
            ),
        ]
        if item.high > item.low:
            left, right = _LABELS + item.low * scale, _LABELS + item.high * scale
            parts.append(
                f'<path class="whisker" d="M{left:.1f} {middle}H{right:.1f}'
                f'M{left:.1f} {middle - 4}v8M{right:.1f} {middle - 4}v8"/>'
            )
        end = _LABELS + max(item.value, item.high) * scale + 8
        parts.append(f'<text class="figure" x="{end:.1f}" y="{middle + 4:.1f}">')
        parts.append(f"{escape(item.words)}</text></g>")
    return "".join([*parts, "</svg>"])


def lines(series: Sequence[Line], unit: str) -> str:
    """Return lines over seconds, their names at their ends; y begins at 0."""
    series = [line for line in series if line.points]
    top, right, bottom, left = _MARGIN
    width, height = WIDTH - left - right, _LINES_HEIGHT - top - bottom
    most_x = max((x for line in series for x, _ in line.points), default=1.0) or 1.0
    ticks = scale_of(max((y for line in series for _, y in line.points), default=1.0))
    most_y = ticks[-1]
    parts = [_open(_LINES_HEIGHT)]
    for tick in ticks:
        y = top + height * (1 - tick / most_y)
        words = f"{_short(tick)} {unit}" if tick == most_y else _short(tick)
        parts.append(f'<path class="grid" d="M{left} {y:.1f}h{width}"/>')
        parts.append(f'<text class="axis y" x="{left - 8}" y="{y + 4:.1f}">{escape(words)}</text>')
    for tick in scale_of(most_x):
        if tick <= most_x:
            x = left + width * tick / most_x
            parts.append(f'<text class="axis x" x="{x:.1f}" y="{_LINES_HEIGHT - 10}">')
            parts.append(f"{_short(tick)} s</text>")
    ends = []
    for line in series:
        points = [
            (left + width * x / most_x, top + height * (1 - y / most_y)) for x, y in line.points
        ]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        parts.append(f'<path class="line c{line.colour}" d="M{path}"/>')
        ends.append((points[-1][1], line))
    for y, line in _apart(ends):
        parts.append(f'<text class="end c{line.colour}" x="{left + width + 8}" y="{y + 4:.1f}">')
        parts.append(f"{escape(line.name)}</text>")
    return "".join([*parts, "</svg>"])


def scale_of(most: float) -> list[float]:
    """Return round numbers from 0 to at least `most`, at most six of them."""
    if most <= 0:
        return [0.0, 1.0]
    rough = most / _MAX_TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough * 0.999)
    return [step * index for index in range(math.ceil(most / step - 1e-9) + 1)]


def _open(height: float) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {height:g}" role="img" xmlns="http://www.w3.org/2000/svg">'


def _apart(ends: list[tuple[float, Line]], distance: float = 15.0) -> list[tuple[float, Line]]:
    """Move names that would lie on one another downwards."""
    placed: list[tuple[float, Line]] = []
    for y, line in sorted(ends, key=lambda end: end[0]):
        lowest = placed[-1][0] + distance if placed else y
        placed.append((max(y, lowest), line))
    return placed


def _shorten(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _short(value: float) -> str:
    if value >= 1e6:
        return f"{value / 1e6:g}M"
    return f"{value / 1e3:g}k" if value >= 10_000 else f"{value:g}"
