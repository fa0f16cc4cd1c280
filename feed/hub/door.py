"""The door: who of those that come is let in, by the limits of their identity and their address.

The shell of `feed.trust.rates` and `feed.trust.tally`. An address counts as it is known behind
proxies that are trusted, by its place (`feed.trust.addresses`); programs on this machine count for
no address, and nobody who has shown no credential for an identity.
"""

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, replace

from feed.broadcast.lane import Lane
from feed.broadcast.memory import Memory
from feed.broadcast.projections import Projections
from feed.errors import Crowded, FeedError, LimitExceeded, TooOften
from feed.hub.session import Session
from feed.hub.siblings import Siblings
from feed.settings.options import Settings
from feed.trust.addresses import place_of
from feed.trust.forwarding import TrustedProxies
from feed.trust.identity import Identity
from feed.trust.rates import Rates
from feed.trust.tally import Tally
from feed.wire.codec import Codec
from feed.wire.disconnect import Disconnect, Reason
from feed.wire.limit import Limit, limit_called
from feed.wire.projection import ProjectedCodec

CONNECTIONS_BURST_S = 10.0  # thousands behind one address come back together after a restart
REQUESTS_BURST_S = 5.0
RETRY_MS = 5_000  # of newcomers for whom there is no memory
CROWDED_RETRY_S = 5.0  # of those for whom there is no projection
_NS_PER_S = 1_000_000_000

Owner = Hashable


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why somebody is not let in.

    Attributes:
        reason: of the table, for metrics.
        told: what they are told.
    """

    reason: Reason
    told: Disconnect


class Door:
    """The limits of identities and addresses, and what counts towards them.

    Attributes:
        proxies: whose word on others counts.
        memory: of what all share.
        limited: how often each limit had an effect.
    """

    __slots__ = (
        "_arrivals",
        "_by_address",
        "_by_identity",
        "_lanes",
        "_requests",
        "_settings",
        "_siblings",
        "limited",
        "memory",
        "proxies",
    )

    def __init__(self, settings: Settings, siblings: Siblings | None = None) -> None:
        """Begin with nobody.

        Args:
            settings: of the server.
            siblings: the other workers of it, whose subscribers count too; None: there are none.
        """
        self._settings = settings
        self._siblings = siblings
        self.proxies = TrustedProxies(settings.trust_proxy)
        self.memory = Memory(settings.max_memory_bytes, settings.max_memory_hard_bytes)
        self.limited: Counter[Limit] = Counter()
        rates = _own_rates if siblings is None else siblings.rates
        self._arrivals = rates("connections", CONNECTIONS_BURST_S)
        self._requests = rates("requests", REQUESTS_BURST_S)
        self._by_address = Tally(Limit.ADDRESS_CONNECTIONS)
        self._by_identity = Tally(Limit.IDENTITY_CONNECTIONS)
        self._lanes: dict[Owner, Counter[Lane]] = {}

    # Before anything is known but an address.

    def knock_at_once(self, peer: str, mono_ns: int) -> TooOften | None:
        """Count a new connection of a peer; proxies that are trusted come for others."""
        return None if self.proxies.trusts(peer) else self.knock(place_of(peer), mono_ns)

    def knock(self, place: str, mono_ns: int) -> TooOften | None:
        """Count a new connection of an address; return the error if they are too many a second."""
        most = self._settings.max_new_connections_per_s
        wait_ns = self._arrivals.spend(place, most, mono_ns) if place else 0
        return self._too_often(Limit.NEW_CONNECTIONS, most, wait_ns)

    def check_requests(self, place: str, mono_ns: int) -> None:
        """Refuse a finite request of an address that has shown too many bad credentials, or none.

        Raises:
            TooOften: it has.
        """
        most = self._settings.max_requests_per_s
        wait_ns = self._requests.wait_ns(place, most, mono_ns) if place else 0
        self._raise(self._too_often(Limit.REQUESTS, most, wait_ns))

    def count_request(self, place: str, mono_ns: int) -> None:
        """Count a finite request whose credential was not accepted."""
        if place:
            self._requests.count(place, self._settings.max_requests_per_s, mono_ns)

    def spend_request(self, identity: Identity, place: str, mono_ns: int) -> None:
        """Count a finite request of an identity, or of an anonymous one's address.

        Raises:
            TooOften: they are too many a second.
        """
        owner = owner_of(identity, place)
        most = identity.grants.limits.requests_per_s or self._settings.max_requests_per_s
        wait_ns = self._requests.spend(owner, most, mono_ns) if owner else 0
        self._raise(self._too_often(Limit.REQUESTS, most, wait_ns))

    # Subscribers.

    def refusal(self, connected: int, identity: Identity, place: str) -> Refusal | None:
        """Return why a subscriber is not let in; None: it is.

        Args:
            connected: how many are, in this process.
            identity: of the newcomer, as far as it is known.
            place: whence they come.
        """
        settings, reason = self._settings, Reason.TOO_MANY_CONNECTIONS
        if self.memory.is_full:
            self.limited[Limit.MEMORY] += 1
            return Refusal(Reason.OVERLOADED, replace(Reason.OVERLOADED.value, retry_ms=RETRY_MS))
        siblings = self._siblings
        if siblings is not None:
            connected += siblings.subscribers_elsewhere()
        if connected >= settings.max_connections:
            self.limited[Limit.CONNECTIONS] += 1
            return Refusal(reason, reason.value)
        try:
            if place:
                elsewhere = 0 if siblings is None else siblings.elsewhere(place)
                most = settings.max_connections_per_address
                self._by_address.check(place, most, elsewhere)
        except LimitExceeded as error:
            return self._too_many(error)
        return self.refusal_of_identity(identity)

    def refusal_of_identity(self, identity: Identity) -> Refusal | None:
        """Return why one connection more of an identity is not let in; None: it is."""
        granted = identity.grants.limits.connections
        most = granted or self._settings.max_connections_per_identity
        try:
            if identity.id:
                owner, siblings = (identity.kind, identity.id), self._siblings
                elsewhere = 0 if siblings is None else siblings.elsewhere(owner)
                self._by_identity.check(owner, most, elsewhere)
        except LimitExceeded as error:
            return self._too_many(error)
        return None

    def enter(self, session: Session) -> None:
        """Count a session."""
        if place := session.connection.place:
            self._by_address.add(place)
        if self._siblings is not None:
            self._siblings.enter(place)
        self._own(session.identity, session)

    def leave(self, session: Session) -> None:
        """Count a session no longer."""
        if place := session.connection.place:
            self._by_address.take(place)
        if self._siblings is not None:
            self._siblings.leave(place)
        self._disown(session.identity, session)

    def rename(self, session: Session, identity: Identity) -> None:
        """Count a session for another identity, which it is about to be of."""
        if not identity.is_of(session.identity):
            self._disown(session.identity, session)
            self._own(identity, session)

    # Lanes.

    def check_lane(
        self, identity: Identity, place: str, lane: Lane | None, leaves: Lane | None = None
    ) -> None:
        """Refuse a lane more than somebody may be in.

        Args:
            identity: whose connection it is.
            place: whence it comes.
            lane: that it is about to enter; None: one that there is not yet.
            leaves: the lane that it leaves for it, if any.

        Raises:
            LimitExceeded: they are in as many.
        """
        owner = owner_of(identity, place)
        theirs = self._lanes.get(owner) if owner else None
        if theirs is None or (lane is not None and lane in theirs):
            return
        most = identity.grants.limits.lanes or self._settings.max_lanes_per_identity
        after = len(theirs) + 1 - (leaves is not None and theirs[leaves] == 1)
        if after > most:
            raise LimitExceeded(Limit.LANES, after, most)

    def check_projection(
        self,
        identity: Identity,
        place: str,
        codec: Codec,
        projections: Projections,
        leaves: Lane | None = None,
    ) -> None:
        """Refuse a projection more than somebody may use, or than there may be.

        Args:
            identity: whose connection it is.
            place: whence it comes.
            codec: of the lane that it is about to enter.
            projections: those in use.
            leaves: the lane that it leaves for it, if any.

        Raises:
            Crowded: as many are used.
        """
        if not isinstance(codec, ProjectedCodec):
            return
        settings, owner = self._settings, owner_of(identity, place)
        theirs = {
            lane.codec
            for lane, members in self._lanes.get(owner, Counter[Lane]()).items()
            if isinstance(lane.codec, ProjectedCodec) and not (lane is leaves and members == 1)
        }
        most = settings.max_projections_per_identity
        if owner and codec not in theirs and len(theirs) >= most:
            raise self._crowded(Limit.IDENTITY_PROJECTIONS, most)
        most = settings.max_projections
        if codec not in projections and len(projections) >= most:
            raise self._crowded(Limit.PROJECTIONS, most)

    def note_move(self, session: Session, before: Lane) -> None:
        """Note that a session has moved from a lane to that where it is now."""
        if owner := owner_of(session.identity, session.connection.place):
            self._take_lane(owner, before)
            self._add_lane(owner, session.subscriber.lane)

    # What is counted.

    def note_handshake(self) -> None:
        """Count a handshake that had to go, since there were too many."""
        self.limited[Limit.HANDSHAKES] += 1

    def note(self, error: FeedError) -> None:
        """Count that a limit had an effect, if an error is of one and not counted already."""
        if isinstance(error, TooOften):
            return
        if isinstance(error, LimitExceeded) and (limit := limit_called(error.limit)):
            self.limited[limit] += 1

    def _too_many(self, error: LimitExceeded) -> Refusal:
        self.note(error)
        told = Reason.TOO_MANY_CONNECTIONS.value
        words = f"{told.words}: {error}"
        return Refusal(Reason.TOO_MANY_CONNECTIONS, replace(told, words=words))

    def _own(self, identity: Identity, session: Session) -> None:
        if identity.id:
            self._by_identity.add((identity.kind, identity.id))
            if self._siblings is not None:
                self._siblings.add((identity.kind, identity.id))
        if owner := owner_of(identity, session.connection.place):
            self._add_lane(owner, session.subscriber.lane)

    def _disown(self, identity: Identity, session: Session) -> None:
        if identity.id:
            self._by_identity.take((identity.kind, identity.id))
            if self._siblings is not None:
                self._siblings.take((identity.kind, identity.id))
        if owner := owner_of(identity, session.connection.place):
            self._take_lane(owner, session.subscriber.lane)

    def _add_lane(self, owner: Owner, lane: Lane) -> None:
        self._lanes.setdefault(owner, Counter())[lane] += 1

    def _take_lane(self, owner: Owner, lane: Lane) -> None:
        theirs = self._lanes[owner]
        theirs[lane] -= 1
        if not theirs[lane]:
            del theirs[lane]
        if not theirs:
            del self._lanes[owner]

    def _too_often(self, limit: Limit, most: int, wait_ns: int) -> TooOften | None:
        if not wait_ns:
            return None
        self.limited[limit] += 1
        return TooOften(limit, most, wait_ns / _NS_PER_S)

    def _crowded(self, limit: Limit, most: int) -> Crowded:
        self.limited[limit] += 1
        return Crowded(limit, most, CROWDED_RETRY_S)

    def _raise(self, error: TooOften | None) -> None:
        if error is not None:
            raise error


def owner_of(identity: Identity, place: str) -> Owner:
    """Return whose limits count: an identity's, or an address's; "": nobody's."""
    return (identity.kind, identity.id) if identity.id else place


def _own_rates(_: str, burst_s: float) -> Rates:
    """Return the rates of an action where there is but one process."""
    return Rates(burst_s)
