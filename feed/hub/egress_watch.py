"""The look at what is written to whom: identities that have a limit of bytes are held to it.

The kernel tells how much it has sent, a system call a connection and look; whoever has no limit is
not asked. Where it does not tell (elsewhere than on Linux) nobody can be held to one: such a
setting is refused when a server begins, and a grant of one is told once in the log.
"""

from collections import Counter
from collections.abc import Iterator, Mapping

from feed.broadcast.audience import Audience
from feed.broadcast.egress import Egress, Throttle
from feed.broadcast.subscriber import Subscriber
from feed.hub.door import Owner, owner_of
from feed.hub.session import Session
from feed.logger import logger_of
from feed.wire.limit import Limit

log = logger_of("feed.connections")


class EgressWatch:
    """The buckets of all that have a limit."""

    def __init__(
        self,
        audience: Audience,
        sessions: Mapping[Subscriber, Session],
        limited: Counter[Limit],
        most_per_s: int | None,
    ) -> None:
        """Begin with nobody.

        Args:
            audience: throttles subscribers.
            sessions: everybody connected, as it changes.
            limited: counts how often somebody is limited.
            most_per_s: the limit of those for whom nothing else is granted; None: none.
        """
        self._audience = audience
        self._sessions = sessions
        self._limited = limited
        self._most_per_s = most_per_s
        self._egress: dict[Owner, Egress] = {}
        self._sent: dict[Session, int] = {}  # by each, as of the last look
        # Of those that have left since: whose they were, at which rate, and what was sent.
        self._left: list[tuple[Owner, int, int]] = []
        self._is_told = False  # that nobody knows how much was sent

    def __len__(self) -> int:
        return len(self._egress)

    def enter(self, session: Session, mono_ns: int) -> None:
        """Let a newcomer wait from the beginning, whose identity is over its bytes.

        Else whoever comes anew all the time would be given all that there is until each next look.
        """
        owner, per_s = self._limit_of(session)
        egress = self._egress.get(owner)
        if per_s is not None and egress is not None and egress.is_limited:
            self._audience.behind.throttle(session.subscriber, Throttle.WAITS, mono_ns)

    def leave(self, session: Session, *, at_end: bool = False) -> None:
        """Count what was sent to a session that ends: its identity may come back at once.

        Args:
            session: which.
            at_end: its transport is lost just now; it is counted again when the session is closed.
        """
        if session.ended.done():
            return
        owner, per_s = self._limit_of(session)
        if owner and per_s is not None:
            since = self._sent_since(session, at_end=at_end)
            self._left.append((owner, per_s, since))
            self._sent[session] = self._sent.get(session, 0) + since
        if not at_end:
            self._sent.pop(session, None)

    def looking(self, mono_ns: int) -> Iterator[None]:
        """Look at everybody that has a limit, one a step, and then hold them to it."""
        groups: dict[Owner, list[Session]] = {}
        sent: Counter[Owner] = Counter()
        rates: dict[Owner, int] = {}
        for owner, per_s, sent_bytes in self._left:
            sent[owner] += sent_bytes
            rates[owner] = per_s
        self._left = []
        for session in list(self._sessions.values()):
            yield
            if session.ended.done():
                continue
            owner, limit_per_s = self._limit_of(session)
            if not owner or limit_per_s is None:  # it may have been lifted
                self._sent.pop(session, None)
                self._audience.behind.throttle(session.subscriber, Throttle.NONE, mono_ns)
                continue
            rates[owner] = limit_per_s
            groups.setdefault(owner, []).append(session)
            since = self._sent_since(session)
            sent[owner] += since
            self._sent[session] = self._sent.get(session, 0) + since
        for owner, per_s in rates.items():
            egress = self._egress.setdefault(owner, Egress(per_s, mono_ns))
            was_limited = egress.is_limited
            throttle = egress.look(sent[owner], per_s, mono_ns)
            self._limited[Limit.EGRESS] += egress.is_limited and not was_limited
            for session in groups.get(owner, ()):
                if not session.ended.done():
                    self._audience.behind.throttle(session.subscriber, throttle, mono_ns)
                yield
        for owner in self._egress.keys() - groups.keys():
            if self._egress[owner].rest(mono_ns):
                del self._egress[owner]
            yield

    def _limit_of(self, session: Session) -> tuple[Owner, int | None]:
        """Return whose limit counts, and how many bytes a second it is."""
        per_s = session.identity.grants.limits.egress_bytes_per_s or self._most_per_s
        return owner_of(session.identity, session.connection.place), per_s

    def _sent_since(self, session: Session, *, at_end: bool = False) -> int:
        sent_bytes = session.connection.sent_bytes(at_end=at_end)
        if sent_bytes is None:
            if not (self._is_told or session.connection.closing):
                self._is_told = True
                log.warning(
                    "egress_not_limited",
                    id=session.id,
                    reason="the kernel does not tell how much it has sent: Linux 4.19 does",
                )
            return 0
        return max(0, sent_bytes - self._sent.get(session, 0))
