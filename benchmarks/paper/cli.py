"""`python -m benchmarks.paper`: a plan in, tables out."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import typer

from .clients import Loss
from .costs import Costs
from .fleet import fleet_of
from .plan import HOURS_PER_MONTH, Plan, Prices
from .readers import READERS, Kind, Reader
from .report import (
    FLEET_HEAD,
    STORM_HEAD,
    costs_table,
    fleet_row,
    plan_words,
    storm_row,
    table,
)
from .storm import Setting, storm_of

NOT_ACCEPTED = 2
SUBSCRIBERS = (1_000_000, 10_000_000)

app = typer.Typer(
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)

Several = Annotated[list[int] | None, typer.Option(min=1, help="How many; may be repeated.")]
Kinds = Annotated[list[Kind] | None, typer.Option(help="What each reads; may be repeated.")]
Losses = Annotated[list[Loss] | None, typer.Option(help="How zones are lost; may be repeated.")]
LostZones = Annotated[
    list[int] | None, typer.Option(min=1, help="How many are lost at once; may be repeated.")
]


@app.command()
def paper(  # noqa: PLR0917 - one parameter an option
    subscribers: Several = None,
    reader: Kinds = None,
    ticks: Annotated[float, typer.Option(min=1, help="Of the whole feed, a second.")] = 5_000,
    zones: Annotated[int, typer.Option(min=1, max=100, help="Of edges.")] = 3,
    selected: Annotated[
        float | None, typer.Option(min=0.001, help="Ticks a second that one reads, instead.")
    ] = None,
    frames: Annotated[
        float | None, typer.Option(min=0.001, help="Frames a second of one, instead.")
    ] = None,
    frame_bytes: Annotated[
        float | None, typer.Option(min=1, help="Payload of a frame, instead.")
    ] = None,
    cpu_share: Annotated[
        float, typer.Option(min=0.01, max=1, help="Of a core, while a zone is lost.")
    ] = 0.7,
    balancer_share: Annotated[
        float, typer.Option(min=0.01, max=1, help="Of a core of a balancer, in calm.")
    ] = 0.5,
    cores: Annotated[int, typer.Option(min=2, max=1_024, help="Of a machine.")] = 16,
    core_hour: Annotated[float, typer.Option(min=0, help="Dollars.")] = 0.04,
    egress_gb: Annotated[float, typer.Option(min=0, help="Dollars.")] = 0.05,
    zone_gb: Annotated[float, typer.Option(min=0, help="Dollars.")] = 0.02,
    loaded_hours: Annotated[
        float, typer.Option(min=0, max=HOURS_PER_MONTH, help="Of a month, with such ticks.")
    ] = HOURS_PER_MONTH,
    loss: Losses = None,
    lost: LostZones = None,
    drain_s: Annotated[
        float, typer.Option(min=0, max=3_600, help="Of edges that leave, as --drain-s.")
    ] = 30.0,
    checked_s: Annotated[
        float, typer.Option(min=0, max=600, help="Until the balancer knows who is lost.")
    ] = 5.0,
    edges: Annotated[
        int, typer.Option(min=1, max=10_000, help="Edges simulated, of those that stay.")
    ] = 8,
    seed: Annotated[int, typer.Option(help="Of chance.")] = 1,
    costs: Annotated[bool, typer.Option("--costs", help="Tell what everything costs.")] = False,
) -> int:
    """Tell what fleet carries so many subscribers, and what happens when whole zones are lost."""
    base = Plan(
        zones=zones,
        ticks=ticks,
        cpu_share=cpu_share,
        balancer_share=balancer_share,
        machine_cores=cores,
        loaded_hours=loaded_hours,
        prices=Prices(core_hour, egress_gb, zone_gb),
    )
    plans = [
        (kind, _plan(base, count, READERS[kind], selected, frames, frame_bytes))
        for count in subscribers or SUBSCRIBERS
        for kind in reader or list(Kind)
    ]
    settings = [
        Setting(each, count, edges, drain_s, checked_s, seed)
        for count in lost or [1]
        for each in loss or list(Loss)
        if zones > 1
    ]
    known = Costs()
    if costs:
        typer.echo(costs_table(known) + "\n")
    typer.echo(" ".join(plan_words(base)) + "\n")
    try:
        fleets = [(name, plan, fleet_of(plan, known)) for name, plan in plans]
        typer.echo(
            table(FLEET_HEAD, (fleet_row(plan, fleet, name) for name, plan, fleet in fleets))
        )
        if settings:
            storms = (
                storm_row(plan, setting, storm_of(plan, fleet, known, setting), name)
                for name, plan, fleet in fleets
                for setting in settings
            )
            typer.echo("\n" + table(STORM_HEAD, storms))
    except ValueError as error:
        typer.echo(f"paper: {error}", err=True)
        return NOT_ACCEPTED
    return 0


def _plan(  # noqa: PLR0917 - what is asked for
    base: Plan,
    subscribers: int,
    reader: Reader,
    selected: float | None,
    frames: float | None,
    frame_bytes: float | None,
) -> Plan:
    return replace(
        base,
        subscribers=subscribers,
        selected=selected or reader.selected,
        frames=frames or reader.frames,
        frame_bytes=frame_bytes or reader.frame_bytes,
        shared=reader.shared,
        extra_us=reader.extra_us,
    )


def run(arguments: Sequence[str]) -> int:
    """Run with these arguments; return the exit status."""
    try:
        status = app(args=list(arguments), prog_name="paper", standalone_mode=False)
    except typer.Abort:
        return NOT_ACCEPTED
    except typer.TyperException as error:
        typer.echo(f"paper: {error.format_message()}", err=True)
        return error.exit_code
    return status if isinstance(status, int) else 0


def main() -> None:
    """Run the command line of this process."""
    sys.exit(run(sys.argv[1:]))
