"""Running a writer of a cluster as a program: it stands by, leads, and stands by again.

While it stands by it listens already, and says so. Once it has the lease it begins its term, takes
up what those before have left, and is the server that `feed serve` is, but for subscribers. Where
another one leads it lets go of all that it has: what it had cut and nobody has acknowledged is of
no use to anybody.
"""

import asyncio
import os
import socket
import ssl
import sys
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog
from aiohttp import web

from feed import __version__
from feed.cluster.address import BusAddress
from feed.cluster.link import Link
from feed.cluster.making import EVENT_BYTES, Plan
from feed.errors import InvalidInput, SourceError
from feed.http.app import HUB, INGEST, make_app
from feed.http.protocol.runner import Runner
from feed.http.standby import standby_app
from feed.hub.clock import SYSTEM_CLOCK
from feed.metrics.bus import standby_text
from feed.program import logs
from feed.program.end_signals import EndSignals
from feed.program.greeting import allow_many_files, greet, in_words
from feed.program.leaving import leave
from feed.program.listening import BACKLOG, Site, authority, cannot_listen
from feed.program.log_writer import LogWriter
from feed.program.memory import collect_rarely, keep_imported, return_large_blocks
from feed.program.serve import loop_factory
from feed.reign.candidate import Candidate
from feed.reign.ending import end_tasks
from feed.reign.keeper import BusKeeper
from feed.reign.standing_by import read_ahead, take_over
from feed.reign.tenure import Ending, Role, Tenure
from feed.settings.load import option_fields
from feed.settings.options import Settings
from feed.settings.variables import unknown_variables
from feed.sources.chosen import ChosenSource
from feed.sources.named_source import NamedSource
from feed.trust.certificate import Certificate
from feed.wire.bus_codec import bus_codec
from feed.wire.codec import CODECS

USER, PASSWORD = "FEED_BUS_USER", "FEED_BUS_PASSWORD"
_RINGS = 8  # of the stream that is made
_LEAST_STREAM_BYTES = 64 << 20

_Result = TypeVar("_Result")

log = structlog.get_logger("feed.server")


def ingest(
    settings: Settings, sources: Sequence[ChosenSource], held: Sequence[socket.socket] = ()
) -> None:
    """Write sources to a bus until SIGINT or SIGTERM, whenever this process leads.

    Args:
        settings: of the server; they say which bus.
        sources: where its ticks come from.
        held: sockets that listen already; none: it listens by itself.

    Raises:
        InvalidInput: what is to be replayed is no recording.
        FeedError: an option is not accepted, the address cannot be listened on, or what is in NATS
            cannot be worked with.
    """
    key_pair = _key_pair()
    repeats, writer = logs.begin(sys.stderr.fileno(), interactive=sys.stderr.isatty())
    for unknown in unknown_variables(option_fields(type(source.options) for source in sources)):
        log.warning("unknown_variable", variable=unknown.name, nearest=unknown.nearest or None)
    allow_many_files()
    return_large_blocks()
    keep_imported()
    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(_ingest(settings, sources, (held, key_pair), repeats, writer))
    finally:
        writer.close()


async def _ingest(
    settings: Settings,
    sources: Sequence[ChosenSource],
    given: tuple[Sequence[socket.socket], tuple[str, str] | None],
    repeats: logs.Repeats,
    writer: LogWriter,
) -> None:
    held, key_pair = given
    for source in sources:
        try:
            await source.options.look()
        except SourceError as error:
            raise InvalidInput(f"--source: {error}") from error
    assert settings.bus is not None, "it was asked for"
    signals = EndSignals()
    signals.listen()
    telling = asyncio.create_task(repeats.run(), name="repeats")
    address = BusAddress.parse(settings.bus, "--bus")
    link = Link(address, key_pair, name="feed ingest")
    linking = asyncio.create_task(link.run(), name="bus link")
    places = _listening(settings, held)
    party = _Party(settings, sources, link, Tenure(), places, signals, writer)
    try:
        greet(
            f"feed: writing {in_words(sources)} to {address}, where this server leads\n"
            f"  {party.url}/readyz  whether it does   {party.url}/metrics  for Prometheus\n"
        )
        log.info("ingesting", url=party.url, bus=str(address), version=__version__)
        while not signals.first.is_set():
            await party.take_part()
    finally:
        await end_tasks((telling, linking))


@dataclass(slots=True)
class _Party:
    """One process of several, of which one leads."""

    settings: Settings
    sources: Sequence[ChosenSource]
    link: Link
    tenure: Tenure
    places: Sequence[socket.socket]
    signals: EndSignals
    writer: LogWriter

    @property
    def url(self) -> str:
        """Where it listens."""
        host, port = self.places[0].getsockname()[:2]
        scheme = "http" if self.settings.tls_cert is None else "https"
        return self.settings.bus_url or f"{scheme}://{authority(host, port)}"

    async def take_part(self) -> None:
        """Stand by, lead, and come to an end of that."""
        candidate = Candidate(self.link, self._plan(), self.url, self.tenure)
        made = [read_ahead(source.make()) for source in self.sources]
        try:
            if not await self._stand_by(candidate):
                return
            restored = await self._unless_told(
                candidate.begin("+".join(each.name for each in made))
            )
            if restored is None:
                return
            client = await self.link.client()
            codec = bus_codec(self.settings.bus_codecs, CODECS)
            keeper = BusKeeper(
                self.link,
                candidate.writing,
                restored,
                SYSTEM_CLOCK,
                codec=codec,
                carried=tuple(each.name for each in codec.carried),
                buffer_bytes=self.settings.bus_buffer,
                tenure=self.tenure,
                most_bytes=client.max_payload,
            )
            take_over(made, restored.ring)
            await self._lead(candidate, keeper, made)
        finally:
            self.tenure.role = Role.STANDBY
            for each in made:
                if each.preread is not None:
                    await each.preread.close()
                    await each.source.close()
            await candidate.leave()

    async def _stand_by(self, candidate: Candidate) -> bool:
        """Wait until the lease is ours; tell whether it is."""
        app = standby_app(
            lambda: self.tenure.role.value, lambda: standby_text(self.tenure, self.link)
        )
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            for place in self.places:
                await web.SockSite(runner, place.dup(), ssl_context=self._context()).start()
            return await self._unless_told(candidate.stand_by()) is True
        finally:
            await runner.cleanup()

    async def _lead(
        self, candidate: Candidate, keeper: BusKeeper, made: Sequence[NamedSource]
    ) -> None:
        """Serve until it is told to end, or another one leads."""
        certificate = self._certificate()
        app = await make_app(
            self.settings,
            made,
            lost_log_records=lambda: self.writer.lost,
            certificate=certificate,
            keeper=keeper,
        )
        runner = Runner(app, app[HUB])
        try:
            await runner.setup()
            for place in self.places:
                context = None if certificate is None else certificate.context
                await Site(runner, place.dup(), context).start()
            self.tenure.role = Role.LEADER
            collect_rarely()
            log.info("leading", url=self.url, source=app[INGEST].name)
            ending = await self._end_of(candidate, keeper)
            self.tenure.endings[ending] += 1
            log.info("leading_ends", reason=ending.value)
            if ending is Ending.LEFT:
                await leave(runner, self.signals, 0.0)
            else:
                keeper.give_up()
        finally:
            await runner.cleanup()

    async def _end_of(self, candidate: Candidate, keeper: BusKeeper) -> Ending:
        """Wait for the end of a term; return why it ends."""
        told, deposed, outbid = (
            asyncio.create_task(event.wait())
            for event in (self.signals.first, keeper.deposed, candidate.outbid)
        )
        waits = (told, deposed, outbid)
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for task in waits:
            task.cancel()
        if deposed.done() and not deposed.cancelled():
            return keeper.ending
        return Ending.LEASE if candidate.outbid.is_set() else Ending.LEFT

    async def _unless_told(self, work: Coroutine[Any, Any, _Result]) -> _Result | None:
        """Do some work; None: it was told to end before that was done."""
        doing = asyncio.create_task(work)
        told = asyncio.create_task(self.signals.first.wait())
        try:
            await asyncio.wait((doing, told), return_when=asyncio.FIRST_COMPLETED)
            return doing.result() if doing.done() else None
        finally:
            await end_tasks((doing, told))

    def _plan(self) -> Plan:
        settings = self.settings
        by_default = max(_LEAST_STREAM_BYTES, _RINGS * settings.ring * EVENT_BYTES)
        return Plan(
            settings.bus_storage,
            settings.bus_replicas,
            settings.bus_max_bytes or by_default,
            settings.ring,
        )

    def _certificate(self) -> Certificate | None:
        settings = self.settings
        if settings.tls_cert is None:
            return None
        return Certificate(settings.tls_cert, settings.tls_key)

    def _context(self) -> ssl.SSLContext | None:
        certificate = self._certificate()
        return None if certificate is None else certificate.context


def _key_pair() -> tuple[str, str] | None:
    """Return user and password of NATS, where variables have them; no program is given them."""
    user, password = os.environ.pop(USER, ""), os.environ.pop(PASSWORD, "")
    return (user, password) if user else None


def _listening(settings: Settings, held: Sequence[socket.socket]) -> Sequence[socket.socket]:
    """Return the sockets that this process listens on, whatever it does.

    Raises:
        FeedError: there can be none.
    """
    if held:
        return held
    try:
        found = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, _, _, _, place = found[0]
        listening = socket.create_server(place[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        raise cannot_listen(settings, error) from error
    listening.setblocking(False)
    return [listening]
