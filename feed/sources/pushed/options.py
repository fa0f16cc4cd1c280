"""The options of a source that others push into."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from feed.sources.options import Accepts, SourceOptions, not_a_boolean
from feed.sources.source import Source


class PushOptions(SourceOptions):
    """What programs push over the network, to `/v1/ingest`."""

    usage = "push"

    push_bars: Annotated[bool, Accepts("true or false")] = Field(
        default=False,
        description="Bars are pushed too, and none are made of trades.",
    )
    push_rate: Annotated[
        Annotated[int, BeforeValidator(not_a_boolean), Field(ge=1, le=10_000_000)] | None,
        Accepts("ticks a second, from 1 to 10000000"),
    ] = Field(
        default=None,
        description="The most ticks a second of one producer; by default all that can be taken.",
    )

    def make(self) -> Source:
        """Return what they are handed to."""
        from feed.sources.pushed.source import PushedSource  # noqa: PLC0415 - brings asyncio

        return PushedSource(bars=self.push_bars, ticks_per_s=self.push_rate)

    def describe(self) -> str:
        """Return whence its ticks come."""
        return "what is pushed to /v1/ingest"
