"""The hub: where ticks come in, and sessions join and leave.

It hands ticks to the ring and the cutter, those who could not take a frame to the drain, and ends
sessions with a reason. One hub, one event loop; every method but `publish` returns without waiting.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable

import structlog

from feed.broadcast.broadcast import Broadcast
from feed.broadcast.ladder import LadderCounts
from feed.broadcast.lane import Reader
from feed.broadcast.payload_key import PayloadKey
from feed.broadcast.subscriber import Subscriber
from feed.errors import LimitExceeded
from feed.hub.age_reports import Feedback
from feed.hub.catch_up import Drain
from feed.hub.connection import Connection
from feed.hub.cutter import Cutter
from feed.hub.instruments import Instruments
from feed.hub.session import Session
from feed.market.ticks import Tick
from feed.settings.options import Settings
from feed.wire.compression import Compression
from feed.wire.disconnect import Reason
from feed.wire.framing import Framing
from feed.wire.messages import Message
from feed.wire.selection import Selection

HOUSEKEEPING_S = 1.0  # the longest time between two looks at who is due what
# What is due is late by this part of its interval at most: httpx gives up after 5 s without a byte,
# and keepalives are due after 4.
_PUNCTUALITY = 1 / 8
_SHORTEST_HOUSEKEEPING_S = 0.01

log = structlog.get_logger("feed.connections")


class Hub:
    """Everything that is shared by all sessions.

    Attributes:
        broadcast: the ring, and the lanes made from it.
        settings: what the server was told.
        instruments: the histograms that are filled here.
        feedback: takes what clients report.
        sessions: everybody connected, by their subscriber.
        cutter: makes frames of what was published, and writes them.
        drain: those of them who are behind.
        ladder: how often somebody stepped down it.
        connected: sessions now, by transport and codec.
        opened: sessions so far, by transport and codec.
        ended: sessions that ended, by reason.
        resumes: positions that somebody came with, by outcome.
        leaving: the server says goodbye; nobody new is let in.
    """

    def __init__(
        self,
        broadcast: Broadcast,
        settings: Settings,
        *,
        production_waits: bool = False,
        live: bool = True,
    ) -> None:
        """Make a hub without sessions.

        Args:
            broadcast: what it shares out.
            settings: what the server was told.
            production_waits: publishing waits for the slowest lossless subscriber.
            live: ticks happen now, so that clients may report their age.
        """
        self.broadcast = broadcast
        self.settings = settings
        # Of those who are waited for, nothing but the ring limits the lag.
        self._lag_max_ticks = None if production_waits else settings.lag_max_ticks
        self.instruments = Instruments()
        self.feedback = Feedback(self.instruments.delivery_age, live=live)
        self._announced: Message | None = None
        self._down = False  # what was announced last is that the source is down
        self.sessions: dict[Subscriber, Session] = {}
        self.ladder = LadderCounts()
        self.connected: Counter[tuple[str, str]] = Counter()
        self.opened: Counter[tuple[str, str]] = Counter()
        self.ended: Counter[Reason] = Counter()
        self.resumes: Counter[str] = Counter()
        self.leaving = False
        self.waits = 0  # how often production waited for the slowest lossless subscriber
        self.drain = Drain(
            high_water_bytes=settings.high_water_bytes,
            slow_timeout_s=settings.slow_timeout_s,
            caught_up=self._go_live,
            disconnect=self.disconnect,
        )
        self.cutter = Cutter(
            broadcast,
            self.instruments,
            interval_ms=settings.batch_ms,
            high_water_bytes=settings.high_water_bytes,
            fall_behind=self._fall_behind,
        )
        self._joined = asyncio.Event()
        # What may wait for a cut: the ring must hold it, and the lossless who are one cut behind.
        self._most_waiting = max(1, broadcast.ring.capacity // 2)

    async def publish(self, ticks: list[Tick], *, wait: bool) -> None:
        """Take ticks from a source into the ring, and see to it that they are cut.

        Args:
            ticks: in order, the bars that they finish among them.
            wait: hold production while the ring would overrun the slowest lossless subscriber.
        """
        step = min(self._most_waiting, self.broadcast.ring.capacity // 4) or 1
        for start in range(0, len(ticks), step):
            part = ticks[start : start + step]
            if wait:
                await self._hold_production(len(part))
            if self.broadcast.waiting_ticks + len(part) > self._most_waiting:
                self.cutter.cut()
            self.broadcast.publish(part, time.time_ns())
            self.cutter.schedule()

    def open(
        self,
        connection: Connection,
        key: PayloadKey,
        framing: Framing,
        goodbye: Callable[[Reason], None],
        compression: Compression | None = None,
    ) -> Session:
        """Take a subscriber in; it is held, at the last cut, until `start`.

        Raises:
            LimitExceeded: there are too many connections, or too many symbols in all.
        """
        self.check_limits(key.selection)
        lane = self.broadcast.enter(key, framing, time.time_ns(), compression)
        subscriber = Subscriber(
            self.broadcast,
            lane,
            connection.write,
            connection.buffered_bytes,
            self.ladder,
            lag_max_ticks=self._lag_max_ticks,
        )
        session = Session(connection, subscriber, framing.transport, goodbye)
        self.sessions[subscriber] = session
        self.connected[framing.transport, key.codec.name] += 1
        self.opened[framing.transport, key.codec.name] += 1
        log.info(
            "connected",
            id=session.id,
            transport=session.transport,
            codec=key.codec.name,
            compressed=compression is not None,
            peer=connection.peer,
        )
        return session

    def check_limits(self, selection: Selection) -> None:
        """Refuse a selection that is too large by itself or together with all others.

        Raises:
            LimitExceeded: names the limit.
        """
        settings = self.settings
        if selection.entries > settings.max_symbols_per_connection:
            limit = settings.max_symbols_per_connection
            raise LimitExceeded("symbols per connection", selection.entries, limit)
        entries = self.broadcast.index_entries + selection.entries
        if entries > settings.max_index_entries:
            raise LimitExceeded("symbols of all subscriptions", entries, settings.max_index_entries)

    @property
    def refusal(self) -> Reason | None:
        """Why nobody more is let in; None: come in."""
        if self.leaving:
            return Reason.SHUTDOWN
        if len(self.sessions) >= self.settings.max_connections:
            return Reason.TOO_MANY_CONNECTIONS
        return None

    async def subscribers_reach(self, count: int) -> None:
        """Wait until so many sessions have subscribed to something."""
        while True:
            self._joined.clear()
            here = sum(map(_subscribed, self.sessions.values()))
            if here >= count:
                return
            await self._joined.wait()

    def hold(self, session: Session) -> None:
        """Stop a session's live frames while what it is due changes."""
        subscriber = session.subscriber
        subscriber.hold()
        subscriber.lane.drop(subscriber)

    def change(
        self, session: Session, key: PayloadKey, compression: Compression | None = None
    ) -> None:
        """Move a session to the lane of another payload; it is held until `start`.

        Raises:
            LimitExceeded: the new selection is too large; nothing has changed.
        """
        subscriber = session.subscriber
        before = subscriber.lane
        if key == before.payload.key and compression == before.compression:
            self.hold(session)
            return
        self.check_limits(key.selection)
        self.hold(session)
        subscriber.settle(key.selection)
        now_ns = time.time_ns()
        subscriber.lane = self.broadcast.enter(key, before.framing, now_ns, compression)
        self.broadcast.leave(before)

    def start(self, session: Session) -> None:
        """Let a held session have what it is due: live at once where nothing is."""
        if session.ended.done():
            return
        self._joined.set()
        now_ns = time.time_ns()
        self.drain.add(session)
        self.drain.serve(session, now_ns, most_frames=1)

    def close(self, session: Session, reason: Reason) -> None:
        """Take a session out, once; the first reason counts."""
        if session.ended.done():
            return
        self.hold(session)
        self.drain.remove(session)
        del self.sessions[session.subscriber]
        lane = session.subscriber.lane
        self.broadcast.leave(lane)
        self.connected[session.transport, lane.payload.key.codec.name] -= 1
        self.ended[reason] += 1
        seconds = (time.monotonic_ns() - session.opened_ns) / 1e9
        log.info("ended", id=session.id, reason=reason.value.name, seconds=round(seconds, 3))
        session.ended.set_result(reason)

    def disconnect(self, session: Session, reason: Reason) -> None:
        """Take a session out and say why; nothing is written to it any more."""
        if session.ended.done():
            return
        self.close(session, reason)
        session.goodbye(reason)

    async def housekeep(self) -> None:
        """Keep silent lanes alive, let sessions beat, and watch the event loop, for ever."""
        settings = self.settings
        keepalive_ns = int(settings.keepalive_s * 1e9)
        mark_interval_ns = int(settings.mark_interval_s * 1e9)
        shortest_s = min(
            settings.keepalive_s,
            settings.mark_interval_s,
            settings.ping_interval_s,
            settings.pong_timeout_s,
        )
        pause_s = max(_SHORTEST_HOUSEKEEPING_S, min(HOUSEKEEPING_S, shortest_s * _PUNCTUALITY))
        while True:
            due_ns = time.perf_counter_ns() + int(pause_s * 1e9)
            await asyncio.sleep(pause_s)
            late_ns = max(0, time.perf_counter_ns() - due_ns)
            self.instruments.loop_lag.observe(late_ns)
            now_ns = time.time_ns()
            for lane, envelope in self.broadcast.idle(now_ns, keepalive_ns, mark_interval_ns):
                missed = lane.write(envelope, now_ns, settings.high_water_bytes)
                self._fall_behind(missed, self.broadcast.cut_sequence)
            beat_ns = time.monotonic_ns()
            for session in list(self.sessions.values()):
                session.beat(beat_ns)

    def announce(self, message: Message, *, down: bool) -> None:
        """Tell everybody who subscribed to something whether the source is down.

        Who cannot take it now, or comes later, is told once caught up, if it is news then.
        """
        if self.broadcast.waiting_ticks:
            self.cutter.cut()  # what came before it is told before it
        self._announced, self._down = message, down
        now_ns = time.time_ns()
        for lane, envelope in self.broadcast.announce(message, now_ns):
            missed = lane.write(envelope, now_ns, self.settings.high_water_bytes)
            self._fall_behind(missed, self.broadcast.cut_sequence)
        for session in self.sessions.values():
            if session.subscriber.live and _subscribed(session):
                session.told_down = down

    def _go_live(self, session: Session) -> None:
        subscriber = session.subscriber
        if self._announced and session.told_down is not self._down and _subscribed(session):
            session.told_down = self._down
            frame = subscriber.lane.message(self._announced)
            session.connection.write_last(frame)
            subscriber.lane.traffic.count(len(frame), len(frame), 1)
        subscriber.go_live()
        subscriber.lane.add(subscriber)

    def _fall_behind(self, missed: Iterable[Reader], follows: int) -> None:
        """Hand those who could not take the frame after a sequence to the drain."""
        for reader in missed:
            assert isinstance(reader, Subscriber)
            reader.miss(follows)
            self.drain.add(self.sessions[reader])

    async def _hold_production(self, count: int) -> None:
        """Wait until the ring can take so many ticks without overrunning a lossless subscriber."""
        ring = self.broadcast.ring
        waited = False
        while True:
            self.drain.moved.clear()
            needed = min(
                (
                    session.subscriber.first_needed
                    for session in self.drain.behind
                    if session.subscriber.lossless
                ),
                default=ring.newest + 1,
            )
            if ring.newest + count - needed < ring.capacity:
                return
            if not waited:
                self.waits += 1
                waited = True
            if self.broadcast.waiting_ticks:
                self.cutter.cut()
            await self.drain.moved.wait()


def _subscribed(session: Session) -> bool:
    """Tell whether a session has anything subscribed: before that it hears control messages."""
    return bool(session.subscriber.lane.payload.key.selection.symbols)
