"""The running server, as handlers know it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from aiohttp import web

from feed.alerting.desk import Alerts
from feed.generations.desk import Generations
from feed.http.access import Access
from feed.http.callers import caller_of
from feed.http.contract.documents import Documents
from feed.http.edge.parts import EdgeParts
from feed.http.glance.tables import Tables
from feed.http.origins import Origins
from feed.http.protocol.handler import Handler
from feed.http.protocol.overheard import overhear
from feed.http.status_history import StatusHistory
from feed.hub.connection import Connection
from feed.hub.hub import Hub
from feed.hub.session import Session
from feed.ingest.desk import Desk
from feed.ingest.runner import Ingest
from feed.jobs.desk import Jobs
from feed.metrics.exposition import Exposition
from feed.rooms.desk import Rooms
from feed.sources.reference import Reference
from feed.state.keeps import Keeps
from feed.trust.identity import NOBODY


@dataclass(frozen=True, slots=True)
class Server:
    """The parts that handlers answer from.

    Attributes:
        hub: the sessions, the lanes and the ring.
        ingest: the source, its bars and its health.
        origins: the web pages that may read.
        access: who may ask for what.
        status_history: the samples of the last fifteen minutes.
        exposition: the metrics as text.
        began_mono_ns: when it was made.
        documents: what can be asked for, for programs.
        reference: what is known of instruments.
        tables: the market at a glance.
        desk: where producers push.
        generations: the answers of language models.
        jobs: exports to files.
        rooms: where people talk.
        alerts: rules on ticks, and their firings.
        last_words_s: the time in which a socket has to take what was written last.
        keeper: keeps the state for another process; None: none is kept.
        edge: what it has if it follows another server.
    """

    hub: Hub
    ingest: Ingest
    origins: Origins
    access: Access
    status_history: StatusHistory
    exposition: Exposition
    began_mono_ns: int
    documents: Documents
    reference: Reference
    tables: Tables
    desk: Desk
    generations: Generations
    jobs: Jobs
    rooms: Rooms
    alerts: Alerts
    last_words_s: float
    keeper: Keeps | None
    edge: EdgeParts

    @property
    def is_live(self) -> bool:
        """Whether what the sources give happens now."""
        return all(side.source.live for side in self.ingest.sides)

    def connection_of(self, request: web.Request) -> Connection | None:
        """Return the connection of a request that is answered without end.

        None: the client has gone meanwhile, or closed its side, which is the same here.
        """
        handler = request.protocol
        if request.transport is None or (isinstance(handler, Handler) and not handler.take_over()):
            return None
        high_water_bytes = self.hub.settings.high_water_bytes
        caller, last_words_s = caller_of(request), self.last_words_s
        return Connection(
            request.transport, high_water_bytes, last_words_s, caller.address, caller.place
        )

    def listens(self, request: web.Request) -> bool:
        """Tell whether the client of a request that waits for a finite answer is still there.

        One that has closed its side may be gone: nothing tells, as long as nothing is sent to it.
        """
        handler = request.protocol
        is_half = isinstance(handler, Handler) and handler.half_closed
        return request.transport is not None and not is_half

    def watch_end(self, request: web.Request, session: Session) -> None:
        """See to it that a session ends with its connection, and all that is sent to it counts.

        Of our own handler the former is sure, and the latter is needed if anybody has a limit;
        nobody knows yet who comes by a WebSocket. Of a handler of a host neither is.
        """
        hub, handler = self.hub, request.protocol
        if not isinstance(handler, Handler):
            forget = overhear(session.connection.transport, partial(self._lose, session))
            session.ended.add_done_callback(lambda _: forget())
            return
        limited = session.identity.grants.limits.egress_bytes_per_s
        may_be = hub.settings.max_egress_bytes_per_s or limited
        if session.identity is NOBODY and hub.identities.required:
            may_be = True
        if may_be:
            handler.when_lost(partial(hub.egress.leave, session, at_end=True))

    def _lose(self, session: Session) -> None:
        """End a session whose connection ends just now."""
        self.hub.egress.leave(session, at_end=True)
        self.hub.lose(session)

    def charge(self, request: web.Request, spend: Callable[[int], None]) -> None:
        """Tell a conversation how much CPU time, in nanoseconds, its client's bytes took to parse.

        The client itself decides how many frames a message has.
        """
        if isinstance(request.protocol, Handler):
            request.protocol.charge(spend)

    def forget_head(self, request: web.Request, response: web.StreamResponse) -> None:
        """Let go of the head of a request that was read, and is being answered without end."""
        if isinstance(request.protocol, Handler):
            request.protocol.forget_head(request, response)
