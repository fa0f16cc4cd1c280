"""Dozens of readers that stop reading cost the others nothing and the server little."""

from tests.e2e.conftest import Run
from tests.fakes.readers import open_reader

HIGH_WATER_BYTES = 64 * 1024
RING = 16_384
CUT_BYTES = RING // 2 * 180  # the largest: what waits for a cut is at most half of the ring
STALLED = 60


async def test_what_is_held_for_them_is_bounded_and_others_go_on(run: Run) -> None:
    program = await run(
        "--symbols", "20", "--rate", "20000", "--ring", str(RING), slow_timeout_s=600
    )
    for number in range(STALLED):
        transport = ("websocket-json", "sse-json", "stream-msgpack")[number % 3]
        await open_reader(transport, program.address, receive_buffer_bytes=4_096)
    # All of them are paused: steps may be several of one whose sockets took more after all.
    await program.until_metric("feed_behind_subscribers", STALLED)
    await program.until_metric("feed_ladder_steps_total", STALLED)
    stalled_at = (await program.document("/v1/status"))["ring"]["newest"]
    other = await open_reader("websocket-msgpack", program.address)
    position = ""
    while not position or int(position.partition("-")[2]) < stalled_at + RING:
        messages, reached = await other.read()
        assert messages
        position = position if reached is None else reached
    largest = await program.metric("feed_largest_socket_buffer_bytes")
    assert HIGH_WATER_BYTES // 2 < largest <= HIGH_WATER_BYTES + CUT_BYTES
    held = await program.metric("feed_socket_buffer_bytes")
    assert held <= (STALLED + 1) * (HIGH_WATER_BYTES + CUT_BYTES)
    await program.until_metric("feed_behind_subscribers", STALLED)
