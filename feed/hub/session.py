"""A session: one subscriber on one connection, from its first byte to its last."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from feed.broadcast.subscriber import Subscriber
from feed.hub.connection import Connection
from feed.trust.identity import ANONYMOUS, Identity
from feed.wire.disconnect import Disconnect, Reason
from feed.wire.selection import Selection
from feed.wire.transport import Transport

_ids = count(1)


def number_from(first: int) -> None:
    """Give the next session this id, and those after it the numbers that follow."""
    global _ids  # noqa: PLW0603 - ids are of a process
    _ids = count(first)


def no_beat(awake_ns: int) -> None:
    """Do nothing: only WebSockets have pings of their own."""


def always() -> bool:
    """Return True."""
    return True


def _no_goodbye(reason: Disconnect) -> None:
    """Do nothing: all is said."""


@dataclass(slots=True, eq=False)
class Session:
    """What the hub knows of one subscriber.

    Attributes:
        connection: its socket.
        subscriber: its sequence, and its place in a lane.
        transport: how bytes go to it.
        opened_ns: when it came, monotonic.
        goodbye: writes the transport's last words for a reason; nothing may follow them.
        beat: called about every second with the time by a clock that stands still while the process
            sleeps (`AwakeClock`), for what a transport does by itself.
        identity: who it is, and what it may have. `Entitlement.identify` changes it.
        reselect: called with it when its grants may have changed; None: it is selected for it.
        hears_notices: tells whether it knows messages that answer nothing, such as `expiring`.
        wish: all that it asked for, as far as it is granted, where its selection does not say that;
            of transports that go one way.
        told_end_ns: the end of its identity that it was told of; None: it was told of none.
        ended: done, with the reason, once the subscriber is out of its lane.
        id: a number for logs and views, unique in this process, and in all workers of a server.
    """

    connection: Connection
    subscriber: Subscriber
    transport: Transport
    opened_ns: int
    goodbye: Callable[[Disconnect], None]
    beat: Callable[[int], None]
    identity: Identity = ANONYMOUS
    reselect: Callable[["Session"], None] | None = None
    hears_notices: Callable[[], bool] = always
    wish: Selection | None = None
    told_end_ns: int | None = None
    ended: "asyncio.Future[Reason]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    id: int = field(default_factory=lambda: next(_ids))

    def entitle(self, identity: Identity) -> None:
        """Be of an identity, and get the last known state at the pace that is granted to it."""
        self.identity = identity
        self.subscriber.due.pace(paced=identity.grants.conflate_ms > 0)

    def release(self) -> None:
        """Let go of its conversation, so that both are freed at once and not by some collection.

        Collections of old objects are rare here, since they walk the whole ring.
        """
        self.goodbye = _no_goodbye
        self.beat = no_beat
        self.reselect = None
        self.hears_notices = always
