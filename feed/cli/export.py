"""`feed export`: a file of the ring, of bars or of a recording of a server."""

from pathlib import Path
from typing import Annotated

import typer

from feed.cli.listening import Key, Quiet, Secret, Text, Url
from feed.cli.plumbing import event_writer, naming_options, run_until_signal, warn_of_variables

_CHANNELS = ("trades", "quotes", "bars", "statuses")
_NAMES = {"to": "FILE", "source": "--recording", **{name: f"--{name}" for name in _CHANNELS}}
_OF = "Symbols and globs, with commas; by default all that is granted, on all channels."


def export(  # noqa: PLR0917 - one parameter an option
    context: typer.Context,
    to: Annotated[Path, typer.Argument(metavar="FILE", help="Ends with csv, ndjson or parquet.")],
    url: Url = "http://127.0.0.1:8080",
    kind: Annotated[str, typer.Option("--kind", help="ring, bars or recording.")] = "ring",
    trades: Annotated[Text, typer.Option("--trades", help=_OF)] = None,
    quotes: Annotated[Text, typer.Option("--quotes", help="Likewise.")] = None,
    bars: Annotated[Text, typer.Option("--bars", help="Likewise.")] = None,
    statuses: Annotated[Text, typer.Option("--statuses", help="Likewise.")] = None,
    after: Annotated[
        Text, typer.Option("--after", help="Of the ring: after a position, a time, or -5m.")
    ] = None,
    start: Annotated[Text, typer.Option("--start", help="Only from this time on.")] = None,
    end: Annotated[Text, typer.Option("--end", help="Only before this time.")] = None,
    timeframe: Annotated[Text, typer.Option("--timeframe", help="Of bars: 1s, 1m or 1d.")] = None,
    source: Annotated[
        Text, typer.Option("--recording", help="Of a recording: the name of its source.")
    ] = None,
    format_: Annotated[
        Text, typer.Option("--format", help="csv, ndjson or parquet, whatever FILE ends with.")
    ] = None,
    key: Key = None,
    secret: Secret = None,
    quiet: Quiet = False,
) -> int:
    """Have a server write a file, download it, and check it.

    A bar shows how far it has got. A connection that is lost is made again, and goes on where it
    stood. Ctrl-C cancels it at the server too.
    """
    from contextlib import nullcontext  # noqa: PLC0415 - beside the others

    from rich.console import Console  # noqa: PLC0415 - slow

    from feed.client.exporting.exporting import export as export_file  # noqa: PLC0415
    from feed.terminal.export import Bar  # noqa: PLC0415

    tell_event = event_writer("export", quiet=quiet)
    warn_of_variables(tell_event)
    channels = dict(zip(_CHANNELS, (trades, quotes, bars, statuses), strict=True))
    symbols = {name: text.split(",") for name, text in channels.items() if text is not None}

    async def work() -> None:
        with Bar(Console(stderr=True, quiet=quiet), tell_event) as bar:
            path = await export_file(
                url,
                kind,
                to=to,
                format=format_,
                symbols=symbols,
                after=after,
                start=start,
                end=end,
                timeframe=timeframe,
                source=source,
                progress=bar.show,
                key=key,
                secret=secret,
            )
        tell_event(f"{path} is here, and its checksum is right")

    with naming_options(context, names=_NAMES):
        return run_until_signal(nullcontext(), work)
