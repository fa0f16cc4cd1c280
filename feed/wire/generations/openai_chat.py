"""OpenAI's chat completions: requests, answers, and streams of chunks.

Source: the API reference, "Chat", as the types of the SDKs have it (openai 3.57 for Python, 6.49
for Node).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import PlainValidator, model_validator

from feed.market.generation_words import GenerationState, GenerationType, GenerationWord
from feed.market.ticks import SECOND_NS
from feed.wire.generations.asked import Asked, Turn
from feed.wire.generations.endings import (
    failure_code,
    failure_words,
    grounding,
    has_failed,
    whole,
)
from feed.wire.generations.fields import (
    MOST_PROMPT_BYTES,
    Conversation,
    MaxTokens,
    Name,
    Request,
    Shared,
    Temperature,
    ToolChoice,
    conversation,
    only,
    read_request,
)
from feed.wire.generations.foreign import DONE, ForeignCodec, event, events, json_line
from feed.wire.generations.openai_errors import SERVER_ERROR, error
from feed.wire.generations.parts import content_reader

__all__ = ["ChatCodec", "answer", "error", "read"]

_NAME = "openai-chat"
# No model here calls tools: what a tool has said is shown as if a user had.
_ROLES = {"developer": "system", "tool": "user", "function": "user"}
_read_content = content_reader({"text"}, (), "a string, or an array of parts of type 'text'")


class _Message(Request):
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Annotated[str, PlainValidator(_read_content)]

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, fields: Any) -> Any:  # noqa: ANN401 - whatever came
        """Give a content to an assistant that has called tools and said nothing."""
        if not isinstance(fields, dict) or fields.get("role") != "assistant":
            return fields
        return fields if fields.get("content") is not None else fields | {"content": ""}

    def turn(self) -> Turn:
        return Turn(_ROLES.get(self.role, self.role), self.content)


class _StreamOptions(Request):
    include_usage: bool | None = None


class _ChatRequest(Shared):
    model: Name
    messages: Conversation[_Message]
    max_tokens: MaxTokens = None
    max_completion_tokens: MaxTokens = None
    temperature: Temperature = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    n: Annotated[object, only("1", None, 1)] = None
    tool_choice: ToolChoice = None
    function_call: ToolChoice = None
    response_format: Annotated[
        object, only('{"type": "text"}, since answers follow no schema', None, {"type": "text"})
    ] = None
    logprobs: Annotated[object, only("false, since none are known", None, False)] = None
    modalities: Annotated[object, only('["text"]', None, ["text"])] = None


def read(body: object, most_bytes: int = MOST_PROMPT_BYTES) -> Asked:
    """Return what a body asks for.

    Args:
        body: of the request, decoded.
        most_bytes: of all messages together, in UTF-8.

    Raises:
        InvalidMessage: it is no JSON object.
        InvalidParameter: names the first field that is not accepted.
        LimitExceeded: the messages are longer.
    """
    request = read_request(_ChatRequest, body)
    options = request.stream_options
    return Asked(
        model=request.model,
        turns=conversation((message.turn() for message in request.messages), most_bytes),
        max_tokens=request.max_completion_tokens or request.max_tokens,
        temperature=request.temperature,
        stream=bool(request.stream),
        include_usage=options is not None and bool(options.include_usage),
        share=request.is_shared,
        symbols=request.symbols,
    )


@dataclass(frozen=True, slots=True)
class ChatCodec(ForeignCodec):
    """A word is a chunk; the last one is followed by `[DONE]`.

    Attributes:
        include_usage: a chunk without choices tells the number of tokens at the end.
    """

    include_usage: bool = False
    name = _NAME

    def encode_word(self, word: GenerationWord) -> bytes:
        """Return the chunks of a word."""
        if word.type is GenerationType.TOKEN:
            return event(json_line(self._chunk(word, {"content": word.text})), word.number)
        datas = []
        if word.type is GenerationType.GENERATION:
            datas.append(json_line(self._beginning(word)))
            if word.text:
                datas.append(json_line(self._chunk(word, {"content": word.text})))
        if word.is_over:
            datas += map(json_line, self._end(word))
            datas.append(DONE)
        return events(datas, word.number)

    def _beginning(self, word: GenerationWord) -> dict[str, Any]:
        delta = {"role": "assistant", "content": "", "refusal": None}
        return self._chunk(word, delta) | grounding(word)

    def _end(self, word: GenerationWord) -> Iterable[dict[str, Any]]:
        if has_failed(word):
            yield error(SERVER_ERROR, failure_code(word), failure_words(word))
            return
        yield self._chunk(word, {}, _finish_reason(word))
        if self.include_usage:
            yield self._chunk(word, None) | {"usage": _usage(word)}

    def _chunk(
        self, word: GenerationWord, delta: dict[str, Any] | None, finish_reason: str | None = None
    ) -> dict[str, Any]:
        """Return a chunk; without a delta it has no choice."""
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        chunk: dict[str, Any] = {
            "id": word.symbol,
            "object": "chat.completion.chunk",
            "created": word.event_ns // SECOND_NS,
            "model": word.model,
            "service_tier": None,
            "system_fingerprint": None,
            "choices": [] if delta is None else [choice],
        }
        if self.include_usage:
            chunk["usage"] = None
        return chunk


def answer(log: Sequence[GenerationWord]) -> dict[str, Any]:
    """Return the body of an answer that is not streamed, and that has not failed.

    Args:
        log: all of its words.
    """
    state = whole(log)
    message: dict[str, Any] = {
        "role": "assistant",
        "content": state.text,
        "refusal": None,
        "annotations": [],
    }
    choice = {
        "index": 0,
        "message": message,
        "logprobs": None,
        "finish_reason": _finish_reason(state),
    }
    return {
        "id": state.symbol,
        "object": "chat.completion",
        "created": log[0].event_ns // SECOND_NS,
        "model": state.model,
        "choices": [choice],
        "usage": _usage(state),
        "service_tier": None,
        "system_fingerprint": None,
    } | grounding(state)


def _finish_reason(word: GenerationWord) -> str:
    """Return why there is no more; whoever has cancelled it knows that."""
    return "length" if word.state is GenerationState.LENGTH else "stop"


def _usage(word: GenerationWord) -> dict[str, Any]:
    return {
        "prompt_tokens": word.prompt_tokens,
        "completion_tokens": word.completion_tokens,
        "total_tokens": word.prompt_tokens + word.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }
