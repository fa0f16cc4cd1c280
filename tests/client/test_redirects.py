"""A redirect takes no credential to another origin."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from yarl import URL

from feed.client.errors import Refused
from feed.client.redirects import check, send
from feed.client.stream import Stream
from feed.client.subscription import Subscription
from feed.market.ticks import Channel
from feed.terminal.finite import Finite
from tests.client.streams import TRANSPORTS

SECRET = "only-for-the-first"


class Pair:
    """A server that redirects everything, and what another one is shown."""

    def __init__(self) -> None:
        self.status = 307
        self.shown: list[str] = []
        self.led = ""

    async def redirect(self, request: web.Request) -> web.StreamResponse:
        if request.path.startswith("/moved/"):
            return web.Response(text=request.headers.get("APCA-API-SECRET-KEY", "none"))
        return web.Response(status=self.status, headers={"Location": self.led + request.path_qs})

    async def stranger(self, request: web.Request) -> web.StreamResponse:
        self.shown += request.headers.values()
        if "Upgrade" not in request.headers:
            return web.json_response({})
        socket = web.WebSocketResponse(protocols=("feed.json",))
        await socket.prepare(request)
        await socket.send_str('[{"T":"success","msg":"connected"}]')
        async for message in socket:
            self.shown.append(message.data)
        return socket


@pytest.fixture
async def pair() -> AsyncIterator[tuple[Pair, str]]:
    both = Pair()
    first, other = web.Application(), web.Application()
    first.router.add_route("*", "/{path:.*}", both.redirect)
    other.router.add_route("*", "/{path:.*}", both.stranger)
    async with TestServer(first) as server, TestServer(other) as stranger:
        both.led = str(stranger.make_url("")).rstrip("/")
        yield both, str(server.make_url("")).rstrip("/")


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_stream_shows_nothing_to_another_origin(
    pair: tuple[Pair, str], transport: Any
) -> None:
    both, url = pair
    trades = Subscription.of({Channel.TRADES: "*"})
    async with Stream(url, trades, transport=transport, key="me", secret=SECRET) as stream:
        with pytest.raises(Refused, match=r"another origin.*give its URL instead") as refused:
            await stream.open()
    assert both.led in str(refused.value)
    assert SECRET not in "".join(both.shown)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_command_shows_nothing_to_another_origin(
    pair: tuple[Pair, str], status: int
) -> None:
    both, url = pair
    both.status = status
    async with Finite(url, "me", SECRET) as server:
        with pytest.raises(Refused, match="another origin"):
            await server.document("v1/status")
    assert both.shown == []


async def test_a_report_shows_nothing_to_another_origin_and_ends_in_a_refusal(
    pair: tuple[Pair, str],
) -> None:
    both, url = pair
    async with aiohttp.ClientSession(headers={"APCA-API-SECRET-KEY": SECRET}) as session:
        with pytest.raises(Refused, match="another origin"):
            await send(session, "POST", URL(url) / "v1/feedback", json={})
    assert both.shown == []


async def test_a_redirect_of_the_same_origin_is_followed_but_not_for_ever(
    pair: tuple[Pair, str],
) -> None:
    both, url = pair
    both.led = "/moved"
    headers = {"APCA-API-SECRET-KEY": SECRET}
    async with aiohttp.ClientSession(headers=headers) as session:
        answer = await send(session, "GET", URL(url) / "v1/status")
        assert await answer.text() == SECRET
        both.led = ""
        with pytest.raises(Refused, match="more than 10 times"):
            await send(session, "GET", URL(url) / "v1/status")
        both.led = "http://[::bad"
        with pytest.raises(Refused, match="not a URL"):
            await send(session, "GET", URL(url) / "v1/status")


@pytest.mark.parametrize(
    ("asked", "led", "follows"),
    [
        ("http://a/v1/ws", "http://a:80/else", True),
        ("http://a:8080/v1/ws", "https://a/v1/ws", True),
        ("http://a/v1/ws", "https://a:8443/v1/ws", False),
        ("https://a/v1/ws", "http://a/v1/ws", False),
        ("http://a:8080/v1/ws", "http://a:8081/v1/ws", False),
        ("http://a/v1/ws", "http://a.evil/v1/ws", False),
        ("https://a/v1/ws", "ftp://a:443/v1/ws", False),
        ("https://a/v1/ws", "mailto:me", False),
    ],
)
def test_the_origins_that_a_credential_may_go_to(asked: str, led: str, *, follows: bool) -> None:
    if follows:
        check(URL(asked), URL(led), 307)
        return
    with pytest.raises(Refused, match="another origin"):
        check(URL(asked), URL(led), 307)
