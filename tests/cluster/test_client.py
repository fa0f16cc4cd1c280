"""Whoever is cancelled while NATS answers ends, in whichever turn of the loop that is."""

import asyncio
from collections.abc import Callable

import pytest

from tests.fakes.patience import PATIENCE_S

pytest.importorskip("nats", reason="the extra `cluster` is not installed")

from nats.aio.client import Client

from feed.cluster.client import QuickClient


@pytest.mark.parametrize("asked", ["connect", "request"])
@pytest.mark.parametrize("is_cancelled_first", [False, True])
async def test_a_cancellation_that_comes_with_an_answer_is_heeded(
    monkeypatch: pytest.MonkeyPatch, asked: str, *, is_cancelled_first: bool
) -> None:
    answer = asyncio.get_running_loop().create_future()

    async def wait(*_: object) -> object:
        return await asyncio.wait_for(answer, PATIENCE_S)

    monkeypatch.setattr(Client, asked, wait)
    task = asyncio.create_task(getattr(QuickClient(), asked)("feed.events"))
    await asyncio.sleep(0)  # it waits
    both: list[Callable[[], object]] = [lambda: answer.set_result("ours"), task.cancel]
    for do in reversed(both) if is_cancelled_first else both:
        do()
    await asyncio.wait([task])
    assert task.cancelled()


async def test_a_task_that_was_cancelled_may_still_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    async def answer(*_: object) -> object:
        await asyncio.sleep(0)
        return "ours"

    monkeypatch.setattr(Client, "request", answer)
    said: list[object] = []

    async def leave() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            said.append(await QuickClient().request("feed.events"))

    task = asyncio.create_task(leave())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert said == ["ours"]
