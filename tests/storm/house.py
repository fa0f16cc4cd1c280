"""The house: the server of a storm, whichever process it is, its papers, and what it holds."""

import asyncio
import random
import signal
import socket
import tempfile
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from feed.hub.steps import LONGEST_NS
from tests.chaos.market import Market
from tests.chaos.outcome import Outcome
from tests.fakes.wire import Wire
from tests.storm.floods import Floods
from tests.storm.guest import Guest
from tests.storm.half_joins import HalfJoins
from tests.storm.intruders import Intruders
from tests.storm.program import Program, hold_socket
from tests.storm.registrar import Registrar
from tests.storm.scene import Scene
from tests.storm.server import Orders
from tests.storm.stalls import Stalls
from tests.trust.signing import SECRET

MOST_GROWTH = 1.05  # of memory
# Twice what is logged: the server shares its processors, and their caches, with all guests, and the
# first use of Protobuf loads it, which takes 40 ms of an idle machine.
LONGEST_STEP_MS = 2 * LONGEST_NS / 1e6
LONGEST_HEEDING_S = 5.0  # in which the server reads a keys file that has changed
MOST_LINES = 60
_GOOD_ENDS = {0, -signal.SIGKILL}


def log_file(path: str) -> IO[bytes]:
    """Return the file that takes what servers say; "": one that is gone once it is closed."""
    return Path(path).open("w+b") if path else tempfile.TemporaryFile()


class House:
    """A server that is restarted now and then, and who comes to it.

    Attributes:
        scene: the storm, as it is now.
        outcome: what was found.
        registrar: writes its keys file.
        guests: readers with papers.
    """

    def __init__(
        self,
        orders: Orders,
        guests: int,
        log: IO[bytes],
        chance: random.Random,
        *,
        slack_s: float,
        spread_s: float = 0.0,
        keeps: bool = True,
    ) -> None:
        self.outcome = Outcome()
        self.scene = Scene(Market(orders.seed), slack_s, spread_s=spread_s)
        folder = Path(orders.folder)
        (folder / "secret").write_bytes(SECRET)
        self.registrar = Registrar(folder / "keys.toml", self.scene, chance)
        self.guests = [
            Guest(number, orders.seed, self.scene, self.registrar) for number in range(guests)
        ]
        self.registrar.write()
        self._orders = orders
        self._log = log
        self._chance = chance
        self._keeps = keeps
        self._servers = 0
        self._stalls = Stalls()
        self._program: Program | None = None
        self._held: socket.socket | None = None

    # The server.

    @property
    def program(self) -> Program:
        assert self._program is not None
        return self._program

    async def begin(self) -> None:
        """Start the next server, at the port of the one before."""
        scene = self.scene
        # Every other server takes up what the one before has kept, and the epoch with it.
        pair, is_second = divmod(self._servers, 2)
        self._servers += 1
        self.scene.counts["servers that take up the epoch"] += is_second
        state = f"{self._orders.folder}/state{pair}" if self._keeps else ""
        orders = replace(self._orders, port=scene.address[1], state=state)
        async with self.registrar.whole:
            self._program = await Program.start(
                orders, self._log.fileno(), self._held, self._hear_of_keys
            )
        scene.address = "127.0.0.1", self._program.port
        scene.epoch = self._program.epoch
        scene.boots += 1

    async def restart(self) -> None:
        """End the server in one of all ways, and start another."""
        chance, scene = self._chance, self.scene
        scene.boots += 1  # what it has given out is worth nothing from now on
        # What a kill loses of an epoch that goes on is the matter of `tests.state`.
        goes_on = self._keeps and self._servers % 2
        how = signal.SIGTERM if goes_on else chance.choice([signal.SIGTERM, signal.SIGKILL])
        holds = self._held is None and chance.random() < 0.5
        if holds:  # while nobody listens
            self._note_end(await self.program.end(how))
            self._held = hold_socket(scene.address[1])
        else:
            self._note_end(await self.program.end(how))
            self._let_socket_go()
        scene.counts[f"ended by {how.name}{', clients wait' if holds else ''}"] += 1
        await asyncio.sleep(chance.random() / 2)
        await self.begin()

    async def end(self) -> None:
        """End the last server."""
        Wire.abort_all()
        self._let_socket_go()
        if self._program is not None:
            self._note_end(await self._program.end())

    def _hear_of_keys(self, said: dict[str, Any]) -> None:
        version, at_us, starved_us = said["version"], said["at_us"], said["starved_us"]
        self.scene.keys.hear(version, at_us, starved_us, has_begun=not said["is_first"])

    def _let_socket_go(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None

    def _note_end(self, status: int) -> None:
        if status not in _GOOD_ENDS:
            self.outcome.findings.append(f"the server ended with {status}")

    # What it holds.

    async def everybody_leaves(self, when: str) -> dict[str, Any]:
        """Let nobody in, and return what the server holds then."""
        self.scene.is_open.clear()
        Wire.abort_all()  # those of guests, and of whoever was amid something
        Wire.lead_to_programs()
        measured = await self.program.measure()
        print(f"{when}: {measured}", flush=True)
        if measured["left"]:
            words = f"left {when}, when nobody is there: {measured['left']}"
            self.outcome.findings.append(words)
        return measured

    def weigh(self, before: dict[str, Any], after: dict[str, Any]) -> None:
        """Hold the memory of the server against what it was, and tell what has grown by name."""
        for name in ("rss_bytes", "heap_bytes", "blocks"):
            grown = after[name] / before[name]
            self.outcome.counts[f"{name}, thousandths of before"] = round(grown * 1_000)
            print(f"{name}: {before[name]:,} → {after[name]:,} ({grown - 1:+.1%})", flush=True)
            if name == "rss_bytes" and grown > MOST_GROWTH:
                sizes = f"from {before[name] / 1e6:.1f} to {after[name] / 1e6:.1f} MB"
                self.outcome.findings.append(f"memory grew {sizes}")
        for name, (count, most, each_bytes) in after["kept"].items():
            more = count - before["kept"][name][0]
            print(
                f"kept: {name}: {count:,} of at most {most:,}, {more:+,}: "
                f"{more * each_bytes / 1e6:+.2f} MB",
                flush=True,
            )

    def judge_steps(self, longest_ms: dict[str, float]) -> None:
        """Hold the longest steps of the loop against what a step may take, in CPU time."""
        for step, ms in longest_ms.items():
            self.outcome.counts[f"longest step, us: {step}"] = round(ms * 1_000)
            if ms > LONGEST_STEP_MS:
                self.outcome.findings.append(f"a step of the loop ({step}) took {ms} ms of CPU")

    def note_log(self) -> None:
        """Look whether the servers have said that something is wrong."""
        self._log.seek(0)
        said = self._log.read().decode()
        if '"level": "error"' in said or "Traceback" in said:
            lines = [line for line in said.splitlines() if '"level": "info"' not in line]
            told = "\n".join(lines[-MOST_LINES:])
            self.outcome.findings.append(f"the server said:\n{told}")

    # Who comes.

    def disturbances(
        self, intruders_per_s: float, half_joins_per_s: float
    ) -> list[Coroutine[Any, Any, None]]:
        """Return what goes on beside the guests, each until it is cancelled."""
        scene, registrar, chance = self.scene, self.registrar, self._chance
        works: list[Callable[[], Coroutine[Any, Any, None]]] = [
            registrar.work,
            lambda: Intruders(scene, registrar, chance).work(intruders_per_s),
            lambda: HalfJoins(scene, registrar, chance).work(half_joins_per_s),
            self._stalls.watch,
        ]
        return [self._noted(work()) for work in works]

    def flood(self, every_s: float, connections: int) -> tuple[Floods, Coroutine[Any, Any, None]]:
        """Return the floods beside them, and their work."""
        floods = Floods(self.scene, self._chance, self._limited, connections)
        return floods, self._noted(floods.work(every_s))

    async def _limited(self) -> dict[str, int]:
        limited: dict[str, int] = (await self.program.sample())["limited"]
        return limited

    async def stay(self, guest: Guest) -> None:
        """Let a guest live until the market has closed, and it was told everything."""
        try:
            await guest.stay()
        except Exception as error:  # noqa: BLE001 - whatever stops a guest is a finding
            self.outcome.find(guest, error)

    async def _noted(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - the same
            self.outcome.findings.append(f"{type(error).__name__}: {error}")

    def count(self) -> None:
        """Add what was done to what was found."""
        heeded_s = self.scene.keys.longest_us / 1e6
        if heeded_s > LONGEST_HEEDING_S:
            self.outcome.findings.append(f"a keys file was heeded after {heeded_s:.1f} s only")
        counts = self.outcome.counts
        counts["longest until a keys file was heeded, ms"] = round(heeded_s * 1_000)
        counts["longest stall of the guests' loop, ms"] = self._stalls.longest_ns // 1_000_000
        counts["the guests' loop had no processor, ms"] = self._stalls.starved_ns // 1_000_000
        self.outcome.count(self.guests, self.scene.last or 0)
        self.outcome.counts += self.scene.counts
