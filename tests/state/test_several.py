"""Several sources over restarts: each goes on by itself after an end in order."""

from collections.abc import Sequence
from pathlib import Path

from aiohttp import web

from feed.http.app import HUB, INGEST
from feed.market.renames import Renames
from feed.sources.named_source import NamedSource
from tests.state.numbers import Numbers, killed, life, reached, written


def two() -> list[NamedSource]:
    return [
        NamedSource("a", Numbers("a")),
        NamedSource("b", Numbers("b"), Renames(prefix="B.")),
    ]


def numbers(app: web.Application) -> Sequence[Numbers]:
    found = [side.source for side in app[INGEST].sides]
    return [source for source in found if isinstance(source, Numbers)]


async def give(app: web.Application, *counts: int) -> None:
    for source, count in zip(numbers(app), counts, strict=True):
        upto = app[HUB].broadcast.cut_sequence + count
        source.give(count)
        await reached(app, upto)


async def test_each_goes_on_where_it_stood_and_keeps_its_symbols(tmp_path: Path) -> None:
    state = tmp_path / "state"
    async with life(state, two()) as app:
        await give(app, 3, 2)
        await written(app)
        owners = app[INGEST].owners.state()
        ring = app[HUB].broadcast.ring
        copy = killed(state, tmp_path / "killed")
    assert sorted(owners) == ["a", "b"]
    async with life(state, two()) as app:
        assert app[INGEST].owners.state() == owners
        assert [source.began for source in numbers(app)] == [3, 2]
        assert app[HUB].broadcast.ring.epoch == ring.epoch
        await give(app, 1, 1)
        assert [tick.trade_id for tick in app[HUB].broadcast.ring.read(5, 2)] == [4, 3]  # type: ignore[union-attr]
    async with life(copy, two()) as app:  # nobody knows which of them gave what was not logged
        assert [source.began for source in numbers(app)] == [0, 0]
        assert (app[HUB].broadcast.ring.epoch, app[HUB].broadcast.ring.newest) == (ring.epoch, 5)


async def test_sources_that_were_halted_go_on_behind_what_they_gave(tmp_path: Path) -> None:
    async with life(tmp_path / "state", two()) as app:
        await give(app, 3, 2)
        ingest = app[INGEST]
        async with ingest.between_lists():
            await ingest.halt()
            assert [side.unnoted_ticks for side in ingest.sides] == [0, 0]
            ingest.go_on()
        await give(app, 1, 1)
        assert [tick.trade_id for tick in app[HUB].broadcast.ring.read(5, 2)] == [4, 3]  # type: ignore[union-attr]
