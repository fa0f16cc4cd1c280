"""Events of a stream: batches of ticks, and everything else that happened, in order.

Plain values with words for people (`str(event)`); they know neither sockets nor parsers.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from feed.client.ticks import Tick
from feed.client.words import Words
from feed.errors import InvalidPosition
from feed.market.symbol_health import Health
from feed.wire.position import Position
from feed.wire.transport import Transport

Object = dict[str, Any]  # a message of the wire as the dialect has it: {"T": "mark", "pos": …}


class Batch(list[Tick]):
    """Ticks that came together, in order.

    Attributes:
        position: where the stream stands after them; None until the server has told. Within a
            snapshot it stays where it was: a resume from there brings the whole snapshot again.
        snapshot: these ticks restate the last known state and are not new; a trade among them may
            have come before.
        gap: ticks are missing between the batch before and this one.
    """

    __slots__ = ("gap", "position", "snapshot")

    def __init__(
        self,
        ticks: Iterable[Tick],
        position: str | None = None,
        *,
        snapshot: bool = False,
        gap: "Gap | None" = None,
    ) -> None:
        super().__init__(ticks)
        self.position = position
        self.snapshot = snapshot
        self.gap = gap

    def __repr__(self) -> str:
        return f"Batch({len(self)} ticks, position={self.position!r})"


@dataclass(frozen=True, slots=True)
class Gap:
    """Ticks that were due are not coming.

    Attributes:
        first: position of the first that is missing; the position last held where the epoch
            changed; None where none was known.
        last: position of the last that is missing, inclusive; None where it cannot be known.
        reason: the server's word ("overrun", "epoch"); "no position" where the connection was lost
            before the server had told one, and "epoch, untold" where a server started over and
            did not say so.
        again: the server tells a hole a second time, since the connection was lost before the
            snapshot that mends it was complete. It stands in place of the gap before.
        channels: that it concerns; (): all that are subscribed to.
    """

    first: str | None
    last: str | None
    reason: str
    again: bool = False
    channels: tuple[str, ...] = ()

    @property
    def missing(self) -> int | None:
        """The number of missing sequences, over all symbols; None where it cannot be known."""
        try:
            first, last = Position.parse(self.first or ""), Position.parse(self.last or "")
        except InvalidPosition:
            return None
        return last.sequence - first.sequence + 1 if first.epoch == last.epoch else None

    def message(self) -> Object:
        """Return the gap as it looks on the wire."""
        gap: Object = {"T": "gap", "from": self.first, "to": self.last, "reason": self.reason}
        return gap | {"channels": list(self.channels)} if self.channels else gap

    def __str__(self) -> str:
        first, last = self.first or "an unknown position", self.last or "an unknown one"
        count = f"{self.missing} sequences, " if self.missing is not None else ""
        again = ", told again" if self.again else ""
        of = f" of {', '.join(self.channels)}" if self.channels else ""
        return f"gap: {count}{first} to {last}{of} are missing ({self.reason}{again})"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The last known state per symbol begins or ends; a `Disconnected` breaks it off.

    Attributes:
        state: "begin" or "end".
        position: the position that it describes.
    """

    state: str
    position: str | None

    def message(self) -> Object:
        """Return the snapshot's end or beginning as it looks on the wire."""
        return {"T": "snapshot", "state": self.state, "pos": self.position}

    def __str__(self) -> str:
        return f"snapshot {self.state} at {self.position}"


@dataclass(frozen=True, slots=True)
class Mark:
    """The position moved, or is told again, and no tick came with it.

    Attributes:
        position: where the stream stands.
        time: the server's clock when it was told, RFC 3339; None where it was not.
    """

    position: str
    time: str | None

    def __str__(self) -> str:
        return f"position {self.position}" + (f" at {self.time}" if self.time else "")


@dataclass(frozen=True, slots=True)
class Bye:
    """The server ends this connection and says why; the stream comes back, if it may.

    Attributes:
        reason: its short name for it.
        words: for a person; may be empty.
        may_reconnect: coming back can succeed; otherwise the stream raises `Refused`.
    """

    reason: str
    words: str
    may_reconnect: bool = True

    def __str__(self) -> str:
        return f"the server says goodbye: {self.words or self.reason}"


@dataclass(frozen=True, slots=True)
class Leaving:
    """The server leaves; the stream comes back after the time that it was told.

    Attributes:
        retry_in_s: after the connection has ended. Each subscriber is told a time of its own.
    """

    retry_in_s: float

    def __str__(self) -> str:
        return f"the server leaves; back in {self.retry_in_s:.1f} s"


@dataclass(frozen=True, slots=True)
class Notice:
    """An error of the dialect that came between ticks.

    Attributes:
        code: the dialect's number: 407 is a slow client.
        words: the server's.
    """

    code: int
    words: str

    def __str__(self) -> str:
        return f"the server says: {self.words} ({self.code})"


@dataclass(frozen=True, slots=True)
class FeedState:
    """Whether the server's source gives anything: one message for all symbols.

    Attributes:
        state: live or source_down.
        source: its name, as the server has it.
        reason: the cause: "silent", "failed" or "finished"; "" while it is live.
    """

    state: Health
    source: str
    reason: str

    @property
    def live(self) -> bool:
        """Whether the source gives ticks."""
        return self.state is Health.LIVE

    def __str__(self) -> str:
        return f"the source {self.source} is {'live' if self.live else f'down: {self.reason}'}"


@dataclass(frozen=True, slots=True)
class ServerWarning:
    """Some of what was subscribed to does not come, or not yet.

    Attributes:
        reason: the server's word: "unlisted", "silent_channel", "nothing" or "rewind".
        words: the server's.
        names: the symbols or channels, or the first of them.
        nearest: for some of these names the listed symbol that was probably meant.
        count: how many they are; of a rewind with `last`, how many ticks come.
        since: of a rewind, from when on ticks come, as the server has it.
    """

    reason: str
    words: str
    names: tuple[str, ...] = ()
    nearest: Mapping[str, str] = field(default_factory=dict)
    count: int = 0
    since: str | None = None

    def __str__(self) -> str:
        return self.words or self.reason


@dataclass(frozen=True, slots=True)
class Expiring:
    """Who this client is ends soon, and the connection with it.

    Where the caller gave a function, it is asked for another token, which keeps the connection, or
    its position on the next one.

    Attributes:
        time: when, as the server has it.
        words: the server's.
    """

    time: str | None
    words: str

    def __str__(self) -> str:
        return f"expiring at {self.time or 'some time'}: {self.words}"


@dataclass(frozen=True, slots=True)
class Refreshed:
    """The server has taken another token of the same identity; the connection goes on as it was."""

    def __str__(self) -> str:
        return "the token was refreshed"


@dataclass(frozen=True, slots=True)
class TokenFailed:
    """The caller's function has no other token while the one that is shown ends; it is asked again.

    Attributes:
        reason: in words.
        retry_in_s: when.
    """

    reason: str
    retry_in_s: float

    def __str__(self) -> str:
        return f"{self.reason}; asking again in {self.retry_in_s:.1f} s"


@dataclass(frozen=True, slots=True)
class Unknown:
    """An object whose `T` this client does not know; `message` is all of it."""

    message: Object

    def __str__(self) -> str:
        return f"an object of the unknown kind {self.message.get('T')!r}"


@dataclass(frozen=True, slots=True)
class Connected:
    """A connection stands and the subscription was accepted.

    Attributes:
        transport: over which transport.
        url: where.
        resumed_from: the position that was asked for; None: from now on.
        conflate: intervals that the server granted, by channel; it may round up what was asked.
        fallbacks: the transports before this one that "auto" tried in vain, each with the reason:
            "websocket: no answer within 10 s".
        connection: the id of it at the server, for `feed why`; None: it does not tell.
    """

    transport: Transport
    url: str
    resumed_from: str | None
    conflate: Mapping[str, str]
    fallbacks: tuple[str, ...] = ()
    connection: int | None = None

    @property
    def why(self) -> str:
        """The reasons against the transports before this one, in words; may be empty."""
        return "; ".join(f"not {each}" for each in self.fallbacks)

    def __str__(self) -> str:
        after = f", after {self.resumed_from}" if self.resumed_from else ""
        intervals = ",".join(f"{channel}:{interval}" for channel, interval in self.conflate.items())
        conflate = f", conflated {intervals}" if intervals else ""
        why = f" ({self.why})" if self.why else ""
        number = "" if self.connection is None else f" as {self.connection}"
        return f"connected to {self.url}{number}{after}{conflate}{why}"


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The connection ended, or could not be made; the next attempt follows by itself.

    Attributes:
        reason: in words.
        retry_in_s: when.
    """

    reason: str
    retry_in_s: float

    def __str__(self) -> str:
        return f"{self.reason}; trying again in {self.retry_in_s:.1f} s"


Event = (
    Batch
    | Words
    | Gap
    | Snapshot
    | Mark
    | FeedState
    | ServerWarning
    | Bye
    | Leaving
    | Notice
    | Expiring
    | Refreshed
    | TokenFailed
    | Unknown
    | Connected
    | Disconnected
)  # all that `Stream.events()` yields


@dataclass(slots=True)
class Counters:
    """Totals of a stream, over all its connections.

    Attributes:
        ticks: delivered; those of snapshots are counted apart, as `snapshot_ticks`.
        batches: delivered, those of snapshots included.
        words: delivered, of answers of language models; states of them too.
        received_bytes: bytes of bodies and messages, after decompression.
        connects: connections that stood; `connects - 1` of them were reconnects.
        resumes: those that went on from a position.
        failures: connections that were lost or could not be made.
        silences: those of them that were open and said nothing for too long.
        malformed: those of them that sent what is not of the protocol.
        gaps: holes that were told, or found; `missing` is the sum of those that could be counted.
        snapshots: that were complete.
        duplicates: ticks dropped because the stream already stood behind them.
        unknown: objects of unknown kinds.
    """

    ticks: int = 0
    snapshot_ticks: int = 0
    batches: int = 0
    words: int = 0
    received_bytes: int = 0
    connects: int = 0
    resumes: int = 0
    failures: int = 0
    silences: int = 0
    malformed: int = 0
    gaps: int = 0
    missing: int = 0
    snapshots: int = 0
    duplicates: int = 0
    unknown: int = 0

    @property
    def reconnects(self) -> int:
        """The number of connections made after one that had stood."""
        return max(0, self.connects - 1)
