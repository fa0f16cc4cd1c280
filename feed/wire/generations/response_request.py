"""Requests to OpenAI's Responses API.

Source: the API reference, "Responses".
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, PlainValidator

from feed.errors import InvalidParameter
from feed.wire.generations.asked import Asked, Echo, Turn
from feed.wire.generations.fields import (
    MOST_PROMPT_BYTES,
    Conversation,
    MaxTokens,
    Name,
    Request,
    Shared,
    Temperature,
    Text,
    ToolChoice,
    check_text,
    conversation,
    only,
    read_request,
)
from feed.wire.generations.parts import content_reader

_MOST_PAIRS = 16
_MOST_KEY_LENGTH = 64
_MOST_VALUE_LENGTH = 512
_MOST_REPEATED = 4_096  # characters of instructions; longer ones are followed, and not repeated
_INPUT = "input"
_read_content = content_reader(
    {"input_text", "output_text"}, (), "a string, or an array of parts of type 'input_text'"
)
_Key = Annotated[str, Field(max_length=_MOST_KEY_LENGTH), AfterValidator(check_text)]
_Value = Annotated[str, Field(max_length=_MOST_VALUE_LENGTH), AfterValidator(check_text)]
_PLAIN_TEXT = {"type": "text"}


class _Message(Request):
    type: Literal["message"] = "message"
    role: Literal["system", "developer", "user", "assistant"]
    content: Annotated[str, PlainValidator(_read_content)]

    def turn(self) -> Turn:
        return Turn("system" if self.role == "developer" else self.role, self.content)


class _TextOptions(Request):
    format: Annotated[
        object, only('{"type": "text"}, since answers follow no schema', None, _PLAIN_TEXT)
    ] = None


class _Words(Request):
    input: Text


class _Items(Request):
    input: Conversation[_Message]


class _ResponseRequest(Shared):
    model: Name | None = None
    instructions: Text | None = None
    max_output_tokens: MaxTokens = None
    temperature: Temperature = None
    top_p: Annotated[float | None, Field(ge=0, le=1)] = None
    metadata: Annotated[dict[_Key, _Value] | None, Field(max_length=_MOST_PAIRS)] = None
    stream: bool | None = None
    background: bool | None = None
    store: bool | None = None
    text: _TextOptions | None = None
    tool_choice: ToolChoice = None
    previous_response_id: Annotated[
        object, only("null, since no answer is kept as context: send the whole conversation", None)
    ] = None
    conversation: Annotated[
        object, only("null, since no conversation is kept: send the whole of it", None)
    ] = None
    prompt: Annotated[object, only("null, since no prompts are kept", None)] = None

    def echo(self) -> Echo:
        is_repeated = len(self.instructions or "") <= _MOST_REPEATED
        return Echo(
            instructions=self.instructions if is_repeated else None,
            max_output_tokens=self.max_output_tokens,
            temperature=self.temperature,
            top_p=self.top_p,
            metadata=tuple((self.metadata or {}).items()),
            background=bool(self.background),
            store=self.store is not False,
        )


def read(body: object, most_bytes: int = MOST_PROMPT_BYTES) -> Asked:
    """Return what a body asks for; see `openai_chat.read`."""
    request = read_request(_ResponseRequest, body)
    turns = _turns(body)
    if request.instructions:
        turns = (Turn("system", request.instructions), *turns)
    return Asked(
        model=request.model or "",
        turns=conversation(turns, most_bytes, _INPUT),
        max_tokens=request.max_output_tokens,
        temperature=request.temperature,
        stream=bool(request.stream),
        share=request.is_shared,
        symbols=request.symbols,
        background=bool(request.background),
        echo=request.echo(),
    )


def _turns(body: object) -> Sequence[Turn]:
    """Return the turns of the input: one text, or messages.

    Two models rather than a union, whose errors would name both.
    """
    given = body.get(_INPUT) if isinstance(body, dict) else None
    if isinstance(given, str):
        turns = [Turn("user", read_request(_Words, body).input)]
    elif isinstance(given, list):
        turns = [message.turn() for message in read_request(_Items, body).input]
    else:
        raise InvalidParameter(_INPUT, given, "a string, or an array of messages")
    if not any(turn.content for turn in turns):
        raise InvalidParameter(_INPUT, "", "at least one message with text")
    return turns
