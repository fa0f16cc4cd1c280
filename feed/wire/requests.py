"""Requests: the messages and query strings of subscribers, validated.

Knows no transport and no codec: messages are plain dicts. Those of the server stand in `messages`.

Source: Alpaca's streaming API, as its SDKs for Python and Node need it.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from sys import intern
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    FailFast,
    Field,
    PlainValidator,
    WithJsonSchema,
    model_validator,
)

from feed.errors import HIDDEN, InvalidParameter, LimitExceeded, shorten
from feed.market.intervals import (
    INTERVAL_PATTERN,
    INTERVALS_MS,
    format_interval,
    parse_interval,
)
from feed.market.symbols import ALL, SYMBOL_PATTERN, SYMBOL_SHAPE, is_symbol
from feed.market.ticks import CHANNELS, Channel
from feed.wire.messages import SILENT_CHANNELS
from feed.wire.position import POSITION_PATTERN, Position
from feed.wire.selection import Selection
from feed.wire.transport import Transport
from feed.wire.validation import Strict, listed, map_of, refusal, validate

MOST_SYMBOLS = 5_000  # of one request, over all channels, where nobody says otherwise
MAX_AGES = 64  # that one feedback message reports
MAX_AGE_MS = 86_400_000  # a day; an older tick comes from a clock that is wrong
# Names by which polyfills and older libraries keep caches from answering; so does any name that
# begins with `_`. They mean nothing, and are the only ones that are unknown and not refused.
CACHE_BUSTERS = frozenset({"cb", "nocache", "r"})


class OnLag(StrEnum):
    """The treatment of a subscriber that the ring overran."""

    GAP = "gap"
    CONFLATE = "conflate"
    DISCONNECT = "disconnect"


def _check_symbol(text: str) -> str:
    if text != ALL and not is_symbol(text):
        raise refusal(f"'*' for every symbol, or {SYMBOL_SHAPE}")
    return intern(text)  # thousands of selections name the same: 55 bytes each (measured)


def _read_position(value: object) -> Position:
    if isinstance(value, Position):
        return value
    try:
        return Position.parse(str(value) if value == 0 else value)  # type: ignore[arg-type]  # refused below
    except (InvalidParameter, TypeError):
        raise refusal("a position as this server sends it, <epoch>-<sequence>, or 0") from None


def _read_on_lag(value: object) -> OnLag:
    if isinstance(value, str) and value in list(OnLag):  # an enum would write out any other value
        return OnLag(value)
    raise refusal(", ".join(OnLag))


def _read_intervals(value: object) -> dict[Channel, int]:
    if not isinstance(value, dict):
        raise refusal('a map of channels to intervals, such as {"quotes": "250ms"}')
    intervals = {}
    for name, text in value.items():
        if name not in list(Channel):
            raise refusal(f"the channels {', '.join(Channel)}, not {shorten(name)}")
        try:
            intervals[Channel(name)] = parse_interval(text)
        except InvalidParameter as error:
            raise refusal(f"{name}: {error.accepted}") from None
    return intervals


def _read_ages(value: object) -> list[float]:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_AGES:
        raise refusal(f"a list of 1 to {MAX_AGES} ages")
    for age in value:
        if type(age) not in {int, float} or not 0 <= age <= MAX_AGE_MS:
            raise refusal(f"ages in milliseconds from 0 to {MAX_AGE_MS}, not {shorten(age)}")
    return value


# What a validator of ours accepts is said once more for documents: a test holds the two together.
Ages = Annotated[
    list[float],
    PlainValidator(_read_ages),
    WithJsonSchema(
        {
            "type": "array",
            "items": {"type": "number", "minimum": 0, "maximum": MAX_AGE_MS},
            "minItems": 1,
            "maxItems": MAX_AGES,
        }
    ),
]
_Symbol = Annotated[
    str,
    AfterValidator(_check_symbol),
    WithJsonSchema({"type": "string", "pattern": SYMBOL_PATTERN}),
]
# Validation stops at the first fault: an error costs 3 µs, and a message has room for 65,000.
Symbols = Annotated[list[_Symbol], FailFast()]
Names = Annotated[list[str], FailFast()]  # of channels that this server has nothing for
After = Annotated[
    Position,
    PlainValidator(_read_position),
    WithJsonSchema({"type": "string", "pattern": POSITION_PATTERN}),
]
Conflate = Annotated[
    dict[Channel, int],
    PlainValidator(_read_intervals),
    WithJsonSchema(
        {
            "type": "object",
            "propertyNames": {"enum": list(Channel)},
            "additionalProperties": {"type": "string", "pattern": INTERVAL_PATTERN},
        }
    ),
]
WhenLagging = Annotated[
    OnLag,
    PlainValidator(_read_on_lag),
    WithJsonSchema({"type": "string", "enum": list(OnLag)}),
]


class Auth(BaseModel):
    """`{"action":"auth","key","secret"}`, or `token`, or `ticket`; other keys may stand beside."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    action: Literal["auth"]
    key: str = ""
    secret: str = Field(default="", repr=False)
    token: str = Field(default="", repr=False)
    ticket: str = Field(default="", repr=False)


def _none() -> Any:  # noqa: ANN401 - as pydantic's own Field
    """Return a field that is empty by default: made anew, which costs less than a deep copy."""
    return Field(default_factory=list)


class Channels(Strict):
    """Symbols per channel, as a message or a query names them."""

    trades: Symbols = _none()
    quotes: Symbols = _none()
    bars: Symbols = _none()
    updatedBars: Symbols = _none()  # noqa: N815 - the dialect's own name, here and below
    secondBars: Symbols = _none()  # noqa: N815
    statuses: Symbols = _none()
    dailyBars: Names = _none()  # noqa: N815
    lulds: Names = _none()
    orderbooks: Names = _none()
    news: Names = _none()
    corrections: Names = _none()
    cancelErrors: Names = _none()  # noqa: N815
    imbalances: Names = _none()
    pricing: Names = _none()

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, fields: dict[str, Any]) -> dict[str, Any]:
        """Read `null` as what was not given: the Go SDK writes channels so that it does not use."""
        if None not in fields.values():
            return fields
        known = cls.model_fields
        return {
            name: value for name, value in fields.items() if value is not None or name not in known
        }

    def symbols(self, every: str = ALL) -> dict[Channel, list[str]]:
        """Return the symbols of each channel for which this server has ticks.

        Args:
            every: what a `*` stands for: all symbols, or all of an asset class.
        """
        named: dict[Channel, list[str]] = {channel: getattr(self, channel) for channel in CHANNELS}
        if every == ALL:
            return named
        return {
            channel: [every if symbol == ALL else symbol for symbol in symbols]
            for channel, symbols in named.items()
        }

    @property
    def names(self) -> frozenset[str]:
        """The symbols that it names, over all channels, also those beside a `*`."""
        return frozenset[str]().union(*self.symbols().values())

    @property
    def silent_channels(self) -> list[str]:
        """The channels that it names symbols of, and that this server has nothing for."""
        return [name for name in SILENT_CHANNELS if getattr(self, name)]

    @property
    def selection(self) -> Selection:
        """The selection of the message, conflated or not."""
        return Selection.of(self.symbols())


class Request(Channels):
    """A wish for ticks, from a position on: a `subscribe` message, or a query string.

    An option that is None was not given, and keeps what the connection had. The descriptions are
    for documents.
    """

    after: After | None = Field(
        default=None,
        description="begin after it: everything since then, exactly once; `0`: all that the ring "
        "holds",
    )
    snapshot: bool | None = Field(
        default=None, description="send the last known state first (after what was missed)"
    )
    conflate: Conflate | None = Field(
        default=None,
        description="only the newest per symbol within an interval, which is rounded up to one of "
        f"{', '.join(map(format_interval, INTERVALS_MS))}",
    )
    on_lag: WhenLagging | None = Field(
        default=None, description="what happens to a subscriber that the ring has overrun"
    )
    marks: bool | None = Field(
        default=None, description="positions inside the arrays; on by default on streams only"
    )
    compress: bool | None = Field(
        default=None, description="`0`: plain frames although compression was agreed on"
    )

    @property
    def conflated_selection(self) -> Selection:
        """The selection of the message, conflated as it asks."""
        return Selection.of(self.symbols(), lossy_only(self.conflate or {}))

    @property
    def named_channels(self) -> list[str]:
        """The channels that it names, with symbols or without."""
        return [name for name in Channels.model_fields if name in self.model_fields_set]

    def check_selects(self) -> None:
        """Refuse a query that selects nothing: silence is never an answer.

        Raises:
            InvalidParameter: names the channel without symbols, or one that nobody gives.
        """
        if any(self.symbols().values()):
            return
        silent, named = self.silent_channels, self.named_channels
        one = silent[:1] or (named if len(named) == 1 else [])
        parameter, value = (one[0], ",".join(getattr(self, one[0]))) if one else ("symbols", "")
        channels = ", ".join(CHANNELS)
        raise InvalidParameter(
            parameter, value, f"symbols, or '*' for all of them, in symbols, or in {channels}"
        )

    @classmethod
    def of_query(
        cls,
        query: Iterable[tuple[str, str]],
        *,
        others: Iterable[str] = (),
        most_symbols: int = MOST_SYMBOLS,
    ) -> Self:
        """Read a query string's pairs; `symbols=` is short for the same trades and quotes.

        Args:
            query: names and values, decoded.
            others: further names that the caller reads itself.
            most_symbols: the most that may be named, over all channels.

        Raises:
            InvalidParameter: a name or a value is not accepted.
            LimitExceeded: there are more symbols; none of them was looked at.
        """
        fields: dict[str, Any] = {}
        others = set(others)
        named = 0
        for name, value in query:
            if name in others or is_cache_buster(name):
                continue
            if name == "symbols" or name in Channels.model_fields:
                symbols = [part for part in value.split(",") if part]
                channels = ("trades", "quotes") if name == "symbols" else (name,)
                named += len(symbols) * len(channels)
                _check_count(named, most_symbols)
                for channel in channels:
                    fields.setdefault(channel, []).extend(symbols)
            elif name in cls.model_fields:
                if name in fields:
                    raise InvalidParameter(name, value, "the parameter once")
                fields[name] = _read_option(name, value)
            else:
                names = [*cls.model_fields, "symbols", *others]
                raise InvalidParameter(name, HIDDEN, f"the parameters {listed(name, names)}")
        return validate(cls, fields)


class Subscribe(Request):
    """`{"action":"subscribe", …}`."""

    action: Literal["subscribe"]


class Unsubscribe(Channels):
    """`{"action":"unsubscribe", …}`."""

    action: Literal["unsubscribe"]


class Feedback(Strict):
    """`{"action":"feedback","ages_ms":[…]}`: the ages of some ticks when they were received."""

    action: Literal["feedback"]
    ages_ms: Ages


class Report(Strict):
    """The same from a subscriber whose transport goes one way: the body of `POST /v1/feedback`."""

    transport: Annotated[Transport, Field(strict=False)]  # JSON has its name
    ages_ms: Ages

    @classmethod
    def of(cls, document: object) -> Self:
        """Validate a decoded body.

        Raises:
            InvalidMessage: it is not a map of texts.
            InvalidParameter: a field of it is not accepted.
        """
        return validate(cls, map_of(document, "ages_ms"))


Control = Auth | Subscribe | Unsubscribe | Feedback
_ACTIONS: dict[str, type[Control]] = {
    "auth": Auth,
    "subscribe": Subscribe,
    "unsubscribe": Unsubscribe,
    "feedback": Feedback,
}

_CHANNEL_NAMES = tuple(Channels.model_fields)


def parse_control(message: object, most_symbols: int = MOST_SYMBOLS) -> Control:
    """Validate a decoded control message.

    Args:
        message: decoded.
        most_symbols: the most that it may name, over all channels.

    Raises:
        InvalidMessage: it is not a map, or its action is unknown.
        InvalidParameter: a field of it is not accepted.
        LimitExceeded: there are more symbols; none of them was looked at.
    """
    fields = map_of(message, "action")
    action = fields.get("action")
    model = _ACTIONS.get(action) if isinstance(action, str) else None
    if model is None:
        raise InvalidParameter("action", action, ", ".join(_ACTIONS))
    if issubclass(model, Channels):
        lists = [fields[name] for name in _CHANNEL_NAMES if name in fields]
        _check_count(sum(len(some) for some in lists if isinstance(some, list)), most_symbols)
    try:
        return validate(model, fields)
    except InvalidParameter as error:
        if model is not Auth or error.value is None:
            raise
        kind = type(error.value).__name__  # what stands there may be a secret
        raise InvalidParameter(error.parameter, f"<{kind}>", error.accepted) from None


def _check_count(symbols: int, most: int) -> None:
    """Refuse too many symbols by their number alone, whatever they are."""
    if symbols > most:
        raise LimitExceeded("symbols per connection", symbols, most)


def is_cache_buster(name: str) -> bool:
    """Tell whether a query's name has no meaning but to be different each time."""
    return name.startswith("_") or name in CACHE_BUSTERS


def lossy_only(intervals_ms: Mapping[Channel, int]) -> dict[Channel, int]:
    """Return the intervals without those that say lossless."""
    return {channel: interval for channel, interval in intervals_ms.items() if interval}


def _read_option(name: str, value: str) -> object:
    """Return an option of a query string as the type that a message would have it in."""
    if name in {"snapshot", "marks", "compress"}:
        known = {"1": True, "true": True, "0": False, "false": False}
        if value not in known:
            raise InvalidParameter(name, value, "1 or 0")
        return known[value]
    if name == "conflate":
        pairs = [part.partition(":") for part in value.split(",") if part]
        return {channel: interval for channel, _, interval in pairs}
    return value
