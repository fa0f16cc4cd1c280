"""`feed cluster`: looks after what a cluster has in NATS JetStream."""

import asyncio
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from feed.cli.plumbing import FAILED
from feed.cli.streams import print_lines

if TYPE_CHECKING:  # aiohttp and the NATS client are slow to import
    from feed.cluster.address import BusAddress
    from feed.cluster.judgement import Seen

app = typer.Typer(
    name="cluster",
    help="Look after a cluster: what it has in NATS, and what is wrong with it.",
    no_args_is_help=True,
)
DEFAULT_RING = 131_072
_MOST_RING = 1 << 24

_Bus = Annotated[
    str, typer.Argument(metavar="BUS", help="nats://HOST:PORT[,HOST2:PORT2]/NAME of the cluster.")
]


@app.command()
def check(
    bus: _Bus,
    ring: Annotated[
        int, typer.Option("--ring", help="Of the edges, in events.", min=2, max=_MOST_RING)
    ] = DEFAULT_RING,
    monitor: Annotated[
        str,
        typer.Option("--monitor", help="http://HOST:PORT where a NATS server has its monitoring."),
    ] = "",
) -> int:
    """Say what is wrong with a cluster, a line for each finding, and what to do about it.

    Exit status 1: something is WRONG. User and password come from FEED_KEY and FEED_SECRET.
    """
    from feed.cluster.address import BusAddress  # noqa: PLC0415 - slow
    from feed.cluster.judgement import Level, judge  # noqa: PLC0415
    from feed.cluster.monitoring import check_url  # noqa: PLC0415

    address = BusAddress.parse(bus, "BUS")
    if monitor:
        check_url(monitor, "--monitor")
    key, secret = os.environ.get("FEED_KEY", ""), os.environ.get("FEED_SECRET", "")
    seen = asyncio.run(_seen(address, (key, secret) if key else None, monitor))
    findings = list(judge(seen, ring))
    print_lines("".join(f"{finding}\n" for finding in findings).encode())
    return FAILED if any(finding.level is Level.WRONG for finding in findings) else 0


async def _seen(address: "BusAddress", key_pair: tuple[str, str] | None, monitor: str) -> "Seen":
    from feed.cluster.monitoring import sync_interval  # noqa: PLC0415 - slow
    from feed.cluster.survey import survey  # noqa: PLC0415

    seen = await survey(address, key_pair)
    if not monitor:
        return seen
    interval = await sync_interval(monitor)
    return replace(seen, servers=[replace(each, sync_interval=interval) for each in seen.servers])
