"""What a job is asked for: its kind, format and filters. Knows no clock, ring or file."""

import importlib.util
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import AfterValidator, FailFast, Field, ValidationInfo, field_validator

from feed.errors import InvalidParameter, LimitExceeded
from feed.market.globs import GLOB_SHAPE, is_glob
from feed.market.symbols import ALL
from feed.market.ticks import CHANNELS, Channel
from feed.market.wildcards import marked
from feed.wire.beginning import Beginning, Moment, read_beginning
from feed.wire.requests import check_count
from feed.wire.validation import Strict, map_of, refusal, validate

MAX_REQUEST_BYTES = 256 << 10  # of a body: 5,000 symbols of usual length have 50 kB
MOST_GLOBS = 32  # each is matched with every symbol that comes up
_TIME = "a time such as 2026-11-27T14:30:00Z"
_TIMEFRAMES = ("1s", "1m", "1d")
_INSTALL = "parquet once pyarrow is installed there: pip install 'feed-broadcaster[parquet]'"


class Exports(StrEnum):
    """What a job exports."""

    RING = "ring"
    BARS = "bars"
    RECORDING = "recording"


class FileFormat(StrEnum):
    """The formats of files."""

    CSV = "csv"
    NDJSON = "ndjson"
    PARQUET = "parquet"


MEDIA_TYPES = {
    FileFormat.CSV: "text/csv; charset=utf-8",
    FileFormat.NDJSON: "application/x-ndjson",
    FileFormat.PARQUET: "application/vnd.apache.parquet",
}


def _is_glob(text: str) -> str:
    if not is_glob(text):
        raise refusal(GLOB_SHAPE)
    return text


def _is_time(text: str) -> str:
    try:
        moment = read_beginning(text)
    except InvalidParameter:
        raise refusal(_TIME) from None
    if not isinstance(moment, Moment):
        raise refusal(_TIME)
    return text


def _is_beginning(text: str) -> str:
    try:
        read_beginning(text)
    except InvalidParameter as error:
        raise refusal(error.accepted) from None
    return text


def _none() -> Any:  # noqa: ANN401 - as pydantic's own Field
    return Field(default_factory=list)


def _one_of(names: type[StrEnum]) -> Any:  # noqa: ANN401 - likewise
    return Field(json_schema_extra={"enum": list(names)})


_Globs = Annotated[list[Annotated[str, AfterValidator(_is_glob)]], FailFast()]
_Time = Annotated[str | None, AfterValidator(lambda text: text and _is_time(text))]


class JobRequest(Strict):
    """What a job is to export, and from what of it."""

    kind: Annotated[str, _one_of(Exports)]
    format: Annotated[str, _one_of(FileFormat)] = FileFormat.NDJSON
    trades: _Globs = _none()
    quotes: _Globs = _none()
    bars: _Globs = _none()
    updatedBars: _Globs = _none()  # noqa: N815 - the dialect's own name, here and below
    secondBars: _Globs = _none()  # noqa: N815
    statuses: _Globs = _none()
    after: Annotated[
        str | None,
        Field(description="of the ring: begin after it: a position, a time, or a while ago"),
    ] = None
    start: Annotated[_Time, Field(description="only events at or after this time")] = None
    end: Annotated[_Time, Field(description="only events before this time")] = None
    timeframe: Annotated[str | None, Field(description="of bars: `1s`, `1m` or `1d`")] = None
    source: Annotated[
        str | None,
        Field(description="of a recording: the source that plays it, where there are several"),
    ] = None

    @classmethod
    def of(cls, document: object, *, most_symbols: int) -> Self:
        """Validate a decoded body.

        Raises:
            InvalidMessage: it is not a map of texts.
            InvalidParameter: a field of it is not accepted.
            LimitExceeded: it names too many symbols; none of them was looked at.
        """
        fields = map_of(document, "kind")
        named = (fields.get(channel.value) for channel in CHANNELS)
        check_count(sum(len(some) for some in named if isinstance(some, list)), most_symbols)
        if "kind" not in fields:
            raise InvalidParameter("kind", None, ", ".join(Exports))
        request = validate(cls, fields)
        request.check()
        return request

    @field_validator("kind")
    @classmethod
    def _is_kind(cls, value: str) -> str:
        if value not in list(Exports):
            raise refusal(", ".join(Exports))
        return value

    @field_validator("format")
    @classmethod
    def _is_format(cls, value: str) -> str:
        if value not in list(FileFormat):
            raise refusal(", ".join(FileFormat))
        return value

    @field_validator("after")
    @classmethod
    def _begins(cls, value: str | None) -> str | None:
        return value if value is None else _is_beginning(value)

    @field_validator("timeframe")
    @classmethod
    def _is_timeframe(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None:
            return None
        if info.data.get("kind") != Exports.BARS:
            raise refusal("a timeframe with the kind bars only")
        if value not in _TIMEFRAMES:
            raise refusal(", ".join(_TIMEFRAMES))
        return value

    @property
    def exports(self) -> Exports:
        """What it exports."""
        return Exports(self.kind)

    @property
    def file_format(self) -> FileFormat:
        """The format of its file."""
        return FileFormat(self.format)

    @property
    def beginning(self) -> Beginning | None:
        """Where it begins in the ring; None: with the oldest event."""
        return None if self.after is None else read_beginning(self.after)

    @property
    def start_ns(self) -> int | None:
        """Before which nothing is wanted; None: there is no such time."""
        return _unix_ns(self.start)

    @property
    def end_ns(self) -> int | None:
        """From which on nothing is wanted; None: there is no such time."""
        return _unix_ns(self.end)

    @property
    def named(self) -> dict[Channel, frozenset[str]]:
        """The symbols and globs that it names on each channel, as selections have them."""
        of_channels = {channel: marked(getattr(self, channel.value)) for channel in CHANNELS}
        return {channel: symbols for channel, symbols in of_channels.items() if symbols}

    def check(self) -> None:
        """Refuse what no field alone shows.

        Raises:
            InvalidParameter: names the field.
            LimitExceeded: there are too many globs.
        """
        globs = sum(ALL in symbol for symbols in self.named.values() for symbol in symbols)
        if globs > MOST_GLOBS:
            raise LimitExceeded("globs of a job", globs, MOST_GLOBS)
        if self.exports is not Exports.RING and self.after is not None:
            raise InvalidParameter("after", self.after, "a beginning with the kind ring only")
        if self.exports is not Exports.RECORDING and self.source is not None:
            raise InvalidParameter("source", self.source, "a source with the kind recording only")
        if self.exports is Exports.BARS:
            for channel in self.named:
                if channel is not Channel.BARS:
                    accepted = "symbols of bars alone; their length is the timeframe"
                    raise InvalidParameter(channel.value, getattr(self, channel.value), accepted)
        start_ns, end_ns = self.start_ns, self.end_ns
        if start_ns is not None and end_ns is not None and end_ns <= start_ns:
            raise InvalidParameter("end", self.end, f"a time after start, {self.start}")

    def check_installed(self) -> None:
        """Refuse a format that cannot be written here.

        Raises:
            InvalidParameter: says what is to be installed.
        """
        if self.file_format is FileFormat.PARQUET and importlib.util.find_spec("pyarrow") is None:
            raise InvalidParameter("format", self.format, f"csv, ndjson; {_INSTALL}")

    def document(self) -> dict[str, Any]:
        """Return it as `of` reads it."""
        return {name: value for name, value in self.model_dump(mode="json").items() if value}


def _unix_ns(text: str | None) -> int | None:
    if text is None:
        return None
    moment = read_beginning(text)
    assert isinstance(moment, Moment), "it was validated"
    return moment.unix_ns
