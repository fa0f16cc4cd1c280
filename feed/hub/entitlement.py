"""Entitlement: what a session may have, by who it is now, and for how long.

An identity may be learned, renewed, narrowed and come to its end while a connection stands. Then a
session is given what is granted from now on, and told so; nothing of what was revoked is written to
it any more but what its socket holds already.
"""

from dataclasses import replace
from typing import Protocol

from feed.broadcast.audience import Audience
from feed.broadcast.standing import Standing, Written
from feed.errors import LimitExceeded
from feed.hub.catch_up import CatchUp
from feed.hub.clock import Clock
from feed.hub.door import Door
from feed.hub.egress_watch import EgressWatch
from feed.hub.key_gate import KeyGate
from feed.hub.session import Session
from feed.hub.subscriptions import Subscriptions
from feed.logger import logger_of
from feed.trust.identity import NOBODY, Identity
from feed.wire.disconnect import Reason
from feed.wire.messages import expiring_message, subscription_message
from feed.wire.selection import Selection

EXPIRING_NS = 30_000_000_000  # before its end an identity is told of it

log = logger_of("feed.connections")


class Disconnecting(Protocol):
    """Takes a session out and says why: `Hub.disconnect`."""

    def __call__(self, session: Session, reason: Reason, words: str = "") -> None:
        """Do so; `words`: for a person, instead of the table's."""


class Entitlement:
    """Gives sessions what their identities allow, as these change."""

    __slots__ = (
        "_audience",
        "_catch_up",
        "_clock",
        "_disconnect",
        "_door",
        "_egress",
        "_key_gate",
        "_subscriptions",
    )

    def __init__(
        self,
        audience: Audience,
        subscriptions: Subscriptions,
        *,
        door: Door,
        key_gate: KeyGate,
        egress: EgressWatch,
        catch_up: CatchUp,
        clock: Clock,
        disconnect: Disconnecting,
    ) -> None:
        """Begin with nobody.

        Args:
            audience: decides on subscribers.
            subscriptions: of all sessions.
            door: counts sessions by their identities.
            key_gate: who may read which key of words.
            egress: holds identities to the bytes that they may be written.
            catch_up: gives subscribers that are behind what they are due.
            clock: what the time is.
            disconnect: takes sessions to which nothing is granted any more.
        """
        self._audience = audience
        self._subscriptions = subscriptions
        self._door = door
        self._egress = egress
        self._key_gate = key_gate
        self._catch_up = catch_up
        self._clock = clock
        self._disconnect = disconnect

    def identify(self, session: Session, identity: Identity) -> None:
        """Note who a session is, or is by now, and let it have what is granted to that identity.

        What is granted anew comes where it asked for all that is granted.
        """
        if session.identity is NOBODY:
            self._audience.note_identity(session.subscriber, self._clock.mono_ns())
        if not session.ended.done():
            self._door.rename(session, identity)
        session.entitle(identity)
        log.info("identified", id=session.id, **identity.told)
        if session.ended.done():
            return
        self._egress.enter(session, self._clock.mono_ns())
        if revoked := self._key_gate.revoked(identity, session.subscriber.selection):
            self._disconnect(session, Reason.NOT_GRANTED, f"{revoked} is not granted any more")
            return
        if session.reselect is not None:
            session.reselect(session)
        else:
            self._reselect(session)

    def tell(self, session: Session) -> None:
        """Tell a session over a transport that goes one way what it has by now of its wish."""
        subscriber, grants = session.subscriber, session.identity.grants
        asked = session.wish or subscriber.selection
        intervals_ms = grants.slowed(dict(asked.intervals_ms))
        message = subscription_message(grants.select(asked).symbols, intervals_ms)
        subscriber.send(subscriber.lane.message_envelope(message), Written.ANSWER)

    def look_at_end(self, session: Session, mono_ns: int, wall_ns: int) -> None:
        """End a session whose identity has ended; tell it some time before, once."""
        end_ns = session.identity.expires_wall_ns
        if end_ns is None:
            return
        if end_ns <= wall_ns:
            self._disconnect(session, Reason.EXPIRED)
        elif (
            end_ns - wall_ns <= EXPIRING_NS
            and session.told_end_ns != end_ns
            and session.hears_notices()
        ):
            session.told_end_ns = end_ns
            self._audience.tell_now(session.subscriber, [expiring_message(end_ns)], mono_ns)
            if session.subscriber in self._audience.behind:  # else held: it has not begun yet
                self._catch_up.give(session.subscriber, most_frames=1)

    def _reselect(self, session: Session) -> None:
        """Select what is granted of what was asked for over a transport that goes one way."""
        subscriber, grants = session.subscriber, session.identity.grants
        lane = subscriber.lane
        key = lane.payload.key
        if lane.payload.follows:  # all or nothing
            if not grants.follow or session.transport not in grants.transports:
                self._disconnect(session, Reason.NOT_GRANTED)
            return
        granted = grants.select(session.wish or key.selection)
        if not granted.selection.symbols or session.transport not in grants.transports:
            self._disconnect(session, Reason.NOT_GRANTED)
            return
        intervals_ms = dict((session.wish or key.selection).intervals_ms)
        wish = Selection.of(granted.symbols, intervals_ms)
        session.wish = None if wish == granted.selection else wish
        if granted.selection == key.selection:
            self._subscriptions.withdraw(session)
            return
        begun = subscriber.standing is not Standing.HELD  # else it is told when its body begins
        new_key = replace(key, selection=granted.selection)
        try:
            self._subscriptions.change(session, new_key, lane.compression, grants=grants)
        except LimitExceeded as error:  # it may not keep what it has
            self._door.note(error)
            self._disconnect(session, Reason.POLICY, str(error))
            return
        if begun:
            self.tell(session)
            self._subscriptions.release(session)
