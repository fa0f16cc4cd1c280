"""An edge ends when it is told to, whatever it is waiting for."""

import asyncio
from itertools import count
from typing import ClassVar

import pytest

from feed.cluster import client
from feed.sources.nats.source import NatsSource
from tests.fakes.nats import BusWriter, needs_nats
from tests.fakes.servers import trades

pytest.importorskip("nats", reason="the extra `cluster` is not installed")

from nats.aio.msg import Msg

pytestmark = [needs_nats, pytest.mark.programs]
QuickClient = client.QuickClient


class Cancelling(QuickClient):
    """A client that cancels a task in the turn of the loop in which an answer comes to it.

    Attributes:
        task: that is cancelled.
        left: answers until then.
    """

    task: ClassVar["asyncio.Task[None]"]
    left: ClassVar[int]

    async def _request_sub_callback(self, msg: Msg) -> None:
        await super()._request_sub_callback(msg)
        Cancelling.left -= 1
        if not Cancelling.left:
            Cancelling.task.cancel()


async def begin(source: NatsSource) -> None:
    await source.open()
    await anext(aiter(source.steps()))


async def test_a_beginning_ends_that_is_cancelled_with_any_answer_of_nats(
    writer: BusWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 10):
        await writer.write(*trades(number, number))
    monkeypatch.setattr(client, "QuickClient", Cancelling)
    for answers in count(1):
        source = NatsSource(writer.address)
        source.fill(4)
        Cancelling.left = answers
        Cancelling.task = task = asyncio.create_task(begin(source))
        await asyncio.wait([task])
        await source.close()
        if Cancelling.left > 0:
            task.result()  # it needs no more answers
            break
        assert task.cancelled(), f"with answer {answers}"
    assert answers > 5
