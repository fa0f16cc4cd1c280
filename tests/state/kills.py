"""A server that is killed again and again under load, and readers that survive it.

Readers of all transports and codecs come back with their positions, some of them slow, so that a
kill finds them behind. A ledger of each (`tests.chaos.ledger`) knows every tick that is due: one
that is missing without a word, comes twice, or is another one than before, is a finding. With a
tail nothing is lost, and no gap is told but of what the ring does not hold any more; without one,
as where the disk has no room for it, what a kill took is told, and nothing else.
"""

import asyncio
import random
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from feed.state.recovery import Recovery
from tests.chaos.conflated import Wrong
from tests.chaos.ledger import Ledger
from tests.chaos.market import Market
from tests.chaos.times import Times
from tests.fakes.messages import Message
from tests.fakes.patience import PROGRAM_PATIENCE_S, until
from tests.fakes.ports import free_port
from tests.fakes.readers import TRANSPORTS, Reader, open_unread
from tests.fakes.wire import Address, Ended, Wire

SLOW_BUFFER_BYTES = 4_096
AWAY_S = 0.2
CLEAN_EVERY = 5  # ends are in order
KEPT_QUIET = frozenset({"success", "subscription", "feed", "leaving", "bye"})


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done.

    Attributes:
        directory: of the state.
        seed: of the market, and of the moments.
        kills: how often.
        rate: ticks a second.
        readers: how many.
        tail: the servers keep one.
    """

    directory: Path
    seed: int
    kills: int
    rate: float = 5_000.0
    readers: int = 27
    tail: bool = True


@dataclass
class Outcome:
    """What came of it.

    Attributes:
        findings: in words.
        counts: of what was done and checked.
        holes: what was lost, by first and last sequence, as servers took it up.
    """

    findings: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    holes: list[tuple[int, int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Life:
    """A server, and what it said that it has taken up."""

    process: Process
    recovery: Recovery
    epoch: str
    newest: int
    lost: int


class Survivor:
    """A reader that comes back whatever happens."""

    def __init__(self, number: int, plan: Plan, market: Market, outcome: Outcome) -> None:
        self._number = number
        self._chance = random.Random(plan.seed * 1_009 + number)
        self._transport = TRANSPORTS[number % len(TRANSPORTS)]
        self._is_slow = number % 3 == 0
        self._ledger = Ledger(market, Times())
        self._keys = market.resolve({"trades": ["*"]})
        self._outcome = outcome
        self._is_restated = False  # within a snapshot

    @property
    def has_ticks(self) -> bool:
        """Whether it was told some, and where it stands behind them."""
        return self._ledger.counts["lossless ticks"] > 0

    async def live(self, address: Address, last: Callable[[], int | None]) -> None:
        """Read until everything was told up to the last sequence, once there is one.

        Raises:
            Wrong: something came that was not due, or did not come.
        """
        while True:
            returns = self._ledger.position is not None
            self._ledger.connect(self._keys, {}, returns=returns)
            self._is_restated = False
            position = f"{self._ledger.epoch}-{self._ledger.position}" if returns else None
            try:
                reader = await open_unread(
                    self._transport,
                    address,
                    after=position,
                    receive_buffer_bytes=SLOW_BUFFER_BYTES if self._is_slow else None,
                )
                try:
                    if await self._read(reader, last):
                        break
                finally:
                    reader.abort()
            except (OSError, Ended):
                self._outcome.counts["comes back"] += 1
            except AssertionError as refusal:  # of a server that had begun to leave
                if "leaving" not in str(refusal):
                    raise
                self._outcome.counts["is sent away"] += 1
            await asyncio.sleep(AWAY_S * self._chance.random())
        self._outcome.counts += self._ledger.counts

    async def _read(self, reader: Reader, last: Callable[[], int | None]) -> bool:
        while True:
            messages, position = await reader.read()
            for message in messages:
                position = self._hear(message) or position
            if position is not None:
                epoch, _, number = position.rpartition("-")
                self._ledger.reach(epoch, int(number))
            newest = last()
            if newest is not None and (self._ledger.position or 0) >= newest:
                return True
            if self._is_slow and self._chance.random() < 0.02:
                await asyncio.sleep(self._chance.random())

    def _hear(self, message: Message) -> str | None:
        match message["T"]:
            case "snapshot":  # after a gap; what it is of is not what is due, but what is known
                self._is_restated = message["state"] == "begin"
                return None if self._is_restated else str(message["pos"])
            case "t" if not self._is_restated:
                self._ledger.hear(message)
            case "mark":
                return str(message["pos"])
            case "gap":
                first, last = (int(str(message[end]).rpartition("-")[2]) for end in ("from", "to"))
                if message["reason"] == "lost":
                    self._check_lost(first, last)
                elif message["reason"] != "overrun":
                    raise Wrong(f"unexpected: {message}")
                self._ledger.gap(first, last, message["reason"])
            case other if other not in KEPT_QUIET and not self._is_restated:
                raise Wrong(f"unexpected: {message}")
        return None

    def _check_lost(self, first: int, last: int) -> None:
        if not any(start <= first and last <= end for start, end in self._outcome.holes):
            raise Wrong(f"{first} to {last} are told to be lost, and were not")
        self._outcome.counts["told ticks that are lost"] += last - first + 1


async def play(plan: Plan) -> Outcome:
    """Kill as often as planned, end in order now and then, and see what readers were told."""
    outcome, chance = Outcome(), random.Random(plan.seed)
    market = Market(plan.seed)
    port = free_port()
    newest: list[int] = []
    Wire.lead_to_programs()
    readers = [Survivor(number, plan, market, outcome) for number in range(plan.readers)]
    tasks = [
        asyncio.create_task(
            _live(reader, ("127.0.0.1", port), lambda: newest[0] if newest else None, outcome)
        )
        for reader in readers
    ]
    log_path = plan.directory.with_suffix(".log")
    life: Life | None = None
    try:
        with log_path.open("wb") as log:
            for number in count():
                life = await _begin(plan, port, log.fileno(), outcome, life)
                in_order = number % CLEAN_EVERY == CLEAN_EVERY - 1
                # The first one is killed once it has something that can be taken up, and somebody
                # who can come back.
                await until((plan.directory / "checkpoint").exists, PROGRAM_PATIENCE_S)
                await until(lambda: any(reader.has_ticks for reader in readers), PROGRAM_PATIENCE_S)
                span_s = chance.choice((0.02, 0.3, 1.0)) if number else 0.3
                await asyncio.sleep(span_s * (0.5 + chance.random()))
                life.process.send_signal(signal.SIGTERM if in_order else signal.SIGKILL)
                await life.process.wait()
                outcome.counts["ends in order" if in_order else "kills"] += 1
                if outcome.counts["kills"] == plan.kills:
                    break
            last = await _begin(plan, port, log.fileno(), outcome, life, quiet=True)
            newest.append(last.newest)
            async with asyncio.timeout(PROGRAM_PATIENCE_S):
                await asyncio.gather(*tasks)
            last.process.terminate()
            await last.process.wait()
            outcome.counts["published"] = last.newest
    finally:
        for task in tasks:
            task.cancel()
        Wire.abort_all()
        if life is not None and life.process.returncode is None:
            life.process.kill()
    said = log_path.read_text(encoding="utf-8")
    if '"level": "error"' in said or "Traceback" in said:
        outcome.findings.append(f"a server said:\n{said[-4_000:]}")
    return outcome


async def _live(
    reader: Survivor, address: Address, last: Callable[[], int | None], outcome: Outcome
) -> None:
    try:
        await reader.live(address, last)
    except Exception as error:  # noqa: BLE001 - whatever stops a reader is a finding
        outcome.findings.append(f"reader {reader._number}: {error!r}")


async def _begin(
    plan: Plan,
    port: int,
    log: int,
    outcome: Outcome,
    before: Life | None,
    *,
    quiet: bool = False,
) -> Life:
    """Start a server, and hold what it takes up against the one before."""
    began_s = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.state.server", str(plan.seed)),
        *(str(0.0 if quiet else plan.rate), str(plan.directory), str(port)),
        *(() if plan.tail else ("no-tail",)),
        stdout=PIPE,
        stderr=log,
    )
    assert process.stdout is not None
    async with asyncio.timeout(PROGRAM_PATIENCE_S):
        line = (await process.stdout.readline()).decode().split()
    if not line:
        said = plan.directory.with_suffix(".log").read_text(encoding="utf-8")
        raise Wrong(f"the server did not begin:\n{said[-4_000:]}")
    life = Life(process, Recovery(line[0]), line[2], int(line[3]), int(line[4]))
    outcome.counts[f"begins after {life.recovery}"] += 1
    outcome.counts["milliseconds to begin"] += int(1_000 * (time.monotonic() - began_s))
    if life.lost:
        outcome.holes.append((life.newest - life.lost + 1, life.newest))
        outcome.counts["lost ticks"] += life.lost
        if plan.tail:
            outcome.findings.append(f"{life} has lost some")
    if before is not None and (life.epoch != before.epoch or life.newest < before.newest):
        outcome.findings.append(f"{before} was followed by {life}")
    return life
