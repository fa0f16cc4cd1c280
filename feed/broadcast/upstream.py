"""What subscribers are told where another server gives the sequences: holes, epochs, its state."""

from collections.abc import Iterable, Sequence

from feed.broadcast.audience import Audience
from feed.broadcast.resuming import begin_epoch
from feed.broadcast.standing import Standing
from feed.broadcast.subscriber import Subscriber
from feed.market.ticks import Tick
from feed.wire.messages import GapReason
from feed.wire.position import Position


class Upstream:
    """Takes up what is not an event, and tells an audience. Nothing waits for a cut meanwhile."""

    __slots__ = ("_audience",)

    def __init__(self, audience: Audience) -> None:
        self._audience = audience

    def skip(
        self,
        upto: int,
        reason: GapReason,
        mono_ns: int,
        subscribers: Iterable[Subscriber],
        *,
        erased: bool = False,
    ) -> None:
        """Leave a hole behind the newest sequence, up to one, and tell everybody.

        Args:
            upto: the last sequence that no event will have.
            reason: why, as subscribers are told.
            mono_ns: now.
            subscribers: all that there are.
            erased: see `Broadcast.skip`.
        """
        audience, some = self._audience, list(subscribers)
        live = [subscriber for subscriber in some if subscriber.live]
        for subscriber in live:
            audience.hold(subscriber)
        audience.broadcast.skip(upto, reason, mono_ns, erased=erased)
        for subscriber in some:
            if subscriber.is_open:
                subscriber.due.pass_hole(upto)
        for subscriber in live:
            audience.release(subscriber, mono_ns)

    def begin_epoch(
        self, before: Position, *, begins: bool, mono_ns: int, subscribers: Iterable[Subscriber]
    ) -> None:
        """Go on in an epoch of another server, and tell everybody.

        Subscribers are told as if they had come back after a restart: each of a gap from where it
        stood, and then of what there is of the new epoch.

        Args:
            before: the position before the first event that comes.
            begins: that is the first of all.
            mono_ns: now.
            subscribers: all that there are; no interval has collected anything for them.
        """
        audience = self._audience
        ring = audience.broadcast.ring
        stood: list[tuple[Subscriber, Position | None, bool]] = []
        for subscriber in subscribers:
            held = subscriber.standing is Standing.HELD
            audience.hold(subscriber)
            after = ring.position(subscriber.due.reached) if subscriber.is_open else None
            stood.append((subscriber, after, held))
        audience.broadcast.begin_epoch(before, begins=begins)
        for subscriber, after, held in stood:
            self._begin_anew(subscriber, after, audience.limits.new_epoch_ticks)
            if not held:
                audience.release(subscriber, mono_ns)

    def disown(self, subscriber: Subscriber, mono_ns: int) -> None:
        """Tell a subscriber that its position is nobody's, and give it the newest state.

        It has waited for one that the server which is followed has never told.
        """
        with self._audience.changing(subscriber, mono_ns):
            position = self._audience.broadcast.ring.position(subscriber.due.backlog.sequence)
            self._begin_anew(subscriber, str(position), 0)

    def take_state(
        self, ticks: Sequence[Tick], mono_ns: int, subscribers: Iterable[Subscriber]
    ) -> None:
        """Take up the last known state that the other server has, and tell it to everybody.

        It comes where events are missing, or an epoch begins.
        """
        self._audience.broadcast.take_state(ticks)
        for subscriber in subscribers:
            if subscriber.is_open and subscriber.selection.symbols:
                with self._audience.changing(subscriber, mono_ns):
                    subscriber.due.request_snapshot(subscriber.selection)

    def _begin_anew(
        self, subscriber: Subscriber, after: Position | str | None, new_epoch_ticks: int
    ) -> None:
        outcome = begin_epoch(subscriber.due, after, new_epoch_ticks)
        if outcome is not None:
            self._audience.resumes[outcome] += 1
