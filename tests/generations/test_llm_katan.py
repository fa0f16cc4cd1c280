"""A real server of language models, llm-katan, which says what it was told."""

import subprocess
import sys
from collections.abc import Iterator
from subprocess import PIPE, STDOUT
from typing import Any

import pytest

from feed.client.clock import Clock
from feed.generations import upstream
from feed.generations.model import Finish, ModelFault, Usage
from feed.market.generation_words import GenerationState
from feed.settings.language_models import LLM_KEY
from tests.fakes.patience import PROGRAM_PATIENCE_S
from tests.fakes.programs import kill_group
from tests.fakes.servers import Serve
from tests.generations.asking import answer, text_and_error, upstream_at

pytest.importorskip("llm_katan", reason="of the extra `clients`")
pytestmark = pytest.mark.programs

SERVER = [sys.executable, "-m", "llm_katan.cli", "--model", "m", "--backend", "echo"]
PATIENCE: dict[str, Any] = dict.fromkeys(
    ("llm_connect_s", "llm_first_token_s", "llm_between_tokens_s"), PROGRAM_PATIENCE_S
)
OPTIONS = ["--host", "127.0.0.1", "--port", "0", "--stats-file"]


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for its names as long as for anything else: its first answer takes its time."""
    monkeypatch.setattr(upstream, "LISTING_S", PROGRAM_PATIENCE_S)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base of a server that listens."""
    stats = str(tmp_path_factory.mktemp("katan") / "stats.json")
    command = [*SERVER, *OPTIONS, stats]
    with subprocess.Popen(command, stdout=PIPE, stderr=STDOUT, start_new_session=True) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if b"running on" in line:
                    yield f"{line.decode().rpartition('running on ')[2].split()[0]}/v1"
                    return
            raise AssertionError("it ended")
        finally:
            kill_group(process.pid)


async def test_a_real_server_answers_token_by_token_whom_it_lets_in(url: str) -> None:
    async with upstream_at(url, key="any", clock=Clock(), **PATIENCE) as asked:
        assert await asked.names() == ["m"]
        *texts, usage, finish = await answer(asked)
    assert len(texts) > 1
    assert "Hi" in "".join(map(str, texts))
    assert isinstance(usage, Usage)
    assert usage.completion_tokens > 0
    assert finish == Finish(GenerationState.STOP)
    async with upstream_at(url, **PATIENCE) as asked:
        assert await asked.names() == []
        text, error = await text_and_error(asked)
    assert (text, error.kind) == ("", ModelFault.UPSTREAM_STATUS)
    assert error.words == "the upstream does not let this server in (status 401)"


async def test_a_real_sdk_is_answered_by_a_real_server_through_this_one(
    url: str, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    sdk = pytest.importorskip("openai", reason="openai is not installed (the extra `clients`)")
    monkeypatch.setenv(LLM_KEY, "any")
    feed = await serve(llm=url, **PATIENCE)
    async with sdk.AsyncOpenAI(base_url=feed.url("/v1"), api_key="mine", max_retries=0) as client:
        assert [model.id async for model in await client.models.list()] == ["m", "market"]
        stream = await client.chat.completions.create(
            model="m",
            messages=[{"role": "user", "content": "Hi"}],
            stream=True,
            stream_options={"include_usage": True},
        )
        *chunks, usage = [chunk async for chunk in stream]
        response = await client.responses.create(model="m", input="Hi")
    for text in (
        "".join(chunk.choices[0].delta.content or "" for chunk in chunks),
        response.output_text,
    ):
        assert text.endswith("User: Hi"), text
    assert response.usage.output_tokens == usage.usage.completion_tokens > 0
