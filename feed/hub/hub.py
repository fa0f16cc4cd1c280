"""The hub: where ticks come in, and sessions join and leave.

It owns what the audience does not know: connections, the tasks that cut and catch up, and the
clocks. It hands every question to the audience, writes nothing by itself, and ends sessions with a
reason. One hub, one event loop; every method but `publish` returns without waiting.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from feed.broadcast.allowance import Rates
from feed.broadcast.audience import Audience
from feed.broadcast.cut import Broadcast
from feed.broadcast.limits import Limits
from feed.broadcast.payload_key import PayloadKey
from feed.broadcast.standing import Standing, Written
from feed.broadcast.subscriber import Subscriber
from feed.broadcast.warnings import Warnings
from feed.errors import LimitExceeded
from feed.hub.age_reports import AgeReports
from feed.hub.catch_up import CatchUp
from feed.hub.clock import SYSTEM_CLOCK, Clock
from feed.hub.connection import Connection
from feed.hub.cutter import Cutter
from feed.hub.departure import Leaving
from feed.hub.door import Door, Refusal
from feed.hub.egress_watch import EgressWatch
from feed.hub.forgetting import Forgetting
from feed.hub.housekeeping import Housekeeping
from feed.hub.inlet import Inlet
from feed.hub.instruments import Instruments
from feed.hub.memory_watch import MemoryWatch
from feed.hub.portrait import Departed, portray
from feed.hub.session import Session, always, no_beat
from feed.hub.steps import Step, Steps
from feed.hub.turns import Turns
from feed.hub.waiting import Waiting
from feed.logger import logger_of
from feed.market.listing import Listing
from feed.market.ticks import Tick
from feed.settings.options import Settings
from feed.trust.identities import Identities
from feed.trust.identity import ANONYMOUS, NOBODY, Identity
from feed.wire.compression import Compression
from feed.wire.disconnect import Disconnect, Reason
from feed.wire.framing import Framing
from feed.wire.grants import Grants, Refused
from feed.wire.messages import Message, expiring_message, subscription_message
from feed.wire.position import Position
from feed.wire.requests import OnLag
from feed.wire.selection import Selection

ANSWERED_AT_ONCE = 2  # of finite requests; a scrape is 10 ms of work
EXPIRING_NS = 30_000_000_000  # before its end an identity is told of it
_NS_PER_MS = 1_000_000

_NOTHING = Selection()
_NO_NAMES: frozenset[str] = frozenset()

log = logger_of("feed.connections")


def nothing() -> None:
    """Be called, and do nothing."""


class Hub:
    """Everything that is shared by all sessions.

    Attributes:
        broadcast: the ring, and the lanes made from it.
        audience: all subscribers, and every decision on them.
        settings: what the server was told.
        identities: who may come in.
        door: by which limits.
        clock: what the time is, for everybody in this server.
        instruments: the histograms that are filled here.
        steps: measures what the loop does for long.
        turns: for what clients ask, one piece at a time.
        answering: lets so many finite requests be answered at once.
        inlet: for parsing what they send, before that.
        rates: what each WebSocket may send.
        age_reports: takes what clients report.
        sessions: everybody connected, by their subscriber.
        departed: those that left last.
        waiting: connections whose next request is not there.
        cutter: says when to cut.
        catch_up: gives subscribers that are behind what they are due.
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
        instruments: Callable[[], Iterable[str]] = tuple,
        clock: Clock = SYSTEM_CLOCK,
        identities: Identities | None = None,
    ) -> None:
        """Make a hub without sessions.

        Args:
            broadcast: the ring and lanes that it serves from.
            settings: what the server was told.
            production_waits: publishing waits for the slowest lossless subscriber; nothing but the
                ring limits the lag of those that it waits for.
            live: ticks happen now, so that clients may report their age.
            instruments: returns the symbols that the source lists, as far as it knows them by now.
            clock: what the time is.
            identities: who may come in; by default everybody.
        """
        self.broadcast = broadcast
        self.settings = settings
        self.clock = clock
        self.identities = identities or Identities()
        self.door = Door(settings)
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
        self.audience = Audience(broadcast, limits, self._wake_catch_up, warnings)
        self._most_published_ticks = self.audience.most_published_ticks
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
        self.egress = EgressWatch(
            self.audience, self.sessions, self.door.limited, settings.max_egress_bytes_per_s
        )
        self.housekeeping = Housekeeping(
            self.audience,
            settings,
            clock,
            self.turns,
            sessions=self.sessions,
            waiting=self.waiting,
            loop_lag=self.instruments.loop_lag,
            expire=self._expire,
            fail=self.fail,
            lose=self.lose,
            egress=self.egress,
            memory=MemoryWatch(
                self.audience, self.door, self.sessions, self.waiting, self.disconnect
            ),
        )
        self.departure = Leaving(self.sessions.values, self.turns, self._send_away)
        self._forgetting = Forgetting(broadcast.lanes, self.steps)
        self._joined = asyncio.Event()
        self._hurries = False

    # What comes in.

    async def publish(
        self,
        ticks: list[Tick],
        *,
        wait: bool,
        source_ticks: Collection[Tick] = (),
        held: Callable[[], None] = nothing,
    ) -> None:
        """Take ticks into the ring, and see to it that they are cut.

        Args:
            ticks: in order, the bars that they finish among them.
            wait: hold production while the ring would overrun the slowest lossless subscriber.
            source_ticks: those of them that the source gave itself.
            held: called each time that production is held.
        """
        audience, step = self.audience, self._most_published_ticks
        own = set(map(id, source_ticks)) if len(ticks) > step else None
        for start in range(0, len(ticks), step):
            part = ticks[start : start + step]
            given = len(source_ticks) if own is None else sum(id(tick) in own for tick in part)
            await self._resolve(part)
            if wait and not audience.can_take(len(part)):
                held()
                await self._hold_production(len(part))
            while not audience.publish(part, self.clock.mono_ns(), given):
                self.cutter.cut()
            self.cutter.schedule()

    def hurry(self) -> None:
        """Hold no production any more: the list that waits is the last one."""
        self._hurries = True
        self.catch_up.moved.set()

    def announce(self, message: Message, *, down: bool) -> None:
        """Tell all subscribers that selected something whether the source is down."""
        if self.broadcast.waiting_ticks:
            self.cutter.cut()  # what came before it is told before it
        self.audience.announce(message, self.clock.mono_ns(), down=down)

    # Sessions.

    def refusal(self, identity: Identity, place: str) -> Refusal | None:
        """Return why somebody is not let in; None: come in."""
        if self.leaving:
            return Refusal(Reason.SHUTDOWN, self.told(Reason.SHUTDOWN))
        return self.door.refusal(len(self.sessions), identity, place)

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
        reselect: Callable[[], None] | None = None,
        hears_notices: Callable[[], bool] = always,
    ) -> Session:
        """Take a subscriber in; it is held, at the last cut, until `begin` or `release`.

        See `Session` for `beat`, `identity`, `reselect` and `hears_notices`.

        Raises:
            LimitExceeded: the selection is too large by itself, or together with all others.
        """
        opened_ns = self.clock.mono_ns()
        if key.selection.symbols:
            lane = self.broadcast.lanes.find(key, framing, compression)
            self.door.check_lane(identity, connection.place, lane)
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
        subscriber.due.pace(paced=identity.grants.conflate_ms > 0)
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

    def identify(self, session: Session, identity: Identity) -> None:
        """Note who a session is, or is by now, and let it have what is granted to that identity.

        Nothing more of what was revoked is written to it, but what its socket holds already. What
        is granted anew comes where it asked for all that is granted.
        """
        if session.identity is NOBODY:
            self.audience.note_identity(session.subscriber, self.clock.mono_ns())
        if not session.ended.done():
            self.door.rename(session, identity)
        session.identity = identity
        session.subscriber.due.pace(paced=identity.grants.conflate_ms > 0)
        log.info("identified", id=session.id, **identity.told)
        if session.ended.done():
            return
        self.egress.enter(session, self.clock.mono_ns())
        if session.reselect is not None:
            session.reselect()
        else:
            self._reselect(session)

    def change(
        self,
        session: Session,
        key: PayloadKey,
        compression: Compression | None = None,
        *,
        beside: int = 0,
        grants: Grants | None = None,
    ) -> None:
        """Move a session to the lane of another payload; it is held until `begin` or `release`.

        See `Audience.move`.

        Raises:
            LimitExceeded: the new selection is too large; nothing has changed.
        """
        now_ns, subscriber, before = (
            self.clock.mono_ns(),
            session.subscriber,
            session.subscriber.lane,
        )
        lane = self.broadcast.lanes.find(key, before.framing, compression)
        if key.selection.symbols:
            self.door.check_lane(session.identity, session.connection.place, lane, before)
        self.audience.move(subscriber, key, now_ns, compression, beside, grants=grants)
        if subscriber.lane is not before:
            self.door.note_move(session, before)
        self._forgetting.begin()

    def withdraw(self, session: Session) -> None:
        """Make what waits for a session anew: see `Audience.withdraw`."""
        if session.subscriber.due.outbox.waiting:
            self.audience.withdraw(session.subscriber, session.identity.grants)
            self.release(session)

    def begin(
        self,
        session: Session,
        selection: Selection,
        *,
        after: Position | str | None = None,
        snapshot: bool = False,
        on_lag: OnLag | None = None,
        named: frozenset[str] = _NO_NAMES,
        known: frozenset[str] = _NO_NAMES,
        silent: Collection[str] = (),
        refused: Refused = (),
        had: Selection = _NOTHING,
    ) -> None:
        """Begin a subscription of a session that is held, and let it have what it is due.

        Args:
            session: its lane selects the selection already.
            selection: the part that was subscribed to just now.
            after: the position to begin after; a str is one that could not be read; None: now.
            snapshot: whether the last known state comes first.
            on_lag: what happens when the ring overruns it; None: as before.
            named: all symbols that it subscribed to, over all channels, as it named them.
            known: those that it had named before.
            silent: channels of the dialect that it asked for besides, and that nobody gives.
            refused: symbols that it asked for besides, and that are not granted to it.
            had: all that it had subscribed to before.
        """
        audience, subscriber = self.audience, session.subscriber
        audience.begin(
            subscriber, selection, after=after, snapshot=snapshot, on_lag=on_lag, had=had
        )
        warnings = audience.warnings.asked(
            subscriber,
            named,
            known,
            silent,
            self.clock.mono_ns(),
            grants=session.identity.grants,
            refused=refused,
        )
        audience.tell(subscriber, warnings)
        self.release(session)

    def release(self, session: Session) -> None:
        """Let a session that is held have what it is due: live at once where nothing is."""
        self._joined.set()
        self.audience.release(session.subscriber, self.clock.mono_ns())
        self.catch_up.give(session.subscriber, most_frames=1)

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

    async def subscribers_reach(self, count: int) -> None:
        """Wait until `count` sessions have subscribed to something."""
        while True:
            self._joined.clear()
            if sum(bool(subscriber.selection.symbols) for subscriber in self.sessions) >= count:
                return
            await self._joined.wait()

    def awake_ns(self) -> int:
        """Return the time by a clock that stands still while the process sleeps."""
        return self.audience.awake_clock.awake_ns(self.clock.mono_ns())

    # Inside.

    def _send_away(self, session: Session, reason: Reason, told: Disconnect) -> None:
        self.close(session, reason, told.words)
        session.goodbye(told)

    def _reselect(self, session: Session) -> None:
        """Select what is granted of what was asked for over a transport that goes one way."""
        subscriber, grants = session.subscriber, session.identity.grants
        lane = subscriber.lane
        key = lane.payload.key
        granted = grants.select(session.wish or key.selection)
        if not granted.selection.symbols or session.transport not in grants.transports:
            self.disconnect(session, Reason.NOT_GRANTED)
            return
        intervals_ms = dict((session.wish or key.selection).intervals_ms)
        wish = Selection.of(granted.symbols, intervals_ms)
        session.wish = None if wish == granted.selection else wish
        if granted.selection == key.selection:
            self.withdraw(session)
            return
        begun = subscriber.standing is not Standing.HELD  # else its headers are not written yet
        new_key = replace(key, selection=granted.selection)
        try:
            self.change(session, new_key, lane.compression, grants=grants)
        except LimitExceeded as error:  # it may not keep what it has
            self.door.note(error)
            self.disconnect(session, Reason.POLICY, str(error))
            return
        if begun:
            message = subscription_message(granted.symbols, grants.slowed(intervals_ms))
            subscriber.send(subscriber.lane.message_envelope(message), Written.ANSWER)
            self.release(session)

    def _expire(self, session: Session, mono_ns: int, wall_ns: int) -> None:
        """End a session whose identity has ended; tell it some time before, once."""
        end_ns = session.identity.expires_wall_ns
        if end_ns is None:
            return
        if end_ns <= wall_ns:
            self.disconnect(session, Reason.EXPIRED)
        elif (
            end_ns - wall_ns <= EXPIRING_NS
            and session.told_end_ns != end_ns
            and session.hears_notices()
        ):
            session.told_end_ns = end_ns
            self.audience.tell_now(session.subscriber, [expiring_message(end_ns)], mono_ns)
            if session.subscriber in self.audience.behind:  # else held: it has not begun yet
                self.catch_up.give(session.subscriber, most_frames=1)

    async def _resolve(self, ticks: list[Tick]) -> None:
        """Find out which globs match symbols that are new to them, before a cut has to."""
        sets = self.broadcast.lanes.wildcard_sets
        if not sets.all_known(ticks):
            await self.turns.in_slices(sets.resolving(ticks), Step.RESOLVE)

    def _wake_catch_up(self) -> None:
        self.catch_up.wake()

    async def _hold_production(self, count: int) -> None:
        """Wait until `count` more ticks overrun no subscriber that is owed every tick."""
        while True:
            self.catch_up.moved.clear()
            if self._hurries or self.audience.can_take(count):
                return
            if self.broadcast.waiting_ticks:
                self.cutter.cut()
            await self.catch_up.moved.wait()
