"""The portrait of a connection, for administrators: who, since when, how far, and its record.

One is made when it is asked for, and one when a connection ends; the newest of these are kept, so
that "why did I miss it?" has an answer afterwards. It takes 25 µs and 600 bytes, 2 kB at most.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from feed.hub.session import Session
from feed.market.intervals import format_interval
from feed.market.symbols import ALL
from feed.market.wildcards import GLOBBED
from feed.wire.disconnect import Reason
from feed.wire.selection import Selection
from feed.wire.word_keys import is_own

MOST_DEPARTED = 1_000
_MOST_SYMBOLS = 4  # of each channel that are named
_FEW_SYMBOLS = 64  # so many are put in order; of more, any are named
_MOST_LETTERS = 200  # of any text that comes from outside


@dataclass(frozen=True, slots=True)
class Portrait:
    """What an administrator is told of one connection.

    Attributes:
        id: of its session.
        kind, key, name: of its identity, and nothing more of that.
        peer: the address that it comes from.
        transport, codec, compression: how its frames look; "" where they are not compressed.
        selection: in words, shortened.
        members: of its lane, with it.
        live: those of them that get the lane's frames as they are made.
        standing: of its subscriber; the last one before it ended.
        sequence: where it stands.
        lag_ticks: how many ticks the ring was ahead of it.
        buffered_bytes: written to it, and not taken by the socket.
        sent_bytes: by the kernel, as far as it tells.
        opened_ns, ended_ns: monotonic.
        reason, words: why it ended; None while it has not.
        record: its flight record.
    """

    id: int
    kind: str
    key: str
    name: str
    peer: str
    transport: str
    codec: str
    compression: str
    selection: str
    members: int
    live: int
    standing: str
    sequence: int
    lag_ticks: int
    buffered_bytes: int
    sent_bytes: int | None
    opened_ns: int
    ended_ns: int | None
    reason: Reason | None
    words: str
    record: bytes


class Departed:
    """Portraits of the connections that ended last, by their ids."""

    __slots__ = ("_by_id", "_most")

    def __init__(self, most: int = MOST_DEPARTED) -> None:
        self._by_id: dict[int, Portrait] = {}
        self._most = most

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Portrait]:
        """Yield them, the first that ended first."""
        return iter(self._by_id.values())

    def add(self, portrait: Portrait) -> None:
        """Keep one; the one that ended first is forgotten if they are too many."""
        self._by_id[portrait.id] = portrait
        if len(self._by_id) > self._most:
            del self._by_id[next(iter(self._by_id))]

    def get(self, connection_id: int) -> Portrait | None:
        """Return one; None: no such connection ended, or it is forgotten."""
        return self._by_id.get(connection_id)


def portray(
    session: Session, ended_ns: int | None = None, reason: Reason | None = None, words: str = ""
) -> Portrait:
    """Return the portrait of a connection, which has not left its lane yet.

    Args:
        session: of the connection.
        ended_ns: now, if it ends.
        reason: why it ends.
        words: for a person, where those of the reason do not say all.
    """
    subscriber, connection = session.subscriber, session.connection
    lane = subscriber.lane
    return Portrait(
        id=session.id,
        kind=session.identity.kind.value,
        key=session.identity.id[:_MOST_LETTERS],
        name=session.identity.name[:_MOST_LETTERS],
        peer=connection.peer,
        transport=session.transport.value,
        codec=lane.codec.name,
        compression="" if lane.compression is None else compression_words(session),
        selection=selection_words(subscriber.selection),
        members=lane.members,
        live=len(lane.live),
        standing=subscriber.standing.value,
        sequence=subscriber.first_needed - 1,
        lag_ticks=subscriber.lag_ticks,
        buffered_bytes=subscriber.buffered_bytes(),
        sent_bytes=connection.sent_bytes(),
        opened_ns=session.opened_ns,
        ended_ns=ended_ns,
        reason=reason,
        words=words[:_MOST_LETTERS],
        record=subscriber.ladder.record,
    )


def compression_words(session: Session) -> str:
    """Return how the frames of a session that are compressed are."""
    return "gzip" if session.subscriber.lane.checksum is not None else "permessage-deflate"


def selection_words(selection: Selection) -> str:
    """Return a selection in words, shortened: `trades AAPL, MSFT and 12 more; quotes * (250ms)`."""
    intervals = dict(selection.intervals_ms)
    told = []
    for channel, symbols in selection.symbols:
        interval = f" ({format_interval(intervals[channel])})" if channel in intervals else ""
        own = ALL if is_own(channel) else _names(symbols)
        told.append(f"{channel} {own}{interval}")
    return "; ".join(told)


def _names(symbols: frozenset[str]) -> str:
    count = len(symbols) - (GLOBBED in symbols)
    some = sorted(symbols) if len(symbols) <= _FEW_SYMBOLS else islice(symbols, _MOST_SYMBOLS + 1)
    named = [symbol for symbol in some if symbol != GLOBBED][:_MOST_SYMBOLS]
    more = count - len(named)
    text = ", ".join(name[:_MOST_LETTERS] for name in named)
    return f"{text} and {more:,} more" if more else text
