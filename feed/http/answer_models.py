"""The forms of the answers that are JSON, key by key: for type checkers, and for documents.

Handlers make them, and mypy holds those to these forms wherever a document is written out.
`feed.http.contract` makes the published schemas of them, and a test holds the answers to these.
"""

from dataclasses import dataclass, fields
from typing import Annotated, Any, Literal, NotRequired, Self

from pydantic import Field, WithJsonSchema
from typing_extensions import TypedDict  # typing's own is not enough for pydantic before 3.12

from feed.hub.age_reports import Outcome
from feed.hub.siblings import WorkerKind
from feed.sources.source import Instrument
from feed.state.recovery import Recovery
from feed.wire.codec import CODECS
from feed.wire.generations.codecs import FOREIGN_CODECS
from feed.wire.message_models import Count, GapMessage, PositionText, Time, WarningMessage, Words
from feed.wire.transport import Transport

TransportName = Annotated[str, Field(json_schema_extra={"enum": list(Transport)})]
CodecName = Annotated[str, Field(json_schema_extra={"enum": [*CODECS, *FOREIGN_CODECS]})]
Share = Annotated[float, Field(ge=0)]
# Events are fragments that are encoded already: what is in them say `feed.http.contract.ticks`
# and `feed.http.contract.words`.
Event = Annotated[dict[str, Any], WithJsonSchema({"x-of": "Event"})]
Bar = Annotated[dict[str, Any], WithJsonSchema({"x-of": "AnyBar"})]
Warnings = Annotated[
    list[WarningMessage],
    Field(description="what was asked for and cannot be had, where there is some"),
]


class Problem(TypedDict):
    """An error (RFC 9457): what was wrong, where, and what is accepted."""

    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: Words
    parameter: NotRequired[Annotated[str, Field(description="the one that is not accepted")]]
    value: NotRequired[Annotated[Any, Field(description="what it was")]]
    accepted: NotRequired[Annotated[str, Field(description="what is, in words")]]
    limit: NotRequired[Annotated[str, Field(description="the limit that would be exceeded")]]
    granted: NotRequired[Annotated[str, Field(description="what is granted, in words")]]


class AnyDocument(TypedDict):
    """A document whose form others have written down."""

    info: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Listed(Instrument):
    """An instrument, and what it cost.

    Attributes:
        previous_close: its last price on the day before, where the server knows one and bars of it
            may be read.
    """

    previous_close: float | None = None

    @classmethod
    def of(cls, known: Instrument, previous_close: float | None) -> Self:
        """Return an instrument with what it cost."""
        told = {field.name: getattr(known, field.name) for field in fields(Instrument)}
        return cls(**told | {"previous_close": previous_close})


class SymbolsAnswer(TypedDict):
    """What is traded."""

    symbols: list[Listed]


Asset = TypedDict(
    "Asset",
    {
        "id": str,
        "class": str,
        "exchange": str,
        "symbol": str,
        "name": str,
        "status": Literal["active"],
        "tradable": bool,
        "marginable": bool,
        "shortable": bool,
        "easy_to_borrow": bool,
        "fractionable": bool,
        "min_order_size": str,
        "min_trade_increment": str,
        "price_increment": str,
    },
)


class SnapshotAnswer(TypedDict):
    """The last known state, as of a position."""

    pos: PositionText
    warnings: NotRequired[Warnings]
    ticks: list[Event]


class HistoryAnswer(TypedDict):
    """A page of what the ring holds."""

    pos: Annotated[PositionText, Field(description="up to where the page reaches")]
    next: Annotated[
        PositionText | None,
        Field(description="the `after` of the next page; null: this is the last"),
    ]
    warnings: NotRequired[Warnings]
    gap: NotRequired[GapMessage]
    ticks: list[Event]


class BarsAnswer(TypedDict):
    """Finished bars of a symbol, oldest first, and the one that is open."""

    symbol: str
    timeframe: Literal["1m", "1s", "1d"]
    warnings: NotRequired[Warnings]
    bars: list[Bar]
    current: Bar | None


class FeedbackAnswer(TypedDict):
    """A report was not taken, and more of them are not wanted."""

    outcome: Literal[Outcome.NOT_LIVE]


class EdgeAnswer(TypedDict):
    """What an edge has told is taken up."""

    lasts_s: Annotated[int, Field(description="seconds in which it has to be told again")]


class EndingsAnswer(TypedDict):
    """Which tickets are good still, and which visits have ended."""

    writer: Annotated[str, Field(description="which process answers")]
    upto: Annotated[int, Field(description="`after` of the next question")]
    more: Annotated[bool, Field(description="whether there is more to hear at once")]
    good: Annotated[list[str], Field(description="of the tickets shown: used up from now on")]
    refused: Annotated[list[str], Field(description="of the tickets shown: the others")]
    ended: Annotated[
        list[list[Any]], Field(description="visits, as digests, and in how many milliseconds")
    ]


class NewestAnswer(TypedDict):
    """How far the writer is."""

    pos: PositionText


class TicketAnswer(TypedDict):
    """A ticket."""

    ticket: str
    used_within_s: Annotated[
        int, Field(description="the time in which its stream has to be opened")
    ]


class ReplayAnswer(TypedDict):
    """A replay, as it will be once the order takes effect."""

    source: Annotated[str, Field(description="its name")]
    paused: bool
    speed: Annotated[
        float | Literal["max"], Field(description="1 is the original pace; max is without one")
    ]
    at: Annotated[
        Time | None,
        Field(description="the time of the recording that it goes on from; null: its beginning"),
    ]


class HealthAnswer(TypedDict):
    """That the process serves."""

    status: Literal["ok"]


class ReadyAnswer(TypedDict):
    """Whether it wants subscribers."""

    status: Literal["ready", "leaving", "the source is not open"]


class FeedStatus(TypedDict):
    """What subscribers were told last: of a source, or of all of them together."""

    state: str
    reason: str


class PairStatus(TypedDict):
    """A side of a pair that tells one market."""

    of: Annotated[str, Field(description="both sides, with a plus between")]
    firsts: Annotated[Count, Field(description="ticks that it gave first, and that were told")]
    repeats: Annotated[Count, Field(description="ticks that the other side had given")]
    missed: Annotated[Count, Field(description="ticks of the other side that it never gave")]


class UpstreamStatus(TypedDict):
    """The connections of a source that reads from another server."""

    url: str
    connected: Annotated[bool, Field(description="one stands, and is subscribed")]
    connections: Annotated[Count, Field(description="that stood so far")]
    resumed: Annotated[Count, Field(description="of them went on where the one before had ended")]
    ends: Annotated[dict[str, int], Field(description="connections that ended or failed, by why")]
    refusals: Annotated[dict[str, int], Field(description="by the dialect's code; http: by status")]
    gaps: Annotated[Count, Field(description="how often it said that events are not coming")]
    untold: Annotated[
        dict[str, int], Field(description="events of kinds that are not told, by the dialect's T")
    ]
    last_words: Annotated[str, Field(description="its last error or warning")]


class SourceStatus(TypedDict):
    """A source, and how it is."""

    name: str
    live: Annotated[bool, Field(description="its ticks happen now")]
    up: bool
    silent: Annotated[bool, Field(description="it is up and gives nothing, which is not usual")]
    finished: bool
    given_up: Annotated[bool, Field(description="it failed for good, and is not opened again")]
    failures: Count
    last_error: str
    waits: Count
    rows_skipped: Annotated[dict[str, int], Field(description="rows of a recording, by reason")]
    refused: Annotated[dict[str, int], Field(description="ticks that are not told, by reason")]
    feed: FeedStatus
    symbols: Annotated[dict[str, int], Field(description="by health")]
    pair: NotRequired[PairStatus]
    upstream: NotRequired[UpstreamStatus]


class RingStatus(TypedDict):
    """The ring, and how far back it reaches."""

    epoch: str
    capacity: Count
    oldest: Count
    newest: Count
    oldest_age_s: Share


class FanOutStatus(TypedDict):
    """What writes frames to sockets."""

    engine: str
    threads: Count
    why: Annotated[str, Field(description="why it is this one")]


class TrafficStatus(TypedDict):
    """What was written by one transport in one codec."""

    transport: TransportName
    codec: CodecName
    frames: Count
    frame_bytes: Count
    plain_bytes: Annotated[Count, Field(description="before compression")]


class StateStatus(TypedDict):
    """What is kept over restarts, and how far it goes."""

    recovery: Annotated[
        str,
        Field(
            description="what became of the state that another process had left",
            json_schema_extra={"enum": list(Recovery)},
        ),
    ]
    durable: Annotated[
        PositionText | None,
        Field(description="up to where a kill loses nothing; null: it would mean a new epoch"),
    ]
    fault: Annotated[str, Field(description='why events are left out; "": they are not')]
    checkpoints: Count
    failures: Annotated[Count, Field(description="checkpoints that could not be written")]
    checkpoint_age_s: Annotated[
        Share | None, Field(description="of the newest; null: there was none yet")
    ]
    written_bytes: Annotated[Count, Field(description="to the log, since the server began")]
    queued_bytes: Annotated[Count, Field(description="that wait to be written")]
    holes: Annotated[Count, Field(description="runs in the ring that no event will ever have")]


class ProducerAnswer(TypedDict):
    """What is remembered of a producer."""

    producer: str
    last: Annotated[Count, Field(description="the greatest number of a batch that was applied")]
    missing: Annotated[
        list[Annotated[list[int], Field(min_length=2, max_length=2)]],
        Field(description="the runs below it that were not, both ends included"),
    ]
    pos: Annotated[
        PositionText | None,
        Field(description="of the last tick of that batch; null where it is not remembered"),
    ]
    durable: Annotated[bool, Field(description="whether a kill would leave it")]
    heard: Annotated[Time, Field(description="when the producer was last heard of")]


class GenerationsStatus(TypedDict):
    """The answers of language models."""

    running: Annotated[Count, Field(description="that are being written")]
    watchers: Annotated[Count, Field(description="connections that read some")]
    kept: Annotated[
        Count, Field(description="answers that can be read again, running ones among them")
    ]
    kept_bytes: Annotated[Count, Field(description="of these, and of all other words")]


class WorkerStatus(TypedDict):
    """A process of a server that is several; of one that does not answer less is known."""

    name: str
    kind: Annotated[str, Field(json_schema_extra={"enum": list(WorkerKind)})]
    pid: Count
    since: Time
    restarts: Annotated[Count, Field(description="how often one died in its place")]
    up: Annotated[bool, Field(description="it answers")]
    pos: NotRequired[PositionText]
    connections: NotRequired[Count]
    behind: NotRequired[Count]
    leaving: NotRequired[bool]


class StatusAnswer(TypedDict):
    """How the server is."""

    version: str
    build: Annotated[
        str | None,
        Field(description="of the page at `/`, which names its own; null: none is built"),
    ]
    uptime_s: Share
    leaving: bool
    pos: PositionText
    source: Annotated[SourceStatus, Field(description="the first of `sources`")]
    sources: list[SourceStatus]
    ticks: Annotated[dict[str, int], Field(description="since it began, by kind")]
    ring: RingStatus
    feed: FeedStatus
    state: Annotated[StateStatus | None, Field(description="null: none is kept")]
    symbols: Annotated[dict[str, int], Field(description="by health")]
    resume_window_s: Share
    fan_out: FanOutStatus
    connections: Annotated[dict[str, int], Field(description="by transport")]
    behind: Count
    largest_lag_ticks: Count
    lanes: Count
    generations: GenerationsStatus
    traffic: list[TrafficStatus]
    ladder: Annotated[dict[str, int], Field(description="steps of those that were slow")]
    resumes: Annotated[dict[str, int], Field(description="positions that came, by outcome")]
    disconnects: Annotated[dict[str, int], Field(description="by reason")]
    workers: NotRequired[
        Annotated[list[WorkerStatus], Field(description="its processes, where they are several")]
    ]


class StatusHistoryAnswer(TypedDict):
    """How it was in the last fifteen minutes."""

    sample_s: Share
    window_s: Share
    times: Annotated[list[float], Field(description="seconds since 1970, one a sample")]
    series: Annotated[
        dict[str, list[float | None]],
        Field(description="a number for each of `times`; null where it is not known"),
    ]


class IdentityPortrait(TypedDict):
    """Who somebody is; nothing that proves it."""

    kind: str
    id: str
    name: str


class LanePortrait(TypedDict):
    """The frames that a connection shares with others."""

    compression: str
    members: Count
    live: Annotated[Count, Field(description="those that get its frames as they are made")]


class ConnectionLine(TypedDict):
    """One connection."""

    id: Annotated[int, Field(ge=1)]
    identity: IdentityPortrait
    since: Time
    peer: Annotated[str, Field(description="the address that it comes from")]
    transport: TransportName
    codec: CodecName
    selection: Annotated[str, Field(description="in words, shortened")]
    lane: LanePortrait
    standing: str
    pos: PositionText
    lag_ticks: Count
    buffered_bytes: Count
    sent_bytes: Annotated[Count | None, Field(description="null where the kernel does not tell")]
    ended: NotRequired[Time]
    reason: NotRequired[Annotated[str, Field(description="why it ended")]]


Numbers = TypedDict(
    "Numbers",
    {
        "pos": PositionText,
        "from": PositionText,
        "to": PositionText,
        "count": Count,
        "reason": str,
        "generation": str,
        "channel": str,
        "key": str,
    },
    total=False,
)


class RecordEvent(Numbers):
    """One thing that happened to a connection, with its numbers."""

    t: Time
    event: Annotated[str, Field(description="`joined`, `behind`, `gap` …")]
    msg: Words


class ConnectionAnswer(ConnectionLine):
    """One connection, and what happened to it, oldest first."""

    record: list[RecordEvent]


class ConnectionsAnswer(TypedDict):
    """A page of connections."""

    connections: list[ConnectionLine]
    next: Annotated[int | None, Field(description="the `after` of the next page; null: the last")]
    total: Annotated[Count, Field(description="all that are connected")]


class DisconnectedAnswer(TypedDict):
    """How many were sent away."""

    disconnected: Count
