"""Clients of language models that are not of Python: the SDKs of npm, the reader of pages, curl."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.parrot import Parrot
from tests.fakes.programs import ran
from tests.fakes.servers import Serve
from tests.toolchains.foreign import Start, tool

pytestmark = [pytest.mark.toolchains, pytest.mark.timeout(300)]

SAID = "Apple rose, it seems."
WORDS = 4
TOLD = {
    "chatCompletions": {"models": ["parrot"], "whole": SAID, "text": SAID, "tokens": 2 * WORDS},
    "refusals": {
        "unknown": [
            "NotFoundError",
            404,
            "404 model: 'nope' is not served; served: parrot",
        ],
        "limited": ["RateLimitError", 429, "429 later"],
        "failed": ["APIError", None, "it hangs"],
    },
    "responses": {
        "numbers": list(range(4 + WORDS + 4)),
        "text": SAID,
        "cancelled": "cancelled",
    },
    "providerOfAiSdk": {"text": SAID, "reason": "stop", "tokens": 2 * WORDS},
    "chatOfAiSdk": {
        "text": SAID,
        "isSame": True,
        "textAgain": "Wait",
        "stopped": "cancelled",
        "afterwards": None,
        "refused": "later",
    },
    "reader": {"text": SAID, "isDone": True},
}


async def test_the_sdks_of_npm_read_answers(serve: Serve, start: Start, node_scripts: Path) -> None:
    feed = await serve(paces={"embedded": Parrot()})
    program = await start(tool("node", package="nodejs"), node_scripts / "models.mjs", feed.url(""))
    told: dict[str, Any] = {}
    while (line := await program.line()) is not None:
        told |= json.loads(line)
    assert await program.ended() == (0, "")
    assert told == TOLD


async def test_curl_reads_an_answer(serve: Serve, tmp_path: Path) -> None:
    feed = await serve(paces={"embedded": Parrot()})
    question = {"model": "parrot", "messages": [{"role": "user", "content": SAID}], "stream": True}
    url = feed.url("/v1/chat/completions")
    command = (tool("curl", package="curl"), "--no-progress-meter", "--no-buffer", "--fail")
    status, said = await ran(tmp_path, *command, "--json", json.dumps(question), url)
    assert status == 0, said
    *chunks, done = [line[6:] for line in said.splitlines() if line.startswith("data: ")]
    pieces = [json.loads(chunk)["choices"][0]["delta"].get("content", "") for chunk in chunks]
    assert ("".join(pieces), done) == (SAID, "[DONE]")
