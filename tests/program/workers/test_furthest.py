"""What a kill has taken along from the state, taken back from an edge that was told of it."""

import asyncio
import json
import socket
from pathlib import Path

import pytest

from feed.broadcast.log import Record
from feed.http.app import HUB, KEEPER
from feed.market.receipts import Duplicate, New
from feed.program.workers import furthest
from feed.program.workers.furthest import records_of_furthest
from feed.state import records, tail
from feed.state.tail import Tail
from feed.wire.position import Position
from tests.state.numbers import give, killed, life, numbers_of, written
from tests.state.test_receipts import DESK, OTHER, judge, push


async def asked(sockets: list[str], after: Position, upto: int) -> list[Record]:
    return await asyncio.to_thread(records_of_furthest, sockets, after, upto)


def loses_its_tail(state: Path) -> None:
    """Take along what the thread had not written, as where the tail had no room."""
    (state / "tail").unlink()
    (log,) = state.glob("log-*")
    data = log.read_bytes()
    log.write_bytes(data[: len(data) - 10])


@pytest.fixture
def short(tmp_path: Path) -> Path:
    """A folder whose path leaves room for the name of a socket."""
    assert len(str(tmp_path)) < 90
    return tmp_path


async def test_what_the_state_has_lost_comes_from_an_edge(short: Path) -> None:
    state = short / "state"
    async with life(state, bus=short / "edge.sock") as app:
        await give(app, 3, 2)
        await written(app)
        await give(app, 4)
        await written(app)
        copy = killed(state, short / "killed")
        alone = killed(copy, short / "alone")
        for each in (copy, alone):
            loses_its_tail(each)
        ring = app[HUB].broadcast.ring
        path, dead = str(short / "edge.sock"), str(short / "dead.sock")
        found = await asked([dead, path], ring.position(5), 9)
        assert [(each.first, each.last) for each in found] == [(6, 9)]
        assert await asked([path], Position("zzzz9999", 5), 9) == []
        assert await asked([path], ring.position(9), 9) == []
        assert await asked([dead], ring.position(5), 9) == []
        [part] = await asked([path], ring.position(5), 7)
        assert (part.first, part.last, len(json.loads(part.ticks))) == (6, 7, 2)
    async with life(copy, elsewhere=lambda _after, _upto: found) as app:
        assert numbers_of(app) == [*range(1, 10)]
        assert app[KEEPER].found.restored is None, "it was given back"
        await give(app, 2)
        assert numbers_of(app) == [*range(1, 12)], "the source goes on behind it"
        again = killed(copy, short / "again")
    async with life(again) as app:
        assert numbers_of(app) == [*range(1, 12)], "it is in the log now"
    async with life(alone) as app:
        assert numbers_of(app) == [1, 2, 3, 4, 5, 0, 0, 0, 0]


async def test_what_had_no_room_before_what_had_some_comes_from_an_edge_too(short: Path) -> None:
    state = short / "state"
    async with life(state, bus=short / "edge.sock") as app:
        await give(app, 3)
        await written(app)
        copy = killed(state, short / "killed")
        await give(app, 4)
        await give(app, 1)
        await give(app, 2)
        ring = app[HUB].broadcast.ring
        kept = tail.decode((state / "tail").read_bytes(), ring.epoch)
        (copy / "cell").write_bytes((state / "cell").read_bytes())
        path = str(short / "edge.sock")
        found = {
            (after, upto): await asked([path], ring.position(after), upto)
            for after, upto in ((3, 7), (8, 10))
        }
    short_of_room = Tail(copy / "tail", ring.epoch)
    assert [(each.first, each.last) for each in kept if each.first > 3] == [(4, 7), (8, 8), (9, 10)]
    assert short_of_room.keep(records.encode(kept[-2], kept[-2].given), 8, 3)
    short_of_room.close()
    async with life(copy, elsewhere=lambda after, upto: found[after.sequence, upto]) as app:
        assert numbers_of(app) == [*range(1, 11)]
        again = killed(copy, short / "again")
    async with life(again) as app:
        assert numbers_of(app) == [*range(1, 11)], "it is in the log now"


async def test_an_edge_that_is_silent_keeps_nothing_back(
    short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = furthest._Edge.connect

    def soon_leave_the_silent_one(edge: furthest._Edge) -> None:
        connect(edge)
        if edge._path.endswith("silent.sock"):  # and be patient with the other
            edge.sock.settimeout(0.05)

    monkeypatch.setattr(furthest._Edge, "connect", soon_leave_the_silent_one)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(short / "silent.sock"))
        silent.listen()  # and accepts nobody
        async with life(short / "state", bus=short / "edge.sock") as app:
            await give(app, 3)
            sockets = [str(short / f"{name}.sock") for name in ("silent", "edge")]
            found = await asked(sockets, app[HUB].broadcast.ring.position(0), 3)
    assert [(each.first, each.last) for each in found] == [(1, 3)]


async def test_the_receipts_of_batches_come_along(short: Path) -> None:
    state = short / "state"
    async with life(state, bus=short / "edge.sock") as app:
        push(app, DESK, 1)
        app[HUB].cutter.cut()
        push(app, DESK, 2)
        push(app, OTHER, 7)
        app[HUB].cutter.cut()
        await written(app)
        copy = killed(state, short / "killed")
        for path in (copy / "tail", *copy.glob("log-*")):
            path.unlink()
        found = await asked([str(short / "edge.sock")], app[HUB].broadcast.ring.position(3), 9)
    assert [(each.producer, each.batch, each.last) for each in found[0].receipts] == [
        (DESK, 2, 6),
        (OTHER, 7, 9),
    ]
    async with life(copy, elsewhere=lambda _after, _upto: found) as app:
        assert judge(app, DESK, 1, 2, 3) == [New(), Duplicate(6), New()]
        assert judge(app, OTHER, 7) == [Duplicate(9)]
        again = killed(copy, short / "again")
    async with life(again) as app:
        assert judge(app, DESK, 2) == [Duplicate(6)], "it is in the log now"
