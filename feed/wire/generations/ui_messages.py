"""The AI SDK's UI message stream, version 1: parts of one message of the assistant.

Answers of it have the header `x-vercel-ai-ui-message-stream: v1`. The SDK reads each part by a
schema and fails at the first that is of none.

Source: the schema `uiMessageChunkSchema` of `ai` 6.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import PlainValidator

from feed.market.generation_words import GenerationState, GenerationType, GenerationWord
from feed.wire.generations.asked import Asked, Turn
from feed.wire.generations.endings import failure_text, has_failed, whole
from feed.wire.generations.fields import (
    MOST_PROMPT_BYTES,
    ChatRequest,
    Conversation,
    Request,
    conversation,
    read_request,
)
from feed.wire.generations.foreign import DONE, ForeignCodec, event, events, json_line
from feed.wire.generations.parts import content_reader
from feed.wire.generations.plain import error

__all__ = ["HEADERS", "UiCodec", "answer", "error", "has_parts", "read"]

HEADERS = {"x-vercel-ai-ui-message-stream": "v1"}
_NAME = "ui-messages"
_TEXT_ID = "text"  # of the one text that a message has
# Parts of earlier answers that come back with the conversation: a model is told what was said.
_PASSED_OVER = ("step-start", "reasoning", "source-", "data-", "tool-", "dynamic-tool")
_read_parts = content_reader({"text"}, _PASSED_OVER, "an array of parts of type 'text'")


class _Message(Request):
    role: Literal["system", "user", "assistant"]
    parts: Annotated[str, PlainValidator(_read_parts)]

    def turn(self) -> Turn:
        return Turn(self.role, self.parts)


class _UiRequest(ChatRequest):
    messages: Conversation[_Message]


def has_parts(body: object) -> bool:
    """Tell whether the messages of a body have parts, as those of the AI SDK do."""
    messages = body.get("messages") if isinstance(body, dict) else None
    return isinstance(messages, list) and any(
        isinstance(message, dict) and "parts" in message for message in messages
    )


def read(body: object, most_bytes: int = MOST_PROMPT_BYTES) -> Asked:
    """Return what a body asks for; see `openai_chat.read`."""
    request = read_request(_UiRequest, body)
    turns = conversation((message.turn() for message in request.messages), most_bytes)
    return request.asked(turns)


@dataclass(frozen=True, slots=True)
class UiCodec(ForeignCodec):
    """A word is a part of the message; after the last one stands `[DONE]`."""

    name = _NAME

    def encode_word(self, word: GenerationWord) -> bytes:
        """Return the parts of a word."""
        if word.type is GenerationType.TOKEN:
            return event(json_line(_delta(word)), word.number)
        datas = [json_line(part) for part in _parts(word)]
        if word.is_over:
            datas.append(DONE)
        return events(datas, word.number)


def answer(log: Sequence[GenerationWord]) -> dict[str, Any]:
    """Return the message of an answer that is not streamed."""
    state = whole(log)
    parts = [*_facts(state), {"type": "text", "text": state.text, "state": "done"}]
    return {"id": state.symbol, "role": "assistant", "parts": parts}


def _parts(word: GenerationWord) -> Iterable[dict[str, Any]]:
    if word.type is GenerationType.GENERATION:
        yield {"type": "start", "messageId": word.symbol}
        yield from _facts(word)
        yield {"type": "text-start", "id": _TEXT_ID}
    if word.text:
        yield _delta(word)
    if word.is_over:
        yield {"type": "text-end", "id": _TEXT_ID}
        yield _end(word)


def _delta(word: GenerationWord) -> dict[str, Any]:
    return {"type": "text-delta", "id": _TEXT_ID, "delta": word.text}


def _facts(word: GenerationWord) -> Iterable[dict[str, Any]]:
    if word.facts:
        yield {"type": "data-facts", "data": {"facts": word.facts, "as_of": word.as_of}}


def _end(word: GenerationWord) -> dict[str, Any]:
    if has_failed(word):
        return {"type": "error", "errorText": failure_text(word)}
    if word.state is GenerationState.CANCELLED:
        return {"type": "abort", "reason": word.words or "cancelled"}
    is_cut = word.state is GenerationState.LENGTH
    return {"type": "finish", "finishReason": "length" if is_cut else "stop"}
