"""A look-out goes on whatever happens, and holds nothing up."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from threading import Event

import pytest
import structlog

from feed.trust.lookout import in_daemon_thread, look_for_ever
from tests.fakes.patience import PROGRAM_PATIENCE_S

LATER = """
import asyncio, threading
from feed.trust.lookout import in_daemon_thread
async def main():
    waiting = asyncio.ensure_future(in_daemon_thread(threading.Event().wait))
    await asyncio.sleep(0)
    waiting.cancel()
asyncio.run(main())
"""


async def test_it_goes_on_after_every_error_and_tells_each_once() -> None:
    outcomes: Iterator[Exception | bool] = iter(
        [RecursionError("deep"), RecursionError("deep"), TypeError("odd"), True]
    )
    changes: list[int] = []
    done = asyncio.Event()

    def look() -> bool:
        outcome = next(outcomes, False)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def changed() -> None:
        changes.append(1)
        if len(changes) == 1:
            raise ValueError("the change could not be applied")
        done.set()

    with structlog.testing.capture_logs() as logs:
        watching = asyncio.create_task(look_for_ever("keys", look, 0.0, changed))
        await done.wait()
    watching.cancel()
    assert len(changes) == 2, "what follows a change is repeated until it succeeds"
    assert [(entry["place"], entry["log_level"], entry["error"]) for entry in logs] == [
        ("keys", "error", "RecursionError: deep"),
        ("keys", "error", "TypeError: odd"),
        ("keys", "error", "ValueError: the change could not be applied"),
    ]


async def test_a_look_that_never_ends_can_be_left() -> None:
    never = Event()
    waiting = asyncio.ensure_future(in_daemon_thread(never.wait))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert waiting.cancelled()
    never.set()


@pytest.mark.programs
def test_a_look_that_never_ends_does_not_hold_up_the_exit() -> None:
    command = [sys.executable, "-c", LATER]
    assert subprocess.run(command, timeout=PROGRAM_PATIENCE_S, check=False).returncode == 0
