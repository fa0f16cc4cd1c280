"""What goes wrong for one is nobody else's, and no task without an end ends in silence."""

import asyncio

import pytest
import structlog

from feed.hub.supervision import keep_running
from feed.wire.disconnect import Reason
from tests.fakes.patience import until
from tests.fakes.servers import Serve, trade
from tests.http.talk import connect, error


async def test_a_task_that_fails_begins_anew_and_is_told() -> None:
    begun = 0

    async def run() -> None:
        nonlocal begun
        begun += 1
        if begun < 3:
            raise KeyError(begun)
        await asyncio.Event().wait()

    with structlog.testing.capture_logs() as logs:
        task = asyncio.create_task(keep_running("odd", run, pause_s=0))
        await until(lambda: begun == 3)
        task.cancel()
    assert [(entry["event"], entry["task"]) for entry in logs] == [("task_failed", "odd")] * 2
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_session_that_fails_ends_alone(serve: Serve) -> None:
    feed = await serve(ping_interval_s=0.08)  # housekeeping is as frequent as that needs
    broken, well = [await connect(feed) for _ in range(2)]
    for reader in (broken, well):
        await reader.subscribe(trades=["*"])
    first, second = feed.hub.sessions.values()
    with structlog.testing.capture_logs() as logs:
        first.beat = lambda _: 1 / 0  # type: ignore[assignment]
        await until(first.ended.done)
    assert first.ended.result() is Reason.ERROR
    assert [entry["id"] for entry in logs if entry["event"] == "session_failed"] == [first.id]
    assert (await error(broken))["code"] == 500
    await feed.publish(trade(1))
    assert [tick["i"] for tick in (await well.read())[0]] == [1]
    assert [*feed.hub.sessions.values()] == [second]
