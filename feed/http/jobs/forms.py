"""The forms of what is answered of jobs, for documents."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from feed.http.answer_models import IdentityPortrait
from feed.market.job_words import JOB_PATTERN, JobState
from feed.wire.message_models import Count

_Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


class JobAnswer(TypedDict):
    """How a job stands."""

    T: Literal["job"]
    id: Annotated[str, Field(pattern=JOB_PATTERN)]
    state: JobState
    exports: Annotated[str, Field(description="`ring`, `bars` or `recording`")]
    format: Annotated[str, Field(description="of the file")]
    done: Annotated[int, Field(ge=0, description="rows that are written; it only grows")]
    total: Annotated[int, Field(ge=0, description="of these, as far as is known; 0: it is not")]
    per_s: Annotated[float, Field(ge=0, description="rows a second, lately")]
    left_s: Annotated[float, Field(ge=0, description="seconds still; 0: unknown, or over")]
    size_bytes: Annotated[int, Field(ge=0, description="of the file so far")]
    sha256: NotRequired[Annotated[str, Field(description="of the file, once it is done")]]
    code: NotRequired[Annotated[str, Field(description="why it failed or was cancelled")]]
    msg: NotRequired[Annotated[str, Field(description="the same for a person")]]
    by: Annotated[str, Field(description="whose it is, as a digest")]
    t: _Time
    asked: Annotated[_Time, Field(description="when it was asked for")]
    request: Annotated[dict[str, Any], Field(description="what was asked for")]
    gaps: Annotated[
        list[dict[str, Any]], Field(description="gap messages: what the ring held no more")
    ]
    file: Annotated[str | None, Field(description="where its file is; null: there is none")]
    name: Annotated[str, Field(description="a name for the file")]
    expires: Annotated[_Time | None, Field(description="when it is forgotten, once it is over")]


class JobPortrait(TypedDict):
    """A job, as administrators see it."""

    id: Annotated[str, Field(pattern=JOB_PATTERN)]
    identity: IdentityPortrait
    asked: Annotated[_Time, Field(description="when it was asked for")]
    state: JobState
    exports: Annotated[str, Field(description="`ring`, `bars` or `recording`")]
    format: Annotated[str, Field(description="of the file")]
    done: Annotated[Count, Field(description="rows that are written")]
    total: Annotated[Count, Field(description="of these, as far as is known; 0: it is not")]
    size_bytes: Annotated[Count, Field(description="of the file so far")]
    code: NotRequired[Annotated[str, Field(description="why it failed or was cancelled")]]
    msg: NotRequired[Annotated[str, Field(description="the same for a person")]]


class AllJobsAnswer(TypedDict):
    """A page of all jobs."""

    jobs: list[JobPortrait]
    next: Annotated[str | None, Field(description="the `after` of the next page; null: the last")]
    total: Annotated[Count, Field(description="all that are known, whosever they are")]


class JobsAnswer(TypedDict):
    """One's own jobs, in the order in which they were asked for."""

    jobs: list[JobAnswer]
