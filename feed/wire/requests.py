"""Requests: wishes for ticks, as messages and query strings have them, validated.

Knows no transport and no codec: messages are plain dicts. What a client says besides stands in
`control`, and what each field accepts in `request_fields`.

Source: Alpaca's streaming API, as its SDKs for Python and Node need it.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from feed.errors import HIDDEN, InvalidParameter, LimitExceeded
from feed.market.intervals import INTERVALS_MS, format_interval
from feed.market.symbols import ALL
from feed.market.ticks import CHANNELS, Channel
from feed.market.word_channels import WORD_CHANNELS, WordChannel
from feed.wire.beginning import MOST_LAST
from feed.wire.codec import Codec
from feed.wire.messages import SILENT_CHANNELS
from feed.wire.position import Position
from feed.wire.projection import check_fields, projected
from feed.wire.request_fields import (
    After,
    Alerts,
    Conflate,
    Fields,
    Generations,
    Jobs,
    Last,
    Names,
    Presence,
    Rooms,
    Symbols,
    WhenLagging,
)
from feed.wire.selection import ALL_CHANNELS, Selection
from feed.wire.validation import Strict, listed, refusal, validate
from feed.wire.word_keys import OWN_CHANNELS, WORD_KEYS

MOST_SYMBOLS = 5_000  # of one request, over all channels, where nobody says otherwise
_WORDS: frozenset[str] = frozenset(WORD_CHANNELS)
# Names by which polyfills and older libraries keep caches from answering; so does any name that
# begins with `_`. They mean nothing, and are the only ones that are unknown and not refused.
CACHE_BUSTERS = frozenset({"cb", "nocache", "r"})


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
    generations: Generations = _none()
    rooms: Rooms = _none()
    presence: Presence = _none()
    alerts: Alerts = _none()
    jobs: Jobs = _none()

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
        """Return the symbols of each channel for which this server has ticks, and keys of words.

        Args:
            every: what a `*` stands for: all symbols, or all of an asset class.
        """
        named: dict[Channel, list[str]] = {
            channel: getattr(self, channel) for channel in ALL_CHANNELS
        }
        if every == ALL:
            return named
        return {
            channel: [every if symbol == ALL else symbol for symbol in symbols]
            for channel, symbols in named.items()
        }  # a `*` among words is somebody's own by now: see `of`

    def of(self, owner: str) -> Self:
        """Return it as somebody says it, whose own a `*` stands for among words.

        Args:
            owner: the key of what is their own.
        """
        own = [channel for channel in OWN_CHANNELS if ALL in getattr(self, channel)]
        if not own:
            return self
        named: dict[str, list[str]] = {
            channel.value: [owner if key == ALL else key for key in getattr(self, channel)]
            for channel in own
        }
        return self.model_copy(update=named)

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
        "holds; a time, or a while ago: see [rewinding](#rewinding)",
    )
    last: Last | None = Field(
        default=None,
        description="begin so many ticks of what is selected back; a position in `after` beats it, "
        "and beside a time it is refused",
    )
    snapshot: bool | None = Field(
        default=None, description="send the last known state first (after what was missed)"
    )
    conflate: Conflate | None = Field(
        default=None,
        description="only the newest per symbol within an interval, which is rounded up to one of "
        f"{', '.join(map(format_interval, INTERVALS_MS))}",
    )
    fields: Fields | None = Field(
        default=None,
        description="of each tick only these keys, beside `T` and `S`; `*`: all: see "
        "[projection](#projection)",
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

    @field_validator("last", mode="after")
    @classmethod
    def _begins_once(cls, last: int | None, info: ValidationInfo) -> int | None:
        after = info.data.get("after")
        if last is None or after is None:
            return last
        if isinstance(after, Position):  # of a page that goes on, or of one that comes back
            return None
        raise refusal("`after` or `last`, and not both")

    @property
    def conflated_selection(self) -> Selection:
        """The selection of the message, conflated as it asks."""
        return Selection.of(self.symbols(), lossy_only(self.conflate or {}))

    def project(self, codec: Codec) -> Codec:
        """Return a codec with the keys that it asks for.

        Raises:
            InvalidParameter: no tick that it selects has one of them.
        """
        channels = [channel for channel, symbols in self.symbols().items() if symbols]
        check_fields(self.fields, channels)
        return projected(codec, self.fields, channels)

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
        accepted = f"symbols, or '*' for all of them, in symbols, or in {channels}"
        if parameter in _WORDS:
            accepted = WORD_KEYS[WordChannel(parameter)].shape
        raise InvalidParameter(parameter, value, accepted)

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
                check_count(named, most_symbols)
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


def check_count(symbols: int, most: int) -> None:
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
    if name == "last":
        short = len(value) <= len(str(MOST_LAST))  # int() of a long text takes its time
        return int(value) if value.isascii() and value.isdigit() and short else value
    if name == "fields":
        return [part for part in value.split(",") if part]
    if name == "conflate":
        pairs = [part.partition(":") for part in value.split(",") if part]
        return {channel: interval for channel, _, interval in pairs}
    return value
