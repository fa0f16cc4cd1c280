"""What is not accepted: told in each API's own shape, with a status that its clients understand."""

from pathlib import Path
from typing import Any

import pytest

from tests.fakes.hand_clock import HandClock
from tests.fakes.keys import KeysFile, bearer_of
from tests.fakes.raw_http import RawHttp
from tests.http.generations.conftest import QUESTION, OpenDesk

CHAT, RESPONSES, PAGE = "/v1/chat/completions", "/v1/responses", "/api/chat"
BODIES: dict[str, Any] = {
    CHAT: QUESTION,
    RESPONSES: {"model": "script", "input": "What moved?"},
    PAGE: {"messages": [{"role": "user", "content": "What moved?"}]},
}
EACH = pytest.mark.parametrize("path", list(BODIES))


def words_of(document: Any) -> str:
    error = document["error"]
    if isinstance(error, dict):
        assert set(error) == {"message", "type", "param", "code"}
        error = error["message"]
    assert isinstance(error, str)
    return error


@EACH
async def test_a_body_that_is_too_long_is_refused_before_it_is_read(
    open_desk: OpenDesk, path: str
) -> None:
    desk = await open_desk(llm_max_prompt_bytes=100)
    headers = {"Content-Type": "application/json", "Content-Length": "10000000"}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    answer = await desk.get("/healthz")
    await answer.body()
    await answer.ask(f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{head}\r\n".encode())
    assert answer.status == 413
    assert answer.headers["Connection"] == "close"
    assert "at most" in words_of(await answer.document())


@EACH
async def test_a_prompt_that_is_too_long_is_refused(open_desk: OpenDesk, path: str) -> None:
    desk = await open_desk(llm_max_prompt_bytes=10)
    answer = await desk.post(path, BODIES[path])
    assert answer.status == 413
    assert "10" in words_of(await answer.document())


@EACH
@pytest.mark.parametrize(
    ("body", "header", "status", "words"),
    [
        (b"{}", "Content-Type: text/plain", 415, "application/json"),
        (b"{", "", 400, "no JSON"),
        (b"[1]", "", 400, "a JSON object"),
        (b"{}", "", 400, "is not accepted"),
        (b'{"messages":"\xff"}', "", 400, "no JSON"),
        (b"{}", "Origin: https://elsewhere.example", 403, "elsewhere.example"),
    ],
)
async def test_a_body_that_is_not_accepted_is_told_in_words(  # noqa: PLR0917 - a table's columns
    open_desk: OpenDesk, path: str, body: bytes, header: str, status: int, words: str
) -> None:
    desk = await open_desk()
    name, _, value = header.partition(": ")
    answer = await desk.post(path, body, **({name: value} if name else {}))
    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/json"
    assert words in words_of(await answer.document())
    assert not desk.model.asked


@EACH
async def test_a_body_that_does_not_come_is_not_waited_for(open_desk: OpenDesk, path: str) -> None:
    desk = await open_desk(clock=HandClock().clock, head_timeout_s=0.05)
    answer = await RawHttp.open((desk.feed.host, desk.feed.port))
    head = "Host: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
    await answer.ask(f"POST {path} HTTP/1.1\r\n{head}".encode())
    assert answer.status == 408
    assert "too long" in words_of(await answer.document())


@EACH
async def test_without_identities_any_credential_is_accepted(
    open_desk: OpenDesk, path: str
) -> None:
    desk = await open_desk()
    for query in ("", "?key=whatever&api-version=2026-01-01"):
        desk.model.end()
        answer = await desk.post(path + query, BODIES[path], Authorization="Bearer sk-whatever")
        assert answer.status == 200


@EACH
async def test_with_identities_a_key_is_due(open_desk: OpenDesk, tmp_path: Path, path: str) -> None:
    keys = KeysFile(tmp_path / "keys.toml")
    key = keys.add("desk")
    desk = await open_desk(keys=keys.path)
    stranger = await desk.post(path, BODIES[path])
    assert stranger.status == 401
    assert stranger.headers["WWW-Authenticate"].startswith("Bearer")
    words_of(await stranger.document())
    assert (await desk.post(path, BODIES[path], Authorization="Bearer x")).status == 401
    desk.model.end()
    assert (await desk.post(path, BODIES[path], **bearer_of(key))).status == 200


async def test_a_key_that_asks_for_too_much_is_told_when_to_come_back(
    open_desk: OpenDesk, tmp_path: Path
) -> None:
    keys = KeysFile(tmp_path / "keys.toml")
    mine, yours = bearer_of(keys.add("me")), bearer_of(keys.add("you"))
    desk = await open_desk(keys=keys.path, llm_max_running_per_identity=1)
    running = await desk.post(RESPONSES, BODIES[RESPONSES] | {"background": True}, **mine)
    assert running.status == 200
    answer = await desk.post(CHAT, QUESTION, **mine)
    assert answer.status == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert "1 answers of yours" in words_of(await answer.document())
    background = BODIES[RESPONSES] | {"background": True}
    assert (await desk.post(RESPONSES, background, **yours)).status == 200


async def test_an_unknown_model_is_named_with_those_that_there_are(open_desk: OpenDesk) -> None:
    desk = await open_desk()
    answer = await desk.post(CHAT, QUESTION | {"model": "gpt-9"})
    assert answer.status == 404
    error = (await answer.document())["error"]
    assert (error["param"], error["code"]) == ("model", "model_not_found")
    assert error["message"] == "model: 'gpt-9' is not served; served: script"


async def test_grounding_on_what_there_is_not_is_refused_by_name(open_desk: OpenDesk) -> None:
    desk = await open_desk()
    answer = await desk.post(CHAT, QUESTION | {"feed": {"symbols": ["NOPE"]}})
    assert answer.status == 400
    assert "NOPE" in words_of(await answer.document())


async def test_a_server_that_follows_says_that_it_answers_nothing(open_desk: OpenDesk) -> None:
    desk = await open_desk()
    desk.feed.hub.follows = True
    answer = await desk.post(CHAT, QUESTION)
    assert answer.status == 503
    assert "ask that one" in words_of(await answer.document())
