"""Running the server as a program: event loop, signals, logs, the first lines it prints."""

import asyncio
import socket
import ssl
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import structlog
from aiohttp import web

from feed import __version__
from feed.errors import FeedError, InvalidInput, SourceError
from feed.http.app import HUB, INGEST, make_app
from feed.http.protocol.runner import Runner
from feed.program import logs
from feed.program.bus import listening_bus
from feed.program.end_signals import SPAN_S, EndSignals
from feed.program.greeting import allow_many_files, first_lines, greet, in_words
from feed.program.leaving import hand_over, leave, let_go
from feed.program.listening import Place, Site, authority, begin_again, cannot_listen
from feed.program.log_writer import LogWriter
from feed.program.memory import collect_rarely, keep_imported, return_large_blocks
from feed.program.takeover.giving import Giver, Outcome
from feed.program.takeover.places import place_of
from feed.program.takeover.taking import Taker
from feed.settings.load import option_fields
from feed.settings.options import Settings
from feed.settings.variables import unknown_variables
from feed.sources.chosen import ChosenSource
from feed.state.handed import Handed
from feed.trust.certificate import Certificate

log = structlog.get_logger("feed.server")


def serve(
    settings: Settings,
    sources: Sequence[ChosenSource],
    held: Sequence[socket.socket] = (),
    bus: Path | None = None,
    taker: Taker | None = None,
) -> None:
    """Serve sources until SIGINT or SIGTERM; say goodbye to everybody, and return.

    Args:
        settings: of the server.
        sources: where its ticks come from.
        held: sockets that listen already; none: it listens by itself.
        bus: where it listens to edges of its own on this machine; None: it has none.
        taker: has asked a server that runs to let this one go on; None: nobody was asked.

    Raises:
        InvalidInput: what is to be replayed is no recording.
        FeedError: an option is not accepted, or the address cannot be listened on.
    """
    repeats, writer = logs.begin(sys.stderr.fileno(), interactive=sys.stderr.isatty())
    warn_of_unknown_variables(sources)
    allow_many_files()
    return_large_blocks()
    keep_imported()
    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            left = runner.run(_serve(settings, sources, (held, bus, taker), repeats, writer))
    finally:
        writer.close()
    if left:
        begin_again([sys.executable, *sys.orig_argv[1:]], left)


async def _serve(
    settings: Settings,
    sources: Sequence[ChosenSource],
    listening: tuple[Sequence[socket.socket], Path | None, Taker | None],
    repeats: logs.Repeats,
    writer: LogWriter,
) -> Sequence[int]:
    """Serve; return the descriptors of the sockets that nobody serves when it has ended."""
    await look_at(sources)
    certificate = certificate_of(settings)
    context = None if certificate is None else certificate.context

    async def make(handed: Handed | None, rehearses: bool) -> web.Application:
        """Return what serves; or what shows that it could, and keeps no state."""
        made = [source.make() for source in sources]
        if handed is not None:
            handed.give_pipes((each.name, each.source) for each in made)
        chosen = settings.model_copy(update={"state": None}) if rehearses else settings
        return await make_app(
            *(chosen, made),
            lost_log_records=lambda: writer.lost,
            certificate=certificate,
            handed=handed,
        )

    held, bus, taker = listening
    if taker is None:
        app = await make(None, False)
    else:
        held = taker.listeners
        names = "+".join(source.name for source in sources)
        app = await taker.take(make, settings.ring, names)
    runner = Runner(app, app[HUB])
    await runner.setup()
    signals = EndSignals()
    signals.listen()
    ending = ExitStack()
    giver: Giver | None = None
    try:
        for path in _bus_places(bus, taker):
            await Site(runner, ending.enter_context(listening_bus(path))).start()
        if taker is not None:
            await taker.serve(app)
        await _listen(settings, runner, held, context)
        if taker is None:
            collect_rarely()
        host, port = _address_of(runner)
        fan_out = app[HUB].broadcast.fan_out
        url = f"{'http' if context is None else 'https'}://{authority(host, port)}"
        greet(first_lines(in_words(sources), fan_out.why, url))
        log.info(
            "serving",
            host=host,
            port=port,
            tls=context is not None,
            source=app[INGEST].name,
            version=__version__,
            fan_out=fan_out.engine.value,
            send_threads=fan_out.threads,
            **({"fan_out_why": fan_out.why} if fan_out.why else {}),
        )
        telling = asyncio.create_task(repeats.run(), name="repeats")
        giver = _giver_for(settings, runner)
        await _until_told(signals, giver)
        log.info("leaving", port=port, subscribers=len(app[HUB].sessions))
        await _leave(settings, runner, signals, giver)
        telling.cancel()
    finally:
        if giver is not None:
            await giver.close()
        await runner.cleanup()
        ending.close()
        if taker is not None:
            taker.end()
    return () if giver is None else giver.left()


async def _listen(
    settings: Settings,
    runner: Runner,
    held: Sequence[socket.socket],
    context: ssl.SSLContext | None,
) -> None:
    """Listen on sockets that are held, or else where the settings say.

    Raises:
        FeedError: it cannot be.
    """
    places: Sequence[Place] = held or [(settings.host, settings.port)]
    try:
        for place in places:
            await Site(runner, place, context).start()
    except OSError as error:
        raise cannot_listen(settings, error) from error


def _bus_places(bus: Path | None, taker: Taker | None) -> list[Path]:
    """Return where a server listens to those on this machine that follow it."""
    taken = None if taker is None else taker.place.bus
    return [path for path in (bus, taken) if path is not None]


def _address_of(runner: Runner) -> tuple[str, int]:
    """Return the first address that a server listens at."""
    host, port = next(each for each in runner.addresses if isinstance(each, tuple))[:2]
    return host, port


async def _leave(
    settings: Settings, runner: Runner, signals: EndSignals, giver: Giver | None
) -> None:
    """Do the last things, as it was told to end, or a new server goes on."""
    outcome = Outcome.STAYS if giver is None else giver.outcome
    span_s = settings.drain_s or SPAN_S
    match outcome:
        case Outcome.TAKEN:
            await let_go(runner, signals, span_s)
        case Outcome.KEPT:
            assert giver is not None, "it was asked"
            await hand_over(runner, signals, giver.give_kept, span_s)
        case Outcome.LOST:
            await leave(runner, signals, 0)
        case Outcome.STAYS:
            await leave(runner, signals, settings.drain_s)


def _giver_for(settings: Settings, runner: Runner) -> Giver | None:
    """Return what waits for a new server; None: it could not be asked."""
    if sys.platform != "linux":
        return None
    try:
        place = place_of(settings.state, settings.host, _address_of(runner)[1])
    except FeedError as error:
        log.info("no_takeover", error=str(error))
        return None
    giver = Giver(place, runner)
    giver.begin()
    return giver


async def _until_told(signals: EndSignals, giver: Giver | None) -> None:
    """Wait until this shall end, or a new server goes on."""
    events = [signals.first] if giver is None else [signals.first, giver.over]
    waits = [asyncio.create_task(each.wait()) for each in events]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for each in waits:
        each.cancel()


async def look_at(sources: Sequence[ChosenSource]) -> None:
    """Look at what sources name, before anything is served.

    Raises:
        InvalidInput: what is to be replayed is no recording.
    """
    for source in sources:
        try:
            await source.options.look()
        except SourceError as error:
            raise InvalidInput(f"--source: {error}") from error


def certificate_of(settings: Settings) -> Certificate | None:
    """Return the certificate that a server encrypts with; None: it does not.

    Raises:
        FeedError: it cannot be read.
    """
    if settings.tls_cert is None:
        return None
    certificate = Certificate(settings.tls_cert, settings.tls_key)
    if certificate.pair.has_ended(time.time_ns()):
        log.warning("certificate_expired", file=str(settings.tls_cert))
    return certificate


def warn_of_unknown_variables(sources: Sequence[ChosenSource]) -> None:
    """Say which variables with our prefix are no options."""
    for unknown in unknown_variables(option_fields(type(source.options) for source in sources)):
        log.warning("unknown_variable", variable=unknown.name, nearest=unknown.nearest or None)


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """Return what makes the event loop: uvloop, where there is one."""
    if sys.platform == "win32":
        return asyncio.new_event_loop
    from feed.program.uv_loop import UvLoop  # noqa: PLC0415 - uvloop is not installed on Windows

    return UvLoop
