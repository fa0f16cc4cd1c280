"""The server under test: `python -m tests.storm.server ORDERS`, in JSON.

The product, with a market that can be computed, keys and tokens, a small ring and small buffers. It
prints a line of JSON once it serves, for each version of the keys file that it has read, for
SIGUSR1 what it holds once everybody has left, for SIGHUP what it holds now, and for SIGUSR2, which
closes the market, the last number.
"""

import asyncio
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import uvloop

from feed.broadcast.lane import Lane
from feed.broadcast.lanes import Lanes
from feed.broadcast.selection_index import SelectionIndex
from feed.http.app import ACCESS, HUB, INGEST, make_app
from feed.http.protocol.runner import Runner
from feed.hub.entitlement import Entitlement
from feed.hub.hub import Hub
from feed.hub.session import Session
from feed.market.ticks import Tick, Trade
from feed.program import logs
from feed.program.end_signals import EndSignals
from feed.program.leaving import leave
from feed.program.listening import Site
from feed.program.memory import collect_rarely, return_large_blocks
from feed.settings.options import Settings
from feed.trust.identity import NOBODY, Identity
from tests.chaos.market import Market
from tests.state.server import CHECKPOINT_S, MarketSource
from tests.storm import holdings
from tests.storm.holdings import LOOK_S as _LOOK_S
from tests.storm.registrar import LOOK_S, VERSION
from tests.storm.stalls import Stalls
from tests.trust.signing import ISSUER

SEND_BUFFER_BYTES = 16_384
NEW_CONNECTIONS_PER_S = 5  # of one address: floods are to be told so
# Guests share one process, and that a machine: nobody of them is late by itself.
_AUTH_TIMEOUT_S = 30.0
_LEAKED_BYTES = 50_000
_MOST_RUNS = 6  # of the garbage collector, that are told


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
        leaks: on purpose: something of each connection.
        traces: what takes memory, by line.
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
    leaks: bool = False
    traces: bool = False

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


async def tell_of_keys(hub: Hub, stalls: Stalls) -> None:
    """Print which version of the keys file it has read, again and again."""
    watched, seen, is_first = hub.identities.keys, None, True
    assert watched is not None
    while True:
        if (keys := watched.keys) is not seen:
            seen, at_us = keys, time.monotonic_ns() // 1_000
            [name] = [key.name for key in keys if key.name.startswith(VERSION)]
            version, starved_us = int(name.removeprefix(VERSION)), stalls.starved_ns // 1_000
            say("keys", version=version, at_us=at_us, starved_us=starved_us, is_first=is_first)
            is_first = False
        await asyncio.sleep(_LOOK_S)


def leak_on_purpose() -> None:
    """Keep something of each connection for ever."""
    open_session, leaked = Hub.open, list[bytearray]()

    def open_and_keep(self: Hub, *args: Any, **options: Any) -> Session:
        leaked.append(bytearray(os.urandom(1) * _LEAKED_BYTES))
        return open_session(self, *args, **options)

    Hub.open = open_and_keep  # type: ignore[method-assign]


@dataclass
class Faults:
    """What a server that is broken on purpose does not do yet.

    Attributes:
        loses: trades, from when it has measured for the first time: whoever misses one looks for
            nothing else, and a slow machine would find nothing else.
    """

    loses: bool = False


def break_on_purpose(faults: Faults) -> None:
    """Lose trades, keep what was revoked, and keep a lane that nobody has."""
    distribute, leave_lane = SelectionIndex.distribute, Lanes.leave
    kept: list[Lane] = []

    def distribute_but_some(
        self: SelectionIndex, ticks: Sequence[Tick], fragments: Sequence[bytes]
    ) -> None:
        few = [
            index for index, tick in enumerate(ticks) if not (faults.loses and _may_be_lost(tick))
        ]
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


def _may_be_lost(tick: Tick) -> bool:
    # By its type: a conflated one is a trade too.
    return type(tick) is Trade and tick.trade_id % 50 == 0


async def serve(orders: Orders, faults: Faults) -> None:
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
        auth_timeout_s=_AUTH_TIMEOUT_S,
        max_new_connections_per_s=NEW_CONNECTIONS_PER_S,
        trust_proxy=("127.0.0.1",),  # whoever tells an address of theirs counts for it
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
    loop, stalls, collections = asyncio.get_running_loop(), Stalls(), holdings.Collections()
    beside = [loop.create_task(stalls.watch()), loop.create_task(tell_of_keys(hub, stalls))]
    nobody = holdings.held(hub)  # before the loop can have accepted anybody
    nobody["tasks"] += 1  # that measures
    asked: list[asyncio.Task[None]] = []
    traces = holdings.Traces() if orders.traces else None

    def ask(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        task = loop.create_task(work())
        task.add_done_callback(lambda done: done.cancelled() or done.result())  # told if it fails
        asked.append(task)

    async def measure() -> None:
        left = await holdings.quiet(hub, nobody, orders.quiet_within_s)
        faults.loses = True
        runs = sorted(collections.runs, key=lambda run: -run[1])
        say(
            "measured",
            left=left,
            **holdings.weigh(),
            kept=holdings.kept(hub, app[INGEST], app[ACCESS].browsers.tickets),
            opened=hub.opened.total(),
            ended={reason.name: count for reason, count in hub.ended.items()},
            limited={limit.label: count for limit, count in hub.door.limited.items()},
            longest_ms={
                each.value: round(ns / 1e6, 1) for each, ns in hub.steps.longest_ns.items()
            },
            collections=[len(runs), *runs[:_MOST_RUNS]],
            stall_ms=stalls.longest_ns // 1_000_000,
            starved_ms=stalls.starved_ns // 1_000_000,
        )
        if traces is not None:
            traces.tell()

    loop.add_signal_handler(signal.SIGUSR1, ask, measure)
    loop.add_signal_handler(signal.SIGUSR2, ask, partial(close_market, source, hub))
    loop.add_signal_handler(signal.SIGHUP, lambda: say("sample", **holdings.sample(hub)))
    say("serving", port=listening.getsockname()[1], epoch=hub.broadcast.ring.epoch)
    with collections.watching():
        await signals.first.wait()
        await leave(runner, signals, orders.drain_s)
        await runner.cleanup()
    for task in beside:
        task.cancel()


def _listen(orders: Orders) -> socket.socket:
    if orders.held is not None:
        return socket.socket(fileno=orders.held)
    return socket.create_server(("127.0.0.1", orders.port), backlog=4_096)


if __name__ == "__main__":
    logs.begin(sys.stderr.fileno(), interactive=False)
    return_large_blocks()
    told = Orders(**json.loads(sys.argv[1]))
    faults = Faults()
    if told.is_broken:
        break_on_purpose(faults)
    if told.leaks:
        leak_on_purpose()
    uvloop.run(serve(told, faults))
