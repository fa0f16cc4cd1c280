"""`feed publish`: ticks of a file, or of standard input, to a server with a push source."""

import logging
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from feed.cli.listening import Key, Quiet, Secret, Url
from feed.cli.plumbing import (
    FAILED,
    event_writer,
    naming_options,
    run_until_signal,
    warn_of_variables,
)
from feed.cli.standard_input import pieces_of
from feed.cli.streams import tell

if TYPE_CHECKING:  # aiohttp is slow to import, and `feed --help` does without
    from feed.client.publishing.lines import Check

STANDARD_INPUT = "-"


def publish(  # noqa: PLR0917 - one parameter an option
    context: typer.Context,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="NDJSON, a tick a line; - is standard input.")
    ],
    url: Url = "http://127.0.0.1:8080",
    producer: Annotated[
        str | None,
        typer.Option("--producer", help="A name of its own: a second run goes on, FILE only."),
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", help="Name of the push source, of several.")
    ] = None,
    key: Key = None,
    secret: Secret = None,
    quiet: Quiet = False,
) -> int:
    """Publish ticks, one JSON object a line as feed tail prints them, each once.

    A line that is no tick is told with its number, and left out; the exit status is 1 then. Ticks
    that tell no time are of now, and trades without an id are numbered by the server. With
    --producer NAME a FILE that was published in part goes on behind the last line that the server
    has, within 24 hours.
    """
    from feed.client.publishing.limits import Limits  # noqa: PLC0415
    from feed.client.publishing.lines import LinePublisher  # noqa: PLC0415 - aiohttp is slow
    from feed.client.publishing.publisher import Publisher  # noqa: PLC0415

    tell_event = event_writer("publish", quiet=quiet)
    warn_of_variables(tell_event)
    # The command tells all events itself.
    logging.getLogger("feed.client").addHandler(logging.NullHandler())
    refused = 0

    def tell_refused(error: object) -> None:
        nonlocal refused
        refused += 1
        tell(f"feed publish: {error}")

    with naming_options(context):
        out = Publisher(
            url,
            producer=producer,
            source=source,
            limits=Limits(batch_ticks=10_000, batch_bytes=1 << 20),
            key=key,
            secret=secret,
            on_refused=tell_refused,
            on_event=tell_event,
        )
    is_input = file == STANDARD_INPUT
    lines = LinePublisher(
        out,
        _rules(),
        lambda words: tell(f"feed publish: {words}"),
        again=producer is not None and not is_input,
    )
    with nullcontext(sys.stdin.buffer) if is_input else Path(file).open("rb") as read:
        status = run_until_signal(out, lambda: lines.publish(pieces_of(read)))
    if not quiet:
        skipped = f", {lines.skipped} lines were there before" if lines.skipped else ""
        tell(
            f"feed publish: {lines.ticks} ticks{skipped}, {lines.left_out} lines left out, "
            f"{refused} batches refused; position {out.position or 'unknown'}"
        )
    return status or (FAILED if lines.left_out or refused else 0)


def _rules() -> "Check":
    """Return what refuses ticks that a server would refuse, by the server's own rules."""
    from feed.sources.pushed.batch import Batch  # noqa: PLC0415 - msgpack is slow
    from feed.sources.pushed.rows import RowReader  # noqa: PLC0415

    reader = RowReader(bars=True)

    def check(ticks: Sequence[object]) -> None:
        for _ in reader.read([ticks], Batch([]), 0):
            pass

    return check
