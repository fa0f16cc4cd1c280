"""The commands that listen to a server: `tail`, `record`, `watch`, `top` and `why`.

They take the same options for the same things, and all but the last two make one stream of them.
The work of a command stands in `feed.client` and `feed.terminal`; here its options become its
arguments.
"""

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from feed.cli.plumbing import (
    ENDED_BY,
    event_writer,
    naming_options,
    run_until_signal,
    warn_of_variables,
)
from feed.cli.streams import print_lines, tell
from feed.errors import InvalidParameter
from feed.market.ticks import Channel
from feed.market.word_channels import WordChannel
from feed.wire.beginning import MOST_LAST
from feed.wire.codec_name import CodecName
from feed.wire.transport import TransportName

if TYPE_CHECKING:  # aiohttp is slow to import, and `feed --help` does without
    from feed.client.stream import Stream
    from feed.client.subscription import AnyChannel, Symbols

ALL_CHANNELS = ",".join(Channel)
MAX_SECONDS = 1e9  # thirty years: "inf" is a mistake, since a recording without it never ends

Text = str | None
Url = Annotated[str, typer.Option("--url", envvar="FEED_URL", help="Base of the server.")]
Channels = Annotated[str, typer.Option("--channels", help=f"Some of {', '.join(Channel)}.")]
TransportOption = Annotated[
    TransportName,
    typer.Option("--transport", envvar="FEED_TRANSPORT", help="How bytes come."),
]
CodecOption = Annotated[
    CodecName,
    typer.Option("--codec", envvar="FEED_CODEC", help="How ticks come; output is JSON."),
]
After = Annotated[
    Text,
    typer.Option(
        "--after", help="Position, time or while ago (-30s) to begin at; 0: all that is there."
    ),
]
WithSnapshot = Annotated[
    bool, typer.Option("--snapshot", help="Begin with the last known state of each symbol.")
]
Conflate = Annotated[
    list[str] | None,
    typer.Option("--conflate", help="Only the newest within an interval: quotes:250ms."),
]
Key = Annotated[
    Text,
    typer.Option("--key", envvar="FEED_KEY", help="Id of a key, id.secret, or a token."),
]
Secret = Annotated[Text, typer.Option("--secret", envvar="FEED_SECRET", help="The key's secret.")]
Count = Annotated[int | None, typer.Option("--count", min=1, help="End after this many ticks.")]
Quiet = Annotated[
    bool, typer.Option("--quiet", help="Say nothing of connections, gaps and positions.")
]


Last = Annotated[
    int | None, typer.Option("--last", min=1, max=MOST_LAST, help="Begin so many ticks back.")
]
Fields = Annotated[
    str | None, typer.Option("--fields", help="Only these keys of each tick, such as p,s,t.")
]


Generations = Annotated[
    str, typer.Option("--generations", help="Ids of answers of language models, with commas.")
]


def tail(  # noqa: PLR0917 - one parameter an option
    context: typer.Context,
    symbols: Annotated[str, typer.Option("--symbols", help="Symbols with commas, or *.")] = "",
    channels: Channels = "trades,quotes",
    generations: Generations = "",
    url: Url = "http://127.0.0.1:8080",
    transport: TransportOption = "auto",
    codec: CodecOption = "json",
    after: After = None,
    last: Last = None,
    snapshot: WithSnapshot = False,
    conflate: Conflate = None,
    fields: Fields = None,
    key: Key = None,
    secret: Secret = None,
    count: Count = None,
    quiet: Quiet = False,
) -> int:
    """Print ticks, one JSON object a line, and all else that happens on standard error.

    Goes on where it stood when the server comes back. After a gap the server restates the last
    known state of each symbol; those lines stand between "snapshot begin" and "snapshot end".
    With --generations there are the words of these answers too, or alone.
    """
    from feed.client.tail import tail as follow  # noqa: PLC0415 - aiohttp is slow

    options: Any = {"transport": transport, "codec": codec, "key": key, "secret": secret}
    options |= {"after": after, "last": last, "snapshot": snapshot, "fields": fields}
    options |= {"generations": generations}
    stream = _connect(context, url, symbols, channels, conflate, **options)
    tell_event = event_writer("tail", quiet=quiet)
    warn_of_variables(tell_event)
    return run_until_signal(stream, lambda: follow(stream, print_lines, tell_event, count=count))


def record(  # noqa: PLR0917 - one parameter an option
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="New file: .ndjson, .ndjson.gz or .ndjson.zst.")
    ],
    symbols: Annotated[str, typer.Option("--symbols", help="Symbols with commas, or *.")] = "*",
    channels: Channels = ALL_CHANNELS,
    generations: Generations = "",
    url: Url = "http://127.0.0.1:8080",
    transport: TransportOption = "auto",
    codec: CodecOption = "json",
    after: After = None,
    snapshot: WithSnapshot = False,
    conflate: Conflate = None,
    key: Key = None,
    secret: Secret = None,
    count: Count = None,
    seconds: Annotated[
        float | None,
        typer.Option("--seconds", min=0.001, max=MAX_SECONDS, help="End after this many seconds."),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a file that is there.")
    ] = False,
    quiet: Quiet = False,
) -> int:
    """Write what a server sends to a file that `feed serve --source replay:FILE` reads.

    Ends with Ctrl-C, --count or --seconds. A gap is written where it is, as the object that the
    server sends.
    """
    from feed.client.recording import RecordingWriter  # noqa: PLC0415 - aiohttp is slow
    from feed.client.recording import record as write_down  # noqa: PLC0415

    options: Any = {"transport": transport, "codec": codec, "key": key, "secret": secret}
    options |= {"after": after, "snapshot": snapshot, "generations": generations}
    stream = _connect(context, url, symbols, channels, conflate, **options)
    tell_event = event_writer("record", quiet=quiet)
    warn_of_variables(tell_event)
    with RecordingWriter(file, overwrite=overwrite) as recording:
        status = run_until_signal(
            stream, lambda: write_down(stream, recording, tell_event, count=count, seconds=seconds)
        )
    if not quiet:
        counters = stream.counters
        summary = (
            f"feed record: {recording.ticks} ticks, {recording.written_bytes} bytes, "
            f"{counters.gaps} gaps, {counters.reconnects} reconnects in {file}"
        )
        tell(f"{summary}; position {stream.position}" if stream.position else summary)
    return 0 if status > ENDED_BY else status


def watch(  # noqa: PLR0917 - one parameter an option
    context: typer.Context,
    symbols: Annotated[list[str], typer.Argument(metavar="SYMBOL", help="One or more, or '*'.")],
    url: Url = "http://127.0.0.1:8080",
    transport: TransportOption = "auto",
    codec: CodecOption = "json",
    key: Key = None,
    secret: Secret = None,
) -> int:
    """Show prices in a live table; where there is no terminal, print it when it changed."""
    from feed.terminal import watch as live  # noqa: PLC0415 - aiohttp is slow
    from feed.terminal.finite import Finite  # noqa: PLC0415

    listed = ",".join(symbols)
    options: Any = {"transport": transport, "codec": codec, "key": key, "secret": secret}
    options |= {"snapshot": True, "symbols_option": "SYMBOL"}
    stream = _connect(context, url, listed, live.CHANNELS, live.CONFLATE, **options)
    server, tell_event = Finite(url, key, secret), event_writer("watch", quiet=False)
    warn_of_variables(tell_event)
    return run_until_signal(
        stream, lambda: live.watch(stream, server, listed.split(","), print_lines, tell_event)
    )


def top(
    context: typer.Context,
    url: Url = "http://127.0.0.1:8080",
    key: Key = None,
    secret: Secret = None,
) -> int:
    """Show how a server is doing, as top does; where there is no terminal, print it every 5 s."""
    from feed.terminal.finite import Finite  # noqa: PLC0415 - aiohttp is slow
    from feed.terminal.top import top as show_server  # noqa: PLC0415

    with naming_options(context):
        server = Finite(url, key, secret)
    tell_event = event_writer("top", quiet=False)
    warn_of_variables(tell_event)
    return run_until_signal(server, lambda: show_server(server, print_lines, tell_event))


def why(
    context: typer.Context,
    connection: Annotated[
        int, typer.Argument(metavar="ID", min=1, help="Of the connection; it is told it.")
    ],
    url: Url = "http://127.0.0.1:8080",
    key: Key = None,
    secret: Secret = None,
) -> int:
    """Print what happened to a connection, also to one that left: why did it miss something?

    The key wants the grant admin; without keys a server says it to this machine: --local-admin.
    """
    from feed.terminal.finite import Finite  # noqa: PLC0415 - aiohttp is slow
    from feed.terminal.why import why as tell_why  # noqa: PLC0415

    with naming_options(context):
        server = Finite(url, key, secret)
    warn_of_variables(event_writer("why", quiet=False))
    return run_until_signal(server, lambda: tell_why(server, connection, print_lines))


def _connect(
    context: typer.Context,
    url: str,
    symbols: str,
    channels: str,
    conflate: Iterable[str] | None,
    *,
    symbols_option: str = "--symbols",
    generations: str = "",
    fields: str | None = None,
    **options: Any,  # noqa: ANN401 - checked by connect, which names what is wrong
) -> "Stream":
    """Make a stream as the options say."""
    from feed.client.stream import Stream  # noqa: PLC0415 - aiohttp is slow
    from feed.client.subscription import Subscription  # noqa: PLC0415

    names = [name.strip() for name in channels.split(",")]
    for name in names:
        if name not in set(Channel):
            raise InvalidParameter("--channels", name, f"some of {', '.join(Channel)}")
    intervals: dict[str, str] = {}
    for text in ",".join(conflate or ()).split(","):
        channel, colon, interval = text.partition(":")
        if text and not (colon and interval):
            raise InvalidParameter("--conflate", text, "CHANNEL:INTERVAL, such as quotes:250ms")
        if text:
            intervals[channel] = interval
    # The command tells all events itself.
    logging.getLogger("feed.client").addHandler(logging.NullHandler())
    with naming_options(context, symbols_option):
        wanted: dict[AnyChannel, Symbols] = {Channel(name): symbols for name in names}
        wanted[WordChannel.GENERATIONS] = generations
        subscription = Subscription.of(wanted, intervals, fields=fields)
        return Stream(url, subscription, **options)
