"""One run of a job: its program is started, given what it writes, and heard, until it is over."""

from collections.abc import Callable

from feed.hub.clock import Clock
from feed.ingest.timeframes import TIMEFRAMES
from feed.jobs.child import Child
from feed.jobs.errors import JobFailed
from feed.jobs.job import Job
from feed.jobs.order import Order, RecordingOrder, Report
from feed.jobs.recording import WHOLE
from feed.jobs.request import Exports, FileFormat
from feed.jobs.shelf import Shelf
from feed.jobs.supply import Supply
from feed.market.ticks import Channel
from feed.wire.rfc3339 import rfc3339
from feed.wire.selection import Selection


class Run:
    """A run of a job."""

    def __init__(
        self,
        job: Job,
        selection: Selection,
        recording: RecordingOrder | None,
        *,
        supply: Supply,
        shelf: Shelf,
        clock: Clock,
        room_bytes: Callable[[], int],
    ) -> None:
        """Make ready.

        Args:
            job: that is run.
            selection: what of its request is granted.
            recording: what is read, where it is one.
            supply: gives the rest.
            shelf: has its file.
            clock: for its speed.
            room_bytes: returns how large its file may be.
        """
        self.job = job
        self.selection = selection
        self._recording = recording
        self._supply = supply
        self._shelf = shelf
        self._clock = clock
        self._room_bytes = room_bytes
        self._symbols: list[str] = []
        self._child: Child | None = None

    async def run(self) -> Report:
        """Write the file; return the last report on it.

        Raises:
            JobFailed: it cannot be written.
        """
        job, pace_ms = self.job, self.job.identity.grants.conflate_ms
        exports = job.request.exports
        if exports is Exports.RING and job.stretch is None:
            self._supply.locate(job, pace_ms)
        try:
            return await self._write(exports, pace_ms)
        except JobFailed as failed:
            if failed.code != "not_the_same":
                raise
        job.begin_again()
        return await self._write(exports, pace_ms)

    def kill(self) -> None:
        """End its program."""
        if self._child is not None:
            self._child.kill()

    async def _write(self, exports: Exports, pace_ms: int) -> Report:
        self._child = child = Child(self._order(exports), self._hear)
        try:
            await child.start()
            if exports is Exports.RING:
                await self._supply.give_ring(self.job, self.selection, child)
            elif exports is Exports.BARS:
                channel, _ = TIMEFRAMES[self.job.request.timeframe or "1m"]
                self._symbols = self._supply.symbols(self.selection, channel)
                await self._supply.give_bars(self.job, self._symbols, pace_ms, child)
            return await child.finish()
        finally:
            await child.close()

    def _order(self, exports: Exports) -> Order:
        job, request, selection = self.job, self.job.request, self.selection
        if exports is not Exports.RING or request.file_format is FileFormat.PARQUET:
            job.begin_again()  # nothing can be appended, or all of it is there still
        channels = tuple(channel.value for channel, _ in selection.ticks.symbols)
        if exports is Exports.BARS:
            channels = (Channel.BARS.value,)
        return Order(
            str(self._shelf.part(job.id)),
            str(self._shelf.whole(job.id)),
            request.format,
            channels,
            job.stretch.epoch if job.stretch else "",
            _time(request.start_ns),
            _time(request.end_ns),
            self._room_bytes(),
            job.saved_done,
            job.saved_bytes,
            self._recording,
        )

    def _hear(self, report: Report) -> None:
        """Note what its program says."""
        if report.code:
            return
        job, stretch, share = self.job, self.job.stretch, 0.0
        if stretch is not None:
            stretch.reached = max(stretch.reached, report.reached)
            job.saved_bytes, job.saved_done = report.size_bytes, report.done
            share = stretch.share(stretch.reached)
        elif self._symbols:
            share = report.reached / len(self._symbols)
        elif self._recording is not None:
            share = report.reached / WHOLE
        mono_ns = self._clock.mono_ns()
        job.progress.note(report.done, share, report.size_bytes, mono_ns)


def _time(unix_ns: int | None) -> str:
    """Return a time as the wire writes those of ticks; "": there is none."""
    return "" if unix_ns is None else rfc3339(unix_ns)
