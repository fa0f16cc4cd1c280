"""The APIs by which generations are asked for and read: one row each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from feed.generations.archive import Archive
from feed.generations.generation import Generation
from feed.wire.codec import Codec
from feed.wire.generations import openai_chat, openai_responses, plain, ui_messages
from feed.wire.generations.asked import NO_ECHO, Asked, Echo
from feed.wire.generations.framing import COMMENT

RecordOf = Callable[[str], openai_responses.Record | None]


@dataclass(frozen=True, slots=True)
class Api:
    """One API of somebody else.

    Attributes:
        name: of it.
        read: returns what a body asks for, whose prompt has at most so many bytes.
        codec: of its streams.
        answer: the body of an answer that is not streamed.
        error: the body of an error, by status, kind, words and the field of the request.
        headers: of its answers.
        keepalive: what its streams say in silence.
    """

    name: str
    read: Callable[[object, int], Asked]
    codec: Callable[[Generation, RecordOf], Codec]
    answer: Callable[[Generation], dict[str, Any]]
    error: Callable[[int, str, str, str | None], dict[str, Any]]
    headers: Mapping[str, str] = field(default_factory=dict)
    keepalive: bytes = COMMENT


def record_of(archive: Archive, key: str) -> openai_responses.Record | None:
    """Return what is kept of a generation, for events that repeat it."""
    generation = archive.get(key)
    return (
        None
        if generation is None
        else openai_responses.Record(generation.log(), echo_of(generation))
    )


def echo_of(generation: Generation) -> Echo:
    """Return what the Responses API repeats of a request."""
    return NO_ECHO if generation.asked is None else generation.asked.echo


def _chat_codec(generation: Generation, _: RecordOf) -> Codec:
    asked = generation.asked
    return openai_chat.ChatCodec(include_usage=asked is not None and asked.include_usage)


def _plain_error(status: int, kind: str, words: str, _: str | None) -> dict[str, Any]:
    return plain.error(status, kind, words)


CHAT = Api(
    "chat",
    openai_chat.read,
    _chat_codec,
    lambda generation: openai_chat.answer(generation.log()),
    openai_chat.error,
)
RESPONSES = Api(
    "responses",
    openai_responses.read,
    lambda _, record_of: openai_responses.ResponsesCodec(record_of),
    lambda generation: openai_responses.answer(generation.log(), echo_of(generation)),
    openai_responses.error,
)
PLAIN = Api(
    "plain",
    plain.read,
    lambda *_: plain.PlainCodec(),
    lambda generation: plain.answer(generation.log()),
    _plain_error,
    keepalive=plain.KEEPALIVE,
)
UI_MESSAGES = Api(
    "ui_messages",
    ui_messages.read,
    lambda *_: ui_messages.UiCodec(),
    lambda generation: ui_messages.answer(generation.log()),
    _plain_error,
    ui_messages.HEADERS,
)
# Of a conversation that is read again with an EventSource, which comes back by itself.
PLAIN_NUMBERED = replace(PLAIN, codec=lambda *_: plain.PlainCodec(numbered=True), keepalive=COMMENT)
