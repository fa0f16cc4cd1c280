"""The service: the parts that answer, and the tasks that run as long as they do.

It is made without an event loop, so that an application that does not run yet can have its routes;
what belongs to a loop is made when it runs. Knows no route.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from feed.alerting.desk import Alerts
from feed.broadcast.cut import Broadcast
from feed.broadcast.ring import RingBuffer
from feed.generations.desk import Generations
from feed.generations.facts import MarketFacts
from feed.generations.market_model import MarketModel
from feed.generations.model import Model
from feed.generations.models import Models
from feed.generations.upstream import Upstream
from feed.http import routes
from feed.http.access import Access
from feed.http.contract.asyncapi import asyncapi_document
from feed.http.contract.documents import Documents
from feed.http.contract.openapi import openapi_document
from feed.http.edge.parts import edge_parts
from feed.http.follow import InstrumentNews
from feed.http.glance.tables import Tables
from feed.http.origins import Origins
from feed.http.scopes import scopes_of
from feed.http.server import Server
from feed.http.status_history import SAMPLE_S, StatusHistory
from feed.hub.archivist import Archivist
from feed.hub.clock import SYSTEM_CLOCK, Clock
from feed.hub.connection import LAST_WORDS_S
from feed.hub.fan_out import choose_fan_out
from feed.hub.hub import Hub
from feed.hub.identity_watch import LOOK_S, IdentityWatch
from feed.hub.siblings import Siblings
from feed.hub.supervision import keep_running
from feed.ingest.desk import Desk
from feed.ingest.runner import Ingest
from feed.jobs.desk import Jobs
from feed.jobs.supply import Supply
from feed.market.asset_classes import AssetClasses
from feed.market.word_channels import WordChannel
from feed.metrics.exposition import Exposition
from feed.rooms.desk import Rooms
from feed.rooms.keeping import Keeping
from feed.settings.chosen import check_company
from feed.settings.options import Settings
from feed.sources.instruments_file import read_instruments
from feed.sources.named_source import NamedSource
from feed.sources.reference import Reference
from feed.sources.source import HoldsLog, Instrument, Sequenced, Source
from feed.state import parts
from feed.state.followed import read_checkpoint
from feed.state.handed import Handed
from feed.state.keeper import CHECKPOINT_S, open_keeper
from feed.state.keeps import Keeps
from feed.state.restore import Elsewhere
from feed.trust.assertion import Assertions
from feed.trust.certificate import Certificate
from feed.trust.cluster_key import ClusterKey, read_cluster_key
from feed.trust.identities import Identities
from feed.trust.key_sources import key_source
from feed.trust.lookout import look_for_ever
from feed.trust.sealed_tickets import SealedTickets
from feed.trust.tokens import TokenAuthenticator
from feed.trust.watched_keys import WatchedKeys


@dataclass(frozen=True, slots=True)
class Service:
    """Everything behind the routes.

    Attributes:
        server: the parts that handlers answer from.
        keeper: of state for another process; None: nothing is kept.
        certificate: of a server that encrypts by itself.
        identity_watch: sees to it that nobody stays longer than their identity lasts.
        look_s: between two looks at the certificate.
        archivist: reads what is older than the ring, and the log; None: there is no log.
    """

    server: Server
    keeper: Keeps | None
    certificate: Certificate | None
    identity_watch: IdentityWatch
    look_s: float
    archivist: tuple[Archivist, HoldsLog] | None = None

    @property
    def hub(self) -> Hub:
        """The sessions, the lanes and the ring."""
        return self.server.hub

    @property
    def ingest(self) -> Ingest:
        """The source, its bars and its health."""
        return self.server.ingest

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Produce, catch up and keep house for as long as the block lasts; once."""
        hub, ingest = self.hub, self.ingest
        tasks = [
            asyncio.create_task(keep_running(name, run), name=name)
            for name, run in (
                ("catch_up", hub.catch_up.run),
                ("housekeep", hub.housekeeping.run),
                ("status_history", self.server.status_history.run),
                ("generations", self.server.generations.run),
                ("jobs", self.server.jobs.run),
                ("rooms", self.server.rooms.run),
                ("ahead", hub.ahead.run),
                ("alerts", self.server.alerts.run),
                ("instruments", InstrumentNews(hub, self.server.reference).run),
            )
        ]
        tasks.append(asyncio.create_task(self.identity_watch.run(), name="identities"))
        if (presence := self.server.edge.presence) is not None:
            telling = keep_running("presence", presence.run)
            tasks.append(asyncio.create_task(telling, name="presence"))
        if (endings := self.server.edge.endings) is not None:
            sharing = keep_running("endings", endings.run)
            tasks.append(asyncio.create_task(sharing, name="endings"))
        if self.certificate is not None:
            watching = look_for_ever("certificate", self.certificate.look, self.look_s)
            tasks.append(asyncio.create_task(watching, name="certificate"))
        if self.keeper is not None:
            tasks.append(asyncio.create_task(self.keeper.run(ingest), name="state"))
        if self.archivist is not None:
            archivist, holds_log = self.archivist
            reading = keep_running("archive", lambda: archivist.run(holds_log))
            tasks.append(asyncio.create_task(reading, name="archive"))
        self.server.generations.restore()
        self.server.jobs.restore()
        self.server.rooms.presence.restore()
        self.server.alerts.restore()
        ingest.start()
        try:
            with hub.steps.watching_collections():
                yield
        finally:
            await self.server.generations.close()
            await self.server.jobs.close()
            await ingest.stop()
            await self.server.alerts.close()
            for task in tasks:
                task.cancel()
            for task in tasks:
                with contextlib.suppress(asyncio.CancelledError):
                    await task
            if self.keeper is not None:
                await self.keeper.close(ingest)
            if self.server.edge.link is not None:
                await self.server.edge.link.close()
            hub.broadcast.fan_out.close()


def make_service(
    settings: Settings,
    sources: Source | Sequence[NamedSource],
    clock: Clock = SYSTEM_CLOCK,
    *,
    lost_log_records: Callable[[], int] = lambda: 0,
    certificate: Certificate | None = None,
    last_words_s: float = LAST_WORDS_S,
    sample_s: float = SAMPLE_S,
    look_s: float = LOOK_S,
    checkpoint_s: float = CHECKPOINT_S,
    embedded: Model | None = None,
    siblings: Siblings | None = None,
    elsewhere: Elsewhere | None = None,
    keeper: Keeps | None = None,
    handed: Handed | None = None,
) -> Service:
    """Return what broadcasts sources; it produces while it runs.

    Args:
        settings: of the whole server.
        sources: of its ticks: one alone, or several with names.
        clock: of everything but its timers.
        lost_log_records: tells the number of records of the log that could not be written.
        certificate: of a server that encrypts by itself.
        last_words_s: the time in which a socket has to take what was written last.
        sample_s: between two samples of the status history.
        look_s: between two looks at the keys file, and at the certificate.
        checkpoint_s: between two checkpoints of the state.
        embedded: the model that is built in; by default it sums up the market by rules.
        siblings: the other workers of the server; None: it is one process.
        elsewhere: asked for what the state has lost by a kill; None: nobody has it.
        keeper: of state; by default it is a directory, if the settings name one.
        handed: what another process has handed on; None: it begins anew, or with what was kept.

    Raises:
        FeedError: the fan-out that was asked for cannot be had here.
        InvalidParameter: the key of the upstream of language models, in the environment, is none.
        InvalidInput: a file of keys or instruments is not accepted, a scope is of no route, or
            another server has the directory of the state.
    """
    named = NamedSource.listed(sources)
    follows = any(isinstance(each.source, Sequenced) for each in named)
    if follows:
        check_company(len(named), settings, renames=any(each.renames.changes for each in named))
    given = () if settings.instruments is None else read_instruments(settings.instruments)

    def listed() -> list[Instrument]:
        return ingest.instruments()

    def find(symbol: str) -> Instrument | None:
        return ingest.instrument(symbol)

    reference = Reference(given, listed, find)

    def class_of(symbol: str) -> str | None:
        known = reference.instrument(symbol)
        return None if known is None else known.asset_class

    identities = _identities(settings)
    origins = Origins(settings.allow_origin)
    classes = AssetClasses(class_of)
    fan_out = choose_fan_out(settings.fan_out, settings.send_threads)
    if keeper is None and settings.state is not None:
        names = "+".join(each.name for each in named)
        keeper = open_keeper(
            *(settings.state, settings.ring, names, clock, checkpoint_s),
            elsewhere=elsewhere,
            handed=handed,
        )
    ring = _ring_of(settings, keeper, handed)
    broadcast = Broadcast(ring, classes=classes, fan_out=fan_out, log=keeper)
    hub = Hub(
        broadcast,
        settings,
        production_waits=any(each.source.can_wait for each in named),
        live=all(each.source.live for each in named),
        follows=follows,
        instruments=lambda: (known.symbol for known in reference.instruments()),
        clock=clock,
        identities=identities,
        siblings=siblings,
    )
    key = None if settings.cluster_key is None else read_cluster_key(settings.cluster_key)
    assertions = None if key is None else Assertions(key, clock.wall_ns())
    access = Access(
        identities,
        clock,
        origins,
        hub.door,
        scopes=scopes_of(settings.scope, routes.finite_paths()),
        local_admin=settings.local_admin,
        assertions=assertions,
        tickets=None if key is None else _sealed_tickets(key, clock),
    )
    ingest = Ingest(hub, named, read_checkpoint)
    if keeper is not None:
        keeper.give_back(ingest)
    elif handed is not None:
        parts.take_up(handed.restored, ingest)
    desk = Desk(hub, ingest)
    gather = MarketFacts(hub, ingest, reference).gather
    models = Models(embedded or MarketModel(), Upstream.of(settings, os.environ))
    generations = Generations(hub, models, gather)
    hub.key_gate.open(WordChannel.GENERATIONS, generations.may_read, generations.is_known)
    supply = Supply(hub, ingest, lambda: (known.symbol for known in reference.instruments()))
    jobs = Jobs(hub, supply, named, settings.state)
    hub.key_gate.open(WordChannel.JOBS, jobs.may_read, jobs.is_known)
    rooms = Rooms(hub, None if keeper is None else Keeping(keeper.durable, keeper.when_durable))
    alerts = Alerts(hub, reference, settings.state)
    speaks = siblings is None or siblings.speaks_upward
    followed = (each.source for each in named)
    edge = edge_parts(hub, rooms, followed, assertions if speaks else None, access.browsers.tickets)
    access.browsers.endings = edge.endings
    hub.ahead.ask = edge.newest
    server = Server(
        hub,
        ingest,
        origins,
        access,
        StatusHistory(hub, ingest, sample_s),
        Exposition(
            hub,
            ingest,
            lost_log_records,
            certificate,
            keeper,
            rooms=rooms,
            jobs=jobs,
            alerts=alerts,
            desk=desk,
            generations=generations,
        ),
        clock.mono_ns(),
        Documents(
            partial(openapi_document, routes.ROUTES, identities_required=identities.required),
            partial(asyncapi_document, identities_required=identities.required),
        ),
        reference,
        Tables(hub, ingest, reference),
        desk,
        generations,
        jobs,
        rooms,
        alerts,
        last_words_s,
        keeper,
        edge,
    )
    logs = [each.source for each in named if isinstance(each.source, HoldsLog)]
    archivist = None
    if follows and logs:
        archivist = Archivist(broadcast, hub.catch_up, clock), logs[0]
    watch = IdentityWatch(hub, clock, look_s)
    return Service(server, keeper, certificate, watch, look_s, archivist)


def _ring_of(settings: Settings, keeper: Keeps | None, handed: Handed | None) -> RingBuffer:
    """Return the ring that a server begins with."""
    if keeper is not None:
        return keeper.ring
    return RingBuffer(settings.ring) if handed is None else handed.restored.ring


def _sealed_tickets(key: ClusterKey, clock: Clock) -> SealedTickets:
    return SealedTickets(key, partial(_wall_ns_at, clock), clock.mono_ns())


def _wall_ns_at(clock: Clock, mono_ns: int) -> int:
    """Return what the wall clock shows when the monotonic one shows this."""
    return clock.wall_ns() + mono_ns - clock.mono_ns()


def _identities(settings: Settings) -> Identities:
    """Return who may come in, as the settings say."""
    keys = None if settings.keys is None else WatchedKeys(settings.keys)
    if settings.jwt_keys is None or settings.jwt_issuer is None:
        return Identities(keys)
    source = key_source(settings.jwt_keys)
    return Identities(keys, TokenAuthenticator(source, settings.jwt_issuer, settings.jwt_audience))
