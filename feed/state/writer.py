"""The writer of a state: log and checkpoints, from a thread of its own.

Theory of operation: records wait in a queue, and the thread writes all of them together every
50 ms: waking it for each would cost more than the writing (at 20 ms it still took 2 % of a server's
time). Until then a kill leaves them in the tail; where that has no room for them, it takes along
what was cut in that time. They are packed before they wait: what a cut has just encoded is in the
processor's cache then, and in the thread's it is not (2 µs a cut against 8). The thread writes to
the kernel, not to the disk, since that is what a kill leaves alone; only the last checkpoint of a
server that ends in order is written through, and with it all that the log has.

What cannot be written (a full disk, a disk that hangs) is left out, and the cell says so at once.
Publishing goes on. Nothing more is taken then until a checkpoint is through, which needs nothing of
what was left out.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Generic, TypeVar

from feed.broadcast.log import Record
from feed.state import checkpoint, records
from feed.state.cell import Cell, Mark, open_new
from feed.state.directory import Directory
from feed.state.tail import Tail
from feed.state.writing import sync_file, write, write_parts

PAUSE_S = 0.05
MAX_QUEUED_BYTES = 64 << 20
MAX_QUEUED_NS = 5_000_000_000
FILE_BYTES = 16 << 20  # of the log, before the next one begins
_ALL = (1 << 63) - 1  # a sequence behind all others
_Result = TypeVar("_Result")


@dataclass(slots=True)
class _Checkpoint:
    """A checkpoint that is to be written.

    Attributes:
        parts: of it.
        sequence: as of which it is.
        keep_from: the first sequence that the log is still needed for.
        is_last: it is written through to the disk, and nothing comes after it.
        done: gets its result: the number of its bytes.
    """

    parts: Iterable[checkpoint.Plain]
    sequence: int
    keep_from: int
    is_last: bool
    done: "Future[int]"


@dataclass(slots=True)
class _Errand(Generic[_Result]):
    """Something else that is to be done in the thread.

    Attributes:
        work: what; it is given what it calls now and then, so that the log goes on.
        done: gets its result.
    """

    work: Callable[[Callable[[], object]], _Result]
    done: "Future[_Result]"

    def do(self, pause: Callable[[], object]) -> None:
        """Do it, unless whoever waits for it has given up."""
        if not self.done.set_running_or_notify_cancel():
            return
        try:
            self.done.set_result(self.work(pause))
        except Exception as error:  # noqa: BLE001 - the thread goes on, and whoever waits is told
            self.done.set_exception(error)


class Writer:
    """One thread that writes the files of one state.

    Attributes:
        takes: whether records are taken; else they are left out.
        fault: why they are not; "" before there was a reason.
        written_bytes: to the log so far.
        untailed: how many records had no room in the tail.
    """

    def __init__(
        self, directory: Directory, cell: Cell, tail: Tail | None, epoch: str, *, is_whole: bool
    ) -> None:
        """Start the thread.

        Args:
            directory: of the state.
            cell: of the state; it is told what was cut, and how far the log can be trusted.
            tail: of the state; None: there is none.
            epoch: of the sequences.
            is_whole: the log and the checkpoint that are there are; else a checkpoint is due.
        """
        self.takes = True
        self.fault = ""
        self.written_bytes = self.untailed = 0
        self._directory = directory
        self._cell = cell
        self._tail = tail
        self._epoch = epoch
        self._cut = cell.stored[0]  # the last sequence that was taken; the event loop's
        self._last_untailed = 0  # the last one that had no room in the tail; likewise
        # Since when, its first and last sequence, and the record itself; or something to do.
        self._queue: deque[tuple[int, int, int, bytes | _Checkpoint | _Errand[Any]]] = deque()
        self._taken_bytes = 0  # so far; the event loop's
        self._done_bytes = 0  # of these; the thread's
        self._wake = threading.Event()
        self._is_urgent = False
        self._closed = False
        # From here on: the thread's.
        self._written = self._cut  # the last sequence that the log, or the checkpoint, goes up to
        self._is_whole = is_whole  # nothing is missing in what the cell says
        self._is_elsewhere = False  # the log's newest file is of a directory that is gone
        self._path: Path | None = None  # of the log's newest file, with the next two
        self._fd = -1
        self._file_bytes = 0
        self._thread = threading.Thread(target=self._run, name="state", daemon=True)
        self._thread.start()

    @property
    def queued_bytes(self) -> int:
        """The bytes that wait to be written."""
        return self._taken_bytes - self._done_bytes

    @property
    def has_tail(self) -> bool:
        """Whether there is a tail."""
        return self._tail is not None

    @property
    def durable(self) -> int | None:
        """The newest sequence that a kill would leave; None: a kill now means a new epoch."""
        if not (self.takes and self._is_whole):
            return None
        written = self._written
        return max(self._cut, written) if self._last_untailed <= written else written

    def append(self, record: Record, given: int, mono_ns: int) -> bool:
        """Take a record, at once; tell whether it was.

        It is not where the queue is too long, or too old; from then on none is. It is in the tail
        before the cell says that anybody may have been told of it, and then in the queue.

        Args:
            record: of a cut.
            given: how many ticks the source had given by then, over all processes.
            mono_ns: now.
        """
        last = record.last
        if self.takes and (self.queued_bytes > MAX_QUEUED_BYTES or self._is_late(mono_ns)):
            self.give_up("the disk does not keep up")
        if not self.takes:
            self._cell.store(last, given)
            return False
        data = records.encode(record, given)
        if self._tail is None or not self._tail.keep(data, last, self._written):
            self._last_untailed = last
            self.untailed += 1
        self._cell.store(last, given)
        self._cut = last
        self._taken_bytes += len(data)
        self._queue.append((mono_ns, record.first, last, data))
        if not self._wake.is_set():
            self._wake.set()
        return True

    def move_to(self, cell: Cell, tail: Tail | None) -> None:
        """Write to a directory that was made anew; nothing is taken before `take_again`.

        What it holds of cell and tail is let go of: the thread may have them for a moment.
        """
        self._cell = cell
        self._tail = tail
        self._is_elsewhere = True

    def begin_tail(self, tail: Tail) -> None:
        """Keep records in a tail from now on, where there was none."""
        self._tail = tail

    def take_again(self) -> None:
        """Take records from now on: a checkpoint comes that needs none before it."""
        self.takes = True

    def write_checkpoint(
        self,
        parts: Iterable[checkpoint.Plain],
        sequence: int,
        mono_ns: int,
        *,
        keep_from: int,
        is_last: bool,
    ) -> "Future[int]":
        """Write a checkpoint, behind what waits; `take_again` was called when it was taken.

        Args:
            parts: of it; they are packed in the thread.
            sequence: as of which it is.
            mono_ns: now.
            keep_from: the first sequence that the log is still needed for.
            is_last: write everything through to the disk, and end.

        Returns:
            The number of its bytes; or the error that came of it.
        """
        done: Future[int] = Future()
        waiting = _Checkpoint(parts, sequence, keep_from, is_last, done)
        self._queue.append((mono_ns, 0, 0, waiting))
        self._is_urgent = True
        self._wake.set()
        return done

    def do(
        self, work: Callable[[Callable[[], object]], _Result], mono_ns: int
    ) -> "Future[_Result]":
        """Have something done by the thread, behind what waits; return its result, or its error.

        Args:
            work: what; it is given what it calls now and then, so that the log goes on.
            mono_ns: now.
        """
        done: Future[_Result] = Future()
        self._queue.append((mono_ns, 0, 0, _Errand(work, done)))
        self._wake.set()
        return done

    def erase_tail(self, upto: int) -> bool:
        """Erase what the tail has, and the log too; tell whether nothing up to a sequence is left.

        While records are left out none of them is needed.
        """
        written = self._written if self.takes else _ALL
        return self._tail is None or self._tail.erase(upto, written)

    def close(self) -> None:
        """Write what waits, and end the thread."""
        self._closed = self._is_urgent = True
        self._wake.set()
        self._thread.join()
        if self._tail is not None:
            self._tail.close()

    def _is_late(self, mono_ns: int) -> bool:
        try:
            since_ns, *_ = self._queue[0]
        except IndexError:  # the thread has just emptied it
            return False
        return mono_ns - since_ns > MAX_QUEUED_NS

    def give_up(self, fault: str) -> None:
        """Take no more records, and say so in the cell.

        In this order: the thread, which may be about to mark the cell otherwise, looks again then.
        """
        self.takes = self._is_whole = False
        self._cell.mark(Mark.UNLOGGED)
        self.fault = fault

    # From here on: in the thread.

    def _run(self) -> None:
        while self._queue or not self._closed:
            if not self._queue:  # under load there is always more, and a wait in vain is not free
                self._wake.clear()
                if not (self._queue or self._closed):
                    self._wake.wait()
            if not self._is_urgent:
                time.sleep(PAUSE_S)
            self._is_urgent = self._closed
            self._write_queue()
        self._close_file()

    def _write_queue(self) -> None:
        """Write what waits by now; what comes meanwhile has time until the next pause is over."""
        queue = self._queue
        left = len(queue)
        while left > 0 and queue:
            *_, waiting = queue[0]
            if isinstance(waiting, bytes):
                left -= self._write_waiting()
                continue
            queue.popleft()
            left -= 1
            if isinstance(waiting, _Errand):
                waiting.do(self._write_waiting)
            else:
                self._write_checkpoint(waiting)

    def _write_waiting(self) -> int:
        """Write the records that wait, up to something else together; return their number."""
        queue = self._queue
        run: list[bytes] = []
        last = 0
        for index in range(len(queue)):  # it grows at its other end meanwhile
            _, _, upto, waiting = queue[index]
            if not isinstance(waiting, bytes):
                break
            run.append(waiting)
            last = upto
        if run:
            _, first, _, _ = queue[0]
            self._write_records(first, last, run)
            # What is being written is the head of the queue: its age is the queue's.
            for _ in run:
                queue.popleft()
            self._done_bytes += sum(map(len, run))
        return len(run)

    def _write_records(self, first: int, last: int, run: list[bytes]) -> None:
        """Append records to the log; what cannot be written is left out whole."""
        if not self.takes:
            return
        try:
            if self._path is None or self._is_elsewhere or self._file_bytes > FILE_BYTES:
                self._begin_file(first)
            data = b"".join(run)
            write(self._fd, data)
        except OSError as error:
            self.give_up(str(error.strerror))
            self._drop_torn()
            return
        self._file_bytes += len(data)
        self.written_bytes += len(data)
        self._written = last

    def _begin_file(self, first: int) -> None:
        self._close_file()
        self._is_elsewhere = False
        self._directory.check()
        path = self._directory.log(first)
        self._fd = open_new(path)
        self._path, self._file_bytes = path, 0
        head = records.file_head(self._epoch)
        write(self._fd, head)
        self._file_bytes = len(head)

    def _drop_torn(self) -> None:
        """Let the file end behind the last whole record, and close it; an empty one goes."""
        if self._path is not None:
            with suppress(OSError):  # then what is torn is found when it is read
                os.truncate(self._path, self._file_bytes)
            if not self._file_bytes:
                self._path.unlink(missing_ok=True)
        self._close_file()

    def _close_file(self) -> None:
        if self._path is not None:
            os.close(self._fd)
        self._path = None

    def _write_checkpoint(self, wanted: _Checkpoint) -> None:
        """Write a checkpoint beside the one that is there, and put it in its place.

        Whoever waits for it may give up, at the end of a server, but not once it is begun.
        """
        if not wanted.done.set_running_or_notify_cancel():
            return
        path = self._directory.new_checkpoint
        try:
            size = write_parts(path, wanted.parts, self._write_waiting, sync=wanted.is_last)
            self._directory.check()
            path.replace(self._directory.checkpoint)
            if wanted.is_last:
                for _, log in self._directory.logs():
                    sync_file(log)
                self._directory.sync()
            if self.takes:  # else it was given up since, and what followed was left out
                self.fault = ""
                self._written = max(self._written, wanted.sequence)
                self._cell.mark(Mark.CLEAN if wanted.is_last else Mark.RUNNING)
                self._is_whole = True
            if not self.takes:  # by now
                self._is_whole = False
                self._cell.mark(Mark.UNLOGGED)
            if wanted.is_last:
                self._cell.sync()
            self._forget(wanted.keep_from)
        except Exception as error:  # noqa: BLE001 - the thread goes on, and whoever waits is told
            with suppress(OSError):
                path.unlink(missing_ok=True)
            if not self._is_whole:
                self.give_up(str(error))
            wanted.done.set_exception(error)
            return
        wanted.done.set_result(size)

    def _forget(self, keep_from: int) -> None:
        """Delete the files of the log that end before a sequence."""
        logs = self._directory.logs()
        for (_, path), (following, _) in pairwise(logs):
            if following <= keep_from:
                path.unlink()
