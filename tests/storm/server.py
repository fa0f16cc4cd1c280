"""The server under test: `python -m tests.storm.server ORDERS`, in JSON.

The product, with a market that can be computed, keys and tokens, a small ring and small buffers. It
prints a line of JSON once it serves, for SIGUSR1 what it holds once everybody has left, for SIGHUP
what it holds now, and for SIGUSR2, which closes the market, the last number.
"""

import asyncio
import ctypes
import gc
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import uvloop

from feed.broadcast.lane import Lane
from feed.broadcast.lanes import Lanes
from feed.broadcast.selection_index import SelectionIndex
from feed.http.app import HUB, make_app
from feed.http.protocol.runner import Runner
from feed.hub.entitlement import Entitlement
from feed.hub.hub import Hub
from feed.hub.session import Session
from feed.market.ticks import Tick, Trade
from feed.program import logs
from feed.program.leaving import EndSignals, leave
from feed.program.listening import Site
from feed.program.memory import collect_rarely, return_large_blocks
from feed.settings.options import Settings
from feed.trust.identity import NOBODY, Identity
from tests.chaos.market import Market
from tests.state.server import CHECKPOINT_S, MarketSource
from tests.storm.registrar import LOOK_S
from tests.trust.signing import ISSUER

SEND_BUFFER_BYTES = 16_384
_LOOK_S = 0.05


@dataclass(frozen=True)
class Orders:
    """What a server is told.

    Attributes:
        seed: of the market.
        rate: ticks a second.
        ring: capacity.
        folder: with the keys file and the secret of tokens.
        port: to listen on; 0: any.
        held: the descriptor of a socket that listens already; None: it listens by itself.
        drain_s: over which subscribers are sent away at the end.
        batch_ms: between cuts; None: by the load.
        state: the directory of what is kept over restarts; "": nothing is.
        quiet_within_s: once everybody has left, when it measures.
        is_broken: on purpose.
    """

    seed: int
    rate: float
    ring: int
    folder: str
    port: int = 0
    held: int | None = None
    drain_s: float = 0.0
    batch_ms: float | None = None
    state: str = ""
    quiet_within_s: float = 15.0
    is_broken: bool = False

    def argument(self) -> str:
        return json.dumps(asdict(self))


class _Source(MarketSource):
    """A market that is open until it is told to close."""

    def end(self) -> None:
        self._rate = 0.0


async def close_market(source: _Source, hub: Hub) -> None:
    """Close the market, and print the number of its last tick."""
    source.end()
    await asyncio.sleep(_LOOK_S)  # what it was about to give is given
    while source.state()["number"] != hub.broadcast.ring.newest:  # noqa: ASYNC110
        await asyncio.sleep(_LOOK_S)
    say("newest", last=hub.broadcast.ring.newest)


def say(name: str, **values: Any) -> None:
    """Print one line."""
    print(json.dumps({"T": name, **values}), flush=True)


def held(hub: Hub) -> dict[str, int]:
    """Return how many of everything there are that belongs to somebody."""
    broadcast, audience, waiting = hub.broadcast, hub.audience, hub.waiting
    lanes, warnings = broadcast.lanes, hub.audience.warnings
    return {
        "tasks": len(asyncio.all_tasks()),
        "sockets": sum(map(_is_socket, Path("/proc/self/fd").iterdir())),
        "sessions": len(hub.sessions),
        "connected": hub.connected.total(),
        "behind": len(audience.behind),
        "lanes": len(lanes),
        "payloads": len(lanes._carried) + len(lanes._left),
        "intervals": len(lanes.conflators),
        "entries of indexes": lanes.index_entries,
        "sets of wildcards": lanes.wildcard_sets._members.total(),
        "bytes of compressors": lanes.budget.used_bytes,
        "warnings to come": len(warnings._doubts),
        "warnings remembered": len(warnings._told),
        "symbols beside": len(audience._beside),
        "heads to come": len(waiting.heads) + len(waiting.idle),
        "bytes to come": waiting.held_bytes,
        "requests being answered": hub.answering._value,
    }


def _is_socket(fd: Path) -> bool:
    """Tell whether a descriptor is a socket; files of the state, and of keys, come and go."""
    with suppress(OSError):
        return str(fd.readlink()).startswith("socket:")
    return False


async def measure(hub: Hub, nobody: dict[str, int], within_s: float) -> None:
    """Wait until nothing is held for anybody, or long enough, and print what there is."""
    deadline_s = time.monotonic() + within_s
    while (now := held(hub)) != nobody and time.monotonic() < deadline_s:  # noqa: ASYNC110
        await asyncio.sleep(_LOOK_S)
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    say(
        "measured",
        left={name: count - nobody[name] for name, count in now.items() if count != nobody[name]},
        rss_bytes=rss_bytes(),
        departed=len(hub.departed),
        opened=hub.opened.total(),
        ended={reason.name: count for reason, count in hub.ended.items()},
        longest_ms={step.value: round(ns / 1e6, 1) for step, ns in hub.steps.longest_ns.items()},
    )


def sample(hub: Hub) -> dict[str, int]:
    """Return what it holds now, memory and files among it."""
    files = sum(1 for _ in Path("/proc/self/fd").iterdir())
    return {"rss_bytes": rss_bytes(), "files": files, **held(hub)}


def rss_bytes(process: int | str = "self") -> int:
    """Return how much memory a process has."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def break_on_purpose() -> None:
    """Lose trades, keep what was revoked, and keep a lane that nobody has."""
    distribute, leave_lane = SelectionIndex.distribute, Lanes.leave
    kept: list[Lane] = []

    def distribute_but_some(
        self: SelectionIndex, ticks: Sequence[Tick], fragments: Sequence[bytes]
    ) -> None:
        few = [index for index, tick in enumerate(ticks) if not _is_lost(tick)]
        distribute(self, [ticks[index] for index in few], [fragments[index] for index in few])

    def keep_selection(self: Entitlement, session: Session, identity: Identity) -> None:
        if session.identity is not NOBODY:
            session.identity = identity
        else:
            identify(self, session, identity)

    def leave_all_but_one(self: Lanes, lane: Lane) -> None:
        if kept or lane.members > 1 or not lane.payload.key.selection.symbols:
            leave_lane(self, lane)
        else:
            kept.append(lane)

    identify = Entitlement.identify
    SelectionIndex.distribute = distribute_but_some  # type: ignore[method-assign]
    Entitlement.identify = keep_selection  # type: ignore[method-assign]
    Lanes.leave = leave_all_but_one  # type: ignore[method-assign]


def _is_lost(tick: Tick) -> bool:
    """Not at once: whoever misses one looks for nothing else."""
    # By its type: a conflated one is a trade too.
    return type(tick) is Trade and tick.trade_id > 4_000 and tick.trade_id % 50 == 0


async def serve(orders: Orders) -> None:
    """Serve until SIGTERM."""
    folder = Path(orders.folder)
    settings = Settings(
        port=orders.port,
        ring=orders.ring,
        batch_ms=orders.batch_ms,
        state=Path(orders.state) if orders.state else None,
        keys=folder / "keys.toml",
        jwt_issuer=ISSUER,
        jwt_keys=str(folder / "secret"),
        high_water_bytes=8_192,
        slow_timeout_s=4.0,
        mark_interval_s=1.0,
        keepalive_s=1.0,
        ping_interval_s=2.0,
    )
    source = _Source(Market(orders.seed), orders.rate)
    app = await make_app(settings, source, look_s=LOOK_S, checkpoint_s=CHECKPOINT_S)
    hub, runner, signals = app[HUB], Runner(app, app[HUB]), EndSignals()
    await runner.setup()
    listening = _listen(orders)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)  # inherited
    signals.listen()
    while not source.given_ticks:  # noqa: ASYNC110 - all tasks have begun then
        await asyncio.sleep(_LOOK_S)
    await Site(runner, listening).start()
    collect_rarely()
    nobody = held(hub)  # before the loop can have accepted anybody
    loop = asyncio.get_running_loop()
    # The task that measures is one more than there were.
    nobody["tasks"] += 1
    asked: list[asyncio.Task[None]] = []

    def ask(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        asked.append(loop.create_task(work()))

    measuring = partial(measure, hub, nobody, orders.quiet_within_s)
    loop.add_signal_handler(signal.SIGUSR1, ask, measuring)
    loop.add_signal_handler(signal.SIGUSR2, ask, partial(close_market, source, hub))
    loop.add_signal_handler(signal.SIGHUP, lambda: say("sample", **sample(hub)))
    say("serving", port=listening.getsockname()[1], epoch=hub.broadcast.ring.epoch)
    await signals.first.wait()
    await leave(runner, signals, orders.drain_s)
    await runner.cleanup()


def _listen(orders: Orders) -> socket.socket:
    if orders.held is not None:
        return socket.socket(fileno=orders.held)
    return socket.create_server(("127.0.0.1", orders.port), backlog=4_096)


if __name__ == "__main__":
    logs.begin(sys.stderr.fileno(), interactive=False)
    return_large_blocks()
    told = Orders(**json.loads(sys.argv[1]))
    if told.is_broken:
        break_on_purpose()
    uvloop.run(serve(told))
