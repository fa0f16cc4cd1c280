"""The options of jobs: how many run, how large files may be, and how long they are kept.

Knows neither files nor programs.
"""

from typing import Annotated

from pydantic import Field

from feed.settings.numbers import COUNT, SECONDS, Count, Seconds
from feed.sources.options import Options


class JobOptions(Options):
    """The options of exports."""

    jobs_keep_s: Annotated[Seconds, SECONDS] = Field(
        default=3_600.0, description="How long a job and its file are kept once it is over."
    )
    jobs_max_kept: Annotated[Count, COUNT] = Field(
        default=1_000,
        description="Jobs that are over and still kept; the oldest of whoever has most go first.",
    )
    jobs_max_kept_per_identity: Annotated[Count, COUNT] = Field(
        default=100, description="Those of one identity; its oldest go first."
    )
    jobs_max_running: Annotated[Count, COUNT] = Field(
        default=2, description="Jobs that run at once, each in a process of its own."
    )
    jobs_max_running_per_identity: Annotated[Count, COUNT] = Field(
        default=1, description="Those of one identity."
    )
    jobs_max_queued: Annotated[Count, COUNT] = Field(
        default=64, description="Jobs that wait for their turn."
    )
    jobs_max_queued_per_identity: Annotated[Count, COUNT] = Field(
        default=8, description="Those of one identity."
    )
    jobs_max_bytes: Annotated[Count, COUNT] = Field(
        default=16 << 30, description="Bytes of all files."
    )
    jobs_max_bytes_per_identity: Annotated[Count, COUNT] = Field(
        default=4 << 30, description="Bytes of the files of one identity."
    )
