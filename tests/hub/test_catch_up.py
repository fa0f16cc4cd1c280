"""The task that gives turns: who is asked, who is woken, and what becomes of the outcomes."""

import asyncio
from typing import Any

import pytest

from feed.broadcast.behind import Behind
from feed.broadcast.subscriber import Subscriber
from feed.broadcast.turn import Verdict
from feed.hub.catch_up import CatchUp
from feed.hub.steps import Steps
from feed.wire.disconnect import Reason
from tests.fakes.hand_clock import HandClock
from tests.fakes.patience import PATIENCE_S, until
from tests.fakes.stage import HIGH_WATER_BYTES, Member, Stage


class Scene:
    """A stage whose members are given their turns by the hub's own task."""

    def __init__(self) -> None:
        self.time = HandClock()
        self.stage = Stage(slow_timeout_ns=10_000_000_000)
        self.closing: set[Subscriber] = set()
        self.ended: list[Reason] = []
        self.failed: list[Subscriber] = []
        self.catch_up = CatchUp(
            self.stage.audience,
            self.time.clock,
            Steps(),
            closing=self.closing.__contains__,
            disconnect=self._disconnect,
            fail=lambda subscriber, _: self.failed.append(subscriber),
        )

    def falls_behind(self) -> Member:
        self.stage.now_ns = self.time.mono_ns
        member = self.stage.join()
        member.socket.held_bytes = HIGH_WATER_BYTES + 1
        self.stage.publish_and_cut("AAPL")
        return member

    def _disconnect(self, subscriber: Subscriber, verdict: Verdict) -> None:
        self.ended.append(verdict.reason)
        self.stage.audience.leave(subscriber)


@pytest.fixture
async def scene() -> Scene:
    return Scene()


async def test_nothing_is_written_to_a_connection_that_closes(scene: Scene) -> None:
    member = scene.falls_behind()
    member.socket.held_bytes = 0
    scene.closing.add(member.subscriber)
    assert not scene.catch_up.give(member.subscriber)
    scene.time.pass_s(3_600)
    assert not scene.catch_up.give(member.subscriber)
    assert member.socket.written == []
    assert scene.ended == []


async def test_a_subscriber_that_is_slow_is_disconnected(scene: Scene) -> None:
    member = scene.falls_behind()
    assert not scene.catch_up.give(member.subscriber)
    for _ in range(5):
        scene.time.pass_s(2.0001)
        moved = scene.catch_up.give(member.subscriber)
    assert moved
    assert scene.ended == [Reason.SLOW]


async def test_a_time_of_day_that_steps_makes_nobody_slow(scene: Scene) -> None:
    member = scene.falls_behind()
    scene.time.step_s(3_600)
    assert not scene.catch_up.give(member.subscriber)
    assert scene.ended == []


async def test_the_task_brings_everybody_up_and_says_that_something_moved(scene: Scene) -> None:
    task = asyncio.create_task(scene.catch_up.run())
    await asyncio.sleep(0)
    members = [scene.falls_behind() for _ in range(3)]
    for member in members:
        member.socket.held_bytes = 0
    scene.catch_up.wake()
    async with asyncio.timeout(PATIENCE_S):
        while scene.stage.audience.behind:
            scene.catch_up.moved.clear()
            await scene.catch_up.moved.wait()
    assert all(member.subscriber.live for member in members)
    task.cancel()


async def test_a_turn_that_fails_is_nobody_elses(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, well = scene.falls_behind(), scene.falls_behind()
    give = Behind.give

    def give_or_fail(behind: Behind, subscriber: Subscriber, *rest: Any) -> Any:
        if subscriber is broken.subscriber:
            raise ZeroDivisionError
        return give(behind, subscriber, *rest)

    monkeypatch.setattr(Behind, "give", give_or_fail)
    well.socket.held_bytes = 0
    task = asyncio.create_task(scene.catch_up.run())
    await until(lambda: well.subscriber.live)
    assert set(scene.failed) == {broken.subscriber}
    task.cancel()
