"""Requests with one answer."""

import socket

import pytest

from feed.client.errors import NotAFeed, Refused
from feed.client.link import Lost
from feed.errors import InvalidParameter
from feed.terminal.finite import Finite
from tests.terminal.answers import Answers


async def test_an_object_and_a_text_are_answers(answers: Answers) -> None:
    answers.document("/v1/bars", {"bars": []})
    answers.text("/metrics", "feed_up 1\n")
    async with Finite(answers.url) as server:
        assert await server.document("v1/bars", symbol="BTC/USD", limit="3") == {"bars": []}
        assert await server.text("metrics") == "feed_up 1\n"
    assert answers.asked == ["/v1/bars?symbol=BTC/USD&limit=3", "/metrics"]
    assert "APCA-API-KEY-ID" not in answers.headers


async def test_a_path_before_the_server_is_kept(answers: Answers) -> None:
    answers.document("/market/v1/status", {})
    async with Finite(f"{answers.url}/market/") as server:
        assert await server.document("v1/status") == {}


async def test_an_identity_is_sent_along(answers: Answers) -> None:
    answers.document("/v1/status", {})
    async with Finite(answers.url, "me", "mine") as server:
        await server.document("v1/status")
    assert answers.headers["APCA-API-KEY-ID"] == "me"
    assert answers.headers["APCA-API-SECRET-KEY"] == "mine"


async def test_a_refusal_has_the_servers_words(answers: Answers) -> None:
    problem = '{"title": "Not Found", "detail": "there is no such thing"}'
    answers.text("/v1/bars", problem, 404, "application/problem+json")
    async with Finite(answers.url) as server:
        with pytest.raises(Refused, match="404: there is no such thing"):
            await server.document("v1/bars")
        with pytest.raises(Refused, match="404: Not Found"):
            await server.document("v1/else")


async def test_a_server_in_trouble_may_be_asked_again(answers: Answers) -> None:
    answers.text("/v1/bars", "<html>", 503, "text/html")
    async with Finite(answers.url) as server:
        with pytest.raises(Lost, match="503: Service Unavailable"):
            await server.document("v1/bars")


async def test_a_server_that_is_away_may_be_asked_again() -> None:
    with socket.socket() as taken:  # bound, and not listening
        taken.bind(("127.0.0.1", 0))
        async with Finite(f"http://127.0.0.1:{taken.getsockname()[1]}") as server:
            with pytest.raises(Lost, match=r"cannot connect to 127\.0\.0\.1:"):
                await server.document("v1/status")


@pytest.mark.parametrize(
    ("body", "kind"),
    [("<html>", "text/html"), ("[1]", "application/json"), ("{", "application/json")],
)
async def test_what_answers_something_else_is_no_feed(
    answers: Answers, body: str, kind: str
) -> None:
    answers.text("/v1/status", body, kind=kind)
    async with Finite(answers.url) as server:
        with pytest.raises(NotAFeed, match="/v1/status is not a feed"):
            await server.document("v1/status")


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="url: 'x' is not accepted"):
        Finite("x")
