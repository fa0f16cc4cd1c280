"""The program that watches an exchange, as whoever started it sees it."""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from feed.errors import SourceError
from feed.sources.exchanges.orders import Order
from feed.sources.exchanges.sayings import MAX_LENGTH, Saying

PROGRAM = (sys.executable, "-m", "feed.sources.exchanges.program")
_MAX_LINE_BYTES = 8 * MAX_LENGTH


class Child:
    """One run of the program: its beginning, its words, and its end."""

    def __init__(
        self, program: Sequence[str], order: Order, hear: Callable[[Saying], None]
    ) -> None:
        """Make ready on a loop.

        Args:
            program: that is started.
            order: what it is told to watch.
            hear: told of its lines, but for the errors that end it.
        """
        self._program = program
        self._order = order
        self._hear = hear
        self._loop = asyncio.get_running_loop()
        self._over = asyncio.Event()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._is_unwanted = False
        self._last_error = ""

    def start(self) -> int:
        """Start it, in any thread; return the descriptor that its ticks are read from.

        Raises:
            SourceError: it cannot be started.
        """
        reads, writes = os.pipe()
        with self._lock:
            try:
                self._process = process = subprocess.Popen(  # noqa: S603 - ourselves
                    self._program,
                    stdin=subprocess.PIPE,
                    stdout=writes,
                    stderr=subprocess.PIPE,
                    start_new_session=True,  # a Ctrl-C is ours alone
                )
            except OSError as error:
                os.close(reads)
                raise SourceError(f"its program cannot be started: {error}") from error
            finally:
                os.close(writes)
            if self._is_unwanted:
                process.kill()
        threading.Thread(target=self._listen, args=(process,), name="words", daemon=True).start()
        return reads

    def kill(self, why: str = "") -> None:
        """End it at once, for it has nothing to put in order; tell why, if that is its fault."""
        if why:
            self._note(Saying("error", why))
        with self._lock:
            self._is_unwanted = True
            if self._process is not None:
                self._process.kill()

    async def over(self) -> None:
        """Return when it has ended, or was never started."""
        with self._lock:
            if self._process is None:
                return
        await self._over.wait()

    def why(self) -> str:
        """Return why it has ended, in words."""
        status = None if self._process is None else self._process.returncode
        if self._last_error:
            return self._last_error
        if status is not None and status < 0:
            return f"its program was ended by signal {-status}"
        return f"its program has ended, with status {status}"

    def _listen(self, process: "subprocess.Popen[bytes]") -> None:
        """Tell it what to watch, pass its words on, and see its end; in a thread of its own."""
        stdin, stderr = process.stdin, process.stderr
        assert stdin is not None, "it is a pipe"
        assert stderr is not None, "it is a pipe"
        with suppress(BrokenPipeError):  # it has ended already, and says why below
            stdin.write(self._order.line())
            stdin.flush()
        with stderr:
            while line := stderr.readline(_MAX_LINE_BYTES):
                if (saying := Saying.of(line)) is not None:
                    self._on_loop(partial(self._note, saying))
        process.wait()
        with suppress(BrokenPipeError):
            stdin.close()
        self._on_loop(self._over.set)

    def _note(self, saying: Saying) -> None:
        if saying.level == "error":  # it is why it ends, which is told with its end
            self._last_error = saying.words
        else:
            self._hear(saying)

    def _on_loop(self, call: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(call)
