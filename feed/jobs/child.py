"""The program that writes a file, as the server sees it: given chunks, heard, and ended.

It is written to in a thread, which waits where the program does not keep up, and heard in another.
"""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

from feed.jobs.chunks import END
from feed.jobs.errors import Fault, JobFailed
from feed.jobs.order import Order, Report

PROGRAM = (sys.executable, "-m", "feed.jobs")
MOST_WAITING = 1 << 20  # bytes that the pipe holds, where the system lets it
_MAX_LINE_BYTES = 1 << 16


class Child:
    """One run of the program.

    Attributes:
        report: what it said last.
    """

    def __init__(self, order: Order, heard: Callable[[Report], None]) -> None:
        """Make ready on a loop.

        Args:
            order: what it is told.
            heard: called with each report, on the loop.
        """
        self.report = Report()
        self._order = order
        self._heard = heard
        self._loop = asyncio.get_running_loop()
        self._over: asyncio.Future[None] = self._loop.create_future()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="job")
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._is_unwanted = False

    async def start(self) -> None:
        """Start it, and give it its order.

        Raises:
            JobFailed: it cannot be started.
        """
        await self._in_thread(self._start)
        await self.give(self._order.line())

    async def give(self, data: bytes) -> None:
        """Write bytes to it, once it takes them; harmless once it has ended."""
        await self._in_thread(lambda: self._write(data))

    async def finish(self) -> Report:
        """Tell it that nothing comes any more; return its last report.

        Raises:
            JobFailed: the file is not whole.
        """
        await self.give(END)
        await asyncio.shield(self._over)
        report = self.report
        if report.code:
            raise JobFailed(report.code, report.words)
        if not report.sha256:
            raise JobFailed(Fault.CRASHED, self._ending())
        return report

    async def rest(self, seconds: float) -> None:
        """Give it nothing for a while, or until it ends."""
        await asyncio.wait((self._over,), timeout=seconds)

    @property
    def has_ended(self) -> bool:
        """Whether it takes nothing any more."""
        return self._over.done()

    def kill(self) -> None:
        """End it at once: it has nothing to put in order."""
        with self._lock:
            self._is_unwanted = True
            if self._process is not None:
                self._process.kill()

    async def close(self) -> None:
        """End it, and wait for that."""
        self.kill()
        if self._process is not None:
            await asyncio.shield(self._over)
            await self._in_thread(self._shut)  # behind what is being written
        self._thread.shutdown(wait=False)

    async def _in_thread(self, call: Callable[[], None]) -> None:
        await self._loop.run_in_executor(self._thread, call)

    def _start(self) -> None:
        with self._lock:
            if self._is_unwanted:
                return
            try:
                process = subprocess.Popen(  # noqa: S603 - ourselves
                    PROGRAM,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    start_new_session=True,  # a Ctrl-C is ours alone
                    bufsize=0,
                )
            except OSError as error:
                raise JobFailed(
                    Fault.NOT_STARTED, f"its program cannot be started: {error}"
                ) from error
            self._process = process
        _widen(process)
        threading.Thread(target=self._listen, args=(process,), name="job", daemon=True).start()

    def _write(self, data: bytes) -> None:
        process = self._process
        if process is None or process.stdin is None:
            return
        left = memoryview(data)
        with suppress(BrokenPipeError):  # it has ended, and says why itself
            while left:
                left = left[process.stdin.write(left) :]

    def _shut(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()

    def _listen(self, process: "subprocess.Popen[bytes]") -> None:
        """Pass its reports on, and see its end; in a thread of its own."""
        stdout = process.stdout
        assert stdout is not None, "it is a pipe"
        with open(stdout.fileno(), "rb", closefd=False) as lines:
            while line := lines.readline(_MAX_LINE_BYTES):
                if (report := Report.of(line)) is not None:
                    self._on_loop(partial(self._note, report))
        stdout.close()
        process.wait()
        self._on_loop(self._end)

    def _note(self, report: Report) -> None:
        self.report = report
        self._heard(report)

    def _end(self) -> None:
        if not self._over.done():
            self._over.set_result(None)

    def _ending(self) -> str:
        status = None if self._process is None else self._process.returncode
        if status is not None and status < 0:
            return f"the program that writes the file was ended by signal {-status}"
        return f"the program that writes the file has ended, with status {status}"

    def _on_loop(self, call: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(call)


def _widen(process: "subprocess.Popen[bytes]") -> None:
    """Let its pipe hold some chunks, where the system has that."""
    if sys.platform != "linux" or process.stdin is None:
        return
    import fcntl  # noqa: PLC0415 - not on Windows

    with suppress(OSError):  # as many as it holds by default do too
        fcntl.fcntl(process.stdin.fileno(), fcntl.F_SETPIPE_SZ, MOST_WAITING)
