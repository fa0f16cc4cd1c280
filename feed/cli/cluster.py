"""`feed cluster`: looks after what a cluster has in NATS JetStream."""

import asyncio
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from feed.cli.plumbing import FAILED
from feed.cli.streams import print_lines, tell

if TYPE_CHECKING:  # aiohttp and the NATS client are slow to import
    from feed.cluster.address import BusAddress
    from feed.cluster.judgement import Seen
    from feed.cluster.mirroring import MirrorPlan

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
    seen = asyncio.run(_seen(address, monitor))
    findings = list(judge(seen, ring))
    print_lines("".join(f"{finding}\n" for finding in findings).encode())
    return FAILED if any(finding.level is Level.WRONG for finding in findings) else 0


@app.command()
def mirror(
    bus: Annotated[
        str, typer.Argument(metavar="BUS", help="nats://HOST:PORT/NAME of a leaf server.")
    ],
    domain: Annotated[
        str, typer.Option("--domain", help="Of JetStream where the cluster is: it may not be ours.")
    ],
    max_bytes: Annotated[
        int, typer.Option("--max-bytes", help="Of the stream here; 0: as there.", min=0)
    ] = 0,
    max_age: Annotated[
        str, typer.Option("--max-age", help="Of batches here, such as 12h; 0s: as there.")
    ] = "0s",
) -> None:
    """Make mirrors of a cluster in a leaf server, for edges of another region.

    What is there stays as it is. User and password come from FEED_KEY and FEED_SECRET.
    """
    from feed.cluster.address import BusAddress  # noqa: PLC0415 - slow
    from feed.cluster.mirroring import MirrorPlan, check_domain  # noqa: PLC0415
    from feed.trust.lifetime import span_ns  # noqa: PLC0415

    address = BusAddress.parse(bus, "BUS")
    check_domain(domain, "--domain")
    plan = MirrorPlan(domain, max_bytes, span_ns("--max-age", max_age))
    for stream in asyncio.run(_mirrored(address, plan)):
        tell(f"feed cluster: {stream} is mirrored")


async def _mirrored(address: "BusAddress", plan: "MirrorPlan") -> list[str]:
    from feed.cluster.connecting import connect  # noqa: PLC0415 - slow
    from feed.cluster.mirroring import mirror as make  # noqa: PLC0415

    client = await connect(address, _key_pair(), lambda: None, name="feed cluster mirror")
    try:
        return await make(client, address.names, plan)
    finally:
        await client.close()


def _key_pair() -> tuple[str, str] | None:
    """Return user and password, as the variables have them."""
    key = os.environ.get("FEED_KEY", "")
    return (key, os.environ.get("FEED_SECRET", "")) if key else None


async def _seen(address: "BusAddress", monitor: str) -> "Seen":
    from feed.cluster.monitoring import sync_interval  # noqa: PLC0415 - slow
    from feed.cluster.survey import survey  # noqa: PLC0415

    seen = await survey(address, _key_pair())
    if not monitor:
        return seen
    interval = await sync_interval(monitor)
    return replace(seen, servers=[replace(each, sync_interval=interval) for each in seen.servers])
