"""SIGTERM and SIGINT: everybody is told, in their own words, and the program ends."""

import asyncio
import signal

import pytest

from tests.e2e.conftest import Program, Run
from tests.fakes.messages import Message
from tests.fakes.patience import PROGRAM_PATIENCE_S
from tests.fakes.raw_http import RawHttp
from tests.fakes.readers import Reader, open_reader
from tests.fakes.websocket_reader import WebSocketReader
from tests.fakes.wire import Ended

TRANSPORTS = ("websocket-json", "websocket-msgpack", "sse-json", "stream-json", "stream-msgpack")


async def last_words(reader: Reader) -> Message:
    last: Message = {}
    try:
        while True:
            messages, _ = await reader.read()
            last = messages[-1]
    except Ended:
        return last


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_everybody_is_told_and_then_it_ends(run: Run, number: signal.Signals) -> None:
    # Who takes nothing would be sent away after an hour: nobody waits for it.
    program = await run("--symbols", "5", "--rate", "1000", slow_timeout_s=3_600)
    readers = [await open_reader(name, program.address) for name in TRANSPORTS]
    stalled = [
        await open_reader(name, program.address, receive_buffer_bytes=4_096)
        for name in ("websocket-json", "sse-json")
    ]
    idle = await RawHttp.get(program.address, "/readyz")
    assert (idle.status, await idle.body()) == (200, b'{"status":"ready"}')
    listening = [asyncio.create_task(last_words(reader)) for reader in readers]
    await program.until_metric("feed_ladder_steps_total", 1)  # the stalled ones are
    program.terminate(number)
    for name, reader, heard in zip(
        TRANSPORTS, readers, await asyncio.gather(*listening), strict=True
    ):
        if isinstance(reader, WebSocketReader):
            assert reader.frames[-1].close_code == 1012, name
        else:
            assert (heard["T"], heard["reason"]) == ("bye", "shutdown"), name
            assert heard["reconnect"] is True
    await never_ready_again(program)
    status, _ = await program.ended()
    assert status == 0
    for reader in stalled:
        await last_words(reader)


async def never_ready_again(program: Program) -> None:
    """Ask until nobody listens any more; 200 is none of the answers."""
    async with asyncio.timeout(PROGRAM_PATIENCE_S):
        while True:
            try:
                answer = await RawHttp.get(program.address, "/readyz")
            except (OSError, Ended):
                return
            assert answer.status == 503
            answer.wire.abort()
            await asyncio.sleep(0.05)


async def test_it_ends_at_once_when_nobody_is_there(run: Run) -> None:
    program = await run("--symbols", "5")
    program.terminate()
    assert (await program.ended())[0] == 0


async def test_a_second_signal_changes_nothing(run: Run) -> None:
    program = await run("--symbols", "5")
    await open_reader("sse-json", program.address, receive_buffer_bytes=4_096)
    program.terminate()
    program.terminate()
    assert (await program.ended())[0] == 0


async def test_a_second_signal_ends_the_waves(run: Run) -> None:
    program = await run("--symbols", "5", "--drain-s", "3000")
    readers = [await open_reader("stream-json", program.address) for _ in range(20)]
    listening = [asyncio.create_task(last_words(reader)) for reader in readers]
    program.terminate()
    await not_ready(program)
    assert not all(task.done() for task in listening), "one wave is the twelve-thousandth part"
    program.terminate()
    assert {heard["reason"] for heard in await asyncio.gather(*listening)} == {"shutdown"}
    assert (await program.ended())[0] == 0


async def test_behind_a_balancer_everybody_is_sent_away_and_then_it_ends(run: Run) -> None:
    program = await run("--symbols", "5", "--drain-s", "0.5")
    readers = [await open_reader("websocket-json", program.address) for _ in range(20)]
    listening = [asyncio.create_task(last_words(reader)) for reader in readers]
    program.terminate()
    told = await asyncio.gather(*listening)
    assert {heard["T"] for heard in told} == {"leaving"}
    assert len({heard["retry_ms"] for heard in told}) > 10
    status, log = await program.ended()
    assert (status, "leaving" in log) == (0, True)


async def not_ready(program: Program) -> None:
    """Ask until it is not ready any more."""
    async with asyncio.timeout(PROGRAM_PATIENCE_S):
        while True:
            answer = await RawHttp.get(program.address, "/readyz")
            answer.wire.abort()
            if answer.status == 503:
                return


async def test_after_a_restart_the_old_position_is_a_gap_by_epoch(run: Run) -> None:
    first = await run("--symbols", "AAPL", "--rate", "500")
    reader = await open_reader("sse-json", first.address)
    position = None
    while position is None:
        _, position = await reader.read()
    first.terminate()
    await first.ended()
    second = await run("--symbols", "AAPL", "--rate", "500")
    reader = await open_reader("websocket-json", second.address, after=position)
    (gap,), _ = await reader.read()
    epoch, _, sequence = position.partition("-")
    missing = f"{epoch}-{int(sequence) + 1}"
    assert (gap["T"], gap["from"], gap["reason"]) == ("gap", missing, "epoch")
