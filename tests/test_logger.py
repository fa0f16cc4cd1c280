"""Events go where somebody asked for them; what is of the process is touched by programs alone."""

import ast
import logging
from pathlib import Path

import pytest
import structlog

from feed.logger import logger_of

FEED = Path(__file__).parents[1] / "feed"
# Who has the process: the programs, and the terminals that they draw on.
PROGRAMS = {"cli", "program", "terminal"}
OF_THE_PROCESS = {"gc", "resource", "signal", "structlog", "uvloop"}


def test_only_programs_reach_for_what_is_of_the_whole_process() -> None:
    found = {
        f"{path.relative_to(FEED)}: {name}"
        for path in FEED.rglob("*.py")
        if path.relative_to(FEED).parts[0] not in {*PROGRAMS, "web"}
        for name in imported(path) & OF_THE_PROCESS
    }
    # The one asks whether a host has configured it; the other hears of collections, and stops; the
    # last is a process of its own.
    alone = "sources/exchanges/program.py: resource"
    assert found == {"logger.py: structlog", "hub/steps.py: gc", alone}


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {each.name.partition(".")[0] for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


def test_without_structlog_events_are_lines_of_logging(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    log = logger_of("feed.test")
    with caplog.at_level(logging.INFO, logger="feed.test"):
        log.debug("passed_over")
        log.info("happened", id=1, name="a %s b")
        try:
            int("why")
        except ValueError:
            log.exception("failed", what=2)
    told = [(record.name, record.levelname, record.getMessage()) for record in caplog.records]
    assert told == [
        ("feed.test", "INFO", "happened id=1 name='a %s b'"),
        ("feed.test", "ERROR", "failed what=2"),
    ]
    assert caplog.records[1].exc_info is not None
    assert caplog.records[0].filename == "test_logger.py"
    assert capfd.readouterr().out == ""


def test_a_program_that_configured_structlog_gets_them_there() -> None:
    with structlog.testing.capture_logs() as logs:
        logger_of("feed.test").warning("happened", id=1)
    assert logs == [{"event": "happened", "id": 1, "log_level": "warning"}]
