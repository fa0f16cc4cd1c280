"""The cluster: its machines, what runs on each, and who leads."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import aiohttp

from feed.cluster.address import BusAddress
from tests.cluster.rig import machines as network
from tests.cluster.rig.machines import Machine
from tests.cluster.rig.programs import Program
from tests.cluster.rig.wiring import Trouble, Way

NATS = ("n1", "n2", "n3")
INGESTS = ("i1", "i2")
EDGES = ("e1", "e2", "e3")
SMALL_DISK = "n3"  # the server of NATS whose disk a fault fills
RING = 4_096
_PORT, _NATS_PORT, _ROUTES_PORT = 8_080, 4_222, 6_222
_DISK = "160m"
_CUT_MS = 200  # of edges: the crowd is one process, and reads a frame at a time
_STREAM_BYTES = 120_000_000
_STORE_BYTES = 1_000_000_000
_ANSWER_S = 3.0


@dataclass
class Cluster:
    """All of it.

    Attributes:
        folder: for what NATS keeps, and for logs.
        rate: ticks a second of the simulated market.
        seed: of the market, and of the switch.
        ingest: the module that is run as the command of a writer.
        programs: what runs, by the name of the machine.
        troubles: what is wrong on the ways between machines, by a name of ours.
    """

    folder: Path
    rate: float
    seed: int
    ingest: str = "feed"
    programs: dict[str, Program] = field(default_factory=dict)
    troubles: dict[str, list[tuple[Way, Trouble]]] = field(default_factory=dict)
    packets: dict[str, int] = field(default_factory=dict)
    _switch: Process | None = None
    _http: aiohttp.ClientSession | None = None

    def __post_init__(self) -> None:
        names = (*NATS, *INGESTS, *EDGES)
        self.machines = {name: Machine(name, at) for at, name in enumerate(names, 1)}

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_ANSWER_S))
        await network.make(list(self.machines.values()))
        self._switch = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.cluster.rig.switch", str(self.seed), *self.machines),
            stdin=PIPE,
            stdout=PIPE,
        )
        assert self._switch.stdout is not None
        await self._switch.stdout.readline()
        await network.wire(list(self.machines.values()))
        for name in NATS:
            self.programs[name] = self._program(name, self._nats_words(name))
        for name in INGESTS:
            self.programs[name] = self._program(name, self._ingest_words(name))
        for name in EDGES:
            self.programs[name] = self._program(name, self.edge_words())
        disk = self.store(SMALL_DISK)
        await network.run("mount", "-t", "tmpfs", "-o", f"size={_DISK}", "none", str(disk))
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._http is not None
        assert self._switch is not None
        await self._http.close()
        for program in self.programs.values():
            await program.kill()
        assert self._switch.stdin is not None
        self._switch.stdin.close()
        said, _none = await self._switch.communicate()
        self.packets = json.loads(said or b"{}")
        await network.run("umount", str(self.store(SMALL_DISK)))

    # What runs.

    def _program(self, name: str, words: Sequence[str]) -> Program:
        environment = {**os.environ, "FEED_MARK_INTERVAL_S": "1", "FEED_KEEPALIVE_S": "1"}
        log = self.folder / f"{name}.log"
        return Program(self.machines[name], tuple(words), environment, log)

    def store(self, name: str) -> Path:
        """Return the folder of what a server of NATS keeps."""
        return self.folder / f"{name}-store"

    def _nats_words(self, name: str) -> tuple[str, ...]:
        machine, store = self.machines[name], self.store(name)
        store.mkdir()
        routes = ", ".join(f"nats://{self.machines[each].bus}:{_ROUTES_PORT}" for each in NATS)
        configuration = self.folder / f"{name}.conf"
        configuration.write_text(
            f"server_name: {name}\nlisten: 0.0.0.0:{_NATS_PORT}\n"
            f"jetstream {{ store_dir: {json.dumps(str(store))}, max_file_store: {_STORE_BYTES} }}\n"
            f"cluster {{ name: rig, listen: {machine.bus}:{_ROUTES_PORT}, routes: [{routes}] }}\n"
        )
        return "nats-server", "-c", str(configuration)

    def bus(self, *, front: bool = False) -> BusAddress:
        """Return the address of the bus; `front`: past the switch."""
        nodes = [self.machines[name] for name in NATS]
        places = (f"{node.front if front else node.bus}:{_NATS_PORT}" for node in nodes)
        return BusAddress.parse(f"nats://{','.join(places)}/feed", "bus")

    def _ingest_words(self, name: str) -> tuple[str, ...]:
        return (
            *(sys.executable, "-m", self.ingest, "ingest", "--bus", str(self.bus())),
            *("--source", "sim", "--rate", str(self.rate), "--seed", str(self.seed)),
            *("--bus-url", f"http://{self.machines[name].bus}:{_PORT}"),
            *("--bus-replicas", "3", "--bus-max-bytes", str(_STREAM_BYTES)),
            *("--host", "0.0.0.0", "--port", str(_PORT), "--allow-anonymous"),
            *("--ring", str(RING)),
        )

    def edge_words(self, module: str = "feed") -> tuple[str, ...]:
        """Return the command line of an edge."""
        return (
            *(sys.executable, "-m", module, "serve", "--source", str(self.bus())),
            *("--host", "0.0.0.0", "--port", str(_PORT), "--allow-anonymous"),
            *("--ring", str(RING), "--batch-ms", str(_CUT_MS)),
        )

    def edges(self) -> list[tuple[str, int]]:
        """Return where subscribers go."""
        return [(self.machines[name].front, _PORT) for name in EDGES]

    # What is wrong between machines.

    async def trouble(self, name: str, ways: Iterable[Way], trouble: Trouble) -> None:
        """Have a trouble on some ways, until it is ended by its name."""
        self.troubles[name] = [(way, trouble) for way in ways]
        await self._tell_switch()

    async def end_trouble(self, name: str) -> None:
        """End it."""
        del self.troubles[name]
        await self._tell_switch()

    async def _tell_switch(self) -> None:
        assert self._switch is not None
        assert self._switch.stdin is not None
        told = [
            (*way, trouble.cut, trouble.loss, trouble.delay_s)
            for troubles in self.troubles.values()
            for way, trouble in troubles
        ]
        self._switch.stdin.write(json.dumps(told).encode() + b"\n")
        await self._switch.stdin.drain()

    def ways_of(self, name: str) -> list[Way]:
        """Return all ways from and to a machine."""
        others = [other for other in self.machines if other != name]
        return [way for other in others for way in ((name, other), (other, name))]

    # How it is.

    async def ask(self, name: str, path: str) -> dict[str, Any]:
        """Return what a server of ours answers; {}: nothing."""
        assert self._http is not None
        try:
            async with self._http.get(f"http://{self.machines[name].front}:{_PORT}{path}") as got:
                told = await got.json(content_type=None)
                return told if isinstance(told, dict) else {}
        except (aiohttp.ClientError, OSError, ValueError):
            return {}

    async def leading_ingest(self) -> str | None:
        """Return which ingest leads; None: neither says that it does."""
        for name in INGESTS:
            if (await self.ask(name, "/readyz")).get("status") == "ready":
                return name
        return None

    async def reached(self, name: str) -> int:
        """Return the newest sequence of an edge; -1: it does not say."""
        position = (await self.ask(name, "/v1/status")).get("pos")
        return -1 if not position else int(position.rpartition("-")[2])
