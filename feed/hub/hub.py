"""The hub: where sessions come and go, and everything that they share.

It owns what the audience does not know: connections, the tasks that cut and catch up, and the
clocks. It hands every question to the audience, writes nothing by itself, and ends sessions with a
reason. Ticks come in by its publisher. One hub, one event loop; no method waits.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace

from feed.broadcast.allowance import Rates
from feed.broadcast.audience import Audience
from feed.broadcast.cut import Broadcast
from feed.broadcast.limits import Limits
from feed.broadcast.payload_key import PayloadKey
from feed.broadcast.subscriber import Subscriber
from feed.broadcast.warnings import Warnings
from feed.hub.age_reports import AgeReports
from feed.hub.ahead import Ahead
from feed.hub.catch_up import CatchUp
from feed.hub.clock import SYSTEM_CLOCK, Clock
from feed.hub.connection import Connection
from feed.hub.cutter import Cutter
from feed.hub.departure import Leaving
from feed.hub.door import Door, Refusal
from feed.hub.egress_watch import EgressWatch
from feed.hub.entitlement import Entitlement
from feed.hub.forgetting import Forgetting
from feed.hub.handed_on import HandedOn
from feed.hub.housekeeping import Housekeeping
from feed.hub.inlet import Inlet
from feed.hub.instruments import Instruments
from feed.hub.key_gate import KeyGate
from feed.hub.memory_watch import MemoryWatch
from feed.hub.portrait import Departed, portray
from feed.hub.publisher import Publisher
from feed.hub.relay import Relay
from feed.hub.session import Session, always, no_beat
from feed.hub.siblings import Siblings
from feed.hub.steps import Step, Steps
from feed.hub.subscriptions import Subscriptions
from feed.hub.turns import Turns
from feed.hub.waiting import Waiting
from feed.logger import logger_of
from feed.market.listing import Listing
from feed.settings.options import Settings
from feed.trust.identities import Identities
from feed.trust.identity import ANONYMOUS, Identity
from feed.wire.bus_codec import bus_codec
from feed.wire.codec import CODECS
from feed.wire.compression import Compression
from feed.wire.disconnect import Disconnect, Reason
from feed.wire.framing import Framing

ASK_EDGES = "this server writes to a bus, and nobody subscribes here; accepted: its edges"
ANSWERED_AT_ONCE = 2  # of finite requests; a scrape is 10 ms of work
_NS_PER_MS = 1_000_000

log = logger_of("feed.connections")


class Hub:
    """Everything that is shared by all sessions.

    Attributes:
        broadcast: the ring, and the lanes made from it.
        audience: all subscribers, and every decision on them.
        settings: what the server was told.
        identities: who may come in.
        door: by which limits.
        key_gate: who may read which key of words.
        clock: what the time is, for everybody in this server.
        instruments: the histograms that are filled here.
        steps: measures what the loop does for long.
        turns: for what clients ask, one piece at a time.
        answering: lets so many finite requests be answered at once.
        inlet: for parsing what they send, before that.
        rates: what each WebSocket may send.
        bus_codec: in which servers that follow are told events.
        age_reports: takes what clients report.
        sessions: everybody connected, by their subscriber.
        departed: those that left last.
        waiting: connections whose next request is not there.
        cutter: says when to cut.
        catch_up: gives subscribers that are behind what they are due.
        publisher: takes in what is published.
        relay: takes in the events of a server that is followed.
        follows: whether there is such a server, which gives all sequences.
        siblings: the other workers of the server; None: it is one process.
        ahead: holds those whose positions it has told, and that have not come here.
        handed_on: requests that went to it, by what became of them.
        subscriptions: what sessions have subscribed to.
        entitlement: what sessions may have, by who they are.
        egress: holds identities to the bytes that they may be written.
        housekeeping: does what is due by time alone.
        departure: sends everybody away before the server ends.
        connected: sessions now, by transport and codec.
        opened: sessions so far, by transport and codec.
        ended: sessions that ended, by reason.
    """

    def __init__(
        self,
        broadcast: Broadcast,
        settings: Settings,
        *,
        production_waits: bool = False,
        live: bool = True,
        follows: bool = False,
        instruments: Callable[[], Iterable[str]] = tuple,
        clock: Clock = SYSTEM_CLOCK,
        identities: Identities | None = None,
        siblings: Siblings | None = None,
    ) -> None:
        """Make a hub without sessions.

        Args:
            broadcast: the ring and lanes that it serves from.
            settings: what the server was told.
            production_waits: publishing waits for the slowest lossless subscriber; nothing but the
                ring limits the lag of those that it waits for.
            live: ticks happen now, so that clients may report their age.
            follows: another server gives all sequences; nobody is let in before it is known which.
            instruments: returns the symbols that the source lists, as far as it knows them by now.
            clock: what the time is.
            identities: who may come in; by default everybody.
            siblings: the other workers of the server; None: it is one process.
        """
        self.broadcast = broadcast
        self.settings = settings
        self.clock = clock
        self.identities = identities or Identities()
        self.siblings = siblings
        self.door = Door(settings, siblings)
        self.key_gate = KeyGate()
        self.instruments = Instruments()
        self.steps = Steps()
        self.turns = Turns(self.steps)
        self.answering = asyncio.Semaphore(ANSWERED_AT_ONCE)
        self.inlet = Inlet(self.steps)
        self.rates = Rates(
            settings.max_control_messages_per_s,
            settings.max_control_bytes_per_s,
            settings.max_control_ms_per_s * _NS_PER_MS,
        )
        self.bus_codec = bus_codec(settings.bus_codecs, CODECS)
        self.age_reports = AgeReports(self.instruments.delivery_age, clock, live=live)
        self.sessions: dict[Subscriber, Session] = {}
        self.departed = Departed()
        self.waiting = Waiting(
            max_connections=settings.max_waiting_connections,
            max_bytes=settings.max_unfinished_heads_bytes,
            head_timeout_ns=int(settings.head_timeout_s * 1e9),
        )
        self.connected: Counter[tuple[str, str]] = Counter()
        self.opened: Counter[tuple[str, str]] = Counter()
        self.ended: Counter[Reason] = Counter()
        limits = Limits(
            symbols_per_subscriber=settings.max_symbols_per_connection,
            index_entries=settings.max_index_entries,
            lag_max_ticks=None if production_waits else settings.lag_max_ticks,
            high_water_bytes=settings.high_water_bytes,
            slow_timeout_ns=int(settings.slow_timeout_s * 1e9),
            new_epoch_ticks=settings.new_epoch_ticks,
        )
        # Only a recording may be held back, and only a recording tells its symbols while it plays.
        warnings = Warnings(
            broadcast, Listing(broadcast.snapshot, instruments), patient=production_waits
        )
        self.audience = Audience(
            broadcast, limits, self._wake_catch_up, warnings, everybody=lambda: self.sessions
        )
        self.catch_up = CatchUp(
            self.audience,
            clock,
            self.steps,
            closing=lambda subscriber: self.sessions[subscriber].connection.closing,
            disconnect=lambda subscriber, verdict: self.disconnect(
                self.sessions[subscriber], verdict.reason, verdict.words
            ),
            fail=lambda subscriber, error: self.fail(self.sessions[subscriber], error),
        )
        self.cutter = Cutter(
            self.audience, self.instruments, clock, self.steps, interval_ms=settings.batch_ms
        )
        self.publisher = Publisher(self.audience, self.cutter, self.catch_up, self.turns, clock)
        self.follows = follows
        self.relay = Relay(
            self.audience,
            self.cutter,
            self.catch_up,
            self.turns,
            clock=clock,
            subscribers=self.sessions,
        )
        self.ahead = Ahead(self.audience, clock)
        self.handed_on: Counter[HandedOn] = Counter()
        self._forgetting = Forgetting(broadcast.lanes, self.steps)
        self.subscriptions = Subscriptions(
            self.audience,
            self.sessions,
            door=self.door,
            key_gate=self.key_gate,
            catch_up=self.catch_up,
            forgetting=self._forgetting,
            clock=clock,
        )
        self.egress = EgressWatch(
            self.audience, self.sessions, self.door.limited, settings.max_egress_bytes_per_s
        )
        self.entitlement = Entitlement(
            self.audience,
            self.subscriptions,
            door=self.door,
            key_gate=self.key_gate,
            egress=self.egress,
            catch_up=self.catch_up,
            clock=clock,
            disconnect=self.disconnect,
        )
        self.housekeeping = Housekeeping(
            self.audience,
            settings,
            clock,
            self.turns,
            sessions=self.sessions,
            waiting=self.waiting,
            loop_lag=self.instruments.loop_lag,
            look_at_end=self.entitlement.look_at_end,
            fail=self.fail,
            lose=self.lose,
            egress=self.egress,
            memory=MemoryWatch(
                self.audience, self.door, self.sessions, self.waiting, self.disconnect
            ),
        )
        self.departure = Leaving(self.sessions.values, self.turns, self._send_away)

    def refusal(
        self, identity: Identity, place: str, *, of_its_own: bool = False
    ) -> Refusal | None:
        """Return why somebody is not let in; None: come in.

        Args:
            identity: who it is.
            place: whence it comes.
            of_its_own: it reads only the answer to what it has asked itself, which its edge asks
                for; a writer lets nobody else in.
        """
        if self.leaving:
            return Refusal(Reason.SHUTDOWN, self.told(Reason.SHUTDOWN))
        if self.publisher.bus is not None and not of_its_own:
            return Refusal(Reason.NOT_READY, replace(Reason.NOT_READY.value, words=ASK_EDGES))
        if not self.knows_epoch:
            return Refusal(Reason.NOT_READY, Reason.NOT_READY.value)
        return self.door.refusal(len(self.sessions), identity, place)

    @property
    def knows_epoch(self) -> bool:
        """Whether positions mean anything yet."""
        return not self.follows or (self.relay.has_begun and not self.relay.is_filling)

    def follow(self) -> None:
        """Give no sequence any more: another server does, from behind the newest one on."""
        while self.broadcast.waiting_ticks or self.broadcast.waiting_words:
            self.cutter.cut()
        self.broadcast.waiting_words.hold()
        self.follows = self.relay.has_begun = True

    def lead_again(self) -> None:
        """Give sequences again: the other server has given none."""
        self.follows = self.relay.has_begun = False
        self.broadcast.waiting_words.release()
        self.cutter.schedule()

    async def say_goodbye(self) -> None:
        """Send everybody away that is still here, behind all that was published until now."""
        if self.broadcast.waiting_ticks:
            self.cutter.cut()
        await self.departure.finish()

    @property
    def leaving(self) -> bool:
        """Whether the server is about to end, and lets nobody more in."""
        return self.departure.begun

    def open(
        self,
        connection: Connection,
        key: PayloadKey,
        framing: Framing,
        goodbye: Callable[[Disconnect], None],
        *,
        beat: Callable[[int], None] = no_beat,
        compression: Compression | None = None,
        identity: Identity = ANONYMOUS,
        reselect: Callable[[Session], None] | None = None,
        hears_notices: Callable[[], bool] = always,
    ) -> Session:
        """Take a subscriber in; it is held, at the last cut, until `begin` or `release`.

        See `Session` for `beat`, `identity`, `reselect` and `hears_notices`.

        Raises:
            LimitExceeded: the selection is too large by itself, or together with all others.
            InvalidParameter: it names a key of words that is not to be read.
        """
        opened_ns = self.clock.mono_ns()
        self.key_gate.check(identity, key.selection)
        if key.selection.symbols:
            lane = self.broadcast.lanes.find(key, framing, compression)
            self.door.check_lane(identity, connection.place, lane)
            projections = self.broadcast.lanes.projections
            self.door.check_projection(identity, connection.place, key.codec, projections)
        subscriber = self.audience.enter(key, framing, connection, opened_ns, compression)
        session = Session(
            connection,
            subscriber,
            framing.transport,
            opened_ns,
            goodbye,
            beat,
            identity,
            reselect,
            hears_notices,
        )
        session.entitle(identity)
        self.sessions[subscriber] = session
        self.door.enter(session)
        self.egress.enter(session, opened_ns)
        self.connected[framing.transport, key.codec.name] += 1
        self.opened[framing.transport, key.codec.name] += 1
        log.info(
            "connected",
            id=session.id,
            transport=session.transport,
            codec=key.codec.name,
            compressed=compression is not None,
            peer=connection.peer,
            **identity.told,
        )
        return session

    def close(self, session: Session, reason: Reason, words: str = "") -> None:
        """Take a session out, once; the first reason counts. `words`: what it is told."""
        if session.ended.done():
            return
        subscriber, ended_ns = session.subscriber, self.clock.mono_ns()
        self.departed.add(portray(session, ended_ns, reason, words))
        del self.sessions[subscriber]
        self.egress.leave(session)
        self.door.leave(session)
        with self.steps.measured(Step.LEAVE):
            self.audience.leave(subscriber)
        self._forgetting.begin()
        self.catch_up.moved.set()
        self.connected[session.transport, subscriber.lane.codec.name] -= 1
        self.ended[reason] += 1
        seconds = (ended_ns - session.opened_ns) / 1e9
        log.info("ended", id=session.id, reason=reason.value.name, seconds=round(seconds, 3))
        session.ended.set_result(reason)

    def refuse(self, session: Session, refusal: Refusal) -> None:
        """Take a session out that is not let in, and say why."""
        if not session.ended.done():
            self._send_away(session, refusal.reason, refusal.told)

    def disconnect(self, session: Session, reason: Reason, words: str = "") -> None:
        """Take a session out and say why; nothing is written to it any more.

        Args:
            session: which.
            reason: of the table.
            words: for a person, instead of the table's.
        """
        if session.ended.done():
            return
        told = self.told(reason)
        self._send_away(session, reason, replace(told, words=words) if words else told)

    def fail(self, session: Session, error: Exception) -> None:
        """Disconnect a session for which something of ours went wrong."""
        log.error("session_failed", id=session.id, exc_info=error)
        self.disconnect(session, Reason.ERROR)

    def lose(self, session: Session) -> None:
        """Take a session out whose connection ends, and cut that off.

        It would stay open for ever where it keeps bytes for a peer that reads none.
        """
        self.close(session, Reason.CLIENT_LEFT)
        session.connection.cut_off_soon()

    def told(self, reason: Reason) -> Disconnect:
        """Return what somebody is told who is sent away, or not let in."""
        return self.departure.refusal() if reason is Reason.SHUTDOWN else reason.value

    def note_refusal(self, refusal: Reason) -> None:
        """Count a connection that was not let in, and was told why."""
        self.ended[refusal] += 1

    def awake_ns(self) -> int:
        """Return the time by a clock that stands still while the process sleeps."""
        return self.audience.behind.awake_clock.awake_ns(self.clock.mono_ns())

    # Inside.

    def _send_away(self, session: Session, reason: Reason, told: Disconnect) -> None:
        self.close(session, reason, told.words)
        session.goodbye(told)

    def _wake_catch_up(self) -> None:
        self.catch_up.wake()
