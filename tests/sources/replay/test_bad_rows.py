from pathlib import Path

from structlog.testing import capture_logs

from feed.sources.replay.bad_rows import (
    FIRST_REPORTS,
    REPORT_EVERY_NS,
    BadRow,
    BadRowReports,
    Flaw,
)
from feed.sources.replay.source import log_bad_row


def row(line: int) -> BadRow:
    return BadRow(Path("a.csv"), line, Flaw.INVALID, "price '' is not accepted")


class Told:
    """What was reported, on a clock that is set by hand."""

    def __init__(self) -> None:
        self.now_ns = 77
        self.reported: list[tuple[int, int]] = []
        self.reports = BadRowReports(
            lambda bad, unreported: self.reported.append((bad.line, unreported)),
            lambda: self.now_ns,
        )


def test_the_first_bad_rows_are_reported_at_once_and_then_one_now_and_again() -> None:
    told = Told()
    for line in range(1, 101):
        told.reports.report_or_keep(row(line))
    first = [(line, 0) for line in range(1, FIRST_REPORTS + 1)]
    assert told.reported == first
    told.now_ns += REPORT_EVERY_NS - 1
    told.reports.report_or_keep(row(101))
    assert told.reported == first
    told.now_ns += 1
    told.reports.report_or_keep(row(102))
    assert told.reported == [*first, (102, 101 - FIRST_REPORTS)]
    told.reports.report_or_keep(row(103))
    assert len(told.reported) == FIRST_REPORTS + 1


def test_the_end_of_a_pass_reports_the_last_row_that_was_held_back() -> None:
    told = Told()
    for line in range(1, FIRST_REPORTS + 4):
        told.reports.report_or_keep(row(line))
    told.reports.flush()
    assert told.reported[-1] == (FIRST_REPORTS + 3, 2)
    told.reports.flush()
    assert len(told.reported) == FIRST_REPORTS + 1


def test_a_pass_without_bad_rows_reports_nothing() -> None:
    told = Told()
    told.reports.flush()
    assert told.reported == []


def test_a_bad_row_says_file_line_and_reason() -> None:
    assert str(row(12)) == "a.csv, line 12: price '' is not accepted"
    with capture_logs() as logs:
        log_bad_row(row(12), 3)
    assert logs == [
        {
            "event": "row_skipped",
            "log_level": "warning",
            "file": "a.csv",
            "line": 12,
            "reason": "invalid",
            "detail": "price '' is not accepted",
            "unreported": 3,
        }
    ]
