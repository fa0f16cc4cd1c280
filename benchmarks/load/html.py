"""The report that a person would rather look at: one HTML file, nothing fetched from anywhere."""

from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path

from .machine import BUSY, Machine
from .outcome import (
    Aim,
    Metric,
    Outcome,
    Row,
    Sample,
    bytes_per_tick,
    cpu_us,
    memory_per_subscriber_bytes,
    newest_p99_ms,
)
from .plan import Interval
from .report import versions
from .svg import Bar, Line, bars, lines

STYLE = Path(__file__).with_name("report.css")
_PERCENTILES: tuple[tuple[str, Callable[[Interval], float]], ...] = (
    ("p50", lambda interval: interval.ages.p50_ms),
    ("p90", lambda interval: interval.ages.p90_ms),
    ("p99", lambda interval: interval.ages.p99_ms),
)
_MARKS = {True: ("met", "✓ met"), False: ("missed", "✗ missed"), None: ("open", "– not measured")}


def write_html(path: Path, outcomes: Sequence[Outcome], machine: Machine) -> None:
    """Write the report to a file."""
    path.write_text(page(outcomes, machine))


def page(outcomes: Sequence[Outcome], machine: Machine) -> str:
    """Return the whole page."""
    aims = [aim for outcome in outcomes for aim in outcome.aims]
    return "".join(
        [
            '<!doctype html><html lang="en"><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>feed bench</title><style>{STYLE.read_text()}</style><main>",
            f"<header><h1>feed bench</h1><p>{escape(machine.words())}</p>",
            f"<p class='missed'>{BUSY}</p>" if machine.is_busy else "",
            f"<p>Peers: {escape(versions(outcomes) or 'none')}</p></header>",
            _tiles(aims, outcomes),
            *map(_section, outcomes),
            "</main></html>\n",
        ]
    )


def _tiles(aims: Sequence[Aim], outcomes: Sequence[Outcome]) -> str:
    counts = [sum(aim.met is kind for aim in aims) for kind in (True, False, None)]
    rows = [row for outcome in outcomes for row in outcome.rows]
    troubled = sum(bool(row.troubles) for row in rows)
    tiles = [
        ("met", counts[0], "aims met"),
        ("missed", counts[1], "aims missed"),
        ("open", counts[2], "not measured"),
        ("missed" if troubled else "met", troubled, "rows with losses or faults"),
    ]
    shown = (
        f'<div class="tile {kind}"><b>{count}</b><span>{words}</span></div>'
        for kind, count, words in tiles
    )
    return f'<div class="tiles">{"".join(shown)}</div>'


def _section(outcome: Outcome) -> str:
    parts = [f"<section><h2>{outcome.scenario}</h2><p>{escape(outcome.title)}.</p>"]
    if outcome.aims:
        parts.append(_aims(outcome.aims))
    parts += [
        _bar_chart("Server CPU per frame and subscriber", outcome.rows, cpu_us, "{:.2f} µs"),
        _bar_chart(
            "Age of the newest tick at the reader, p99", outcome.rows, newest_p99_ms, "{:.1f} ms"
        ),
        _bar_chart("Bytes on the wire per tick", outcome.rows, bytes_per_tick, "{:.0f} B"),
        _bar_chart(
            "Growth of server memory per subscriber",
            outcome.rows,
            memory_per_subscriber_bytes,
            "{:,.0f} B",
        ),
    ]
    ours = next((row for row in outcome.rows if row.ours and row.samples), None)
    if ours is not None:
        parts += _over_time(ours, ours.samples[-1])
    notes = [*outcome.notes]
    for row in outcome.rows:
        notes += [f"{row.name}: {words}" for words in [*row.troubles, row.skipped] if words]
    if notes:
        listed = "".join(f"<li>{escape(note)}</li>" for note in notes)
        parts.append(f"<h3>Notes</h3><ul>{listed}</ul>")
    return "".join([*parts, "</section>"])


def _aims(aims: Sequence[Aim]) -> str:
    rows = []
    for aim in aims:
        kind, words = _MARKS[aim.met]
        rows.append(
            f"<tr><td>{escape(aim.what)}</td><td>{escape(aim.aim)}</td>"
            f'<td>{escape(aim.reached)}</td><td class="mark {kind}">{words}</td></tr>'
        )
    head = "<tr><th>aim</th><th>wanted</th><th>reached, median (range)</th><th></th></tr>"
    return f'<div class="wide"><table>{head}{"".join(rows)}</table></div>'


def _bar_chart(title: str, rows: Sequence[Row], metric: Metric, form: str) -> str:
    items = []
    for row in rows:
        spread = row.spread(metric)
        if spread.median > 0:
            words = form.format(spread.median)
            items.append(Bar(row.name, spread.median, spread.low, spread.high, words, row.ours))
    if not items:
        return ""
    return f"<figure><figcaption>{title}</figcaption>{bars(items)}</figure>"


def _over_time(row: Row, sample: Sample) -> list[str]:
    """Return the charts of one steady window."""
    steps = sample.result.intervals
    name = escape(row.name)
    ages = [
        Line(words, [(step.at_s, value(step)) for step in steps if step.ages.count], colour)
        for colour, (words, value) in enumerate(_PERCENTILES, 1)
    ]
    shares = [
        Line("server", [(step.at_s, 100 * step.server_cpu_share) for step in steps], 1),
        Line("swarm", [(step.at_s, 100 * step.swarm_cpu_share) for step in steps], 4),
    ]
    memory = [Line("server", [(step.at_s, step.server_memory_bytes / 2**20) for step in steps], 1)]
    charts = [
        ("Age of the newest tick at the reader", lines(ages, "ms")),
        ("CPU, share of one core", lines(shares, "%")),
        ("Server memory", lines(memory, "MiB")),
    ]
    return [
        f"<figure><figcaption>{title}: {name}</figcaption>{chart}</figure>"
        for title, chart in charts
    ]
