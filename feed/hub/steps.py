"""The steps of the event loop: the longest ones, and what they were.

While a step runs, the loop does nothing else, so the longest one is the shortest silence that can
be promised to anybody. A step's length is the CPU time of its thread: machines are shared, and what
others took of the processor is not the step's.

Nor is what the garbage collector took, which runs amid whatever allocates: a step like any other of
its own, and no work that a client is charged for.
"""

import gc
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

from feed.histogram import Histogram
from feed.logger import logger_of

LONGEST_NS = 50_000_000  # that a step may take; above, it is logged
_US, _MS = 1_000, 1_000_000
_BOUNDS_NS = (
    *(100 * _US, 500 * _US, 1 * _MS, 2 * _MS, 5 * _MS, 10 * _MS, 20 * _MS),
    *(LONGEST_NS, 100 * _MS, 500 * _MS, 1_000 * _MS),
)
_LOG_PAUSE_NS = 10_000 * _MS  # a slow machine is told of once in ten seconds

log = logger_of("feed.hub")


class Step(StrEnum):
    """Everything that the loop does for long; the label of a metric."""

    CUT = "cut"
    CATCH_UP = "catch_up"
    HOUSEKEEPING = "housekeeping"
    READ = "read"
    PUSH = "push"
    CONTROL = "control"
    JOIN = "join"
    ANSWER = "answer"
    LEAVE = "leave"
    FORGET = "forget"
    RESOLVE = "resolve"
    CHECKPOINT = "checkpoint"
    COLLECT = "collect"


class Steps:
    """Measures steps, in the thread of the loop that takes them.

    Attributes:
        lengths: of all steps so far, in nanoseconds of CPU time.
        longest_ns: the longest of each so far.
    """

    def __init__(self, cpu_ns: Callable[[], int] = time.thread_time_ns) -> None:
        """Begin without a step.

        Args:
            cpu_ns: the CPU time of the calling thread so far.
        """
        self.lengths = {step: Histogram(_BOUNDS_NS) for step in Step}
        self.longest_ns = dict.fromkeys(Step, 0)
        self._thread_ns = cpu_ns
        self._thread = 0  # the loop's, while collections are watched
        self._collected_ns = 0  # in this thread, by the garbage collector
        self._collection_began_ns = 0
        self._untold_ns = 0  # the longest collection that was not logged yet
        self._logged_ns: int | None = None  # when a long step was logged last, monotonic

    def cpu_ns(self) -> int:
        """Return the CPU time of the loop's thread so far, without that of collections."""
        return self._thread_ns() - self._collected_ns

    @contextmanager
    def watching_collections(self) -> Iterator[None]:
        """Note every run of the garbage collector as a step, and take it out of this thread's."""
        self._thread = threading.get_ident()
        gc.callbacks.append(self._hear_collector)
        try:
            yield
        finally:
            gc.callbacks.remove(self._hear_collector)

    @contextmanager
    def measured(self, step: Step) -> Iterator[None]:
        """Note what is done inside as a step; it must not wait."""
        began_ns = self.cpu_ns()
        try:
            yield
        finally:
            self.note(step, self.cpu_ns() - began_ns)

    def note(self, step: Step, length_ns: int) -> None:
        """Note a step, and log one that took too long."""
        if self._untold_ns:
            collection_ns, self._untold_ns = self._untold_ns, 0
            self._log(Step.COLLECT, collection_ns)
        if self._is_longest(step, length_ns) and length_ns > LONGEST_NS:
            self._log(step, length_ns)

    def _is_longest(self, step: Step, length_ns: int) -> bool:
        self.lengths[step].observe(length_ns)
        if length_ns <= self.longest_ns[step]:
            return False
        self.longest_ns[step] = length_ns
        return True

    def _hear_collector(self, phase: str, _: dict[str, Any]) -> None:
        """Measure a collection, in whichever thread: meanwhile the loop has no turn either.

        It is logged with the next step only: it may have begun amid a call of the logger.
        """
        if phase == "start":
            self._collection_began_ns = self._thread_ns()
            return
        length_ns = self._thread_ns() - self._collection_began_ns
        if threading.get_ident() == self._thread:
            self._collected_ns += length_ns
        if self._is_longest(Step.COLLECT, length_ns) and length_ns > LONGEST_NS:
            self._untold_ns = length_ns

    def _log(self, step: Step, length_ns: int) -> None:
        now_ns = time.monotonic_ns()
        if self._logged_ns is None or now_ns - self._logged_ns > _LOG_PAUSE_NS:
            self._logged_ns = now_ns
            log.warning("long step of the event loop", step=step.value, ms=round(length_ns / _MS))
