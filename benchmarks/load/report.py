"""Results for the terminal, and as JSON for comparing runs."""

import dataclasses
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from .machine import Machine
from .outcome import (
    Aim,
    Metric,
    Outcome,
    Row,
    Spread,
    bytes_per_tick,
    cpu_share,
    cpu_us,
    memory_per_subscriber_bytes,
    newest_p50_ms,
    newest_p99_ms,
    oldest_p99_ms,
    payload_bytes,
    payloads_per_s,
)

Words = Callable[[Row], str]


def _of(metric: Metric, form: str) -> Words:
    def words(row: Row) -> str:
        spread = row.spread(metric)
        return form.format(spread.median) if spread.high else "–"

    return words


def _range(metric: Metric, form: str) -> Words:
    def words(row: Row) -> str:
        spread = row.spread(metric)
        return f"{form}–{form}".format(spread.low, spread.high) if spread.high else "–"

    return words


# Headings and cells are short: a terminal of 100 columns shows them whole.
COLUMNS: tuple[tuple[str, Words], ...] = (
    ("µs CPU", _of(cpu_us, "{:.2f}")),
    ("range", _range(cpu_us, "{:.2f}")),
    ("core", _of(cpu_share, "{:.0%}")),
    ("frames/s", _of(payloads_per_s, "{:,.0f}")),
    ("bytes", _of(payload_bytes, "{:,.0f}")),
    ("p50 ms", _of(newest_p50_ms, "{:.1f}")),
    ("p99 ms", _of(newest_p99_ms, "{:.1f}")),
    ("oldest", _of(oldest_p99_ms, "{:.1f}")),
    ("memory", _of(memory_per_subscriber_bytes, "{:,.0f}")),
    ("swarm", _of(lambda sample: sample.result.swarm_cpu_share, "{:.0%}")),
)
LEGEND = (
    "µs CPU: of the server, per frame and subscriber (median, range over rounds); bytes: on the "
    "wire per frame; ms: age at the reader of a frame's newest tick, and the p99 of its oldest; "
    "memory: growth in bytes per subscriber; swarm: share of a core that measuring took"
)


def show(outcomes: Sequence[Outcome], console: Console) -> None:
    """Print a table of rows and a table of aims for each scenario."""
    for outcome in outcomes:
        if outcome.rows:
            console.print(_rows_table(outcome))
        for row in outcome.rows:
            for trouble in [*row.troubles, *([row.skipped] if row.skipped else [])]:
                console.print(f"  [yellow]{row.name}:[/yellow] {trouble}", highlight=False)
        for note in outcome.notes:
            console.print(f"  {note}", highlight=False)
        if outcome.aims:
            console.print(_aims_table(outcome.aims))
    if any(outcome.rows for outcome in outcomes):
        console.print(LEGEND, style="dim", highlight=False)
    if peers := versions(outcomes):
        console.print(f"peers: {peers}", style="dim", highlight=False)


def versions(outcomes: Sequence[Outcome]) -> str:
    """Return the programs that took part besides ours, with their versions."""
    found = {row.version: None for outcome in outcomes for row in outcome.rows if row.version}
    return ", ".join(found)


def _rows_table(outcome: Outcome) -> Table:
    title = f"{outcome.scenario}: {outcome.title}"
    table = Table(title=title, title_justify="left", box=SIMPLE, padding=(0, 1, 0, 0))
    table.add_column("who", no_wrap=True)
    for name, _ in COLUMNS:
        table.add_column(name, justify="right", no_wrap=True)
    for row in outcome.rows:
        if row.samples:
            name = f"[bold]{row.name}[/bold]" if row.ours else row.name
            table.add_row(name, *(words(row) for _, words in COLUMNS))
    return table


def _aims_table(aims: Sequence[Aim]) -> Table:
    table = Table("aim", "wanted", "reached", "", box=SIMPLE)
    marks = {True: "[green]met[/green]", False: "[red]missed[/red]", None: "[dim]–[/dim]"}
    for aim in aims:
        table.add_row(aim.what, aim.aim, aim.reached, marks[aim.met])
    return table


def as_json(outcomes: Sequence[Outcome], machine: Machine) -> dict[str, Any]:
    """Return everything, as plain values."""
    return {
        "machine": dataclasses.asdict(machine),
        "scenarios": [
            {
                "scenario": outcome.scenario,
                "title": outcome.title,
                "rows": [_row(row) for row in outcome.rows],
                "aims": [dataclasses.asdict(aim) for aim in outcome.aims],
                "notes": outcome.notes,
            }
            for outcome in outcomes
        ],
    }


_FIGURES: dict[str, Metric] = {
    "cpu_us_per_frame": cpu_us,
    "cpu_share": cpu_share,
    "frames_per_s": payloads_per_s,
    "bytes_per_frame": payload_bytes,
    "bytes_per_tick": bytes_per_tick,
    "age_newest_p50_ms": newest_p50_ms,
    "age_newest_p99_ms": newest_p99_ms,
    "age_oldest_p99_ms": oldest_p99_ms,
    "memory_per_subscriber_bytes": memory_per_subscriber_bytes,
}


def _row(row: Row) -> dict[str, Any]:
    rounds = []
    for sample in row.samples:
        result = dataclasses.asdict(sample.result)
        for group in result["groups"]:
            del group["payloads"], group["sizes"]
        rounds.append({"round": sample.round, "payload_ticks": sample.payload_ticks, **result})
    figures = {name: _spread(row.spread(metric)) for name, metric in _FIGURES.items()}
    return {
        "name": row.name,
        "ours": row.ours,
        "version": row.version,
        "skipped": row.skipped,
        "troubles": row.troubles,
        "figures": figures if row.samples else {},
        "rounds": rounds,
    }


def _spread(spread: Spread) -> dict[str, float]:
    return dataclasses.asdict(spread)


def write_json(path: Path, outcomes: Sequence[Outcome], machine: Machine) -> None:
    """Write everything to a file."""
    path.write_text(json.dumps(as_json(outcomes, machine), indent=1) + "\n")
