"""What a new leader takes up, whatever happens to its connection meanwhile."""

import asyncio
from typing import Any

import pytest
from nats.aio.client import Client
from nats.errors import ConnectionClosedError

from feed.cluster.link import Link
from feed.cluster.making import make
from feed.reign import checkpoints
from feed.reign.restoring import Restoring
from tests.fakes.nats import BusWriter, NatsServer, needs_nats
from tests.fakes.patience import until
from tests.fakes.servers import trades
from tests.reign.conftest import PLAN

pytestmark = [needs_nats, pytest.mark.programs]


async def test_a_connection_that_ends_while_the_checkpoint_is_looked_for_loses_nothing(
    link: Link, bus: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = checkpoints.version
    here, is_cut, has_looked = asyncio.current_task(), asyncio.Event(), asyncio.Event()
    restoring = Restoring(link, 64)

    async def version_amid_a_cut(asked: Link) -> str:
        if asyncio.current_task() is here and not is_cut.is_set():
            is_cut.set()
            await (await link.client()).close()
            await until(lambda: not restoring._reached)
            has_looked.set()
            return ""
        if is_cut.is_set():
            await has_looked.wait()
        return await version(asked)

    monkeypatch.setattr(checkpoints, "version", version_amid_a_cut)
    async with BusWriter(bus.address()) as writer:
        await make(link, PLAN)
        await writer.begin_term(1)
        await writer.write(*trades(1, 5))
        await writer.begin_term(2)
        restoring.begin()
        restored = await restoring.finish(writer.batch(0), 3, "x")
    assert (restored.ring.newest, restored.lost) == (5, 0)
    assert restored.after == trades(1, 5)


async def test_a_connection_that_ends_as_a_read_begins_is_no_end_of_reading(
    link: Link, bus: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe, refused = Client.subscribe, list[str]()

    async def refuse_once(client: Client, subject: str, **asked: Any) -> Any:
        if not refused:
            refused.append(subject)
            raise ConnectionClosedError
        return await subscribe(client, subject, **asked)

    async with BusWriter(bus.address()) as writer:
        await make(link, PLAN)
        await writer.begin_term(1)
        await writer.write(*trades(1, 5))
        await link.last_sequence()  # with its own subscription to answers
        monkeypatch.setattr(Client, "subscribe", refuse_once)
        restoring = Restoring(link, 64)
        restoring.begin()
        restored = await restoring.finish(writer.batch(0), 2, "x")
    assert len(refused) == 1
    assert restored.ring.newest == 5
