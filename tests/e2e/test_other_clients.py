"""Clients that were never written for this server."""

import asyncio
import json
import re
import shutil
from asyncio.subprocess import PIPE

import httpx
import pytest
import websockets
from httpx_sse import aconnect_sse

from tests.e2e.conftest import Run
from tests.fakes.patience import PROGRAM_PATIENCE_S

SERVE = ("--symbols", "AAPL,MSFT,BTC/USD", "--rate", "500", "--seed", "3")


async def curl(*arguments: str, lines: int) -> list[str]:
    """Run curl until it has printed so many lines."""
    path = shutil.which("curl")
    if path is None:
        pytest.skip("curl is not installed")
    process = await asyncio.create_subprocess_exec(
        path, "--no-progress-meter", *arguments, stdout=PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PROGRAM_PATIENCE_S):
            return [(await process.stdout.readline()).decode() for _ in range(lines)]
    finally:
        process.kill()
        await process.wait()


@pytest.mark.parametrize("options", [[], ["--compressed"]], ids=["plain", "compressed"])
async def test_curl_reads_events_as_they_come(run: Run, options: list[str]) -> None:
    program = await run(*SERVE)
    lines = await curl("-N", *options, program.url("/v1/sse?trades=*"), lines=35)
    assert lines[0].startswith("retry: ")
    assert lines[1] == "event: mark\n"
    sequences = [int(lines[2].rpartition("-")[2])]
    for id_line, data_line, blank in zip(lines[5::3], lines[6::3], lines[7::3], strict=True):
        assert id_line.startswith("id: ")
        sequences.append(int(id_line.rpartition("-")[2]))
        assert json.loads(data_line.removeprefix("data: "))[0]["T"] == "t"
        assert blank == "\n"
    assert sequences == sorted(set(sequences))


async def test_curl_of_http_1_0_sees_no_chunk_sizes(run: Run) -> None:
    program = await run(*SERVE)
    lines = await curl("-N", "--http1.0", program.url("/v1/stream?trades=*"), lines=20)
    ids = [tick["i"] for line in lines for tick in json.loads(line) if tick.get("S") == "AAPL"]
    assert ids == list(range(ids[0], ids[0] + len(ids)))


async def test_websockets_talks_json_with_and_without_compression(run: Run) -> None:
    program = await run(*SERVE)
    for compression in (None, "deflate"):
        async with websockets.connect(
            program.url("/v1/ws", "ws"), compression=compression, open_timeout=PROGRAM_PATIENCE_S
        ) as socket:
            (connected,) = json.loads(await socket.recv())
            assert (connected["T"], connected["msg"]) == ("success", "connected")
            await socket.send(
                json.dumps({"action": "subscribe", "trades": ["*"], "marks": True, "after": "0"})
            )
            assert json.loads(await socket.recv())[0]["T"] == "subscription"
            last: dict[str, int] = {}
            for _ in range(60):
                messages = json.loads(await socket.recv())
                assert messages[-1]["T"] == "mark"
                for trade in messages[:-1]:
                    symbol, number = trade["S"], trade["i"]
                    assert number == last.get(symbol, number - 1) + 1, "no hole, nothing twice"
                    last[symbol] = number
            pong = asyncio.ensure_future(await socket.ping())
            while not pong.done():  # what came before it is to be read before it
                await socket.recv()
        assert socket.close_code == 1000


async def test_httpx_sse_reads_and_resumes(run: Run) -> None:
    program = await run(*SERVE)
    last: dict[str, int] = {}
    position = ""
    url = program.url("/v1/sse?trades=*&after=0")
    for _ in range(4):
        headers = {"Last-Event-ID": position} if position else {}
        async with (
            httpx.AsyncClient(timeout=PROGRAM_PATIENCE_S) as client,
            aconnect_sse(client, "GET", url, headers=headers) as source,
        ):
            events = 0
            async for event in source.aiter_sse():
                assert event.event == "message"
                for trade in event.json():
                    symbol, number = trade["S"], trade["i"]
                    assert number == last.get(symbol, number - 1) + 1, "no hole, nothing twice"
                    last[symbol] = number
                position = event.id
                events += 1
                if events == 15:
                    break


async def test_httpx_with_its_own_patience_outlasts_silence(run: Run) -> None:
    """It gives up after 5 s without a byte, and the server's own intervals are not changed here."""
    program = await run(*SERVE)
    plain = {"Accept-Encoding": "identity"}
    async with (
        httpx.AsyncClient() as client,
        client.stream("GET", program.url("/v1/sse?trades=SILENT"), headers=plain) as response,
    ):
        chunks = response.aiter_raw()
        came = b""
        while not (found := re.search(rb"event: warning\n.*?\n\n", came, re.DOTALL)):
            came += await anext(chunks)
        assert came.startswith(b"retry: ")
        assert b"event: mark\n" in came
        beats = came[found.end() :] or await anext(chunks)
        assert re.fullmatch(rb"(:\n)+", beats), "several at once where we were late"
