"""The desk of jobs: where exports are asked for, run, watched, cancelled, kept and forgotten.

What a job says goes through the ring of the one writer, like ticks. Knows no transport.
"""

import asyncio
import secrets
from collections.abc import Sequence
from pathlib import Path

import orjson

from feed.errors import CredentialRefused, InvalidParameter, NotGranted
from feed.hub.door import owner_of
from feed.hub.hub import Hub
from feed.jobs.errors import Fault, JobFailed, JobsUnavailable, NoFile, TooManyJobs, UnknownJob
from feed.jobs.granted import check_still_granted, selected
from feed.jobs.job import Job
from feed.jobs.order import RecordingOrder, Report
from feed.jobs.quotas import Quotas
from feed.jobs.recording import order_of
from feed.jobs.request import Exports, JobRequest
from feed.jobs.run import Run
from feed.jobs.shelf import Shelf
from feed.jobs.supply import Supply
from feed.jobs.tally import Tally
from feed.logger import logger_of
from feed.market.job_words import JOB_PREFIX, JobState, JobWord
from feed.market.word_channels import WordChannel
from feed.sources.named_source import NamedSource
from feed.sources.replay.source import ReplaySource
from feed.trust.denial import Denial
from feed.trust.identity import NOBODY, Identity, owner_key
from feed.wire.grants import Grants
from feed.wire.selection import Selection

LOOK_S = 0.25  # between two words of one job
LEAVING_RETRY_S = 5.0
_ID_BYTES = 16  # 128 random bits
_NS_PER_S = 1_000_000_000
_MOST_UNRECORDED = 1_000  # words of a job that were told since its last record, and more
_SAVES = 4  # looks between two records of a job that runs

log = logger_of("feed.jobs")


class Jobs:
    """All jobs of a server.

    Attributes:
        tally: what is counted of them.
    """

    def __init__(
        self, hub: Hub, supply: Supply, sources: Sequence[NamedSource], state: Path | None
    ) -> None:
        """Begin with none.

        Args:
            hub: whose ring they go through, and whose clock and settings are meant.
            supply: gives what is exported.
            sources: of the server, whose recordings may be.
            state: the directory of its state; None: nothing is kept over restarts.
        """
        self.tally = Tally()
        self._hub = hub
        self._supply = supply
        self._sources = sources
        self._shelf = Shelf(state)
        self._quotas = Quotas(hub.settings)
        self._jobs: dict[str, Job] = {}
        self._runs: dict[str, tuple[Run, asyncio.Task[None]]] = {}
        self._told: dict[str, tuple[object, ...]] = {}  # what was said of each last
        self._changed: dict[str, asyncio.Event] = {}
        self._looks = 0
        self._leaves = False

    @property
    def jobs(self) -> Sequence[Job]:
        """All that there are, in the order in which they were asked for."""
        return tuple(self._jobs.values())

    # What clients ask.

    def begin(self, request: JobRequest, identity: Identity, place: str) -> Job:
        """Begin a job, now or when it is its turn.

        Raises:
            InvalidParameter: it cannot be exported here, or is not to be read.
            NotGranted: nothing of it is granted.
            TooManyJobs: there are as many as may be.
            JobsUnavailable: this server begins none.
        """
        if self._hub.follows:
            words = "this server follows another one, which exports; ask that one"
            raise JobsUnavailable(words, None)
        if self._leaves:
            raise JobsUnavailable("the server ends, and begins no job any more", LEAVING_RETRY_S)
        request.check_installed()
        self._recording(request, selected(request, identity.grants))
        try:
            self._quotas.check(self.jobs, owner_of(identity, place))
        except TooManyJobs:
            self.tally.refused += 1
            raise
        key = JOB_PREFIX + secrets.token_hex(_ID_BYTES)
        job = Job(key, identity, place, request, self._hub.clock.wall_ns())
        self._jobs[key] = job
        self.tally.asked[request.kind, request.format] += 1
        log.info("job_began", job=key, exports=request.kind, **identity.told)
        self._say(job)
        self._start_next()
        return job

    def find(self, key: str, identity: Identity) -> Job:
        """Return somebody's job.

        Raises:
            UnknownJob: there is none.
        """
        job = self._jobs.get(key)
        if job is None or identity is NOBODY or not job.is_of(identity):
            raise UnknownJob(key)
        return job

    def of(self, identity: Identity) -> list[Job]:
        """Return all jobs of somebody."""
        return [job for job in self._jobs.values() if job.identity.is_of(identity)]

    def file(self, job: Job, identity: Identity) -> Path:
        """Return the file of a job.

        Raises:
            NoFile: it is not done.
            NotGranted: what is in it is not granted any more.
        """
        if job.state is not JobState.DONE:
            raise NoFile(job.id, job.state.value)
        if not identity.grants.admin:
            self._check_granted(job, identity.grants)
        return self._shelf.whole(job.id)

    async def remove(self, job: Job) -> None:
        """Cancel a job; forget one that is over, with its file."""
        if not job.is_over:
            await self._cancel(job, "cancelled", "it was cancelled")
            return
        self._jobs.pop(job.id, None)
        self._told.pop(job.id, None)
        self._wake(job.id)
        self._hub.broadcast.keyed.forget(WordChannel.JOBS, job.id)
        await asyncio.to_thread(self._shelf.drop, job.id)

    async def changed(self, job: Job, number: int) -> None:
        """Wait until there is another word of a job than that of a number, or it is forgotten."""
        while job.id in self._jobs and job.number == number:
            await self._changed.setdefault(job.id, asyncio.Event()).wait()

    def is_there(self, job: Job) -> bool:
        """Tell whether a job is not forgotten."""
        return job.id in self._jobs

    def may_read(self, identity: Identity, key: str) -> bool:
        """Tell whether somebody may subscribe to a job."""
        if identity is NOBODY:
            return False
        job = self._jobs.get(key)
        if job is not None:
            return job.is_of(identity)
        told = self._told_elsewhere(key)
        return told is not None and (told.by == owner_key(identity) or identity.grants.admin)

    def is_known(self, key: str) -> bool:
        """Tell whether there is a job of a key."""
        return key in self._jobs or self._told_elsewhere(key) is not None

    def _told_elsewhere(self, key: str) -> JobWord | None:
        """Return the newest word of a job of the server that this one follows."""
        if not self._hub.follows:
            return None
        told = self._hub.broadcast.keyed.parts(WordChannel.JOBS, key)
        return next((word for word in told if isinstance(word, JobWord)), None)

    # While the server runs.

    def restore(self) -> None:
        """Know the jobs of another process again, and go on with those that are not over.

        Nobody is served yet, so that it may wait for the disk.
        """
        for job in self._shelf.load():
            self._jobs[job.id] = job
            stretch = job.stretch
            self._take_up(job)
            if not job.is_over:
                job.state = JobState.QUEUED
                self.tally.resumed += 1
                if stretch is not None and stretch.epoch != self._hub.broadcast.ring.epoch:
                    job.begin_again()
                    job.stretch = None
            self._say(job)

    async def run(self) -> None:
        """Tell progress, and see to grants, records and what is due to be forgotten, for ever."""
        while True:
            await asyncio.sleep(LOOK_S)
            await self.look()

    async def look(self) -> None:
        """Do so once."""
        self._looks += 1
        wall_ns = self._hub.clock.wall_ns()
        for job in list(self._jobs.values()):
            if job.is_over:
                if wall_ns - job.over_ns > self._hub.settings.jobs_keep_s * _NS_PER_S:
                    await self.remove(job)
                continue
            why = self._why_not(job)
            if why is not None:
                await self._cancel(job, "not_granted", why)
            elif job.state is JobState.RUNNING and self._told.get(job.id) != _shown(job):
                self._say(job)
                if not self._looks % _SAVES:
                    await self._save(job)
        for job in self._quotas.surplus(self.jobs):
            await self.remove(job)
        self._start_next()

    async def close(self) -> None:
        """End all that run, as another process finds them; harmless when it is done."""
        self._leaves = True
        tasks = [task for _, task in self._runs.values()]
        for run, task in list(self._runs.values()):
            run.kill()
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._shelf.is_kept:
            for job in self._jobs.values():
                await self._save(job)
        for key in list(self._changed):
            self._wake(key)
        await asyncio.to_thread(self._shelf.close)

    # Inside.

    def _take_up(self, job: Job) -> None:
        """Tell no less of a job than was told when a kill took what came behind its record."""
        told = self._hub.broadcast.keyed.part(WordChannel.JOBS, job.id, "")
        if job.is_over or not isinstance(told, JobWord):
            return
        job.number += _MOST_UNRECORDED
        job.take_up(told, has_file=self._shelf.has_whole(job.id, told.size_bytes))
        if job.code:  # it failed, or was cancelled
            job.progress.size_bytes = 0
            self._shelf.drop_file(job.id)

    def _start_next(self) -> None:
        while not self._leaves and (job := self._quotas.next(self._jobs.values())) is not None:
            self._start(job)

    def _start(self, job: Job) -> None:
        owner = owner_of(job.identity, job.place)
        others = [each for each in self._jobs.values() if each is not job]
        try:
            selection = selected(job.request, job.identity.grants)
            recording = self._recording(job.request, selection)
        except (InvalidParameter, NotGranted) as error:  # a source is gone since
            self._end(job, JobState.FAILED, Fault.NOT_THERE, str(error))
            return
        run = Run(
            job,
            selection,
            recording,
            supply=self._supply,
            shelf=self._shelf,
            clock=self._hub.clock,
            room_bytes=lambda: max(1, self._quotas.room_bytes(others, owner)),
        )
        job.state = JobState.RUNNING
        self._say(job)
        task = asyncio.create_task(self._write(job, run), name=job.id)
        self._runs[job.id] = run, task

    async def _write(self, job: Job, run: Run) -> None:
        try:
            await self._save(job)
            report = await run.run()
        except JobFailed as failed:
            await self._drop_file(job)
            self._end(job, JobState.FAILED, failed.code, failed.words)
        except OSError as error:
            self._end(job, JobState.FAILED, Fault.UNWRITABLE, f"its file cannot be made: {error}")
        except Exception:
            log.exception("job_failed", job=job.id)
            self._end(job, JobState.FAILED, Fault.INTERNAL, "the server failed; it has been logged")
        else:
            self._finish(job, report)
        finally:
            self._runs.pop(job.id, None)
        await self._save(job)
        self._start_next()

    def _finish(self, job: Job, report: Report) -> None:
        job.sha256 = report.sha256
        job.progress.done, job.progress.size_bytes = report.done, report.size_bytes
        job.progress.share = 1.0
        self.tally.rows += report.done
        self.tally.written_bytes += report.size_bytes
        self.tally.missing += len(job.gaps)
        self._end(job, JobState.DONE, "", "")

    async def _cancel(self, job: Job, code: str, words: str) -> None:
        if job.id in self._runs:
            run, task = self._runs[job.id]
            run.kill()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        if not job.is_over:
            self._end(job, JobState.CANCELLED, code, words)
        await self._drop_file(job)
        await self._save(job)

    def _end(self, job: Job, state: JobState, code: str, words: str) -> None:
        job.end(state, code, words, self._hub.clock.wall_ns())
        self.tally.end(state, code)
        log.info("job_ended", job=job.id, state=state.value, code=code)
        self._say(job)

    def _say(self, job: Job) -> None:
        job.number += 1
        self._told[job.id] = _shown(job)
        job.newest = job.word(self._hub.clock.wall_ns())
        self._hub.publisher.say([job.newest])
        self._wake(job.id)

    def _wake(self, key: str) -> None:
        changed = self._changed.pop(key, None)
        if changed is not None:
            changed.set()

    async def _save(self, job: Job) -> None:
        """Keep the record of a job, where another process may find it."""
        if not self._shelf.is_kept or job.id not in self._jobs:
            return
        record = orjson.dumps(job.record())
        try:
            await asyncio.to_thread(self._shelf.save, job.id, record)
        except OSError as error:  # the job goes on, and is not found again
            log.warning("job_not_kept", job=job.id, error=str(error))

    async def _drop_file(self, job: Job) -> None:
        job.progress.size_bytes = 0
        await asyncio.to_thread(self._shelf.drop_file, job.id)

    def _why_not(self, job: Job) -> str | None:
        """Return why somebody may not have a job any more; None: they may.

        A token stands for itself until it ends, and what it has begun goes on.
        """
        hub = self._hub
        try:
            now = hub.identities.renew(job.identity, hub.clock.wall_ns())
        except CredentialRefused as refused:
            return None if refused.why == Denial.EXPIRED else f"its key is revoked: {refused}"
        try:
            self._check_granted(job, now.grants)
        except NotGranted as error:
            return str(error)
        job.identity = now
        return None

    def _check_granted(self, job: Job, grants: Grants) -> None:
        classes = self._hub.broadcast.classes
        check_still_granted(job.request, job.identity.grants, grants, classes)

    def _recording(self, request: JobRequest, selection: Selection) -> RecordingOrder | None:
        """Return what is to be read of a recording; None: the job is of something else.

        Raises:
            InvalidParameter: no source plays one, or it is not clear which.
        """
        if request.exports is not Exports.RECORDING:
            return None
        playing = [each for each in self._sources if isinstance(each.source, ReplaySource)]
        names = ", ".join(each.name for each in playing)
        if not playing:
            raise InvalidParameter("kind", request.kind, "ring, bars; no source plays a recording")
        named = [each for each in playing if request.source in {None, each.name}]
        if len(named) != 1:
            raise InvalidParameter("source", request.source, f"one of {names}")
        return order_of(named[0], selection)


def _shown(job: Job) -> tuple[object, ...]:
    progress = job.progress
    return job.state, progress.done, progress.size_bytes, progress.share
