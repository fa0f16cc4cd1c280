"""The options of a replay."""

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, create_model

from feed.errors import InvalidInput, InvalidTick, SourceError
from feed.market.symbols import SYMBOL_SHAPE, is_symbol
from feed.sources.options import (
    Accepts,
    Options,
    SourceOptions,
    not_a_boolean,
    refusal,
)
from feed.sources.replay.bad_rows import OnBadRow
from feed.sources.replay.event_time import rfc3339_ns
from feed.sources.replay.files.places import files_of
from feed.sources.replay.files.recognition import FILE_SHAPE
from feed.sources.replay.formats.cells import UNIT_NS
from feed.sources.replay.formats.columns import COLUMNS_SHAPE, chosen_layout
from feed.sources.replay.pace import MAX_SPEED, MIN_SPEED
from feed.sources.replay.reading import Reading
from feed.sources.source import Source

TIME_SHAPE = "a time such as 2026-01-02T14:30:00Z (UTC without a zone)"


def _is_there(value: str) -> str:
    try:
        files = files_of(value)
    except SourceError as error:
        raise refusal(f"{ReplayOptions.accepted_words()}; {error}") from None
    for path in files:
        if not path.is_file():
            what = "is a directory" if path.is_dir() else "is not there"
            raise refusal(f"{ReplayOptions.accepted_words()}; {path} {what}")
    return value


def _speed(value: object) -> object:
    if value == "max":
        return math.inf
    if isinstance(value, str) and math.isinf(float(value)):
        raise ValueError("more than there is")  # 1e999 is a slip, and no other word for "max"
    return not_a_boolean(value)


def _is_speed(value: float) -> float:
    if value != math.inf and not MIN_SPEED <= value <= MAX_SPEED:
        raise refusal(f"a factor from {MIN_SPEED:g} to {MAX_SPEED:,.0f}, or max")
    return value


def _is_time(value: str | None) -> str | None:
    if value is not None:
        try:
            rfc3339_ns(value)
        except InvalidTick:
            raise ValueError("not a time") from None
    return value


def _is_after_begin(value: str | None, info: ValidationInfo) -> str | None:
    begin = info.data.get("from")
    if value is not None and begin is not None and rfc3339_ns(value) <= rfc3339_ns(begin):
        raise refusal(f"{TIME_SHAPE} after --from")
    return value


def _are_columns(value: str | None) -> str | None:
    if value is not None:
        try:
            chosen_layout(value)
        except InvalidInput as error:
            raise refusal(f"{COLUMNS_SHAPE}; {error}") from None
    return value


def _is_symbol(value: str) -> str:
    if not is_symbol(value):
        raise ValueError("not a symbol")
    return value


_BOUNDS = {
    "from": (
        Annotated[str | None, AfterValidator(_is_time), Accepts(TIME_SHAPE)],
        Field(default=None, description="Leave out what a recording has before this time."),
    ),
    "to": (
        Annotated[
            str | None,
            AfterValidator(_is_time),
            AfterValidator(_is_after_begin),
            Accepts(TIME_SHAPE),
        ],
        Field(default=None, description="End a replay at this time of the recording."),
    ),
}
if TYPE_CHECKING:
    _Bounded = Options
else:  # `from` is a word of Python, so no class statement can have it as a field
    _Bounded = create_model("_Bounded", __base__=Options, __module__=__name__, **_BOUNDS)


class ReadingOptions(_Bounded):
    """How the files of a replay are to be read."""

    on_bad_row: Annotated[OnBadRow, Accepts("skip or stop")] = Field(
        default="skip", description="What to do about a broken row of a recording: skip or stop."
    )
    columns: Annotated[str | None, AfterValidator(_are_columns), Accepts(COLUMNS_SHAPE)] = Field(
        default=None,
        description="Columns of tables that are not recognised: symbol=ticker,timestamp=time,….",
    )
    time_unit: Annotated[Literal["s", "ms", "us", "ns"] | None, Accepts("s, ms, us or ns")] = Field(
        default=None,
        description="Unit of times in tables; by default it is told by their magnitude.",
    )
    symbol: Annotated[Annotated[str, AfterValidator(_is_symbol)] | None, Accepts(SYMBOL_SHAPE)] = (
        Field(default=None, description="Symbol of all rows of files that name none.")
    )

    @property
    def reading(self) -> Reading:
        """How the files are to be read."""
        begin, end = (getattr(self, name) for name in _BOUNDS)
        return Reading(
            on_bad_row=self.on_bad_row,
            chosen=None if self.columns is None else chosen_layout(self.columns),
            unit_ns=None if self.time_unit is None else UNIT_NS[self.time_unit],
            symbol=self.symbol or "",
            begin_ns=None if begin is None else rfc3339_ns(begin),
            end_ns=None if end is None else rfc3339_ns(end),
        )


class ReplayOptions(ReadingOptions, SourceOptions):
    """A recording, as it was or faster."""

    usage = "replay:FILE"
    where = f"FILE is one or several, parted by commas, globs among them: {FILE_SHAPE}"

    place: Annotated[str, AfterValidator(_is_there)]
    speed: Annotated[
        float,
        BeforeValidator(_speed),
        AfterValidator(_is_speed),
        Accepts("a factor, or max", "float|max"),
    ] = Field(default=1.0, description="Speed of a replay: a factor, or max.")
    loop: Annotated[bool, Accepts("true or false")] = Field(
        default=False, description="Start a replay over when it ends."
    )

    async def look(self) -> None:
        """See that the files begin as recordings do; bad rows are told when they are served."""
        from feed.sources.replay.source import ReplaySource  # noqa: PLC0415 - brings asyncio

        def ignore(*_: object) -> None:
            """Tell nobody."""

        as_it_is = replace(self.reading, sorts=False)
        looked_at = ReplaySource(self.place, reading=as_it_is, report=ignore, taken=ignore)
        try:
            await looked_at.open()
        finally:
            await looked_at.close()

    def make(self) -> Source:
        """Return a replay of the files."""
        from feed.sources.replay.source import ReplaySource  # noqa: PLC0415 - brings asyncio

        return ReplaySource(
            self.place,
            reading=self.reading,
            speed="max" if math.isinf(self.speed) else self.speed,
            loop=self.loop,
        )

    def describe(self) -> str:
        """Return which files they are."""
        return f"a replay of {self.place}"
