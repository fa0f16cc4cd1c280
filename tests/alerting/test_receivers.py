"""Receivers that hang, drip, flood or refuse; names that lead to this machine, or nowhere."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from threading import Event
from typing import Any

import pytest

from feed.alerting import resolver
from feed.alerting.tally import Tally
from feed.alerting.webhooks import Delivery, Target, Webhooks
from tests.fakes.patience import PATIENCE_S, until

SECRET = "whsec_" + "A" * 32
FAR_NS = 1 << 62
Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


async def hang(_: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def drip(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"H")
        await asyncio.sleep(0.02)


async def flood(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-More: of the same\r\n" * 1_000)
        await writer.drain()


async def long_line(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while True:
        writer.write(b"x" * 10_000)
        await writer.drain()


async def endless_body(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
    while True:
        writer.write(b"x" * 10_000)
        await writer.drain()


async def gone(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n")


async def redirect(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 307 T\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n")


class Receiver:
    """Hears webhooks, and answers them as it likes."""

    def __init__(self, answer: Answer) -> None:
        self.heard = 0
        self.talking = 0  # connections that are open
        self.port = 0
        self._answer = answer

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heard += 1
        self.talking += 1
        with suppress(asyncio.IncompleteReadError):  # whoever gave up has said less
            await reader.readuntil(b"\r\n\r\n")
        both = [asyncio.ensure_future(self._answer(writer)), asyncio.ensure_future(reader.read())]
        await asyncio.wait(both, return_when="FIRST_COMPLETED")
        await asyncio.sleep(0.02)  # what was written is read first
        for each in both:
            each.cancel()
        await asyncio.gather(*both, return_exceptions=True)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        self.talking -= 1


@asynccontextmanager
async def receiving(answer: Answer) -> AsyncIterator[Receiver]:
    receiver = Receiver(answer)
    server = await asyncio.start_server(receiver.take, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    yield receiver
    await until(lambda: not receiver.talking)
    server.close()
    await server.wait_closed()
    await asyncio.sleep(0)


@asynccontextmanager
async def sending(url: str, *, allow_private: bool) -> AsyncIterator[tuple[Webhooks, list[str]]]:
    ended: list[str] = []
    webhooks = Webhooks(
        Tally(),
        lambda _: Target(url, SECRET),
        lambda _, why: ended.append(why),
        lambda: 0,
        allow_private=allow_private,
        first_pause_s=10.0,
    )
    yield webhooks, ended
    await webhooks.close()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (hang, "no answer within"),
        (drip, ""),
        (flood, "Too many headers"),
        (long_line, "400"),
        (endless_body, None),
        (gone, "the answer was 410"),
        (redirect, "the answer was 307"),
    ],
)
async def test_a_receiver_of_any_kind_is_done_with_in_time(
    answer: Answer, words: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if answer in {hang, drip}:  # of the others none is given up by time
        monkeypatch.setattr("feed.alerting.webhooks.ATTEMPT_S", 1.0)
    async with (
        receiving(answer) as receiver,
        sending(f"http://127.0.0.1:{receiver.port}/", allow_private=True) as (webhooks, ended),
    ):
        webhooks.send(Delivery("alert_1", "own", "rule_1", b"{}", 1))  # it is given up at once
        await until(lambda: ended and receiver.heard)
    assert (ended == [""]) if words is None else (words in ended[0] and ended[0] != "")
    assert receiver.heard == 1


async def test_a_name_that_leads_to_this_machine_is_not_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with (
        receiving(gone) as receiver,
        sending(f"http://hook.example:{receiver.port}/", allow_private=False) as (webhooks, ended),
    ):
        here: Any = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", receiver.port))
        monkeypatch.setattr(resolver, "_ask", lambda *_: [here])
        webhooks.send(Delivery("alert_1", "own", "rule_1", b"{}", 1))
        await until(lambda: bool(ended))
    assert ("its address is not public" in ended[0], receiver.heard) == (True, 0)


async def test_names_that_hang_hold_no_thread_of_the_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    is_over = Event()
    monkeypatch.setattr(resolver, "_ask", lambda *_: is_over.wait() and [])
    async with sending("http://hangs.example/", allow_private=False) as (webhooks, _):
        for number in range(64):
            webhooks.send(Delivery(f"alert_{number}", f"own_{number}", "rule_1", b"{}", FAR_NS))
        await asyncio.sleep(0.01)
        assert await asyncio.wait_for(asyncio.to_thread(lambda: "done"), PATIENCE_S) == "done"
        is_over.set()
