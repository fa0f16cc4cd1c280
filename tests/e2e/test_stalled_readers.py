"""Hundreds of readers that stop reading cost the others nothing and the server little."""

import asyncio

from tests.e2e.conftest import Run
from tests.readers import Reader, open_reader

HIGH_WATER_BYTES = 64 * 1024
CATCH_UP_BYTES = 64 * 1024  # 48 KiB of ticks and what is around them
STALLED = 60


async def test_what_is_held_for_them_is_bounded_and_others_go_on(run: Run) -> None:
    program = await run("--symbols", "20", "--rate", "20000", "--ring", "16384")
    for number in range(STALLED):
        transport = ("websocket-json", "sse-json", "stream-msgpack")[number % 3]
        await open_reader(transport, program.address, receive_buffer_bytes=4_096)
    other = await open_reader("websocket-msgpack", program.address)
    reading = asyncio.create_task(_read_for_ever(other))
    await program.until_metric("feed_ladder_steps_total", STALLED)  # all of them are paused
    oldest = await program.until_metric("feed_ticks_total", 60_000)  # the ring went round
    largest = await program.metric("feed_largest_socket_buffer_bytes")
    assert HIGH_WATER_BYTES // 2 < largest <= HIGH_WATER_BYTES + CATCH_UP_BYTES
    held = await program.metric("feed_socket_buffer_bytes")
    assert held <= (STALLED + 1) * (HIGH_WATER_BYTES + CATCH_UP_BYTES)
    assert not reading.done()
    reading.cancel()
    status = await program.document("/v1/status")
    assert status["behind"] >= STALLED
    assert oldest > status["ring"]["capacity"]


async def _read_for_ever(reader: Reader) -> None:
    """Read; a gap, or an end, fails."""
    while True:
        messages, _ = await reader.read()
        assert messages[0]["T"] in {"t", "mark"}
