"""`feed bench`: options in, scenarios run, results shown and written."""

import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from feed.errors import InvalidInput, InvalidParameter
from feed.sources.simulated.market import MAX_RATE

from ..peers.base import PeerError
from .feed_server import attach
from .html import write_html
from .machine import BUSY, Machine, is_supported
from .outcome import Outcome
from .own_process import SwarmError
from .plan import Connecting, Event, Interval
from .report import show, write_json
from .scenarios import (
    compressed,
    edge,
    export,
    fanout,
    identities,
    idle,
    ingest,
    metrics,
    mixed,
    push,
    ramp,
    slow,
    state,
    storm,
    two_lanes,
    words,
    workers,
)
from .stage import Progress, Settings, Stage
from .swarm import raise_descriptor_limit

FAILED = 1
NOT_ACCEPTED = 2
ENDED_BY = 128  # plus the signal's number, as shells have it
REDIRECTED_WIDTH = 140

SCENARIOS = {
    "fanout": fanout.run,
    "mixed": mixed.run,
    "compressed": compressed.run,
    "slow": slow.run,
    "storm": storm.run,
    "ramp": ramp.run,
    "ingest": ingest.run,
    "push": push.run,
    "idle": idle.run,
    "metrics": metrics.run,
    "identities": identities.run,
    "state": state.run,
    "two-lanes": two_lanes.run,
    "words": words.run,
    "export": export.run,
    "edge": edge.run,
    "workers": workers.run,
}


class Chosen(StrEnum):
    """A scenario, or all of them."""

    FANOUT = "fanout"
    MIXED = "mixed"
    COMPRESSED = "compressed"
    SLOW = "slow"
    STORM = "storm"
    RAMP = "ramp"
    INGEST = "ingest"
    PUSH = "push"
    IDLE = "idle"
    METRICS = "metrics"
    IDENTITIES = "identities"
    STATE = "state"
    TWO_LANES = "two-lanes"
    WORDS = "words"
    EXPORT = "export"
    EDGE = "edge"
    WORKERS = "workers"
    ALL = "all"


app = typer.Typer(
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)


@app.command()
def bench(  # noqa: PLR0917 - one parameter an option
    scenario: Annotated[Chosen, typer.Argument(help="What to measure.")],
    subscribers: Annotated[
        int | None, typer.Option(min=1, help="How many, instead of the scenario's own number.")
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(min=0.1, max=MAX_RATE, help="Simulated ticks/s, likewise."),
    ] = None,
    seconds: Annotated[
        float, typer.Option(min=0.2, max=600, help="How long each is measured.")
    ] = 2.0,
    rounds: Annotated[
        int, typer.Option(min=1, max=100, help="How often; medians and ranges are told.")
    ] = 3,
    peers: Annotated[
        str, typer.Option(help="Parts of names of the peers to compare with, or none.")
    ] = "",
    url: Annotated[
        str | None, typer.Option(help="A server of ours that runs already: http://HOST:PORT.")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write everything that was measured there.")
    ] = None,
    html_file: Annotated[
        Path | None, typer.Option("--html", help="Write a report with plots there.")
    ] = None,
) -> int:
    """Measure what a server costs and how fast it is, beside peers that do the same work.

    Starts a server of its own for every sample, and each peer that is installed; all on 127.0.0.1.
    """
    if not is_supported():
        typer.echo("feed: bench needs Linux: epoll, and CPU times from /proc", err=True)
        return FAILED
    _check_writable({"--json": json_file, "--html": html_file})
    if url is not None:
        try:
            attach(url, None)
        except PeerError as error:
            typer.echo(f"feed: bench: {error}", err=True)
            return FAILED
    raise_descriptor_limit()
    wanted = tuple(part.strip() for part in peers.split(",") if part.strip())
    settings = Settings(subscribers, rate, seconds, rounds, url, wanted)
    names = list(SCENARIOS) if scenario is Chosen.ALL else [scenario.value]
    machine = Machine.here()
    # A pipe has no width of its own; a table that is cut is useless.
    console = Console(width=None if sys.stdout.isatty() else REDIRECTED_WIDTH)
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory(prefix="feed-bench-") as folder, _Shown() as progress:
        for name in names:
            stage = Stage(settings, Path(folder), progress)
            try:
                outcomes.append(SCENARIOS[name](stage))
            except (PeerError, SwarmError) as error:
                if scenario is not Chosen.ALL:
                    typer.echo(f"feed: bench {name}: {error}", err=True)
                    return FAILED
                outcomes.append(Outcome(name, "failed", notes=[str(error)]))
    show(outcomes, console)
    console.print(machine.words(), style="dim", highlight=False)
    if machine.is_busy:
        console.print(BUSY, style="yellow", highlight=False)
    if json_file is not None:
        write_json(json_file, outcomes, machine)
    if html_file is not None:
        write_html(html_file, outcomes, machine)
    return 0


def _check_writable(files: dict[str, Path | None]) -> None:
    """See that files can be made, before minutes are spent on what they are to hold.

    Raises:
        InvalidParameter: one cannot.
    """
    for option, file in files.items():
        if file is None:
            continue
        try:
            fits = not file.is_dir() and os.access(file.parent, os.W_OK | os.X_OK)
        except ValueError:  # there is a NUL in it
            fits = False
        if not fits:
            raise InvalidParameter(option, str(file), "a file in a folder that can be written to")


class _Shown(Progress):
    """Progress as a bar on standard error."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[now]}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._title = ""
        self._done = -1
        self._task = self._bars.add_task("starting", total=None, now="")

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def begin(self, title: str, steps: int) -> None:
        """Begin a scenario of this many samples."""
        self._title, self._done = title, -1
        self._bars.reset(self._task, total=steps, description=title, now="")

    def step(self, name: str) -> None:
        """Begin the next sample."""
        self._done += 1
        self._bars.update(self._task, completed=self._done, now=name)

    def event(self, event: Event) -> None:
        """Show how many are connected, or how many frames they receive."""
        if isinstance(event, Connecting):
            now = f"{event.connected:,} of {event.wanted:,} connected"
        elif isinstance(event, Interval):
            now = f"{event.frames:,} frames, server {event.server_cpu_share:.0%}"
        else:
            return
        self._bars.update(self._task, now=now)

    def end(self) -> None:
        """End the scenario."""
        self._bars.update(self._task, completed=self._done + 1, now="")


def run(arguments: Sequence[str]) -> int:
    """Run `feed bench` with these arguments; return the exit status.

    However it ends, it ends the programs that it has started: SIGTERM leaves as an error does.
    """
    before = signal.signal(signal.SIGTERM, _leave)
    try:
        status = app(args=list(arguments), prog_name="feed bench", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        return ENDED_BY + signal.SIGINT
    except typer.TyperException as error:
        typer.echo(f"feed: {error.format_message()}", err=True)
        return error.exit_code
    except InvalidInput as error:
        typer.echo(f"feed: {error}", err=True)
        return NOT_ACCEPTED
    finally:
        signal.signal(signal.SIGTERM, before)
    return status if isinstance(status, int) else 0


def _leave(number: int, _: object) -> None:
    sys.exit(ENDED_BY + number)


def main() -> None:
    """Run the command line of this process."""
    sys.exit(run(sys.argv[1:]))
