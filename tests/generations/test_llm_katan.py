"""A real server of language models, llm-katan, which says what it was told."""

import sys
from asyncio import create_subprocess_exec
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from feed.client.clock import Clock
from feed.generations.model import Finish, ModelFault, Usage
from feed.market.words import GenerationState
from tests.fakes.programs import kill_group
from tests.generations.asking import answer, text_and_error, upstream_at

pytest.importorskip("llm_katan", reason="of the extra `clients`")
pytestmark = pytest.mark.programs

SERVER = [sys.executable, "-m", "llm_katan.cli", "--model", "m", "--backend", "echo"]


@pytest.fixture
async def url(tmp_path: Path) -> AsyncIterator[str]:
    """The base of a server that listens."""
    options = ["--host", "127.0.0.1", "--port", "0", "--stats-file", str(tmp_path / "stats.json")]
    process = await create_subprocess_exec(
        *SERVER, *options, stdout=PIPE, stderr=STDOUT, start_new_session=True
    )
    assert process.stdout is not None
    try:
        async for line in process.stdout:
            if b"running on" in line:
                yield f"{line.decode().rpartition('running on ')[2].split()[0]}/v1"
                return
        raise AssertionError("it ended")
    finally:
        kill_group(process.pid)
        await process.communicate()


async def test_a_real_server_answers_token_by_token_whom_it_lets_in(url: str) -> None:
    async with upstream_at(url, key="any", clock=Clock()) as upstream:
        assert await upstream.names() == ["m"]
        *texts, usage, finish = await answer(upstream)
    assert len(texts) > 1
    assert "Hi" in "".join(map(str, texts))
    assert isinstance(usage, Usage)
    assert usage.completion_tokens > 0
    assert finish == Finish(GenerationState.STOP)
    async with upstream_at(url) as upstream:
        assert await upstream.names() == []
        text, error = await text_and_error(upstream)
    assert (text, error.kind) == ("", ModelFault.UPSTREAM_STATUS)
    assert error.words == "the upstream does not let this server in (status 401)"
