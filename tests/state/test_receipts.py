"""Receipts over restarts: what was applied is known to the next server, however this one ended."""

from pathlib import Path

from aiohttp import web

from feed.http.app import HUB, INGEST, KEEPER
from feed.market.receipts import Duplicate, New, Producer, Verdict
from tests.fakes.numbered_ticks import numbered
from tests.state.numbers import killed, life, written

DESK, OTHER = Producer("key", "desk", "prices"), Producer("key", "desk", "other")


def push(app: web.Application, producer: Producer, batch: int, ticks: int = 3) -> None:
    """Apply a batch, as whoever has judged it does."""
    hub = app[HUB]
    told = [numbered(number) for number in range(1, ticks + 1)]
    hub.broadcast.publish(told, hub.clock.mono_ns(), batch=(producer, batch))


def judge(app: web.Application, producer: Producer, *batches: int) -> list[Verdict]:
    receipts, mono_ns = app[HUB].broadcast.receipts, app[HUB].clock.mono_ns()
    return [receipts.judge(producer, batch, mono_ns) for batch in batches]


async def test_the_next_server_knows_what_was_applied(tmp_path: Path) -> None:
    state = tmp_path / "state"
    async with life(state) as app:
        push(app, DESK, 1)
        app[HUB].cutter.cut()
        assert await app[KEEPER].checkpoint(app[INGEST])
        push(app, DESK, 2)
        push(app, OTHER, 9, ticks=1)  # in the same cut
        app[HUB].cutter.cut()
        push(app, DESK, 4)
        app[HUB].cutter.cut()
        await written(app)
        copy = killed(state, tmp_path / "killed")
        push(app, DESK, 5)  # nothing was cut: the checkpoint at the end knows it
    known = [Duplicate(3), Duplicate(6), New(), Duplicate(10)]
    for path, fifth in ((copy, New()), (state, Duplicate(13))):
        async with life(path) as app:
            assert judge(app, DESK, 1, 2, 3, 4, 5) == [*known, fifth]
            assert judge(app, OTHER, 9, 10) == [Duplicate(7), New()]
            assert app[HUB].broadcast.ring.newest == (10 if path == copy else 13)


async def test_a_batch_that_was_not_cut_is_new_to_the_next_server(tmp_path: Path) -> None:
    async with life(tmp_path / "state") as app:
        push(app, DESK, 1)
        assert judge(app, DESK, 1) == [Duplicate(3)]
        copy = killed(tmp_path / "state", tmp_path / "killed")
    async with life(copy) as app:
        assert judge(app, DESK, 1) == [New()]
        assert app[HUB].broadcast.ring.newest == 0
