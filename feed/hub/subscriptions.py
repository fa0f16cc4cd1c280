"""Subscriptions: what the sessions of a hub have subscribed to, and how that begins and changes.

The shell of the audience for what a client asks for: it brings the time, the door's limits and the
identity's grants, and gives the subscriber its first turn. Who comes and goes is the hub's.
"""

import asyncio
from collections.abc import Collection, Mapping

from feed.broadcast.audience import Audience
from feed.broadcast.payload_key import PayloadKey
from feed.broadcast.rewind import Rewound
from feed.broadcast.subscriber import Subscriber
from feed.hub.catch_up import CatchUp
from feed.hub.clock import Clock
from feed.hub.door import Door
from feed.hub.forgetting import Forgetting
from feed.hub.key_gate import KeyGate
from feed.hub.session import Session
from feed.wire.beginning import Ago, Beginning, Moment
from feed.wire.compression import Compression
from feed.wire.grants import Grants, Refused
from feed.wire.position import Position
from feed.wire.request_fields import OnLag
from feed.wire.selection import Selection

_NOTHING = Selection()
_NO_NAMES: frozenset[str] = frozenset()


class Subscriptions:
    """The subscriptions of all sessions."""

    __slots__ = (
        "_audience",
        "_catch_up",
        "_clock",
        "_door",
        "_forgetting",
        "_joined",
        "_key_gate",
        "_sessions",
    )

    def __init__(
        self,
        audience: Audience,
        sessions: Mapping[Subscriber, Session],
        *,
        door: Door,
        key_gate: KeyGate,
        catch_up: CatchUp,
        forgetting: Forgetting,
        clock: Clock,
    ) -> None:
        """Begin with nobody.

        Args:
            audience: decides on subscribers.
            sessions: everybody connected, as it changes.
            door: by which limits.
            key_gate: who may read which key of words.
            catch_up: gives subscribers that are behind what they are due.
            forgetting: takes out of the indexes what nobody has selected any more.
            clock: what the time is.
        """
        self._audience = audience
        self._sessions = sessions
        self._door = door
        self._key_gate = key_gate
        self._catch_up = catch_up
        self._forgetting = forgetting
        self._clock = clock
        self._joined = asyncio.Event()

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
            InvalidParameter: it adds a key of words that is not to be read; likewise.
        """
        mono_ns, subscriber = self._clock.mono_ns(), session.subscriber
        before = subscriber.lane
        self._key_gate.check(session.identity, key.selection, before.payload.key.selection)
        if key.selection.symbols:
            lanes, place = self._audience.broadcast.lanes, session.connection.place
            lane = lanes.find(key, before.framing, compression)
            self._door.check_lane(session.identity, place, lane, before)
            self._door.check_projection(
                session.identity, place, key.codec, lanes.projections, before
            )
        self._audience.move(subscriber, key, mono_ns, compression, beside, grants=grants)
        if subscriber.lane is not before:
            self._door.note_move(session, before)
        self._forgetting.begin()

    def withdraw(self, session: Session) -> None:
        """Make what waits for a session anew: see `Audience.withdraw`."""
        if session.subscriber.due.outbox.waiting:
            self._audience.withdraw(session.subscriber, session.identity.grants)
            self.release(session)

    def begin(
        self,
        session: Session,
        selection: Selection,
        *,
        after: Beginning | str | None = None,
        last: int | None = None,
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
            after: the position to begin after, a time, or a while ago; a str is a position that
                could not be read; None: now.
            last: begin so many ticks of the selection back; beside no position.
            snapshot: whether the last known state comes first.
            on_lag: what happens when the ring overruns it; None: as before.
            named: all symbols that it subscribed to, over all channels, as it named them.
            known: those that it had named before.
            silent: channels of the dialect that it asked for besides, and that nobody gives.
            refused: symbols that it asked for besides, and that are not granted to it.
            had: all that it had subscribed to before.
        """
        audience, subscriber, clock = self._audience, session.subscriber, self._clock
        rewound: Position | Rewound | str | None = (
            audience.rewind(subscriber, after, clock.mono_ns(), clock.wall_ns())
            if isinstance(after, Ago | Moment)
            else after
        )
        audience.begin(
            subscriber,
            selection,
            after=rewound,
            last=last,
            snapshot=snapshot,
            on_lag=on_lag,
            had=had,
        )
        warnings = audience.warnings.asked(
            subscriber,
            named,
            known,
            silent,
            self._clock.mono_ns(),
            grants=session.identity.grants,
            refused=refused,
        )
        audience.tell(subscriber, warnings)
        self.release(session)

    def release(self, session: Session) -> None:
        """Let a session that is held have what it is due: live at once where nothing is."""
        self._joined.set()
        self._audience.release(session.subscriber, self._clock.mono_ns())
        self._catch_up.give(session.subscriber, most_frames=1)

    async def reach(self, count: int) -> None:
        """Wait until `count` sessions have subscribed to something."""
        while True:
            self._joined.clear()
            if sum(bool(subscriber.selection.symbols) for subscriber in self._sessions) >= count:
                return
            await self._joined.wait()
