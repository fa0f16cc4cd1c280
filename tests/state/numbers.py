"""A source of numbered ticks that another process can take up, and a server of it for a while."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from feed.http.app import HUB, INGEST, KEEPER, make_app
from feed.http.protocol.runner import Runner
from feed.market.ticks import Kind, Tick
from feed.program.bus import listening_bus
from feed.program.listening import Site
from feed.settings.options import Settings
from feed.sources.source import Instrument
from feed.state.restore import Elsewhere
from tests.fakes.numbered_ticks import numbered
from tests.fakes.patience import until

NEVER_S = 3_600.0


class Numbers:
    """Gives ticks with the numbers 1, 2, 3 … when it is told to."""

    name = "numbers"
    can_wait = False
    live = False
    passes = 0
    clocks_ns: Sequence[int] | None = None
    recorded_kinds = frozenset({Kind.BAR})  # so that no bars come between

    def __init__(self, name: str = "numbers") -> None:
        self.name = name
        self.rows_skipped: dict[str, int] = {}
        self.given_ticks = 0
        self.began = 0  # behind which number
        self._last = 0
        self._wanted: asyncio.Queue[int] = asyncio.Queue()

    def give(self, count: int) -> None:
        """Give as many ticks, as one list."""
        self._wanted.put_nowait(count)

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        pass

    def instruments(self) -> list[Instrument]:
        return []

    def instrument(self, symbol: str) -> Instrument | None:  # noqa: ARG002 - the protocol's
        return None

    def state(self) -> dict[str, Any]:
        return {"number": self.began + self.given_ticks}

    def resume(self, state: dict[str, Any], skipped_ticks: int) -> bool:
        self.began = state["number"] + skipped_ticks - self.given_ticks
        return True

    async def batches(self) -> AsyncIterator[list[Tick]]:
        while True:
            count = await self._wanted.get()
            first = self.began + self.given_ticks + 1
            yield [numbered(number) for number in range(first, first + count)]
            self.given_ticks += count


@asynccontextmanager
async def life(
    path: Path,
    source: Any = None,
    look: Callable[[web.Application], None] = lambda _: None,
    *,
    checkpoint_s: float = NEVER_S,
    elsewhere: Elsewhere | None = None,
    bus: Path | None = None,
    **settings: Any,
) -> AsyncIterator[web.Application]:
    """Let a server live that keeps its state in a directory; nobody can connect to it but at `bus`.

    `look` is shown what it has taken up, before it begins; `elsewhere` is asked for what is lost.
    """
    settings = {"port": 0, "ring": 1 << 12, **settings}
    app = await make_app(
        Settings(state=path, **settings),
        source or Numbers(),
        checkpoint_s=checkpoint_s,
        elsewhere=elsewhere,
    )
    look(app)
    runner = Runner(app, app[HUB])
    await runner.setup()
    places = ExitStack()
    try:
        if bus is not None:
            await Site(runner, places.enter_context(listening_bus(bus))).start()
        await until(lambda: app[KEEPER].checkpoints)  # the first one comes at once
        yield app
    finally:
        await runner.cleanup()
        places.close()


async def give(app: web.Application, *counts: int) -> None:
    """Give lists of ticks, and wait until they are cut."""
    broadcast, source = app[HUB].broadcast, app[INGEST].sides[0].source
    assert isinstance(source, Numbers)
    for count in counts:
        upto = broadcast.cut_sequence + count
        source.give(count)
        await reached(app, upto)


async def reached(app: web.Application, sequence: int) -> None:
    """Wait until a sequence is cut."""
    await until(lambda: app[HUB].broadcast.cut_sequence >= sequence)


async def written(app: web.Application) -> None:
    """Wait until the log is written."""
    await until(lambda: not app[KEEPER].writer.queued_bytes)


def killed(path: Path, to: Path) -> Path:
    """Return a copy of a directory, as a kill at this moment leaves it."""
    shutil.copytree(path, to)
    return to


def numbers_of(app: web.Application) -> list[int]:
    """Return the numbers of the ticks that a ring holds; 0 within holes."""
    ring = app[HUB].broadcast.ring
    ticks = ring.slots(ring.oldest - 1, len(ring))
    return [0 if tick is None else tick.event_ns for tick in ticks]
