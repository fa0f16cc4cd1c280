"""An exchange behind a whole server: its ticks and markets, its program, and the end of both."""

import importlib.util
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Program, Run
from tests.fakes.patience import PROGRAM_PATIENCE_S, until
from tests.sources.exchanges.venues import Binance, Told, speaking

SYMBOL = "BTC/USDT"


def children(of: int) -> list[int]:
    """Return the processes that one has started, and that run."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = status.read_text().rpartition(")")[2].split()[:2]
        except OSError:  # it has ended
            continue
        if int(parent) == of and state != "Z":
            found.append(int(status.parent.name))
    return found


def has_ended(process: int) -> bool:
    """Tell whether a process has ended, reaped or not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


async def told(program: Program, count: int) -> list[Any]:
    """Return the trades that there are, once there are as many."""
    while len(ticks := (await program.document(f"/v1/history?trades={SYMBOL}"))["ticks"]) < count:
        pass
    return [(tick["i"], tick["p"], tick["s"], tick["x"], tick["t"]) for tick in ticks]


@pytest.mark.skipif(
    importlib.util.find_spec("ccxt") is None, reason="ccxt is not installed (extra `exchanges`)"
)
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
async def test_an_exchange_is_streamed_over_a_kill_and_its_program_ends_with_the_server(
    run: Run,
) -> None:
    streams = ("trades BTC/USDT", "quotes BTC/USDT")
    async with speaking(Binance()) as venue:
        source = f"fx=ccxt:binance?symbols={SYMBOL},SOL/USDT&exchange_url={venue.url}"
        program = await run("--source", source)
        program.may_say = ('"event": "source_failed"',)
        await venue.ready(*streams)
        first, again = Told(SYMBOL, 1, 100.5, 0.25), Told(SYMBOL, 2, 101.0, 1.0, "sell")
        await venue.tell_trades(first)
        row = (1, 100.5, 0.25, "binance", "2026-01-02T14:30:00.001000000Z")
        assert await told(program, 1) == [row]
        [known] = (await program.document("/v1/symbols"))["symbols"]
        assert (known["asset_class"], known["currency"], known["price_step"], known["lot"]) == (
            *("crypto", "USDT"),
            *(0.01, 0.0001),
        )
        [child] = children(program.process.pid)
        os.kill(child, signal.SIGKILL)
        await until(lambda: not venue.topics, PROGRAM_PATIENCE_S)
        await venue.ready(*streams)
        await venue.tell_trades(first, again)
        assert await told(program, 2) == [
            row,
            (2, 101.0, 1.0, "binance", "2026-01-02T14:30:00.002000000Z"),
        ]
        [source_status] = (await program.document("/v1/status"))["sources"]
        assert source_status["last_error"] == "ccxt:binance: its program was ended by signal 9"
        [child] = children(program.process.pid)
        program.terminate()
        status, log = await program.ended()
        assert status == 0
        await until(lambda: has_ended(child), PROGRAM_PATIENCE_S)
        assert "binance does not have the symbol 'SOL/USDT'; did you mean" in log
