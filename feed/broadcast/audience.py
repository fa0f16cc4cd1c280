"""The audience: all subscribers, who of them is held, live or behind, and what each is written.

The decisions on subscribers are made here: who may come in, how a subscription begins, who moves
between lanes, who fell behind, what production waits for; the turns of those behind are in
`feed.broadcast.behind`. Times are arguments: `mono_ns` for what is due or lasts, `wall_ns` for what
is written. Knows no loop, clock or socket; the hub, which has them, asks, and so do tests.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from feed.broadcast.beginnings import note_subscription
from feed.broadcast.behind import Behind
from feed.broadcast.cut import Broadcast, Cut
from feed.broadcast.flight_record import WARNING_REASONS, Happened
from feed.broadcast.ladder import Ladder, LadderCounts
from feed.broadcast.lane import Socket
from feed.broadcast.lane_changes import change_lane, withdraw, withdraw_states
from feed.broadcast.limits import Limits
from feed.broadcast.outgoing import Outgoing
from feed.broadcast.payload_key import PayloadKey
from feed.broadcast.resuming import resume
from feed.broadcast.resumption import Resume
from feed.broadcast.rewind import Rewound, rewind
from feed.broadcast.search import Search
from feed.broadcast.standing import Standing
from feed.broadcast.subscriber import Subscriber
from feed.broadcast.turn import Verdict
from feed.broadcast.warnings import Warnings
from feed.market.listing import Listing
from feed.market.receipts import Producer
from feed.market.ticks import Tick
from feed.wire.beginning import Ago, Moment
from feed.wire.compression import Compression
from feed.wire.disconnect import Reason
from feed.wire.framing import Framing
from feed.wire.grants import Grants
from feed.wire.messages import Message, WarningReason
from feed.wire.position import Position
from feed.wire.request_fields import OnLag
from feed.wire.selection import Selection

_NOTHING = Selection()


class Audience:
    """All subscribers of one broadcast.

    Attributes:
        broadcast: the ring and lanes that they are served from.
        limits: the most that they may ask for.
        behind: subscribers that are behind, and their turns.
        ladder: how often each step of the ladder was taken.
        resumes: positions that subscribers came with, by outcome.
        warnings: what they are told of what they will not get.
    """

    __slots__ = (
        "_beside",
        "_beside_entries",
        "_everybody",
        "behind",
        "broadcast",
        "ladder",
        "limits",
        "resumes",
        "warnings",
    )

    def __init__(
        self,
        broadcast: Broadcast,
        limits: Limits,
        fell_behind: Callable[[], None],
        warnings: Warnings | None = None,
        *,
        everybody: Callable[[], Iterable[Subscriber]] = tuple,
    ) -> None:
        """Begin without anybody.

        Args:
            broadcast: the ring and lanes that subscribers are served from.
            limits: the most that they may ask for.
            fell_behind: called when a subscriber has something due, so that somebody gives it.
            warnings: judge what subscribers ask for; by default listed is what had a tick.
            everybody: returns all subscribers that there are, for some of whom states may wait in
                which something is deleted meanwhile.
        """
        self.broadcast = broadcast
        self.limits = limits
        self._everybody = everybody
        self.behind = Behind(broadcast, limits, fell_behind)
        self.ladder = LadderCounts()
        self.resumes: Counter[Resume] = Counter()
        self.warnings = warnings or Warnings(broadcast, Listing(broadcast.snapshot), patient=False)
        self._beside: dict[Subscriber, int] = {}  # symbols that they named beside a `*`
        self._beside_entries = 0  # of all of them

    # Coming, changing, going.

    def enter(
        self,
        key: PayloadKey,
        framing: Framing,
        socket: Socket,
        mono_ns: int,
        compression: Compression | None = None,
    ) -> Subscriber:
        """Take a subscriber in; it is held, at the last cut, until `begin` or `release`.

        Raises:
            LimitExceeded: the selection is too large by itself, or together with all others.
        """
        self.limits.check(key.selection, self.broadcast.lanes.index_entries + self._beside_entries)
        lane = self.broadcast.lanes.enter(key, framing, mono_ns, compression)
        ladder = Ladder(self.ladder, self.limits.lag_max_ticks)
        return Subscriber(self.broadcast, lane, socket, ladder)

    def move(
        self,
        subscriber: Subscriber,
        key: PayloadKey,
        mono_ns: int,
        compression: Compression | None = None,
        beside: int = 0,
        *,
        grants: Grants | None = None,
    ) -> None:
        """Move a subscriber to the lane of another payload; it is held until `begin` or `release`.

        Args:
            subscriber: which.
            key: of the payload.
            mono_ns: now.
            compression: of the lane.
            beside: symbols that it named beside a `*`, which the selection does not say; they are
                kept for it alone, and count like others.
            grants: what is granted from now on, where that has changed: whatever waits of what is
                not is taken back. None: it asked for something else by itself.

        Raises:
            LimitExceeded: the new selection is too large; nothing has changed.
        """
        before, known = subscriber.lane, self._beside.get(subscriber, 0)
        stays = key == before.payload.key and compression == before.compression
        if not stays or beside > known:
            others = self.broadcast.lanes.index_entries + self._beside_entries - known
            self.limits.check(key.selection, others, beside)
        self._note_beside(subscriber, beside)
        if stays:
            self.hold(subscriber)
            return
        self.hold(subscriber)
        lanes = self.broadcast.lanes
        change_lane(subscriber.due, lanes.enter(key, before.framing, mono_ns, compression), grants)
        lanes.leave(before)
        revoked = int(grants is not None)
        subscriber.ladder.note(Happened.CHANGED, revoked, count=key.selection.entries)

    def withdraw(self, subscriber: Subscriber, grants: Grants) -> None:
        """Make what waits for a subscriber anew, for its grants have changed; it is held after it.

        Its selection is the same; but what waits may be of what it gave up before.
        """
        self.hold(subscriber)
        withdraw(subscriber.due, grants)

    def begin(
        self,
        subscriber: Subscriber,
        selection: Selection,
        *,
        after: Position | Rewound | str | None = None,
        last: int | None = None,
        snapshot: bool = False,
        on_lag: OnLag | None = None,
        had: Selection = _NOTHING,
    ) -> None:
        """Begin a subscription of a subscriber that is held: the same on every transport.

        Args:
            subscriber: its lane selects the selection already.
            selection: the part that was subscribed to just now.
            after: the position to begin after; a str is one that could not be read; None: now.
            last: begin so many ticks of the selection back; beside no position.
            snapshot: whether the last known state comes first.
            on_lag: what happens when the ring overruns the subscriber; None: as before.
            had: all that it had subscribed to before.
        """
        due = subscriber.due
        if on_lag is not None:
            subscriber.ladder.on_lag = on_lag
        # Between entering and this there may have been cuts. Their words would come before the
        # state that they are in, and nobody can place a word without its state.
        if not subscriber.has_begun and (snapshot or after is not None):
            due.enter_now()
        subscriber.has_begun = True
        note_subscription(self.broadcast, subscriber, selection, after, last, snapshot=snapshot)
        if isinstance(after, Rewound):
            due.rewind(selection, after.sequence, had)
            self.resumes[Resume.REWOUND] += 1
            if after.warning is not None:
                self.warnings.count(WarningReason.REWIND)
                self.tell(subscriber, [after.warning])
        elif after is not None:
            outcome = resume(due, selection, after, self.limits.new_epoch_ticks, had)
            self.resumes[outcome] += 1
        elif last is not None:
            self._search(subscriber, selection, last, had)
        else:
            due.begin_now()
        if snapshot:
            due.request_snapshot(selection)
        elif after is None or isinstance(after, Rewound):
            due.append_mark()

    def rewind(
        self, subscriber: Subscriber, asked: Ago | Moment, mono_ns: int, wall_ns: int
    ) -> Rewound:
        """Find the place in the ring at which a subscriber is to begin that asked for a time."""
        broadcast = self.broadcast
        ring, upto = broadcast.ring, broadcast.cut_sequence
        oldest = subscriber.ladder.oldest_rewound(ring, upto)
        times = broadcast.market_times
        return rewind(asked, ring, times, mono_ns, wall_ns, oldest=oldest, upto=upto)

    def tell(self, subscriber: Subscriber, messages: Iterable[Message]) -> None:
        """Tell a subscriber that is held messages of its own, after those that wait already."""
        for message in messages:
            subscriber.due.append_message(message)
            if message["T"] == "warning":
                reason = WARNING_REASONS.index(message["reason"])
                subscriber.ladder.note(Happened.WARNED, reason, count=message["count"])

    def note_identity(self, subscriber: Subscriber, mono_ns: int) -> None:
        """Put on record that a subscriber said who it is."""
        subscriber.ladder.note(Happened.IDENTIFIED, mono_ns=mono_ns)

    def warn_later(self, mono_ns: int) -> Iterator[None]:
        """Tell subscribers what has not come in the time that it was given, one a step."""
        for subscriber, messages in self.warnings.due(mono_ns):
            self.tell_now(subscriber, messages, mono_ns)
            yield

    def tell_now(self, subscriber: Subscriber, messages: Sequence[Message], mono_ns: int) -> None:
        """Put messages behind what a subscriber is due, whatever its standing is."""
        was_live = subscriber.live
        if was_live and messages:  # private bytes never enter what it shares with others
            self.hold(subscriber)
        self.tell(subscriber, messages)
        if was_live and messages:
            self.release(subscriber, mono_ns)

    def hold(self, subscriber: Subscriber) -> None:
        """Stop a subscriber's live frames, and its turns, while what it is due changes."""
        subscriber.hold()
        subscriber.lane.drop(subscriber)
        self.behind.drop(subscriber)

    def release(self, subscriber: Subscriber, mono_ns: int) -> None:
        """Let a subscriber that is held have what it is due, from its next turn on."""
        subscriber.release()
        subscriber.ladder.note_time(mono_ns)
        self.behind.add(subscriber, mono_ns)

    @contextmanager
    def changing(self, subscriber: Subscriber, mono_ns: int) -> Iterator[None]:
        """Hold a subscriber while what it is due changes; one that was held before stays so."""
        held = subscriber.standing is Standing.HELD
        self.hold(subscriber)
        yield
        if not held:
            self.release(subscriber, mono_ns)

    def leave(self, subscriber: Subscriber) -> None:
        """Take a subscriber out, for good; only last words may be written to it."""
        subscriber.lane.drop(subscriber)
        self.behind.drop(subscriber)
        self.warnings.forget(subscriber)
        self._note_beside(subscriber, 0)
        subscriber.end()
        self.broadcast.lanes.leave(subscriber.lane)

    # Frames for subscribers that are live.

    def cut(self, mono_ns: int, wall_ns: int) -> Cut:
        """Cut, and write each lane's frames to everybody live in it: ticks, then words."""
        broadcast = self.broadcast
        cut = broadcast.cut(mono_ns, wall_ns)
        self._write(cut.outgoing, cut.follows, mono_ns)
        while broadcast.waiting_words:
            words = broadcast.cut_words(mono_ns, wall_ns)
            self._write(words.outgoing, words.follows, mono_ns)
            if words.deletes:
                self._withdraw_states(mono_ns)
            cut = cut.followed_by(words)
        return cut

    def keeping_alive(
        self, mono_ns: int, wall_ns: int, *, keepalive_ns: int, mark_interval_ns: int
    ) -> Iterator[None]:
        """Write the keepalives and marks that are due in silent lanes, one lane a step.

        There may be cuts, and lanes may come and go, between two steps.
        """
        broadcast = self.broadcast
        for lane, envelope in broadcast.idle(
            mono_ns, wall_ns, keepalive_ns=keepalive_ns, mark_interval_ns=mark_interval_ns
        ):
            outgoing = Outgoing()
            outgoing.add(lane, (envelope,), mono_ns)
            self._write(outgoing, broadcast.cut_sequence, mono_ns)
            yield

    def look(self, subscriber: Subscriber, mono_ns: int) -> None:
        """Let the ladder watch a live subscriber whose socket is full.

        One that has nothing subscribed, or only what is silent, misses no frame, and may fill its
        socket with answers all the same.
        """
        if subscriber.live and subscriber.buffered_bytes() > self.limits.high_water_bytes:
            subscriber.lane.drop(subscriber)
            self.behind.miss(subscriber, self.broadcast.cut_sequence, mono_ns, missed=False)

    def announce(self, message: Message, source: str, mono_ns: int, *, down: bool) -> None:
        """Tell all subscribers that selected something whether a source is down.

        A subscriber that cannot take it now, or comes later, is told once it is caught up, if it is
        news to it then. What waits for a cut has to be cut before, since it came before.
        """
        down_sources = self.behind.note_announced(message, source, down=down)
        broadcast, outgoing, lanes = self.broadcast, Outgoing(), []
        for lane, envelope in broadcast.announce(message, mono_ns):
            outgoing.add(lane, (envelope,), mono_ns)
            lanes.append(lane)
        self._write(outgoing, broadcast.cut_sequence, mono_ns)
        for lane in lanes:
            for reader in lane.readers():
                assert isinstance(reader, Subscriber)
                reader.told_down = down_sources

    def make_room(self, subscriber: Subscriber) -> Verdict:
        """Count, and tell in words, that a subscriber has to go, which holds more than there is."""
        self.ladder.slow += 1
        held_bytes = subscriber.buffered_bytes()
        words = f"slow client: it held {held_bytes} bytes, and the server's memory was full"
        return Verdict(Reason.SLOW, words)

    # What production waits for.

    @property
    def most_waiting_ticks(self) -> int:
        """How many ticks may wait for a cut."""
        return max(1, self.broadcast.ring.capacity // 2)

    @property
    def most_published_ticks(self) -> int:
        """How many ticks may be published together, so that the ring holds what waits for a cut."""
        return max(1, self.broadcast.ring.capacity // 4)

    def publish(
        self,
        ticks: list[Tick],
        mono_ns: int,
        given: int = 0,
        batch: tuple[Producer, int] | None = None,
        market_ns: tuple[int, int] | None = None,
    ) -> bool:
        """Append at most `most_published_ticks` to the ring; False: it is to be cut before.

        The ring must hold what waits for a cut, and lossless subscribers that are one cut behind.

        Args:
            ticks: in order.
            mono_ns: now.
            given: how many of them the source gave itself.
            batch: of which producer they are the end, and its number.
            market_ns: see `Broadcast.publish`.
        """
        broadcast = self.broadcast
        if broadcast.waiting_ticks + len(ticks) > self.most_waiting_ticks:
            return False
        broadcast.publish(ticks, mono_ns, given, batch, market_ns)
        return True

    def can_take(self, count: int) -> bool:
        """Tell whether `count` more ticks overrun no subscriber that is owed every tick."""
        ring = self.broadcast.ring
        return ring.newest + count - self.behind.first_needed() < ring.capacity

    # Inside.

    def _note_beside(self, subscriber: Subscriber, beside: int) -> None:
        """Count the symbols that a subscriber named beside a `*`."""
        self._beside_entries += beside - self._beside.pop(subscriber, 0)
        if beside:
            self._beside[subscriber] = beside

    def _withdraw_states(self, mono_ns: int) -> None:
        """Make states with words anew that wait for somebody, after a message was deleted."""
        for subscriber in list(self._everybody()):
            if subscriber.due.has_words:
                with self.changing(subscriber, mono_ns):
                    withdraw_states(subscriber.due)

    def _write(self, outgoing: Outgoing, follows: int, mono_ns: int) -> None:
        """Write frames that follow a sequence; readers that miss them are behind."""
        for reader in outgoing.write(self.broadcast.fan_out, self.limits.high_water_bytes):
            assert isinstance(reader, Subscriber)
            reader.lane.drop(reader)  # of a twin it misses what comes in either lane
            self.behind.miss(reader, follows, mono_ns)

    def _search(
        self, subscriber: Subscriber, selection: Selection, last: int, had: Selection
    ) -> None:
        """Let a subscriber begin so many ticks back, once they are found."""

        def settled(search: Search) -> None:
            if search.missing:
                self.warnings.count(WarningReason.REWIND)
                self.tell(subscriber, [search.warning()])

        broadcast = self.broadcast
        segments, upto = broadcast.fragments.segments, subscriber.due.backlog.sequence
        search = Search(broadcast.ring, segments, selection, last, upto)
        subscriber.due.search(search, had, settled)
        self.resumes[Resume.REWOUND] += 1
