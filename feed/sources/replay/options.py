"""The options of a replay."""

import math
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from feed.sources.options import Accepts, SourceOptions, not_a_boolean, refusal
from feed.sources.replay.bad_rows import OnBadRow
from feed.sources.replay.lines import FILE_SHAPE
from feed.sources.replay.pace import MAX_SPEED, MIN_SPEED
from feed.sources.source import Source


def _is_file(value: str) -> str:
    if not Path(value).is_file():
        raise refusal(f"{ReplayOptions.usage}, where FILE is there, and is {FILE_SHAPE}")
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


class ReplayOptions(SourceOptions):
    """A recording, as it was or faster."""

    usage = "replay:FILE"
    where = f"FILE is {FILE_SHAPE}"

    place: Annotated[str, AfterValidator(_is_file)]
    speed: Annotated[
        float,
        BeforeValidator(_speed),
        AfterValidator(_is_speed),
        Accepts("a factor, or max", "float|max"),
    ] = Field(default=1.0, description="Speed of a replay: a factor, or max.")
    loop: Annotated[bool, Accepts("true or false")] = Field(
        default=False, description="Start a replay over when it ends."
    )
    on_bad_row: Annotated[OnBadRow, Accepts("skip or stop")] = Field(
        default="skip", description="What to do about a broken row of a recording: skip or stop."
    )

    async def look(self) -> None:
        """See that the file begins as a recording does; its bad rows are told when it is served."""
        from feed.sources.replay.source import ReplaySource  # noqa: PLC0415 - brings asyncio

        def ignore(*_: object) -> None:
            """Tell nobody."""

        looked_at = ReplaySource(self.place, on_bad_row=self.on_bad_row, report=ignore)
        try:
            await looked_at.open()
        finally:
            await looked_at.close()

    def make(self) -> Source:
        """Return a replay of the file."""
        from feed.sources.replay.source import ReplaySource  # noqa: PLC0415 - brings asyncio

        return ReplaySource(
            path=self.place,
            speed="max" if math.isinf(self.speed) else self.speed,
            loop=self.loop,
            on_bad_row=self.on_bad_row,
        )

    def describe(self) -> str:
        """Return which file it is."""
        return f"a replay of {Path(self.place)}"
