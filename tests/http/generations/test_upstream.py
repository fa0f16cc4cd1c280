"""A server that asks an upstream, from the question of a client to what the upstream is asked."""

from collections.abc import AsyncIterator

import pytest

from feed.settings.language_models import LLM_KEY
from tests.fakes.upstream import DONE, Answer, FakeUpstream, fake_upstream, refuses, streams, token
from tests.http.generations.conftest import OpenDesk, objects


@pytest.fixture
async def fake() -> AsyncIterator[FakeUpstream]:
    """A server of language models."""
    async with fake_upstream() as running:
        yield running


async def test_clients_read_what_an_upstream_says(
    open_desk: OpenDesk, fake: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LLM_KEY, "sk-1234")
    fake.answers.append(streams(token("Apple "), token("rose.", "length"), DONE))
    desk = await open_desk(llm=fake.url, llm_model=("fast=org/m:8b",), llm_max_tokens=2)
    answer = await desk.stream(model="fast", max_tokens=9)
    *chunks, done = objects(await answer.body())
    texts = [chunk["choices"][0]["delta"].get("content", "") for chunk in chunks]
    assert ("".join(texts), done) == ("Apple rose.", "[DONE]")
    assert chunks[-1]["choices"][0]["finish_reason"] == "length"
    assert {chunk["model"] for chunk in chunks} == {"fast"}
    assert (fake.asked[0]["model"], fake.asked[0]["max_tokens"]) == ("org/m:8b", 2)
    assert fake.headers[0]["Authorization"] == "Bearer sk-1234"


async def test_an_upstream_is_told_the_facts_that_were_asked_for(
    open_desk: OpenDesk, fake: FakeUpstream
) -> None:
    desk = await open_desk(llm=fake.url)
    answer = await desk.stream(model="m", feed={"symbols": []})
    await answer.body()
    assert [turn["role"] for turn in fake.asked[0]["messages"]] == ["system", "user"]


async def test_when_to_come_back_is_passed_on(open_desk: OpenDesk, fake: FakeUpstream) -> None:
    fake.answers.append(refuses(429, {"error": {"message": "slow down"}}, Retry_After="60"))
    desk = await open_desk(llm=fake.url)
    answer = await desk.stream(model="m")
    assert (answer.status, answer.headers["Retry-After"]) == (429, "60")
    error = (await answer.document())["error"]
    assert error["message"] == "the upstream refuses it: slow down"


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (refuses(400, {"error": {"message": "no such role"}}), 400, "upstream_status"),
        (refuses(401, {"error": {"message": "bad key"}}), 502, "upstream_status"),
        (refuses(404, {"error": "model 'm' not found"}), 404, "model_not_found"),
        (streams(b"<html>", kind="text/html"), 502, "upstream_answer"),
    ],
)
async def test_a_failure_before_the_first_token_has_a_status_of_its_own(
    open_desk: OpenDesk, fake: FakeUpstream, answer: Answer, status: int, code: str
) -> None:
    fake.answers += [answer, answer]
    desk = await open_desk(llm=fake.url)
    refused = await desk.stream(model="m")
    error = (await refused.document())["error"]
    assert (refused.status, error["code"]) == (status, code)


async def test_a_failure_behind_the_first_token_is_told_in_the_stream(
    open_desk: OpenDesk, fake: FakeUpstream
) -> None:
    fake.answers.append(streams(token("Apple ")))
    desk = await open_desk(llm=fake.url)
    answer = await desk.stream(model="m")
    assert answer.status == 200
    said = objects(await answer.body())
    errors = [each["error"] for each in said if isinstance(each, dict) and "error" in each]
    assert [error["message"] for error in errors] == ["the upstream ended in mid-answer"]


async def test_the_models_of_an_upstream_are_listed_beside_the_one_of_this_server(
    open_desk: OpenDesk, fake: FakeUpstream
) -> None:
    fake.listed = {"data": [{"id": "org/m:8b"}]}
    desk = await open_desk(llm=fake.url)
    listed = await (await desk.ask("GET", "/v1/models")).document()
    assert [each["id"] for each in listed["data"]] == ["org/m:8b", "script"]


async def test_a_model_that_is_not_there_is_told_with_all_that_are(
    open_desk: OpenDesk, fake: FakeUpstream
) -> None:
    desk = await open_desk(llm=fake.url, llm_model=("fast=org/m:8b",))
    refused = await desk.stream(model="m")
    error = (await refused.document())["error"]
    assert (refused.status, error["code"]) == (404, "model_not_found")
    assert error["message"] == "model: 'm' is not served; served: fast, script"
    assert fake.asked == []
