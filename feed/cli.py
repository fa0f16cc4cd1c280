"""The command line: options in, one call, an exit status out.

A command is a function with `@app.command()`; a family of commands is a `typer.Typer` of its own
that is added with `app.add_typer(…, name="bench")`. What a command needs is imported when it runs,
so that `feed --help` does not wait for aiohttp. Errors leave as one line each on standard error.

Exit status: 0 the command did what it was asked, 1 it could not, 2 it was asked something that is
not accepted, 130 or 143 it was ended by Ctrl-C or SIGTERM. A command whose standard output is
closed by its reader, and a `record` that is interrupted, did what they were asked.
"""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from feed import __version__
from feed.errors import FeedError, InvalidInput, InvalidParameter
from feed.market.ticks import Channel
from feed.program.bench import find_bench
from feed.settings.load import load_settings, option_name
from feed.settings.options import Settings
from feed.wire.codec_name import CodecName

if TYPE_CHECKING:
    from feed.client.events import Event
    from feed.client.stream import Stream

FAILED = 1
NOT_ACCEPTED = 2
ALL_CHANNELS = ",".join(Channel)
ENDED_BY = 128  # plus the signal's number, as shells have it

app = typer.Typer(
    help="A live market-data broadcaster, and what one needs to listen to it.",
    epilog="Exit status: 0 done, 1 failed, 2 not accepted, 130 Ctrl-C, 143 SIGTERM.",
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command line of this process, and end it with the status."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command; return its exit status."""
    try:
        status = app(args=list(arguments), prog_name="feed", standalone_mode=False)
    except typer.TyperException as error:
        return _complain(error.format_message(), error.exit_code)
    except InvalidInput as error:
        return _complain(str(error), NOT_ACCEPTED)
    except (FeedError, OSError) as error:
        return _complain(str(error), FAILED)
    return status if isinstance(status, int) else 0


def _complain(message: str, status: int) -> int:
    for line in message.splitlines():
        typer.echo(f"feed: {line}", err=True)
    return status


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"feed {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _feed(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001 - its callback does the work
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Say which.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def _setting(field: str) -> Any:  # noqa: ANN401 - typer's own word for an option
    """Return the option of a field of `Settings`; values are checked there, not here."""
    name, setting = option_name(field), Settings.model_fields[field]
    default = setting.default
    if isinstance(default, bool):
        name = f"{name}/--no{name[1:]}"
    shown = str(default) if default or default == 0 else False
    return typer.Option(name, help=setting.description, show_default=shown)


Text = str | None
Switch = bool | None
Work = Callable[[], Coroutine[Any, Any, None]]


@app.command()
def serve(  # noqa: PLR0917 - one parameter an option
    host: Annotated[Text, _setting("host")] = None,
    port: Annotated[Text, _setting("port")] = None,
    source: Annotated[Text, _setting("source")] = None,
    symbols: Annotated[Text, _setting("symbols")] = None,
    rate: Annotated[Text, _setting("rate")] = None,
    seed: Annotated[Text, _setting("seed")] = None,
    start: Annotated[Text, _setting("start")] = None,
    batch_ms: Annotated[Text, _setting("batch_ms")] = None,
    ring: Annotated[Text, _setting("ring")] = None,
    speed: Annotated[Text, _setting("speed")] = None,
    loop: Annotated[Switch, _setting("loop")] = None,
    wait_for: Annotated[Text, _setting("wait_for")] = None,
    wait_for_timeout_s: Annotated[Text, _setting("wait_for_timeout_s")] = None,
    on_bad_row: Annotated[Text, _setting("on_bad_row")] = None,
    allow_origin: Annotated[list[str] | None, _setting("allow_origin")] = None,
    allow_anonymous: Annotated[Switch, _setting("allow_anonymous")] = None,
    config: Annotated[Text, _setting("config")] = None,
) -> None:
    """Serve ticks over SSE, WebSocket and HTTP streams.

    Every option can also come from a variable (FEED_RATE) and from the TOML file (rate = 1000).

    The command line beats variables, and they beat the file.
    """
    given = {name: value for name, value in locals().items() if value not in (None, [])}
    settings = load_settings(given)
    from feed.program.serve import serve as serve_until_ended  # noqa: PLC0415 - aiohttp is slow

    serve_until_ended(settings)


Url = Annotated[str, typer.Option("--url", envvar="FEED_URL", help="Base of the server.")]
Channels = Annotated[str, typer.Option("--channels", help=f"Some of {', '.join(Channel)}.")]
TransportOption = Annotated[
    Literal["auto", "websocket", "sse", "stream"],
    typer.Option("--transport", envvar="FEED_TRANSPORT", help="How bytes come."),
]
CodecOption = Annotated[
    CodecName,
    typer.Option("--codec", envvar="FEED_CODEC", help="How ticks come; output is JSON."),
]
After = Annotated[
    Text, typer.Option("--after", help="Position to begin at; 0 for all that the server has.")
]
WithSnapshot = Annotated[
    bool, typer.Option("--snapshot", help="Begin with the last known state of each symbol.")
]
Conflate = Annotated[
    list[str] | None,
    typer.Option("--conflate", help="Only the newest within an interval: quotes:250ms."),
]
Key = Annotated[Text, typer.Option("--key", envvar="FEED_KEY", help="Identity.")]
Secret = Annotated[Text, typer.Option("--secret", envvar="FEED_SECRET", help="Its secret.")]
Count = Annotated[int | None, typer.Option("--count", min=1, help="End after so many ticks.")]
Quiet = Annotated[
    bool, typer.Option("--quiet", help="Say nothing of connections, gaps and positions.")
]


@app.command()
def tail(  # noqa: PLR0917 - one parameter an option
    symbols: Annotated[str, typer.Option("--symbols", help="Symbols with commas, or *.")],
    channels: Channels = "trades,quotes",
    url: Url = "http://127.0.0.1:8080",
    transport: TransportOption = "auto",
    codec: CodecOption = "json",
    after: After = None,
    snapshot: WithSnapshot = False,
    conflate: Conflate = None,
    key: Key = None,
    secret: Secret = None,
    count: Count = None,
    quiet: Quiet = False,
) -> int:
    """Print ticks, one JSON object a line, and all else that happens on standard error.

    Goes on where it stood when the server comes back. After a gap the server restates the last
    known state of each symbol; those lines stand between "snapshot begin" and "snapshot end".
    """
    from feed.client.tail import tail as follow  # noqa: PLC0415 - aiohttp is slow

    options: Any = {"transport": transport, "codec": codec, "key": key, "secret": secret}
    stream = _connect(url, symbols, channels, conflate, after=after, snapshot=snapshot, **options)
    return _run(stream, lambda: follow(stream, _print, _teller("tail", quiet), count=count))


@app.command()
def record(  # noqa: PLR0917 - one parameter an option
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="New file: .ndjson, .ndjson.gz or .ndjson.zst.")
    ],
    symbols: Annotated[str, typer.Option("--symbols", help="Symbols with commas, or *.")] = "*",
    channels: Channels = ALL_CHANNELS,
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
        float | None, typer.Option("--seconds", min=0.001, help="End after so many seconds.")
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
    stream = _connect(url, symbols, channels, conflate, after=after, snapshot=snapshot, **options)
    tell = _teller("record", quiet)
    with RecordingWriter(file, overwrite=overwrite) as recording:
        status = _run(
            stream, lambda: write_down(stream, recording, tell, count=count, seconds=seconds)
        )
    if not quiet:
        counters = stream.counters
        typer.echo(
            f"feed record: {recording.ticks} ticks, {recording.written_bytes} bytes, "
            f"{counters.gaps} gaps, {counters.reconnects} reconnects in {file}; "
            f"position {stream.position}",
            err=True,
        )
    return 0 if status > ENDED_BY else status


@app.command()
def watch(  # noqa: PLR0917 - one parameter an option
    symbols: Annotated[list[str], typer.Argument(metavar="SYMBOL", help="One or more, or '*'.")],
    url: Url = "http://127.0.0.1:8080",
    transport: TransportOption = "auto",
    codec: CodecOption = "json",
    key: Key = None,
    secret: Secret = None,
) -> int:
    """Show prices in a live table; where there is no terminal, print it every 5 s."""
    from feed.terminal import watch as live  # noqa: PLC0415 - aiohttp is slow
    from feed.terminal.finite import Finite  # noqa: PLC0415

    listed = ",".join(symbols)
    options: Any = {"transport": transport, "codec": codec, "key": key, "secret": secret}
    stream = _connect(url, listed, live.CHANNELS, live.CONFLATE, "SYMBOL", snapshot=True, **options)
    server, tell = Finite(url, key, secret), _teller("watch", quiet=False)
    return _run(stream, lambda: live.watch(stream, server, listed.split(","), _print, tell))


@app.command()
def top(url: Url = "http://127.0.0.1:8080", key: Key = None, secret: Secret = None) -> int:
    """Show how a server is doing, as top does; where there is no terminal, print it every 5 s."""
    from feed.terminal.finite import Finite  # noqa: PLC0415 - aiohttp is slow
    from feed.terminal.top import top as show_server  # noqa: PLC0415

    with _naming_options():
        server = Finite(url, key, secret)
    return _run(server, lambda: show_server(server, _print, _teller("top", quiet=False)))


@app.command(
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
)
def bench(context: typer.Context) -> int:
    """Measure what a server costs, beside its peers: feed bench --help."""
    return find_bench()(context.args)


def _connect(
    url: str,
    symbols: str,
    channels: str,
    conflate: Iterable[str] | None,
    symbols_option: str = "--symbols",
    **options: Any,  # noqa: ANN401 - checked by connect, which names what is wrong
) -> "Stream":
    """Make a stream of what the options say."""
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
    with _naming_options(symbols_option):
        subscription = Subscription.of({Channel(name): symbols for name in names}, intervals)
        return Stream(url, subscription, **options)


@contextmanager
def _naming_options(symbols_option: str = "--symbols") -> Iterator[None]:
    """Let what is complained about be called as it is on the command line."""
    try:
        yield
    except InvalidParameter as error:
        of_channel = error.parameter in set(Channel)
        option = symbols_option if of_channel else option_name(error.parameter)
        raise InvalidParameter(option, error.value, error.accepted) from None


def _run(server: AbstractAsyncContextManager[object], work: Work) -> int:
    """Do the work until it is done, or a signal ends it; return the exit status."""

    async def until_done() -> None:
        task = asyncio.current_task()
        assert task is not None
        with suppress(NotImplementedError):  # on Windows, where there is no SIGTERM to speak of
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        async with server:
            await work()

    try:
        asyncio.run(until_done())
    except KeyboardInterrupt:
        return ENDED_BY + signal.SIGINT
    except asyncio.CancelledError:
        return ENDED_BY + signal.SIGTERM
    return 0


def _print(lines: bytes) -> None:
    try:
        sys.stdout.buffer.write(lines)
        sys.stdout.buffer.flush()
    except BrokenPipeError:  # whoever read our output has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit from None


def _teller(command: str, quiet: bool) -> "Callable[[Event | str], None]":
    def tell(event: "Event | str") -> None:
        if not quiet:
            typer.echo(f"feed {command}: {event}", err=True)

    return tell
