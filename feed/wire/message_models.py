"""The forms of the server's messages, key by key: for type checkers, and for documents.

`messages` makes them, and mypy holds it to these forms. The schemas that are published
(`feed.http.contract`) are made from them, so a key is described here and nowhere else.
"""

from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict  # typing's own is not enough for pydantic before 3.12

from feed.market.intervals import INTERVALS_MS, format_interval
from feed.wire.error_codes import ErrorCode
from feed.wire.position import POSITION_PATTERN

PositionText = Annotated[
    str,
    Field(
        description="a position, `<epoch>-<sequence>`; `0` is before all that there is",
        pattern=POSITION_PATTERN,
    ),
]
Time = Annotated[
    str,
    Field(
        description="RFC 3339, with nine digits of the second",
        json_schema_extra={"format": "date-time"},
    ),
]
Interval = Annotated[
    str,
    Field(
        description="an interval of conflation, as it was rounded",
        json_schema_extra={"enum": [format_interval(each) for each in INTERVALS_MS]},
    ),
]
Count = Annotated[int, Field(ge=0)]
Reason = str  # one of a set, which the schema names: `feed.http.contract.message_table`
Words = Annotated[str, Field(description="for a person")]
Names = Annotated[list[str], Field(description="symbols, or `*` for all that are granted")]
Nothing = Annotated[list[str], Field(description="empty: this server has nothing for it")]


class ConnectedMessage(TypedDict):
    """The first message over a WebSocket."""

    T: Literal["success"]
    msg: Literal["connected"]
    connection: NotRequired[
        Annotated[
            int,
            Field(
                description="the id that administrators are told; not where the "
                "connection is refused",
                ge=1,
            ),
        ]
    ]


class AuthenticatedMessage(TypedDict):
    """The answer to `auth`, and to a credential in a header."""

    T: Literal["success"]
    msg: Literal["authenticated"]


class MarkMessage(TypedDict):
    """The small message that carries the position."""

    T: Literal["mark"]
    pos: PositionText
    t: Time


GapMessage = TypedDict(
    "GapMessage",
    {
        "T": Literal["gap"],
        "from": Annotated[
            str,
            Field(
                description="the first missing position; the one received, where it is not of "
                "this server's ring"
            ),
        ],
        "to": Annotated[PositionText, Field(description="the last missing position")],
        "reason": Reason,
        "channels": NotRequired[
            Annotated[list[str], Field(description="those that it concerns, where not all")]
        ],
    },
)


class SnapshotMessage(TypedDict):
    """The message before, and the one after, the ticks of the last known state."""

    T: Literal["snapshot"]
    state: Literal["begin", "end"]
    pos: PositionText


class FeedMessage(TypedDict):
    """The announcement that a source came or went."""

    T: Literal["feed"]
    state: Annotated[str, Field(json_schema_extra={"enum": ["live", "source_down"]})]
    source: Annotated[str, Field(description="its name; of a pair both, such as `a+b`")]
    reason: Annotated[
        str,
        Field(
            description="why it is down; while it is live empty, or what was done to a replay: "
            "`speed`, or `seek`, after which times begin anew"
        ),
    ]
    t: Time


class WarningMessage(TypedDict):
    """The warning that what was asked for does not come, or not yet."""

    T: Literal["warning"]
    reason: Reason
    msg: Words
    names: Annotated[list[str], Field(description="symbols or channels: at most 20 of them")]
    nearest: Annotated[
        dict[str, str], Field(description="the listed symbol that some of these probably mean")
    ]
    count: Annotated[Count, Field(description="how many they are; of `rewind`, ticks that come")]
    since: NotRequired[Annotated[Time, Field(description="of `rewind`: from when on ticks come")]]


class SubscriptionMessage(TypedDict):
    """All that is subscribed now."""

    T: Literal["subscription"]
    trades: Names
    quotes: Names
    bars: Names
    updatedBars: Names
    secondBars: Names
    statuses: Names
    dailyBars: Nothing
    lulds: Nothing
    orderbooks: Nothing
    news: Nothing
    corrections: Nothing
    cancelErrors: Nothing
    imbalances: Nothing
    pricing: Nothing
    generations: NotRequired[Annotated[list[str], Field(description="ids, where there are some")]]
    rooms: NotRequired[Annotated[list[str], Field(description="names, where there are some")]]
    presence: NotRequired[Annotated[list[str], Field(description="rooms, where there are some")]]
    alerts: NotRequired[Annotated[list[str], Field(description="`*`: one's own")]]
    jobs: NotRequired[Annotated[list[str], Field(description="ids, where there are some")]]
    conflate: NotRequired[
        Annotated[
            dict[str, Interval], Field(description="the interval of each channel that has one")
        ]
    ]


class ExpiringMessage(TypedDict):
    """The notice that the identity, and the connection with it, end in 30 s."""

    T: Literal["expiring"]
    t: Time
    msg: Words


class ErrorMessage(TypedDict):
    """An error in the dialect's form."""

    T: Literal["error"]
    code: Annotated[
        int,
        Field(
            description="one of the dialect's codes",
            json_schema_extra={"enum": [int(code) for code in ErrorCode]},
        ),
    ]
    msg: Words
    detail: NotRequired[
        Annotated[str, Field(description="where `msg` has to be the vendor's own: the rest of it")]
    ]


class LeavingMessage(TypedDict):
    """The announcement that the server leaves."""

    T: Literal["leaving"]
    retry_ms: Annotated[Count, Field(description="after what time to come back, one's own")]


class ByeMessage(TypedDict):
    """The last words on a transport without close codes."""

    T: Literal["bye"]
    reason: Reason
    msg: Words
    reconnect: Annotated[bool, Field(description="whether coming back can succeed")]
