"""An exchange as a server sees it: a program that is started, heard, missed, and ended."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from feed.errors import SourceError
from feed.market.ticks import Tick, Trade
from feed.sources.exchanges import source as source_module
from feed.sources.exchanges.child import PROGRAM
from feed.sources.exchanges.orders import Order
from feed.sources.exchanges.source import ExchangeSource
from feed.sources.piped import source as piped_module
from tests.fakes.patience import PROGRAM_PATIENCE_S, until

pytestmark = pytest.mark.programs
ORDER = Order("own", ("A",))
# A program in place of the one that watches: it tells its process and its order as trades.
BEGIN = """
import json, os, sys, time
order = json.loads(sys.stdin.readline())
def tell(row): print(json.dumps(row), flush=True)
def trade(number): tell({"T":"t","S":"A","i":number,"p":1,"s":1,"t":"2026-01-02T14:30:00Z"})
tell({"T":"instrument","S":"A","name":"Own","asset_class":"crypto","price_step":0.5})
trade(os.getpid())
"""


@asynccontextmanager
async def opened(code: str, *, hang_s: float = 60.0) -> AsyncIterator[ExchangeSource]:
    program = (sys.executable, "-S", "-E", "-c", BEGIN + code)
    source = ExchangeSource(ORDER, program=program, hang_s=hang_s)
    try:
        async with asyncio.timeout(PROGRAM_PATIENCE_S):
            await source.open()
            yield source
    finally:
        await source.close()


async def read(source: ExchangeSource, told: list[Tick]) -> None:
    """Read all that it tells, to its end."""
    async for ticks in source.batches():
        told += ticks


async def first_trade(batches: AsyncIterator[list[Tick]]) -> Trade:
    [tick] = await anext(batches)
    assert isinstance(tick, Trade)
    return tick


def has_ended(process: int) -> bool:
    """Tell whether a process has ended, be it that nobody has asked for its status yet."""
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return True
    return status.rpartition(")")[2].split()[0] == "Z"


@pytest.fixture
def leap(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Return what sets a clock forward, by which programs are found to hang; looks are frequent."""
    ahead_ns = 0

    def set_forward(seconds: float) -> None:
        nonlocal ahead_ns
        ahead_ns += int(seconds * 1e9)

    clock = SimpleNamespace(
        monotonic_ns=lambda: time.monotonic_ns() + ahead_ns, time_ns=time.time_ns
    )
    for module in (source_module, piped_module):
        monkeypatch.setattr(module, "time", clock)
    monkeypatch.setattr(source_module, "_LOOKS", 60_000)
    return set_forward


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Return what is logged: the level, and what the program says."""
    lines: list[tuple[str, str]] = []

    class Log:
        def __getattr__(self, level: str) -> object:
            return lambda event, **fields: lines.append((level, f"{event} {fields['says']}"))

    monkeypatch.setattr(source_module, "log", Log())
    return lines


async def test_what_it_writes_is_told_and_why_it_ended(said: list[tuple[str, str]]) -> None:
    code = """
trade(2); print("nonsense", flush=True)
sys.stderr.write("info one\\nplain\\nerror own is in maintenance\\n"); sys.exit(3)
"""
    async with opened(code) as source:
        assert [(known.symbol, known.price_step) for known in source.instruments()] == [("A", 0.5)]
        told: list[Tick] = []
        with pytest.raises(SourceError, match=r"^ccxt:own: own is in maintenance$"):
            await read(source, told)
        assert [tick.trade_id for tick in told if isinstance(tick, Trade)][1:] == [2]
        assert source.rows_skipped["unreadable"] == 1
        assert said == [
            ("info", "exchange one"),
            ("warning", "exchange plain"),
        ]
        assert (source.live, source.can_wait) == (True, False)


async def test_one_that_is_killed_is_told_and_the_next_knows_what_was_told() -> None:
    code = 'trade(int(order["told"].get("A", "0")) + 1)\ntime.sleep(60)'
    async with opened(code) as source:
        last = 0
        for opening in range(2):
            batches = source.batches()
            told: list[int] = []
            while len(told) < 2:
                told += [tick.trade_id async for tick in _trades(await anext(batches))]
            process, after = told
            assert after == last + 1
            last = after
            os.kill(process, signal.SIGKILL)
            with pytest.raises(SourceError, match=r"^ccxt:own: its program was ended by signal 9$"):
                await anext(batches)
            await source.close()
            if not opening:
                await source.open()


async def _trades(ticks: list[Tick]) -> AsyncIterator[Trade]:
    for tick in ticks:
        assert isinstance(tick, Trade)
        yield tick


async def test_one_that_ends_before_it_tells_anything_cannot_be_opened() -> None:
    source = ExchangeSource(ORDER, program=(sys.executable, "-S", "-c", "import sys; sys.exit(4)"))
    with pytest.raises(SourceError, match=r"its program has ended, with status 4"):
        await source.open()
    await source.close()
    source = ExchangeSource(ORDER, program=("/nowhere/nothing",))
    with pytest.raises(SourceError, match=r"its program cannot be started: .*No such file"):
        await source.open()
    await source.close()


async def test_one_that_hangs_is_ended_and_told(
    said: list[tuple[str, str]], leap: Callable[[float], None]
) -> None:
    async with opened("time.sleep(60)", hang_s=600.0) as source:
        batches = source.batches()
        process = (await first_trade(batches)).trade_id
        reading = asyncio.ensure_future(anext(batches))
        await until(lambda: source._piped.waits_since_ns)
        leap(601.0)
        with pytest.raises(SourceError, match=r"gave no sign of life for 600 s, and is ended"):
            await reading
        assert has_ended(process)
        assert said == []


async def test_empty_lines_are_signs_of_life(
    said: list[tuple[str, str]], leap: Callable[[float], None]
) -> None:
    code = """
import signal
words = {signal.SIGUSR1, signal.SIGUSR2}
signal.pthread_sigmask(signal.SIG_BLOCK, words)
trade(2)
while signal.sigwait(words) == signal.SIGUSR1: print(flush=True)
trade(3); time.sleep(60)
"""
    async with opened(code, hang_s=600.0) as source:
        batches, told = source.batches(), list[Tick]()
        while len(told) < 2:
            told += await anext(batches)
        assert isinstance(told[0], Trade)
        process = told[0].trade_id
        reading = asyncio.ensure_future(first_trade(batches))
        for _ in range(3):
            await until(lambda: source._piped.waits_since_ns)
            since_ns = source._piped.waits_since_ns
            leap(400.0)
            os.kill(process, signal.SIGUSR1)
            await until(lambda: source._piped.waits_since_ns > since_ns + 400 * 10**9)  # noqa: B023
        os.kill(process, signal.SIGUSR2)
        assert (await reading).trade_id == 3
        assert said == []


async def test_it_ends_with_its_source_and_what_it_floods_waits() -> None:
    async with opened("while True: trade(7)") as source:
        process = (await anext(source.batches()))[0]
        assert isinstance(process, Trade)
    assert has_ended(process.trade_id)
    await source.close()  # harmless


async def test_it_ends_when_whoever_started_it_is_killed() -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    async with asyncio.timeout(PROGRAM_PATIENCE_S):
        process = int(await parent.stdout.readline())
        assert not has_ended(process)
        parent.kill()
        await parent.wait()
        await until(lambda: has_ended(process), PROGRAM_PATIENCE_S)


PARENT = """
import asyncio, time
from feed.sources.exchanges.child import PROGRAM, Child
from feed.sources.exchanges.orders import Order
async def start():
    child = Child(PROGRAM, Order("binance", ("A",), url="http://127.0.0.1:9"), print)
    child.start()
    print(child._process.pid, flush=True)
    time.sleep(60)  # it is killed, while it hangs
asyncio.run(start())
"""


async def test_what_was_not_started_by_a_server_says_so() -> None:
    process = await asyncio.create_subprocess_exec(
        *PROGRAM, stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    _, words = await process.communicate()
    assert (process.returncode, words.decode().count("\n")) == (2, 1)
    assert "not started by a server" in words.decode()
