"""Batches of a producer are applied once, though a killed writer has lost them from its state."""

import asyncio
import signal
import sys
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from tests.e2e.conftest import Program, Run
from tests.e2e.test_workers import workers_of
from tests.fakes.patience import PROGRAM_PATIENCE_S
from tests.fakes.programs import kill, stop
from tests.fakes.readers import open_reader

TRADE = {"T": "t", "S": "ONCE", "x": "V", "p": 1.5, "s": 1, "t": "2026-01-05T15:30:00Z"}
JSON = {"Content-Type": "application/json"}
IN_BATCH = 3

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers need Linux")


async def pushed(program: Program, producer: str, batch: int) -> dict[str, Any]:
    """Push a batch, again and again until it is acknowledged, as a producer does."""
    rows = [{**TRADE, "i": IN_BATCH * batch + number} for number in range(IN_BATCH)]
    url = program.url(f"/v1/ingest?producer={producer}&sequence={batch}&wait=durable")
    async with asyncio.timeout(PROGRAM_PATIENCE_S), aiohttp.ClientSession() as session:
        while True:
            async with session.post(url, data=orjson.dumps(rows), headers=JSON) as answer:
                if answer.status == 200:
                    acknowledged: dict[str, Any] = await answer.json()
                    return acknowledged
                assert answer.status == 503, await answer.text()
            await asyncio.sleep(0.05)


async def loses_its_state(program: Program, state: Path) -> None:
    """Kill the writer, and take away what it has written of events, before another one begins."""
    writer = (await workers_of(program, edges=1))["writer"]
    stop(program.process.pid)
    kill(writer["pid"])
    for path in (state / "tail", *state.glob("log-*")):  # noqa: ASYNC240 - nobody waits
        path.unlink()
    program.process.send_signal(signal.SIGCONT)


async def test_no_batch_is_applied_twice_where_an_edge_alone_has_it(
    run: Run, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    program = await run("--source", "push", "--workers", "1", "--state", str(state))
    program.may_say = ("worker_died", "source_failed")
    first = [await pushed(program, producer, 1) for producer in ("a", "b", "a")]
    assert [each["duplicate"] for each in first] == [False, False, True]
    await loses_its_state(program, state)
    again = [await pushed(program, producer, 1) for producer in ("a", "b")]
    assert again == [{**each, "duplicate": True} for each in first[:2]], "the same positions"
    last = await pushed(program, "b", 2)
    assert not last["duplicate"]
    epoch = last["pos"].partition("-")[0]
    reader = await open_reader("stream-json", program.address, after=f"{epoch}-0")
    ids: list[int] = []
    async with asyncio.timeout(PROGRAM_PATIENCE_S):
        while ids[-1:] != [3 * IN_BATCH - 1]:
            messages, _ = await reader.read()
            assert [each for each in messages if each["T"] == "gap"] == []
            ids += [each["i"] for each in messages if each["T"] == "t"]
    assert ids == [3, 4, 5, 3, 4, 5, 6, 7, 8]
