"""Rows of a recording that are not ticks: their place, their flaw, and reports of some of them.

Knows no file, no log and no clock of its own; the replay counts them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal

from feed.market.ticks import SECOND_NS

OnBadRow = Literal["skip", "stop"]

FIRST_REPORTS = 5  # bad rows that are reported at once; later ones every REPORT_EVERY_NS
REPORT_EVERY_NS = 10 * SECOND_NS


class Flaw(StrEnum):
    """Why a row is not a tick."""

    UNREADABLE = "unreadable"  # not JSON, not UTF-8, an open quote, a line that is too long
    INVALID = "invalid"  # a field or cell is missing, or its value is not accepted


@dataclass(frozen=True, slots=True)
class BadRow:
    """One row that is not a tick: its place and its flaw, in a word and in detail.

    Attributes:
        path: of the file; of what came from a server its URL.
        line: its number, from 1: of a line, or of a row where a file has no lines; of a message of
            a server, since it is connected.
        unit: which of these.
    """

    path: Path | str
    line: int
    reason: Flaw
    detail: str
    unit: Literal["line", "row", "message"] = "line"

    def __str__(self) -> str:
        return f"{self.path}, {self.unit} {self.line}: {self.detail}"


class BadRowReports:
    """Reports of bad rows: of the first few, and then of one now and again."""

    __slots__ = ("_clock_ns", "_latest", "_next_ns", "_report", "_reported", "_unreported")

    def __init__(self, report: Callable[[BadRow, int], None], clock_ns: Callable[[], int]) -> None:
        self._report = report
        self._clock_ns = clock_ns
        self._reported = 0
        self._next_ns = 0  # not before this, once the first were reported
        self._latest: BadRow | None = None  # the last row that was not reported
        self._unreported = 0

    def report_or_keep(self, row: BadRow) -> None:
        """Report a row at once, or keep it until the next report is due."""
        now_ns = self._clock_ns()
        if self._reported >= FIRST_REPORTS and now_ns < self._next_ns:
            self._latest = row
            self._unreported += 1
            return
        self._report_now(row, now_ns)

    def flush(self) -> None:
        """Report the last of the unreported rows, with their number, at the end of a pass."""
        if self._latest is not None:
            self._unreported -= 1
            self._report_now(self._latest, self._clock_ns())

    def _report_now(self, row: BadRow, now_ns: int) -> None:
        self._report(row, self._unreported)
        self._reported += 1
        self._next_ns = now_ns + REPORT_EVERY_NS
        self._latest = None
        self._unreported = 0
