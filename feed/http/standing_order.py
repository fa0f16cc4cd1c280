"""A standing order: what one client has subscribed to over its WebSocket, and how that is sent.

A conversation changes it message by message, and so do grants that change; either is acknowledged.
"""

from dataclasses import replace

from feed.broadcast.payload_key import PayloadKey
from feed.errors import LimitExceeded, NotGranted
from feed.hub.hub import Hub
from feed.hub.session import Session
from feed.market.ticks import Channel
from feed.trust.identity import owner_key
from feed.wire.codec import Codec
from feed.wire.compression import Compression
from feed.wire.control import Subscribe, Unsubscribe
from feed.wire.dialect import DIALECTS
from feed.wire.disconnect import Reason
from feed.wire.grants import Grants
from feed.wire.messages import refusal_words
from feed.wire.projection import check_fields, projected
from feed.wire.subscribed import NOTHING_SUBSCRIBED, Subscribed
from feed.wire.transport import Transport


class StandingOrder:
    """All that is subscribed to over one WebSocket.

    Attributes:
        codec: of ticks, marks, gaps and snapshots.
        agreed: the compression that the handshake allows.
        marks: whether positions are in the arrays.
    """

    __slots__ = (
        "_compress",
        "_every",
        "_fields",
        "_hub",
        "_subscribed",
        "agreed",
        "codec",
        "marks",
    )

    def __init__(self, hub: Hub, codec: Codec, agreed: Compression | None, every: str) -> None:
        """Begin with nothing.

        Args:
            hub: where the session is.
            codec: of ticks, marks, gaps and snapshots.
            agreed: the compression that the handshake allows.
            every: what a `*` stands for: all symbols, or all of an asset class.
        """
        self.codec = codec
        self.agreed = agreed
        self.marks = False
        self._hub = hub
        self._every = every
        self._fields: frozenset[str] | None = None  # None: all
        self._compress = True  # unless the client asked for plain frames
        self._subscribed = NOTHING_SUBSCRIBED

    def add(self, session: Session, asked: Subscribe) -> None:
        """Subscribe to more.

        Raises:
            NotGranted: nothing of it is granted, and nothing else was.
            LimitExceeded: it is too much; nothing has changed.
        """
        asked = asked.of(owner_key(session.identity))
        marks = self.marks if asked.marks is None else asked.marks
        before = self._granted(session)
        known, had = before.names, before.selection
        subscribed, added = before.more(asked, self._every)
        grants = subscribed.grants
        if Transport.WEBSOCKET not in grants.transports:
            raise NotGranted(f"the transport {Transport.WEBSOCKET}", grants.words())
        if added.refused and not subscribed.selection.symbols:
            raise NotGranted(refusal_words(added.refused), grants.words())
        fields = self._fields if asked.fields is None else asked.fields
        if asked.fields is not None:
            check_fields(fields, _channels(subscribed))
        self._compress = self._compress if asked.compress is None else asked.compress
        self._move(session, subscribed, marks=marks, fields=fields)
        self._hub.subscriptions.begin(
            session,
            added.selection,
            after=asked.after,
            last=asked.last,
            snapshot=bool(asked.snapshot),
            on_lag=asked.on_lag,
            named=subscribed.names,
            known=known,
            silent=asked.silent_channels,
            refused=added.refused,
            had=had,
        )

    def take_away(self, session: Session, unwanted: Unsubscribe) -> None:
        """Subscribe to less."""
        unwanted = unwanted.of(owner_key(session.identity))
        subscribed = self._granted(session).less(unwanted, self._every)
        self._move(session, subscribed, marks=self.marks, fields=self._fields)
        self._hub.subscriptions.release(session)

    def follow_grants(self, session: Session) -> None:
        """Subscribe to what is granted now of what was subscribed to, and say so if it changes."""
        before = self._subscribed
        if before is NOTHING_SUBSCRIBED:
            return  # whatever it asks for later is seen under the grants of then
        granted = self._granted(session)
        if before.selection.symbols and Transport.WEBSOCKET not in granted.grants.transports:
            self._hub.disconnect(session, Reason.NOT_GRANTED)
            return
        if granted.selection == before.selection:
            self._subscribed = granted
            self._hub.subscriptions.withdraw(session)
            return
        try:
            self._move(
                session, granted, marks=self.marks, fields=self._fields, grants=granted.grants
            )
        except LimitExceeded as error:  # it may not keep what it has
            self._hub.door.note(error)
            self._hub.disconnect(session, Reason.POLICY, str(error))
            return
        self._hub.subscriptions.release(session)

    def _granted(self, session: Session) -> Subscribed:
        """Return the subscription under the grants that the session has now."""
        grants = session.identity.grants
        subscribed = self._subscribed
        return subscribed if subscribed.grants is grants else subscribed.under(grants)

    def _move(
        self,
        session: Session,
        subscribed: Subscribed,
        *,
        marks: bool,
        fields: frozenset[str] | None,
        grants: Grants | None = None,
    ) -> None:
        """Change the subscription, and acknowledge it; the session is held after it.

        Args:
            session: whose it is.
            subscribed: the new one.
            marks: whether positions are in the arrays.
            fields: the keys that ticks keep; None: all.
            grants: of now, where it changes since these have changed.
        """
        codec = projected(self.codec, fields, _channels(subscribed))
        key = PayloadKey(subscribed.selection, codec, marks)
        compression = self.agreed if self._compress else None
        self._hub.subscriptions.change(
            session, key, compression, beside=subscribed.beside, grants=grants
        )
        # Equal, and shared by the whole lane: a copy of the selection would take 1 kB.
        shared = session.subscriber.lane.payload.key.selection
        self._subscribed = replace(subscribed, selection=shared)
        self.marks, self._fields = marks, fields
        acknowledgement = DIALECTS[self.codec.name].acknowledge(subscribed)
        session.connection.write_last(acknowledgement)


def _channels(subscribed: Subscribed) -> list[Channel]:
    return [channel for channel, _ in subscribed.selection.symbols]
