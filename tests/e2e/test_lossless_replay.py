"""A recording at full speed reaches every reader whole, whatever the transport and its pace."""

import asyncio
import csv
from pathlib import Path

import pytest

from tests.e2e.conftest import Program, Run
from tests.fakes.patience import PROGRAM_PATIENCE_S
from tests.fakes.readers import Reader, open_reader

SHARED = Path(__file__).parents[3] / "shared" / "data" / "btcusdt-trades.csv"
OWN = Path(__file__).parents[1] / "data" / "trades.csv"
TRANSPORTS = ("websocket-json", "websocket-msgpack", "sse-json", "stream-json")

Rows = list[tuple[int, float, float]]  # id, price, size


def rows_of(recording: Path) -> Rows:
    with recording.open() as file:
        return [
            (int(row["id"]), float(row["price"]), float(row["amount"]))
            for row in csv.DictReader(file)
        ]


async def read_all(reader: Reader, count: int) -> Rows:
    """Read so many trades; a gap, or a snapshot, would be a loss."""
    rows: Rows = []
    while len(rows) < count:
        messages, _ = await reader.read()
        for message in messages:
            assert message["T"] in {"t", "mark", "feed"}, message  # the feed says that it is over
            if message["T"] == "t":
                rows.append((message["i"], message["p"], message["s"]))
    return rows


async def read_all_but_late(reader: Reader, count: int, program: Program) -> Rows:
    """Read only once production waits for this reader and for nobody else."""
    await program.until_metric("feed_source_waits_total", 1)
    async with asyncio.timeout(PROGRAM_PATIENCE_S):
        looks: list[int] = []
        while len(looks) < 10 or len(set(looks[-10:])) > 1:
            status = await program.document("/v1/status")
            looks.append(status["ticks"]["t"])
    assert looks[-1] < count, "production was not held"
    assert status["source"]["waits"] >= 1
    assert status["source"]["finished"] is False
    return await read_all(reader, count)


async def replay_to_all(run: Run, recording: Path, ring: int, slow: str, **tunables: int) -> None:
    rows = rows_of(recording)
    program = await run(
        *("--source", f"replay:{recording}", "--speed", "max", "--ring", str(ring)),
        *("--wait-for", str(len(TRANSPORTS))),
        slow_timeout_s=600,  # the machine may be busy
        **tunables,
    )
    reading = []
    for transport in TRANSPORTS:
        small = 4_096 if transport == slow else None
        reader = await open_reader(transport, program.address, receive_buffer_bytes=small)
        if transport == slow:
            reading.append(read_all_but_late(reader, len(rows), program))
        else:
            reading.append(read_all(reader, len(rows)))
    for transport, received in zip(TRANSPORTS, await asyncio.gather(*reading), strict=True):
        assert received == rows, transport
    status = await program.document("/v1/status")
    assert status["ladder"]["gap"] == 0
    assert status["ring"]["capacity"] == ring


@pytest.mark.parametrize("slow", ["websocket-json", "sse-json"])
async def test_9999_recorded_trades_reach_everybody_in_order(run: Run, slow: str) -> None:
    if not SHARED.exists():
        pytest.skip("the recording is not part of the project (../shared/data)")
    assert len(rows_of(SHARED)) == 9_999
    await replay_to_all(run, SHARED, 1_024, slow)


@pytest.mark.parametrize("slow", ["websocket-msgpack", "stream-json"])
async def test_a_small_recording_reaches_everybody_in_order(run: Run, slow: str) -> None:
    await replay_to_all(run, OWN, 32, slow, high_water_bytes=1_024)
