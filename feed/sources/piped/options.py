"""The options of sources that another program writes into."""

import stat
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from feed.sources.options import Accepts, SourceOptions, refusal
from feed.sources.source import Source

_RECORDED = Annotated[bool, Accepts("true or false")]


def _is_pipe(value: str) -> str:
    if not (Path(value).exists() and stat.S_ISFIFO(Path(value).stat().st_mode)):
        raise refusal(PipeOptions.accepted_words())
    return value


class StandardInputOptions(SourceOptions):
    """What another program writes into our standard input."""

    usage = "-"
    where = "- is standard input"
    usual_name = "stdin"

    recorded: _RECORDED = Field(
        default=False,
        description="What comes through a pipe is a recording: it waits for slow subscribers.",
    )

    def make(self) -> Source:
        """Return what reads it."""
        from feed.sources.piped.source import PipedSource  # noqa: PLC0415 - brings asyncio

        return PipedSource(recorded=self.recorded)

    def describe(self) -> str:
        """Return that it is standard input."""
        return "what comes on standard input"


class PipeOptions(SourceOptions):
    """What another program writes into a named pipe."""

    usage = "pipe:FILE"
    where = "FILE is a named pipe, as mkfifo makes it"

    place: Annotated[str, AfterValidator(_is_pipe)]
    recorded: _RECORDED = Field(
        default=False,
        description="What comes through a pipe is a recording: it waits for slow subscribers.",
    )

    def make(self) -> Source:
        """Return what reads it."""
        from feed.sources.piped.source import PipedSource  # noqa: PLC0415 - brings asyncio

        return PipedSource(self.place, recorded=self.recorded)

    def describe(self) -> str:
        """Return which pipe it is."""
        return f"what comes through {Path(self.place)}"
