"""The forms of questions and answers of language models, for documents.

They say what matters here. What else the APIs of others have is in their own references, and what
is read and written in `feed.wire.generations`.
"""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from feed.market.generation_words import ID_PATTERN, GenerationState
from feed.market.symbols import SYMBOL_PATTERN

_Id = Annotated[str, Field(pattern=ID_PATTERN)]
_Name = Annotated[str, Field(pattern=r"^[!-~]{1,256}$")]
_Text = Annotated[str, Field(pattern=r"^[^\x00]+$")]
_Tokens = Annotated[int | None, Field(ge=1)]


class Message(TypedDict):
    """What somebody has said; contents may be parts of type `text` instead, where those may be."""

    role: Literal["system", "user", "assistant"]
    content: _Text


class TextPart(TypedDict):
    """A part of what somebody has said."""

    type: Literal["text"]
    text: _Text


class PartsMessage(TypedDict):
    """What somebody has said, as the AI SDK has it."""

    role: Literal["system", "user", "assistant"]
    parts: Annotated[list[TextPart], Field(min_length=1)]


_Messages = Annotated[list[Message], Field(min_length=1)]


_DEFERRED = ConfigDict(defer_build=True)  # they check nothing, and are built for a document


class Grounding(BaseModel):
    """What a prompt is to be grounded on: facts of the market, as they are now."""

    model_config = _DEFERRED

    symbols: list[Annotated[str, Field(pattern=SYMBOL_PATTERN)]] = Field(
        default=[], description="whose facts; those of all by default"
    )


class _Question(BaseModel):
    model_config = _DEFERRED

    share: bool = Field(default=False, description="whether others may watch")
    feed: Grounding | None = None


class ChatQuestion(_Question):
    """A question to OpenAI's chat completions; other fields of theirs are accepted."""

    model: _Name
    messages: _Messages
    stream: bool = False
    max_tokens: _Tokens = None


class ResponseQuestion(_Question):
    """A question to OpenAI's Responses API; other fields of theirs are accepted."""

    model: _Name
    input: _Text | _Messages
    stream: bool = False
    max_output_tokens: _Tokens = None


class ConversationQuestion(_Question):
    """A question of a page: messages with `content`, or with `parts` as the AI SDK has them."""

    id: _Name | None = Field(default=None, description="of the conversation, to read it again")
    model: _Name | None = None
    messages: _Messages | Annotated[list[PartsMessage], Field(min_length=1)]


class ChatAnswer(TypedDict):
    """An answer of OpenAI's chat completions."""

    id: _Id
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[dict[str, Any]]
    usage: dict[str, Any]


class ResponseAnswer(TypedDict):
    """An answer of OpenAI's Responses API, whether it is written or being written."""

    id: _Id
    object: Literal["response"]
    created_at: float
    status: str
    model: str
    output: list[dict[str, Any]]


class DeletedAnswer(TypedDict):
    """An answer that is kept no longer."""

    id: _Id
    object: Literal["response"]
    deleted: Literal[True]


class ConversationAnswer(TypedDict):
    """An answer to a page: `content`, or `parts` as the AI SDK has them."""

    id: _Id
    content: NotRequired[str]
    parts: NotRequired[list[dict[str, Any]]]


class StoppedAnswer(TypedDict):
    """How an answer ended."""

    id: _Id
    state: GenerationState


class ModelsAnswer(TypedDict):
    """The models that may be asked."""

    object: Literal["list"]
    data: list[dict[str, Any]]


class _OpenAiError(TypedDict):
    message: str
    type: str
    param: str | None
    code: str | None


class OpenAiError(TypedDict):
    """An error as OpenAI's APIs have it."""

    error: _OpenAiError


class PlainError(TypedDict):
    """An error for a page."""

    error: str
    code: NotRequired[str]
