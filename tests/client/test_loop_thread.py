"""A loop in a thread: what is interrupted ends before the loop does."""

import asyncio
import threading
from concurrent.futures import Future

import pytest

from feed.client.loop_thread import LoopThread


def test_what_ctrl_c_interrupts_cleans_up_before_the_loop_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    began = threading.Event()
    told: list[str] = []

    async def work() -> None:
        try:
            began.set()
            await asyncio.Event().wait()
        finally:
            for _ in range(100):  # such as a request that cancels a job
                await asyncio.sleep(0)
            told.append("cleaned up")

    async def left_behind() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            told.append("cancelled")

    async def leave_behind() -> asyncio.Task[None]:
        return asyncio.create_task(left_behind())

    def interrupted(self: Future[object], timeout: float | None = None) -> object:
        del self, timeout
        began.wait()
        raise KeyboardInterrupt

    thread = LoopThread("a test")
    thread.begin()
    task = thread.wait(leave_behind())
    with monkeypatch.context() as patched:
        patched.setattr(Future, "result", interrupted)
        with pytest.raises(KeyboardInterrupt):
            thread.wait(work())
    thread.end()
    assert sorted(told) == ["cancelled", "cleaned up"]
    assert task.cancelled()
