"""Those behind: subscribers that wait for their turn, and what becomes of each at it.

Theory of operation: a subscriber comes here that misses a frame, or has something due of its own.
At its turn it is given what it is due, while its socket has room, and goes to the end of the row;
once nothing is due any more it is live, and leaves. The ladder watches those whose sockets take
nothing, and one whose identity is over its bytes waits. Knows times only as arguments.
"""

from collections.abc import Callable, Iterator, Sequence

from feed.broadcast.awake_clock import AwakeClock
from feed.broadcast.cut import Broadcast
from feed.broadcast.egress import Throttle
from feed.broadcast.flight_record import Happened
from feed.broadcast.limits import Limits
from feed.broadcast.subscriber import Subscriber
from feed.broadcast.turn import Progress, Verdict, take_turn
from feed.wire.disconnect import Reason
from feed.wire.messages import Message


class Behind:
    """The subscribers that are behind, in the order of their turns.

    Attributes:
        awake_clock: for what a peer does not do; to be asked every second.
    """

    __slots__ = (
        "_announced",
        "_broadcast",
        "_down",
        "_fell_behind",
        "_limits",
        "_subscribers",
        "awake_clock",
    )

    def __init__(
        self, broadcast: Broadcast, limits: Limits, fell_behind: Callable[[], None]
    ) -> None:
        """Begin without anybody.

        Args:
            broadcast: the ring that they are given from.
            limits: how much a socket may hold, and for how long it may take nothing.
            fell_behind: called when a subscriber has something due, so that somebody gives it.
        """
        self.awake_clock = AwakeClock()
        self._broadcast = broadcast
        self._limits = limits
        self._fell_behind = fell_behind
        self._subscribers: dict[Subscriber, None] = {}
        self._announced: dict[str, Message] = {}  # the last one of each source
        self._down: frozenset[str] = frozenset()  # sources, as announced last

    def __len__(self) -> int:
        return len(self._subscribers)

    def __iter__(self) -> Iterator[Subscriber]:
        return iter(self._subscribers)

    def __contains__(self, subscriber: Subscriber) -> bool:
        return subscriber in self._subscribers

    @property
    def announced(self) -> Sequence[Message]:
        """What everybody was told last of each source."""
        return list(self._announced.values())

    def add(self, subscriber: Subscriber, mono_ns: int) -> None:
        """Let a subscriber have turns, which is behind."""
        subscriber.ladder.watch(subscriber.socket, self.awake_clock.awake_ns(mono_ns))
        self._subscribers[subscriber] = None
        self._fell_behind()

    def drop(self, subscriber: Subscriber) -> None:
        """Let a subscriber have no turns any more, if it had any."""
        self._subscribers.pop(subscriber, None)

    def miss(
        self, subscriber: Subscriber, follows: int, mono_ns: int, *, missed: bool = True
    ) -> None:
        """Let a live subscriber be behind that could not be written what follows a sequence.

        Args:
            subscriber: which; its lane has dropped it.
            follows: the sequence.
            mono_ns: now.
            missed: see `Subscriber.miss`.
        """
        subscriber.miss(follows, missed=missed)
        subscriber.ladder.note(Happened.BEHIND, 0, follows, 1, mono_ns=mono_ns)
        self.add(subscriber, mono_ns)

    def note_announced(self, message: Message, source: str, *, down: bool) -> frozenset[str]:
        """Note what everybody is told of a source: news to those that are live later.

        Returns:
            The sources that are down now.
        """
        self._announced[source] = message
        self._down = self._down | {source} if down else self._down - {source}
        return self._down

    def give(
        self,
        subscriber: Subscriber,
        mono_ns: int,
        wall_ns: int,
        most_frames: int | None = None,
    ) -> Progress | Verdict:
        """Give a subscriber its turn: what it is due, while its socket has room.

        Args:
            subscriber: it goes to the end of those that are behind.
            mono_ns: now, for what lasts.
            wall_ns: now, for what is written.
            most_frames: the most frames at once; None: as many as fit. A turn that had to look at
                much of the ring ends before.

        Returns:
            What became of it, or why it is to be disconnected.
        """
        del self._subscribers[subscriber]
        self._subscribers[subscriber] = None
        self._broadcast.looked_ns = mono_ns
        limits, ladder = self._limits, subscriber.ladder
        if ladder.throttle is Throttle.WAITS:
            return Progress.NONE
        segments = self._broadcast.fragments.segments
        outcome = take_turn(subscriber, segments, limits.high_water_bytes, wall_ns, most_frames)
        ladder.note_time(mono_ns)
        if outcome is Progress.CAUGHT_UP and ladder.throttle is Throttle.ONCE:
            ladder.throttle = Throttle.WAITS
            return Progress.SOME
        if outcome is Progress.CAUGHT_UP:
            self._go_live(subscriber)
            ladder.note(Happened.CAUGHT_UP, 0, self._broadcast.cut_sequence, mono_ns=mono_ns)
        elif outcome is Progress.AHEAD:
            self._tell_news(subscriber)
            ladder.watch(subscriber.socket, self.awake_clock.awake_ns(mono_ns))
        elif outcome is Progress.SOME:
            ladder.watch(subscriber.socket, self.awake_clock.awake_ns(mono_ns))
        elif outcome is Progress.NONE:
            awake_ns = self.awake_clock.awake_ns(mono_ns)
            words = ladder.slowness(subscriber.socket, awake_ns, limits.slow_timeout_ns)
            if words is not None:
                return Verdict(Reason.SLOW, words)
        return outcome

    def throttle(self, subscriber: Subscriber, throttle: Throttle, mono_ns: int) -> None:
        """Hold a subscriber to the bytes that its identity may be written, or no longer.

        What it is not given by then is told as a gap: with the newest of each symbol behind it.
        """
        ladder = subscriber.ladder
        before = ladder.throttle
        if before is Throttle.NONE:
            if throttle is not Throttle.NONE:
                ladder.throttle = Throttle.WAITS
                if subscriber.live:
                    subscriber.lane.drop(subscriber)
                    self.miss(subscriber, self._broadcast.cut_sequence, mono_ns, missed=False)
            return
        if throttle is Throttle.WAITS or (before, throttle) == (Throttle.ONCE, Throttle.ONCE):
            return
        if before is Throttle.WAITS:
            subscriber.due.give_up()
        ladder.throttle = throttle
        if not subscriber.buffered_bytes():  # it took all that it was given
            ladder.watch(subscriber.socket, self.awake_clock.awake_ns(mono_ns))
        self._fell_behind()

    def first_needed(self) -> int:
        """Return the oldest sequence that somebody still has to read who is owed every tick."""
        return min(
            (each.first_needed for each in self._subscribers if each.lossless),
            default=self._broadcast.ring.newest + 1,
        )

    def _go_live(self, subscriber: Subscriber) -> None:
        """Tell a subscriber that is caught up what is news to it, and let it have live frames."""
        self._tell_news(subscriber)
        del self._subscribers[subscriber]
        subscriber.go_live()
        subscriber.lane.add(subscriber)

    def _tell_news(self, subscriber: Subscriber) -> None:
        """Tell a subscriber of the sources that are down, or live again, if that is news to it."""
        if subscriber.told_down != self._down and subscriber.selection.ticks.symbols:
            news = subscriber.told_down ^ self._down
            subscriber.told_down = self._down
            for source in sorted(news):
                subscriber.send(subscriber.lane.message_envelope(self._announced[source]))
