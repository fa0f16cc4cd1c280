"""Siblings are asked together, and one that hangs is not waited for."""

import asyncio
from pathlib import Path

from aiohttp.test_utils import make_mocked_request

from feed.http.workers.asking import VIEW_S, Said, ask_all
from feed.hub.siblings import Worker, WorkerKind


def worker(serial: int, folder: Path) -> Worker:
    return Worker(f"edge-{serial}", WorkerKind.EDGE, serial, 1, str(folder / f"{serial}.sock"), "")


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nup")
    writer.close()


async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()  # until it is given up
    writer.close()


async def test_what_is_there_is_told_without_one_that_hangs_or_is_gone(tmp_path: Path) -> None:
    well, hangs, gone = (worker(serial, tmp_path) for serial in (1, 2, 3))
    request = make_mocked_request("GET", "/metrics")
    async with (
        await asyncio.start_unix_server(answer, well.socket),
        await asyncio.start_unix_server(hang, hangs.socket),
    ):
        told = await ask_all(request, [well, hangs, gone], patience_s=2.0)
    assert told == {well: Said(200, b"up"), hangs: None, gone: None}
    assert VIEW_S < 0.5
