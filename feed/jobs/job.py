"""A job: what was asked for, whose it is, and how far it has got. Knows no clock, file or loop."""

from dataclasses import dataclass, field
from typing import Any, Self

from feed.jobs.progress import Progress
from feed.jobs.request import JobRequest
from feed.market.job_words import JobState, JobType, JobWord
from feed.trust.identity import Identity, Kind, owner_key
from feed.wire.grants import Grants
from feed.wire.position import Position

_MOST_SYMBOLS = 1 << 30  # of a record: it was within the limits when it was asked for
_MOST_GAPS = 1_000  # that a job tells; more are one with the last


@dataclass(slots=True)
class Stretch:
    """The stretch of the ring that a job exports.

    Attributes:
        epoch: of its sequences.
        after: the sequence before its first one.
        upto: its last one.
        reached: up to which all of it is in the file.
    """

    epoch: str
    after: int
    upto: int
    reached: int

    def share(self, reached: int) -> float:
        """Return which share of it lies up to a sequence."""
        length = self.upto - self.after
        return (reached - self.after) / length if length > 0 else 1.0

    def begin_after(self, sequence: int) -> int:
        """Begin after a later sequence, and return it: the ring has moved on before it was read."""
        self.after = self.reached = min(self.upto, max(self.after, sequence))
        return self.after


@dataclass(slots=True)
class Job:
    """One job.

    Attributes:
        id: its key.
        identity: whose it is, as they were when last looked at.
        place: whence they came, for the limits of those who are nobody.
        request: what it exports.
        asked_ns: when it was asked for, since the Unix epoch.
        state: how it stands.
        number: of its newest word.
        newest: that word; None: this process has said none.
        progress: how far it has got.
        stretch: of the ring; None: it was not read yet, or is not.
        gaps: messages on what was missing in it.
        saved_bytes: of its file that hold what was reached.
        saved_done: rows of these.
        sha256: of its file, once it is done.
        code: why it failed or was cancelled, for programs.
        words: the same for a person.
        over_ns: when it was over, since the Unix epoch; 0: it is not.
    """

    id: str
    identity: Identity
    place: str
    request: JobRequest
    asked_ns: int
    state: JobState = JobState.QUEUED
    number: int = 0
    newest: JobWord | None = None
    progress: Progress = field(default_factory=Progress)
    stretch: Stretch | None = None
    gaps: list[dict[str, Any]] = field(default_factory=list)
    saved_bytes: int = 0
    saved_done: int = 0
    sha256: str = ""
    code: str = ""
    words: str = ""
    over_ns: int = 0

    @property
    def is_over(self) -> bool:
        """Whether nothing follows."""
        return self.state not in {JobState.QUEUED, JobState.RUNNING}

    def is_of(self, identity: Identity) -> bool:
        """Tell whether it is somebody's own; administrators have a look at all of them."""
        return self.identity.is_of(identity) or identity.grants.admin

    def word(self, wall_ns: int) -> JobWord:
        """Return how it stands, as a word."""
        progress, is_over = self.progress, self.is_over
        is_done = self.state is JobState.DONE
        return JobWord(
            self.id,
            JobType.JOB,
            wall_ns,
            self.state,
            self.request.kind,
            self.request.format,
            progress.done,
            progress.done if is_done else progress.total,
            0.0 if is_over else round(progress.per_s, 1),
            0.0 if is_over else round(progress.left_s, 1),
            progress.size_bytes,
            self.sha256,
            self.code,
            self.words,
            owner_key(self.identity),
        )

    def note_gap(self, gap: dict[str, Any]) -> None:
        """Note what was missing in the ring."""
        if len(self.gaps) < _MOST_GAPS:
            self.gaps.append(gap)
        else:
            self.gaps[-1] = {**self.gaps[-1], "to": gap["to"]}

    def take_up(self, told: JobWord, *, has_file: bool) -> None:
        """Go on from what another process has told last, where its record is older.

        What was told as over stays over; but a file that is not there is written again.

        Args:
            told: the newest word of it.
            has_file: whether its whole file is there.
        """
        if self.is_over:
            return
        self.progress.keep(told.done, told.total, told.size_bytes)
        if told.is_over and (has_file or told.state is not JobState.DONE):
            self.sha256 = told.sha256
            self.end(told.state, told.code, told.words, told.event_ns)

    def begin_again(self) -> None:
        """Forget what an earlier run has written; what was told of its progress stays told."""
        self.saved_bytes = self.saved_done = 0
        stretch = self.stretch
        after = 0 if stretch is None else stretch.after
        self.gaps = [gap for gap in self.gaps if Position.parse(gap["to"]).sequence <= after]
        if stretch is not None:
            stretch.reached = stretch.after

    def end(self, state: JobState, code: str, words: str, wall_ns: int) -> None:
        """Note how it ended."""
        self.state, self.code, self.words, self.over_ns = state, code, words, wall_ns

    def record(self) -> dict[str, Any]:
        """Return it as plain data, for another process."""
        identity, stretch = self.identity, self.stretch
        return {
            "id": self.id,
            "kind": identity.kind.value,
            "owner": identity.id,
            "name": identity.name,
            "grants": identity.grants.document(),
            "expires": identity.expires_wall_ns,
            "proof": identity.proof,
            "place": self.place,
            "request": self.request.document(),
            "asked": self.asked_ns,
            "state": self.state.value,
            "number": self.number,
            "done": self.progress.done,
            "share": self.progress.share,
            "size": self.progress.size_bytes,
            "stretch": stretch and [stretch.epoch, stretch.after, stretch.upto, stretch.reached],
            "gaps": self.gaps,
            "saved_bytes": self.saved_bytes,
            "saved_done": self.saved_done,
            "sha256": self.sha256,
            "code": self.code,
            "words": self.words,
            "over": self.over_ns,
        }

    @classmethod
    def of(cls, record: dict[str, Any]) -> Self:
        """Read what `record` has returned.

        Raises:
            FeedError, KeyError, TypeError, ValueError: it is something else.
        """
        identity = Identity(
            Kind(record["kind"]),
            record["owner"],
            record["name"],
            Grants.of_document(record["grants"]),
            record["expires"],
            record["proof"],
        )
        stretch = record["stretch"]
        return cls(
            record["id"],
            identity,
            record["place"],
            JobRequest.of(record["request"], most_symbols=_MOST_SYMBOLS),
            record["asked"],
            state=JobState(record["state"]),
            number=record["number"],
            progress=Progress(record["done"], record["share"], record["size"]),
            stretch=stretch and Stretch(*stretch),
            gaps=record["gaps"],
            saved_bytes=record["saved_bytes"],
            saved_done=record["saved_done"],
            sha256=record["sha256"],
            code=record["code"],
            words=record["words"],
            over_ns=record["over"],
        )
