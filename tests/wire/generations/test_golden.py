"""A log in the bytes of each API, byte for byte: `tests/golden/generations`.

Real clients have read these bytes: openai for Python and Node, langchain-openai, litellm, and the
AI SDK 6 with its providers and its transport. After a change they have to again.
"""

from pathlib import Path

import orjson
import pytest

from feed.market.generation_words import GenerationState
from feed.wire.codec import Codec
from feed.wire.generations import openai_chat, openai_responses, plain, ui_messages
from feed.wire.generations.asked import Echo
from feed.wire.generations.openai_responses import Record
from tests.wire.generations.logs import log_of

_GOLDEN = Path(__file__).parents[2] / "golden" / "generations"
LOG = log_of(['Up "a\u2028bit"\n', "😀", ""], facts="AAPL 101.5", code="")
CUT = log_of(["Up"], GenerationState.LENGTH)
FAILED = log_of(["Up"], GenerationState.FAILED, code="upstream_timeout", words="silence for 30 s")
ECHO = Echo(instructions="be brief", max_output_tokens=9, metadata=(("k", "v"),))
CODECS: dict[str, Codec] = {
    "openai-chat": openai_chat.ChatCodec(include_usage=True),
    "openai-responses": openai_responses.ResponsesCodec(lambda _: Record(LOG, ECHO)),
    "ui-messages": ui_messages.UiCodec(),
    "plain": plain.PlainCodec(),
}
ANSWERS = {
    "openai-chat": openai_chat.answer(LOG),
    "openai-responses": openai_responses.answer(LOG, ECHO),
    "openai-responses-cut": openai_responses.answer(CUT),
    "openai-responses-failed": openai_responses.answer(FAILED),
    "openai-responses-running": openai_responses.answer(LOG[:2]),
    "ui-messages": ui_messages.answer(LOG),
    "plain": plain.answer(LOG),
}


@pytest.mark.parametrize("name", CODECS)
def test_a_stream_is_its_golden_bytes(name: str) -> None:
    stream = CODECS[name].join(CODECS[name].encode(LOG))
    assert stream.decode() == (_GOLDEN / f"{name}.sse").read_bytes().decode()


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_its_golden_object(name: str) -> None:
    assert ANSWERS[name] == orjson.loads((_GOLDEN / f"{name}.json").read_bytes())
