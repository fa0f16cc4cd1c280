"""Writing with a real server: who may, and what becomes of answers that are lost."""

import asyncio
import random
from collections.abc import Callable

import pytest

from feed.cluster.batch import Batch
from feed.cluster.errors import BusAway
from feed.cluster.fence import Fence, Reason
from feed.cluster.link import Link
from feed.cluster.making import Plan, make
from feed.reign.writing import Overthrown, Writing
from tests.cluster.fence_model import wrong_in
from tests.cluster.without_terms import WithoutTerms
from tests.fakes.nats import NatsServer, needs_nats
from tests.reign.conftest import IN_FILES, PLAN
from tests.reign.reading import batches_of

pytestmark = [needs_nats, pytest.mark.programs]


def batch(writing: Writing, count: int, mark: str = "") -> Batch:
    return Batch("", 0, writing.fence.next, count, "", 0, mark=mark)


async def begun(
    link: Link, name: str, make_fence: Callable[[str], Fence] = Fence, plan: Plan = PLAN
) -> Writing:
    await make(link, plan)
    writing = Writing(link, make_fence(name))
    await writing.begin("epoch1")
    return writing


async def test_batches_follow_the_term_batch(link: Link, bus: NatsServer) -> None:
    writing = await begun(link, "a")
    await writing.send(batch(writing, 3), b"x")
    await writing.send(batch(writing, 2), b"y")
    told = [(each.term, each.first, each.count) for each in await batches_of(bus.address())]
    assert told == [(1, 1, 0), (1, 1, 3), (1, 4, 2)]
    assert (writing.counts.batches, writing.counts.events) == (2, 5)


async def test_a_new_leader_goes_on_and_the_old_one_is_deposed(link: Link) -> None:
    old = await begun(link, "a")
    await old.send(batch(old, 3), b"x")
    new = await begun(link, "b")
    assert (new.fence.term, new.fence.next, new.fence.epoch) == (2, 4, "epoch1")
    with pytest.raises(Overthrown, match="b writes in term 2"):
        await old.send(batch(old, 1), b"x")
    await new.send(batch(new, 1), b"x")


async def test_a_lost_acknowledgement_is_found(
    link: Link, bus: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing = await begun(link, "a")
    publish = Link.publish

    async def lose(self: Link, sent: Batch, payload: bytes, expected: int) -> int:
        await publish(self, sent, payload, expected)
        raise BusAway("the answer is lost")

    monkeypatch.setattr(Link, "publish", lose)
    done = await writing.send(batch(writing, 3), b"x")
    assert done.sequence == 2
    assert len(await batches_of(bus.address())) == 2
    assert (writing.counts.unanswered, writing.counts.resent) == (1, 0)


async def test_what_did_not_arrive_is_sent_again(
    link: Link, bus: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing = await begun(link, "a")
    publish, lost = Link.publish, [True]

    async def lose(self: Link, sent: Batch, payload: bytes, expected: int) -> int:
        if lost.pop() if lost else False:
            raise BusAway("it did not arrive")
        return await publish(self, sent, payload, expected)

    monkeypatch.setattr(Link, "publish", lose)
    await writing.send(batch(writing, 3), b"x")
    assert [each.count for each in await batches_of(bus.address())] == [0, 3]
    assert writing.counts.resent == 1


async def contend(link: Link, bus: NatsServer, make_fence: Callable[[str], Fence]) -> list[str]:
    """Let three writers contend without any lease; return what is wrong with the stream then."""
    chance = random.Random(7)

    async def write(name: str) -> None:
        for term in range(6):
            writing = await begun(link, name, make_fence)
            try:
                for number in range(chance.randrange(2, 12)):
                    await asyncio.sleep(chance.random() * 0.004)
                    mark = f"{name} {term} {number}"
                    await writing.send(batch(writing, chance.randrange(1, 4), mark), b"x")
            except Overthrown:
                pass

    await asyncio.gather(*map(write, "abc"))
    return wrong_in(await batches_of(bus.address()), [])


async def test_writers_that_contend_leave_no_hole_and_no_double(
    link: Link, bus: NatsServer
) -> None:
    assert await contend(link, bus, Fence) == []


async def test_without_terms_the_same_writers_do(link: Link, bus: NatsServer) -> None:
    assert await contend(link, bus, WithoutTerms)


async def test_a_link_comes_back_also_where_its_client_tells_nobody_that_it_has_ended(
    link: Link, bus: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing = await begun(link, "a", plan=IN_FILES)
    client = await link.client()
    sending = asyncio.create_task(writing.send(batch(writing, 1), b"x"))
    await bus.kill()

    async def nothing() -> None:
        """Tell nobody."""

    monkeypatch.setattr(client, "_disconnected_cb", nothing)
    monkeypatch.setattr(client, "_closed_cb", nothing)
    await bus.start()
    await sending
    assert link.connections == 2


async def test_a_stream_that_has_lost_all_deposes_its_leader(link: Link, bus: NatsServer) -> None:
    writing = await begun(link, "a")  # in memory
    await writing.send(batch(writing, 3), b"x")
    await bus.kill()
    await bus.start()
    with pytest.raises(Overthrown, match="was acknowledged") as overthrown:
        await writing.send(batch(writing, 1), b"x")
    assert overthrown.value.deposed.reason is Reason.LOST
    again = await begun(link, "b")
    assert (again.fence.term, again.fence.next) == (1, 1)


async def test_what_is_acknowledged_outlives_a_kill_of_a_server_with_files(
    link: Link, bus: NatsServer
) -> None:
    writing = await begun(link, "a", plan=IN_FILES)
    for _ in range(20):
        await writing.send(batch(writing, 2), b"x")
    await bus.kill()
    await bus.start()
    await writing.send(batch(writing, 2), b"x")
    assert [each.first for each in await batches_of(bus.address())] == [1, *range(1, 43, 2)]
